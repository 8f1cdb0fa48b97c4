"""Whatever happens to photos in whatever order: rows, files, events and queue always fit, and in the end all is done.

`HYPOTHESIS_MAX_EXAMPLES=2000 pytest tests/test_property.py` looks longer than CI does.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from math import ceil
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings as site
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from PIL import Image

from photos import custom, engine, queue, storage, thumbnails, uploads
from photos.claims import ClaimLost, KeptClaim
from photos.errors import Conflict, PhotoError, WorkerLost, recorded
from photos.models import CustomClaim, CustomThumbnail, Orphan, Photo, PhotoEvent, Workspace
from photos.patience import Patience
from photos.rendering import RenderJob
from photos.renderpool import Busy
from photos.sandbox import OWN
from photos.sizes import CustomBox
from tests import pictures
from tests.death import dies_at
from tests.expected import CREATED, DELETED, FAILED, LEASE, READY, RETRIED, RETRIES, Expected
from tests.workbench import lose_rings, time_passes, work

EXAMPLES = int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "0"))
MINUTE, HOUR = 60, 3600
# Every span is so many of these, so that the time which really passes meanwhile, a few seconds, decides nothing.
STEP = MINUTE // 2
# From then on a file that was announced is adopted no more.
TOO_LATE = HOUR - MINUTE
BROKEN = 1
REASONS = ["corrupt_image", "storage_unavailable", "timeout"]
# What may happen to a photo while a worker renders it or stores its files.
MEANWHILE = {
    "nothing": (),
    "its lease runs out": ("lease",),
    "it is given up": ("lease", "sweep"),
    "another holds it": ("lease", "sweep", "claim"),
    "another makes it": ("lease", "sweep", "another"),
    "another makes it and it is deleted": ("lease", "sweep", "another", "delete"),
    "it is deleted": ("delete",),
    "its workspace goes": ("close", "sweep"),
    "the time of its files runs out": ("lease", "long"),
    "the time of its files runs out, and it is given up": ("lease", "long", "sweep"),
}
# What changes more photos than one.
MANY = ("retry_all", "sweep")
save_bytes = storage.save_bytes


@cache
def picture(number: int) -> bytes:
    whole = pictures.jpeg(image=pictures.photo(64, 48, number))
    return pictures.truncated(whole, 0.9) if number == BROKEN else whole


@cache
def rendering() -> engine.Rendering:
    recipe = site.THUMBNAIL_RECIPE
    source = io.BytesIO(picture(0))
    return engine.render(source, recipe.boxes, format=recipe.format, quality=recipe.quality, max_pixels=10_000)


def here(job: RenderJob, original: Any, *, heartbeat: Callable[[], None], every: float) -> engine.Rendering:
    """A renderer without a child, which would take most of the time."""
    return job.run(original)


def forget_everything(stored: Iterable[str]) -> None:
    with transaction.atomic():
        for model in apps.get_app_config("photos").get_models():
            # Without signals: nothing follows from it.
            model._base_manager.all()._raw_delete("default")
    lose_rings()
    for key in stored:
        storage.delete(key)


class Site(RuleBasedStateMachine):
    """The site, beside what is expected of it. An instance of a photo is what one process knows of it."""

    known: Bundle[Photo] = Bundle("known")
    claimed: Bundle[Photo] = Bundle("claimed")

    def __init__(self, stored_files: Callable[[], set[str]]) -> None:
        super().__init__()
        self.stored_files = stored_files
        forget_everything(self.stored_files())
        self.clock = 0
        self.photos: dict[UUID, Expected] = {}
        self.claims: dict[tuple[UUID, int], int] = {}
        self.decoded: set[str] = set()
        self.workspaces = [Workspace.objects.create(slug=f"space-{number}") for number in range(2)]
        self.closed: set[UUID] = set()
        self.removed: set[UUID] = set()

    # --- what people do -----------------------------------------------------------------------------------------------

    @initialize(target=known)
    def begin(self) -> Any:
        """Two photos, and of one a second instance: most verbs need one, and most races two."""
        good, broken = self.upload(0, 0), self.upload(BROKEN, 0)
        return multiple(good, broken, self.look(good))

    @rule(target=known, number=st.integers(0, BROKEN), space=st.integers(0, 1))
    def upload(self, number: int, space: int) -> Any:
        workspace, file = self.workspaces[space], ContentFile(picture(number), "photo.jpg")
        same = [pk for pk, seen in self._present() if (seen.workspace, seen.picture) == (workspace.pk, number)]
        if workspace.pk in self.removed:
            with pytest.raises(Conflict):
                uploads.ingest(file, workspace)
            return multiple()
        photo, created = uploads.ingest(file, workspace)
        assert ([] if created else [photo.pk]) == same
        if created:
            self.photos[photo.pk] = Expected(workspace.pk, number, turn=self.clock)
        return photo

    @rule(target=known, photo=known)
    def look(self, photo: Photo) -> Any:
        return Photo.objects.filter(pk=photo.pk).first() or multiple()

    @rule(photo=known)
    def retry(self, photo: Photo) -> None:
        self._expect(photo, bool(thumbnails.retry([photo])), self._of(photo).retry(self.clock))

    @rule()
    def retry_all(self) -> None:
        retried = {pk: again for pk, seen in self._present() if (again := seen.retry(self.clock))}
        assert thumbnails.retry_all(Photo.objects.all()) == len(retried)
        self.photos |= retried

    @rule(photo=known)
    def regenerate(self, photo: Photo) -> None:
        expected = self._of(photo).regenerate(self.clock, photo.thumbnail_version)
        self._expect(photo, photo.regenerate(), expected)

    @rule(photo=known)
    def hasten(self, photo: Photo) -> None:
        self._expect(photo, photo.hasten(), self._of(photo).hasten(self.clock))

    @rule(photo=known, alone=st.booleans())
    def delete(self, photo: Photo, alone: bool) -> None:
        row = Photo.objects.filter(pk=photo.pk)
        deleted = row.get().delete() if alone and row.exists() else row.delete()
        self._expect(photo, bool(deleted[0]), self._of(photo).delete())
        if alone and deleted[0]:
            assert photo.original_path not in self.stored_files()

    @rule(space=st.integers(0, 1))
    def close(self, space: int) -> None:
        self.workspaces[space].close(with_photos=True)
        self.closed.add(self.workspaces[space].pk)

    @rule(photo=known, width=st.integers(1, 2), meanwhile=st.sampled_from(["", "lease", "delete"]))
    def ask_for_a_custom_size(self, photo: Photo, width: int, meanwhile: str) -> None:
        before, key = self._of(photo), (photo.pk, width)
        is_held = self.claims.get(key, self.clock) > self.clock

        def render(*args: Any, heartbeat: Callable[[], None], **options: Any) -> engine.Rendering:
            self.claims[key] = self.clock + LEASE
            self._let_happen(photo, meanwhile)
            heartbeat()
            self.claims[key] = self.clock + LEASE
            return here(*args, heartbeat=heartbeat, **options)

        answer = self._custom(photo, width, render)
        after = self._of(photo)
        if after.is_gone:
            assert isinstance(answer, Conflict)
        elif width in before.customs:
            assert isinstance(answer, CustomThumbnail)
        elif is_held:
            assert isinstance(answer, Busy)
        else:
            self.claims.pop(key)
            if before.picture == BROKEN:
                assert isinstance(answer, PhotoError)
                return
            assert isinstance(answer, CustomThumbnail)
            self.photos[photo.pk] = replace(after, customs=after.customs | {width})

    # --- what workers do ----------------------------------------------------------------------------------------------

    @rule(target=claimed, photo=known)
    def claim(self, photo: Photo) -> Any:
        won, expected = photo.claim(), self._of(photo).claim(self.clock, None)
        self._expect(photo, won, expected and replace(expected, run=photo.thumbnail_run))
        return photo if won else multiple()

    @rule(target=claimed, photo=claimed)
    def lose_to_another(self, photo: Photo) -> Any:
        """Two instances that both claimed it, and only the later holds it."""
        self._let_happen(photo, "lease", "sweep")
        return self.claim(found) if (found := Photo.objects.filter(pk=photo.pk).first()) else multiple()

    @rule(photo=known)
    def renew_lease(self, photo: Photo) -> None:
        self._expect(photo, photo.renew_lease(), self._of(photo).renew(self.clock, photo.thumbnail_run))

    @rule(photo=consumes(claimed))
    def finish(self, photo: Photo) -> None:
        """In time or late, but once, as a run does; the files are written in any case."""
        if photo.thumbnail_run is None:
            return
        expected = self._of(photo).complete(photo.thumbnail_run)
        try:
            thumbnails._publish(photo, rendering(), KeptClaim(photo.renew_lease))
        except ClaimLost:
            self._expect(photo, False, expected)
        else:
            self._expect(photo, True, expected)

    @rule(photo=known, code=st.sampled_from(REASONS))
    def mark_failed(self, photo: Photo, code: str) -> None:
        expected = self._of(photo).fail(photo.thumbnail_run, code)
        self._expect(photo, photo.mark_failed(recorded(code, "It did not work.")), expected)

    @rule(photo=known, code=st.sampled_from(REASONS))
    def release(self, photo: Photo, code: str) -> None:
        expected = self._of(photo).release(self.clock, photo.thumbnail_run, code)
        self._expect(photo, photo.release(recorded(code, "It did not work.")), expected)

    @rule(photo=known, worker_is_gone=st.booleans())
    def give_up(self, photo: Photo, worker_is_gone: bool) -> None:
        expected = self._of(photo).give_up(self.clock, photo.thumbnail_run, worker_is_gone=worker_is_gone)
        self._expect(photo, photo.give_up(WorkerLost("It died."), worker_is_gone=worker_is_gone), expected)

    @rule(photo=known, meanwhile=st.sampled_from([*MEANWHILE.values()]), storing=st.booleans())
    def generate(self, photo: Photo, meanwhile: tuple[str, ...], storing: bool) -> None:
        self._generate(photo.pk, partial(self._let_happen, photo, *meanwhile), storing=storing)

    @rule()
    def work(self) -> None:
        work(lambda photo_id: self._generate(UUID(photo_id)))

    @rule(photo=known, times=st.integers(1, 6))
    def kill_workers(self, photo: Photo, times: int) -> None:
        """Again and again, while they hold the photo, with some of its files written."""
        for count in range(times):
            held = Photo.objects.filter(pk=photo.pk).first()
            if held is None or self.claim(held) is not held:
                return
            with dies_at(8 + count):
                thumbnails._publish(held, rendering(), KeptClaim(held.renew_lease))
            self._learn({held.pk: [self._of(held), self._of(held).complete(held.thumbnail_run)]})
            self.time_passes(HOUR)
            self.sweep()

    # --- what the machine does ----------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([STEP, MINUTE, LEASE, 16 * MINUTE, TOO_LATE, HOUR]))
    def time_passes(self, seconds: int) -> None:
        # A little more, as the database's clock may tick no finer than a step takes.
        time_passes(seconds + 0.01)
        self.clock += seconds

    @rule()
    def lose_rings(self) -> None:
        lose_rings()

    @rule()
    def sweep(self) -> None:
        not_due = set(Orphan.objects.exclude(pk__in=Orphan.objects.due().values("pk")).values_list("pk", flat=True))
        given_up, gone = self._swept()
        report = thumbnails.sweep()
        self.photos |= given_up | gone
        self.removed |= self.closed
        assert (report.given_up, report.removed_photos) == (len(given_up), len(gone))
        assert not_due <= set(Orphan.objects.values_list("pk", flat=True))
        assert not Orphan.objects.due().exists()
        assert not (queue.room() and Photo.objects.to_ring().exists())

    @rule(
        verb=st.sampled_from(["upload", "generate", "custom", "delete", "retry_all", "sweep"]),
        photo=known,
        act=st.integers(1, 60),
    )
    def die(self, verb: str, photo: Photo, act: int) -> None:
        """A process dies within what it does, at any moment: it was done, or not, or up to a moment between."""
        begin: dict[str, Callable[[], object]] = {
            "upload": lambda: uploads.ingest(ContentFile(picture(0), "photo.jpg"), self.workspaces[0]),
            "generate": lambda: thumbnails.generate(photo.pk, here),
            "custom": lambda: self._custom(photo, 1, here),
            "delete": Photo.objects.filter(pk=photo.pk).delete,
            "retry_all": lambda: thumbnails.retry_all(Photo.objects.all()),
            "sweep": thumbnails.sweep,
        }
        with dies_at(act), suppress(Conflict):
            begin[verb]()
        self._learn({pk: self._possible(verb, was) for pk, was in self._present() if pk == photo.pk or verb in MANY})
        for new in Photo.objects.exclude(pk__in=self.photos) if verb == "upload" else ():
            self.photos[new.pk] = Expected(self.workspaces[0].pk, 0, turn=self.clock)
        self.removed |= self.closed - set(Workspace.objects.values_list("pk", flat=True))

    def _possible(self, verb: str, was: Expected) -> list[Expected | None]:
        if verb == "generate" and (claimed := was.claim(self.clock, None)):
            end = claimed.fail(None, "corrupt_image") if was.picture == BROKEN else claimed.complete(None)
            return [was, claimed, end]
        if verb == "sweep":
            lost = was.give_up(self.clock, was.run)
            return [was, lost, (lost or was).delete() if was.workspace in self.closed else None]
        after = {
            "custom": replace(was, customs=was.customs | {1}),
            "delete": was.delete(),
            "retry_all": was.retry(self.clock),
        }
        return [was, after.get(verb)]

    # --- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def rows_and_history_are_as_expected(self) -> None:
        observed = self._observed()
        assert observed == dict(self._present())
        gone = {pk: expected.history for pk, expected in self.photos.items() if expected.is_gone}
        assert {pk: self._told(pk) for pk in gone} == gone
        claims = [key for key in self.claims if key[0] in observed]
        assert CustomClaim.objects.count() == len(claims)

    @invariant()
    def each_change_is_told_once(self) -> None:
        for expected in self._observed().values():
            told, settled = expected.history, expected.status in ("complete", "failed")
            assert (told[0], told.count(CREATED), told.count(DELETED)) == (CREATED, 1, 0)
            assert told.count(READY) + told.count(FAILED) == told.count(RETRIED) + settled
            assert expected.attempts <= RETRIES + 1
            assert (expected.lease is not None) == (expected.status == "processing")
            assert (expected.turn is not None) == (expected.status == "pending")

    @invariant()
    def each_file_is_named_once(self) -> None:
        stored = self.stored_files()
        named = [key for photo in Photo.objects.all() for key in photo.files()]
        orphans = set(Orphan.objects.values_list("key", flat=True))
        assert len(named) == len(set(named))
        assert orphans.isdisjoint(named)
        assert set(named) <= stored <= orphans | set(named)
        for key in set(named) - self.decoded:
            if key.startswith("thumbnails/"):
                with storage.open_file(key) as file, Image.open(file) as image:
                    image.load()
        self.decoded |= set(named)

    def teardown(self) -> None:
        """In the end, when all times have passed, all is done, and there is no file too many."""
        if sys.exc_info()[0]:
            return
        for renderer in (here, OWN, here):
            self.time_passes(HOUR)
            self.sweep()
            work(lambda photo_id, renderer=renderer: self._generate(UUID(photo_id), renderer=renderer))
        self.rows_and_history_are_as_expected()
        self.each_change_is_told_once()
        self.each_file_is_named_once()
        assert {expected.status for _, expected in self._present()} <= {"complete", "failed"}
        assert not Orphan.objects.exists()
        assert not Workspace.objects.filter(pk__in=self.closed).exists()

    # --- how it is known ----------------------------------------------------------------------------------------------

    def _present(self) -> list[tuple[UUID, Expected]]:
        return [(pk, expected) for pk, expected in self.photos.items() if not expected.is_gone]

    def _of(self, photo: Photo) -> Expected:
        return self.photos[photo.pk]

    def _expect(self, photo: Photo, won: bool, expected: Expected | None) -> None:
        assert won == (expected is not None)
        if expected:
            self.photos[photo.pk] = expected

    def _told(self, pk: UUID) -> tuple[str, ...]:
        return tuple(PhotoEvent.objects.filter(photo_id=pk).values_list("type", flat=True))

    def _observed(self) -> dict[UUID, Expected]:
        return {row.pk: self._seen(row) for row in Photo.objects.all()}

    def _seen(self, row: Photo) -> Expected:
        runs = {UUID(path.split("/")[2]) for path in row.thumbnail_paths()} or {None}
        [published] = runs
        assert row.thumbnail_version == (published.hex[:8] if published else "")
        return Expected(
            workspace=row.workspace_id,
            picture=self.photos[row.pk].picture,
            turn=self._on_clock(row.thumbnail_next_attempt_at),
            status=row.thumbnail_status,
            attempts=row.thumbnail_attempts,
            lease=self._on_clock(row.thumbnail_lease_expires_at),
            run=row.thumbnail_run,
            published=published,
            error=row.thumbnail_error_code,
            history=self._told(row.pk),
            customs=frozenset(row.custom_thumbnails.values_list("box_width", flat=True)),
        )

    def _on_clock(self, moment: datetime | None) -> int | None:
        if moment is None:
            return None
        return self.clock + STEP * ceil(((moment - timezone.now()).total_seconds() - 0.01) / STEP)

    def _learn(self, possible: dict[UUID, list[Expected | None]]) -> None:
        """After a death: each of these photos is in one of the possible states, and no other has changed."""
        for pk, states in possible.items():
            was, row = self.photos[pk], Photo.objects.filter(pk=pk).first()
            seen = (
                self._seen(row) if row else Expected(was.workspace, was.picture, None, "gone", history=self._told(pk))
            )
            assert any(state and _without_run(state) == _without_run(seen) for state in states)
            assert seen.is_gone or seen.published == was.published or seen.status == "complete"
            self.photos[pk] = seen
        self.claims = {}
        for claim in CustomClaim.objects.all():
            lease = self._on_clock(claim.lease_expires_at)
            self.claims[claim.photo_id, int(claim.key.partition(":")[2].partition("x")[0])] = lease or 0

    def _swept(self) -> tuple[dict[UUID, Expected], dict[UUID, Expected]]:
        """The photos that a sweep gives up, and the ones that it removes, as they are then."""
        given_up = {pk: lost for pk, seen in self._present() if (lost := seen.give_up(self.clock, seen.run))}
        closed = [(pk, seen) for pk, seen in self._present() if seen.workspace in self.closed]
        return given_up, {pk: gone for pk, seen in closed if (gone := given_up.get(pk, seen).delete())}

    def _custom(self, photo: Photo, width: int, renderer: Any) -> CustomThumbnail | PhotoError:
        try:
            return custom.find_or_make(photo, CustomBox(width, None), renderer, Patience(-1))
        except PhotoError as error:
            return error

    def _let_happen(self, photo: Photo, *what: str) -> None:
        for happening in what:
            if happening == "lease":
                self.time_passes(LEASE)
            elif happening == "long":
                self.time_passes(TOO_LATE - LEASE)
            elif happening == "sweep":
                self.sweep()
            elif happening == "claim":
                self.claim(Photo.objects.get(pk=photo.pk))
            elif happening == "another":
                self._generate(photo.pk)
            elif happening == "delete":
                self.delete(photo, alone=True)
            elif happening == "close":
                self.close([space.pk for space in self.workspaces].index(self._of(photo).workspace))

    def _generate(
        self, pk: UUID, meanwhile: Callable[[], None] = lambda: None, *, storing: bool = False, renderer: Any = here
    ) -> None:
        """A whole attempt; ``meanwhile`` happens during its render, or before it stores its first file."""
        claimed, run, stored_at = self.photos[pk].claim(self.clock, None), None, None

        def render(*args: Any, heartbeat: Callable[[], None], **options: Any) -> engine.Rendering:
            nonlocal run
            run = Photo.objects.get(pk=pk).thumbnail_run
            assert claimed is not None
            self.photos[pk] = replace(claimed, run=run)
            if not storing:
                meanwhile()
            renewed = self.photos[pk].renew(self.clock, run)
            heartbeat()
            assert renewed is not None
            self.photos[pk] = renewed
            return renderer(*args, heartbeat=heartbeat, **options)

        def save(key: str, data: bytes) -> None:
            nonlocal stored_at
            if stored_at is None:
                stored_at = self.clock
                if storing:
                    meanwhile()
            save_bytes(key, data)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(storage, "save_bytes", save)
            done = thumbnails.generate(pk, render)
        seen, after = self.photos[pk], None
        if run and seen.picture == BROKEN:
            after = seen.fail(run, "corrupt_image")
        elif run and stored_at is not None and self.clock - stored_at >= TOO_LATE:
            after = seen.release(self.clock, run, "storage_unavailable")
        elif run:
            after = seen.complete(run)
        self.photos[pk] = after or seen
        assert bool(run) == bool(claimed)
        assert (done == "complete") == (after is not None and after.status == "complete")


def _without_run(expected: Expected) -> Expected:
    return replace(expected, run=None, published=None)


# A failure takes minutes to be made small.
@pytest.mark.timeout(600 + 3 * EXAMPLES)
def test_whatever_happens_in_whatever_order_rows_files_and_events_fit(
    transactional_db: None, stored_files: Callable[[], set[str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR")

    def begin() -> Site:
        return Site(stored_files)

    examples = EXAMPLES or (4 if site.STORAGE == "s3" else 30)
    options = settings(
        max_examples=examples, stateful_step_count=40, deadline=None, print_blob=True, suppress_health_check=HealthCheck
    )
    run_state_machine_as_test(begin, settings=options)

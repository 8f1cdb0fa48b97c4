"""A storage that is down, slow, full or half-hearted: the answer says so in time, and nothing half-done is left."""

from __future__ import annotations

import errno
import resource
import signal
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from photos import claims, storage, thumbnails
from photos.disk import DiskStorage
from photos.models import Orphan, Photo, PhotoEvent
from photos.models.lifecycle import LEASE
from tests import pictures, servers
from tests.servers.faults import Fault, FaultyProxy, every
from tests.workbench import backoff_passes, history, orphans_fall_due, work

Files = Callable[[], set[str]]

# What each piece of a slow original takes at least.
PAUSE = 0.05
CONNECT_SECONDS, READ_SECONDS, TRIES = 0.3, 0.5, 2
# One call to S3, the pause between its tries (up to 1 s), and the work beside it.
ONE_CALL_SECONDS = (CONNECT_SECONDS + READ_SECONDS) * TRIES + 1.5


@pytest.fixture
def s3(settings: Any) -> Iterator[FaultyProxy]:
    """The storage, through a proxy that does harm, with time-outs as short as tests are; all else is as in service."""
    if settings.STORAGE != "s3":
        pytest.skip("about files on S3")
    default = settings.STORAGES["default"]
    own = default["OPTIONS"]
    quick = own["client_config"].merge(Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS))
    with FaultyProxy(servers.swift().port) as proxy:
        options = own | {"endpoint_url": proxy.url, "client_config": quick}
        settings.STORAGES = settings.STORAGES | {"default": default | {"OPTIONS": options}}
        yield proxy
        proxy.behave()


@contextmanager
def refusing(proxy: FaultyProxy) -> Iterator[None]:
    proxy.stop()
    yield
    proxy.start()


@contextmanager
def frozen(_: FaultyProxy) -> Iterator[None]:
    """As a machine that hangs: it takes connections and bytes, and answers nothing; later it goes on with them."""
    server = servers.swift().proxy
    server.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.signal(signal.SIGCONT)
        # It has gone on with all that came meanwhile once it answers this.
        list(servers.swift().keys(servers.swift().new_bucket()))
        time.sleep(0.2)


def faulty(fault: Fault, method: str, **numbers: int) -> Any:
    @contextmanager
    def trouble(proxy: FaultyProxy) -> Iterator[None]:
        proxy.behave(every(fault, method, **numbers))
        yield
        proxy.behave()

    return trouble


UPLOAD_TROUBLES = {
    "refused": refusing,
    "frozen": frozen,
    "hangs": faulty(Fault.HANG, "PUT"),
    "503": faulty(Fault.UNAVAILABLE, "PUT"),
    "stored but not answered": faulty(Fault.LOST, "PUT"),
    "answers are cut": faulty(Fault.CUT, "PUT"),
}


def upload(api: APIClient, data: bytes) -> Any:
    return api.post("/api/v1/photos/", {"file": SimpleUploadedFile("photo.jpg", data)}, format="multipart")


def assert_unavailable(answer: Any) -> None:
    assert answer.status_code == 503, answer.content
    assert int(answer.headers["Retry-After"]) > 0
    error = answer.json()["error"]
    assert error["code"] == "storage_unavailable"
    assert error["message"].endswith("try again later.")


def assert_all_is_well_again(api: APIClient, data: bytes, stored_files: Files) -> None:
    """What the trouble left goes with the sweep, and the same upload works."""
    assert not Photo.objects.exists()
    assert not PhotoEvent.objects.exists()
    assert not Orphan.objects.due().exists(), "what was sent may still arrive"
    orphans_fall_due()
    thumbnails.sweep()
    assert not Orphan.objects.exists()
    assert stored_files() == set()
    again = upload(api, data)
    assert again.status_code == 201, again.content
    work()
    photo = Photo.objects.get()
    assert photo.thumbnail_status == "complete"
    assert stored_files() == set(photo.files())


@pytest.mark.parametrize("trouble", UPLOAD_TROUBLES.values(), ids=list(UPLOAD_TROUBLES))
def test_an_upload_that_s3_does_not_take_is_answered_in_time_and_leaves_nothing(
    s3: FaultyProxy, api: APIClient, trouble: Any, stored_files: Files
) -> None:
    data = pictures.jpeg(image=pictures.photo(64, 48))
    with trouble(s3):
        start = time.monotonic()
        answer = upload(api, data)
        took = time.monotonic() - start

    assert_unavailable(answer)
    assert took < ONE_CALL_SECONDS
    assert s3.requests("DELETE") == 0, "what does not answer is not asked again"
    assert_all_is_well_again(api, data, stored_files)


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.CUT, Fault.LOST])
def test_one_bad_answer_of_s3_is_made_good_by_a_second_try(
    s3: FaultyProxy, api: APIClient, fault: Fault, stored_files: Files
) -> None:
    s3.behave(every(fault, "PUT", last=1))

    assert upload(api, pictures.jpeg()).status_code == 201

    assert s3.requests("PUT") == 2
    assert stored_files() == set(Photo.objects.get().files())


def test_a_large_file_is_one_request_so_that_it_fails_at_once_and_leaves_no_parts(
    s3: FaultyProxy, stored_files: Files
) -> None:
    storage.save_bytes("originals/large", bytes(20 * 2**20))
    assert (s3.requests("PUT"), s3.requests("POST")) == (1, 0)

    s3.behave()
    with storage.local_copy("originals/large") as copy:
        assert len(copy.read()) == 20 * 2**20
    assert (s3.requests("HEAD"), s3.requests("GET")) == (0, 1)


ATTEMPT_TROUBLES = {
    "refused": refusing,
    "frozen": frozen,
    "hangs before the original comes": faulty(Fault.HANG, "GET"),
    "the original is cut": faulty(Fault.CUT, "GET"),
    "503 at the first thumbnail": faulty(Fault.UNAVAILABLE, "PUT"),
    "503 at the last thumbnail": faulty(Fault.UNAVAILABLE, "PUT", first=3),
    "hangs at the second thumbnail": faulty(Fault.HANG, "PUT", first=2),
    "the last is stored but not answered": faulty(Fault.LOST, "PUT", first=3),
}


@pytest.mark.parametrize("trouble", ATTEMPT_TROUBLES.values(), ids=list(ATTEMPT_TROUBLES))
def test_an_attempt_that_s3_breaks_off_ends_in_time_and_is_made_again(
    s3: FaultyProxy, photo: Photo, trouble: Any, stored_files: Files
) -> None:
    with trouble(s3):
        start = time.monotonic()
        assert thumbnails.generate(photo.pk) != "complete"
        took = time.monotonic() - start

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_error_code) == ("pending", "storage_unavailable")
    assert took < ONE_CALL_SECONDS
    orphans_fall_due()
    thumbnails.sweep()
    assert stored_files() == {photo.original_path}
    backoff_passes(photo)
    assert thumbnails.generate(photo.pk) == "complete"
    photo.refresh_from_db()
    assert stored_files() == set(photo.files())
    assert history(photo) == ["photo.created", "photo.attempt_failed", "photo.thumbnail_ready"]
    assert not Orphan.objects.exists()


def test_a_deletion_while_s3_is_down_is_done_and_its_files_go_later(
    s3: FaultyProxy, photo: Photo, api: APIClient, stored_files: Files
) -> None:
    work()
    with refusing(s3):
        assert api.delete(f"/api/v1/photos/{photo.pk}/").status_code == 204
        assert api.get(f"/api/v1/photos/{photo.pk}/").status_code == 404
        orphans_fall_due()
        assert thumbnails.sweep().deleted_files == 0

    orphans_fall_due()
    assert thumbnails.sweep().deleted_files == 4
    assert stored_files() == set()


def test_the_time_outs_of_service_fit_into_requests_and_leases(settings: Any) -> None:
    if settings.STORAGE != "s3":
        pytest.skip("about files on S3")
    config = default_storage.connection.meta.client.meta.config  # type: ignore[attr-defined]
    call = (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"] + 1
    fetch = 3 * call + config.read_timeout  # HEAD twice, GET up to its headers, then a body that stalls
    assert call < 60
    assert fetch < LEASE.total_seconds()
    assert default_storage.transfer_config.num_download_attempts == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(("pause", "renewals"), [(0.05, 2), (0, 0)])
def test_the_claim_is_kept_between_the_files_of_a_slow_storage(
    photo: Photo, monkeypatch: pytest.MonkeyPatch, pause: float, renewals: int
) -> None:
    told = []
    save, renew = storage.save_bytes, Photo.renew_lease

    def save_slowly(*file: Any) -> None:
        told.append("save")
        time.sleep(pause)
        save(*file)

    monkeypatch.setattr(storage, "save_bytes", save_slowly)
    monkeypatch.setattr(Photo, "renew_lease", lambda self: (told.append("renew"), renew(self))[1])
    if pause:
        monkeypatch.setattr(claims, "RENEWAL_SECONDS", 3 * pause)

    assert thumbnails.generate(photo.pk) == "complete"

    stored = told[told.index("save") :]
    assert (stored.count("save"), stored.count("renew")) == (3, renewals)


@pytest.fixture
def slow_reading(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each small piece of a file takes at least PAUSE seconds to be read, and is noted."""
    told, pieces = [], type(default_storage._wrapped).pieces  # type: ignore[attr-defined]

    def piece_by_piece(self: Any, key: str, _: int) -> Iterator[bytes]:
        for piece in pieces(self, key, 200):
            time.sleep(PAUSE)
            told.append("piece")
            yield piece

    monkeypatch.setattr(type(default_storage._wrapped), "pieces", piece_by_piece)  # type: ignore[attr-defined]
    return told


def test_the_claim_is_kept_while_an_original_comes_slowly(
    photo: Photo, monkeypatch: pytest.MonkeyPatch, slow_reading: list[str]
) -> None:
    renew = Photo.renew_lease
    monkeypatch.setattr(Photo, "renew_lease", lambda self: slow_reading.append("renewal") or renew(self))
    monkeypatch.setattr(claims, "RENEWAL_SECONDS", 3 * PAUSE)

    assert thumbnails.generate(photo.pk) == "complete"

    between = [len([*same]) for kind, same in groupby(slow_reading) if kind == "piece"]
    assert len(between) > 2
    assert max(between) <= 4


def test_an_original_that_comes_too_slowly_ends_the_attempt(
    photo: Photo, settings: Any, slow_reading: list[str]
) -> None:
    settings.ATTEMPT_SECONDS = 2 * PAUSE

    assert thumbnails.generate(photo.pk) == "timeout"

    assert "too long" in Photo.objects.get().thumbnail_error


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kernel itself breaks off the writing of a stored file, as it does on a disk without room."""
    save = DiskStorage._save

    def with_little_room(self: DiskStorage, *args: Any) -> Any:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            return save(self, *args)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    with monkeypatch.context() as full:
        full.setattr(DiskStorage, "_save", with_little_room)
        yield


def test_an_upload_to_a_full_disk_is_answered_so_and_leaves_no_half_file(
    api: APIClient, media: Path, monkeypatch: pytest.MonkeyPatch, stored_files: Files
) -> None:
    data = pictures.jpeg(image=pictures.photo(300, 200))
    assert len(data) > 2000
    with full_disk(monkeypatch):
        answer = upload(api, data)

    assert_unavailable(answer)
    assert stored_files() == set(), "at once: the rows may need the room"
    assert_all_is_well_again(api, data, stored_files)


def test_a_full_disk_writes_a_part_before_it_refuses(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the other tests on full disks rely on."""
    written = []
    unlink = Path.unlink

    def note(path: Path, **options: Any) -> None:
        written.append(path.stat().st_size)
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", note)
    with full_disk(monkeypatch), pytest.raises(storage.StorageUnavailable) as refused:
        storage.save_bytes("originals/a", bytes(2000))
    assert isinstance(refused.value.__cause__, OSError)
    assert refused.value.__cause__.errno == errno.EFBIG
    assert written == [1000]


def test_an_attempt_on_a_full_disk_is_made_again(
    take_in: Callable[..., Photo], media: Path, monkeypatch: pytest.MonkeyPatch, stored_files: Files
) -> None:
    photo = take_in(pictures.jpeg(image=pictures.photo(600, 400)))
    with full_disk(monkeypatch):
        assert thumbnails.generate(photo.pk) != "complete"
    assert stored_files() == {photo.original_path}

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_error_code) == ("pending", "storage_unavailable")
    backoff_passes(photo)
    assert thumbnails.generate(photo.pk) == "complete"


def test_a_media_folder_that_can_not_be_written_is_answered_so_and_leaves_nothing(
    api: APIClient, media: Path, stored_files: Files
) -> None:
    """In a way that stops root, too: a file is where a folder should be."""
    media.mkdir(mode=stat.S_IRWXU)
    (media / "originals").write_bytes(b"")
    data = pictures.jpeg()

    assert_unavailable(upload(api, data))

    (media / "originals").unlink()
    assert_all_is_well_again(api, data, stored_files)

"""The synchronous service: pictures in, thumbnails out, within one request."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from photos import ondemand, storage, thumbnails
from photos.errors import StorageUnavailable
from photos.models import CustomThumbnail, Membership, Orphan, Photo, PhotoEvent, Role, Workspace
from photos.rendering import RenderJob
from photos.renderpool import RenderPool
from photos.sandbox import Sandbox
from photos.sizes import Recipe
from tests import pictures
from tests.workbench import (
    Pause,
    backoff_passes,
    completes,
    fails,
    history,
    orphans_fall_due,
    rings,
    row,
    together,
    work,
)

Stored = Callable[[], set[str]]
ADDRESS = "/api/v1/thumbnails/"


@pytest.fixture(autouse=True)
def renderers(monkeypatch: pytest.MonkeyPatch) -> Iterator[RenderPool]:
    """The test's own, so that each starts with none at work."""
    pool = RenderPool(4)
    monkeypatch.setattr(ondemand, "RENDERERS", pool)
    yield pool
    pool.close()


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Of each render that a helper is asked for, the names of its boxes; each takes a moment."""
    jobs: list[list[str]] = []
    render = Sandbox.__call__

    def counted(helper: Any, job: RenderJob, *args: Any, **options: Any) -> Any:
        jobs.append(list(job.boxes))
        time.sleep(0.2)
        return render(helper, job, *args, **options)

    monkeypatch.setattr(Sandbox, "__call__", counted)
    return jobs


@pytest.fixture
def nothing_is_left(transactional_db: None, stored_files: Stored) -> Iterator[None]:
    yield
    assert stored_files() == set()
    for model in (Photo, CustomThumbnail, Orphan):
        assert not model._default_manager.exists()
    assert rings() == 0


def send(api: APIClient, *files: bytes, **fields: Any) -> Any:
    parts = [SimpleUploadedFile(f"{n}.jpg", data) for n, data in enumerate(files)]
    return api.post(ADDRESS, {"file": parts, **fields}, format="multipart")


def made(api: APIClient, data: bytes, **fields: Any) -> list[dict[str, Any]]:
    """The thumbnails of one good picture."""
    answer = send(api, data, **fields)
    assert answer.status_code == 201, answer.content
    thumbnails: list[dict[str, Any]] = answer.json()["results"][0]["thumbnails"]
    return thumbnails


def bytes_of(key: str) -> bytes:
    with default_storage.open(key) as file:
        data: bytes = file.read()
    return data


def get(api: APIClient, address: str) -> int:
    """Get an image to its end; answers the status."""
    answer: Any = api.get(address)
    assert answer.getvalue()
    status: int = answer.status_code
    return status


def broken() -> bytes:
    """Only a full decode finds that it is."""
    return pictures.truncated(pictures.jpeg(image=pictures.photo(64, 48)))


def test_a_picture_comes_back_as_its_medium_thumbnail(api: APIClient) -> None:
    answer = send(api, pictures.jpeg(1000, 500))

    [result] = answer.json()["results"]
    [thumbnail] = result["thumbnails"]
    photo = Photo.objects.get()
    assert answer.status_code == 201
    assert (result["filename"], result["photo"]) == ("0.jpg", str(photo.pk))
    assert thumbnail["id"] == f"{photo.pk}.medium.{photo.thumbnail_version}"
    image = api.get(thumbnail["url"])
    assert thumbnail["url"] == f"http://testserver{ADDRESS}{thumbnail['id']}/"
    data = image.getvalue()
    assert Image.open(io.BytesIO(data)).size == (400, 200) == (thumbnail["width"], thumbnail["height"])
    assert thumbnail["bytes"] == len(data)
    assert thumbnail["content_type"] == image["Content-Type"] == "image/webp"
    assert thumbnail.keys() == {"id", "preset", "url", "width", "height", "content_type", "bytes"}


def test_the_bytes_are_those_that_the_worker_makes(
    api: APIClient, take_in_complete: Callable[..., Photo], editor: Any
) -> None:
    data = pictures.encoded(pictures.photo(1100, 700), "JPEG", orientation=6)
    other = Workspace.objects.create(slug="other", name="Other")
    Membership.objects.create(workspace=other, user=editor, role=Role.EDITOR)
    background = take_in_complete(data)

    here = made(api, data, workspace="other", preset=["small", "medium", "large"])

    photo = Photo.objects.get(workspace=other)
    assert [one["preset"] for one in here] == ["small", "medium", "large"]
    for size, mine, theirs in zip(here, photo.thumbnail_paths(), background.thumbnail_paths(), strict=True):
        assert api.get(size["url"]).getvalue() == bytes_of(mine) == bytes_of(theirs)
    assert photo.placeholder == background.placeholder
    assert photo.thumbnail_recipe == background.thumbnail_recipe


def test_the_queue_does_not_hear_of_what_is_made_here(api: APIClient, stored_files: Stored) -> None:
    made(api, pictures.jpeg())

    photo = Photo.objects.get()
    assert rings() == 0
    assert history(photo) == ["photo.created", "photo.thumbnail_ready"]
    assert stored_files() == set(photo.files())
    assert not Orphan.objects.exists()


def test_presets_and_a_box_of_ones_own_come_in_one_answer(api: APIClient) -> None:
    thumbnails = made(api, pictures.jpeg(1000, 500), preset=["large", "small", "large"], width=600, height=100)

    assert [(one["preset"], one["width"], one["height"]) for one in thumbnails] == [
        ("large", 800, 400),
        ("small", 150, 75),
        ("custom", 200, 100),
    ]


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"width": 200}, (200, 100)),
        ({"height": 200}, (400, 200)),
        ({"width": 200, "height": 20}, (40, 20)),
        ({"width": 4096}, (1000, 500)),
        ({"width": 1}, (1, 1)),
        ({"width": "", "height": "50"}, (100, 50)),
    ],
)
def test_a_box_may_have_one_side_or_two_and_never_enlarges(
    api: APIClient, fields: dict[str, Any], size: tuple[int, int]
) -> None:
    [thumbnail] = made(api, pictures.jpeg(1000, 500), **fields)

    image = api.get(thumbnail["url"])
    data = image.getvalue()
    assert Image.open(io.BytesIO(data)).size == size == (thumbnail["width"], thumbnail["height"])
    assert (thumbnail["preset"], thumbnail["bytes"]) == ("custom", len(data))
    assert thumbnail["url"] == f"http://testserver{ADDRESS}{thumbnail['id']}/"
    assert image["Content-Type"] == thumbnail["content_type"] == "image/webp"
    assert "immutable" in image["Cache-Control"]
    assert image["ETag"]
    assert api.get(thumbnail["url"], headers={"If-None-Match": image["ETag"]}).status_code == 304


def test_no_side_is_longer_than_4096_pixels_even_if_only_the_other_was_named(api: APIClient) -> None:
    [thumbnail] = made(api, pictures.png(300, 9000), width=300)
    assert (thumbnail["width"], thumbnail["height"]) == (137, 4096)


def test_of_a_box_alone_the_workers_make_the_presets(api: APIClient) -> None:
    made(api, pictures.jpeg(), width=20)
    photo = Photo.objects.get()
    assert (photo.thumbnail_status, rings()) == ("pending", 1)

    work()

    photo.refresh_from_db()
    assert photo.thumbnail_status == "complete"
    assert CustomThumbnail.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"preset": "huge"}, "unknown_preset"),
        ({"preset": ["small", "SMALL"]}, "unknown_preset"),
        ({"preset": ""}, "unknown_preset"),
        *(({side: value}, "invalid_dimensions") for side in ("width", "height") for value in (0, 4097, -1, "x", "1.5")),
        ({"width": "9" * 5000}, "invalid_dimensions"),
        ({"width": 100, "height": 0}, "invalid_dimensions"),
        ({"workspace": "nowhere"}, "unknown_workspace"),
        ({"workspace": "a\0b"}, "invalid"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_before_anything_is_stored(
    api: APIClient, nothing_is_left: None, fields: dict[str, Any], code: str
) -> None:
    answer = send(api, pictures.jpeg(), **fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_no_file_is_named_so(api: APIClient) -> None:
    for answer in (api.post(ADDRESS, {"preset": "small"}, format="multipart"), api.post(ADDRESS, [1], format="json")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "missing_file")


def test_of_several_files_a_bad_one_has_its_error_and_leaves_nothing(api: APIClient, stored_files: Stored) -> None:
    answer = send(api, pictures.jpeg(100, 50), b"not a picture", broken(), pictures.png(90, 40), width=10)

    results = answer.json()["results"]
    assert answer.status_code == 201
    assert [result["filename"] for result in results] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert [result.get("error", {}).get("code") for result in results] == [
        None,
        "unsupported_format",
        "corrupt_image",
        None,
    ]
    assert [len(result["thumbnails"]) for result in results] == [1, 0, 0, 1]
    assert results[1]["photo"] is results[2]["photo"] is None
    assert results[2]["error"]["message"]
    assert Photo.objects.count() == 2
    assert stored_files() == {key for photo in Photo.objects.all() for key in photo.files()}


@pytest.mark.parametrize("fields", [{}, {"width": 10}, {"preset": "small", "width": 10}])
def test_if_all_are_bad_the_answer_is_400_and_says_of_each_why(
    api: APIClient, nothing_is_left: None, fields: dict[str, Any]
) -> None:
    answer = send(api, broken(), b"", **fields)

    error = answer.json()["error"]
    work()
    assert (answer.status_code, error["code"]) == (400, "corrupt_image")
    assert [result["error"]["code"] for result in error["details"]["results"]] == ["corrupt_image", "empty_file"]
    assert [result["filename"] for result in error["details"]["results"]] == ["0.jpg", "1.jpg"]


def test_the_same_picture_again_is_the_same_photo_and_nothing_is_made_twice(
    api: APIClient, stored_files: Stored
) -> None:
    data = pictures.jpeg(300, 200)
    first = made(api, data, preset="small", width=50)
    files = stored_files()

    again = made(api, data, preset="small", width=50)

    assert again == first
    assert stored_files() == files
    assert Photo.objects.get().thumbnail_attempts == 1


def test_a_picture_that_waits_for_a_worker_is_made_here(api: APIClient, take_in: Callable[..., Photo]) -> None:
    data = pictures.jpeg()
    photo = take_in(data)

    [thumbnail] = made(api, data)

    assert thumbnail["id"].startswith(str(photo.pk))
    assert work() == 1, "which finds nothing to do"
    assert history(photo) == ["photo.created", "photo.thumbnail_ready"]


def test_a_worker_that_was_quicker_is_waited_for(api: APIClient, take_in: Callable[..., Photo]) -> None:
    data = pictures.jpeg()
    photo = take_in(data)
    assert photo.claim()

    def complete_soon() -> bool:
        time.sleep(0.5)
        return completes(photo)

    thumbnails, completed = together(partial(made, api, data), complete_soon)

    assert completed
    photo.refresh_from_db()
    assert [thumbnail["id"] for thumbnail in thumbnails] == [f"{photo.pk}.medium.{photo.thumbnail_version}"]


def test_a_worker_that_takes_long_is_not_waited_for_for_ever(
    api: APIClient, take_in: Callable[..., Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ondemand, "PATIENCE_SECONDS", 0.3)
    data = pictures.jpeg()
    assert take_in(data).claim()

    answer = send(api, data)

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
    assert int(answer["Retry-After"]) > 0


def test_all_files_of_a_request_together_are_not_waited_for_longer_than_one(
    api: APIClient, take_in: Callable[..., Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ondemand, "PATIENCE_SECONDS", 1)
    held = [pictures.jpeg(100 + n, 50) for n in range(3)]
    assert all(take_in(data).claim() for data in held)

    begin = time.monotonic()
    answer = send(api, *held, pictures.jpeg(200, 100))
    seconds = time.monotonic() - begin

    codes = [result["error"]["code"] for result in answer.json()["error"]["details"]["results"]]
    assert (answer.status_code, codes) == (503, ["busy"] * 4)
    assert seconds >= 1
    assert Photo.objects.count() == 3, "no file is begun with once the time is over"


def test_once_the_storage_fails_it_is_not_asked_again_for_each_further_file(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def away(key: str, *_: Any) -> None:
        asked.append(key)
        raise StorageUnavailable("The disk is away.")

    monkeypatch.setattr(storage, "save", away)
    answer = send(api, *(pictures.jpeg(100 + n, 50) for n in range(3)))

    codes = [result["error"]["code"] for result in answer.json()["error"]["details"]["results"]]
    assert (answer.status_code, codes) == (503, ["storage_unavailable"] * 3)
    assert len(asked) == 1


def test_a_photo_that_failed_for_good_is_answered_with_its_error_and_stays(
    api: APIClient, take_in_complete: Callable[..., Photo]
) -> None:
    photo = take_in_complete(broken())

    for fields in ({}, {"width": 10}):
        answer = send(api, broken(), **fields)
        [result] = answer.json()["error"]["details"]["results"]
        assert (answer.status_code, result["error"]["code"]) == (400, "corrupt_image")
        assert result["error"]["message"] == photo.thumbnail_error
        assert result["photo"] == str(photo.pk)
    assert Photo.objects.get().thumbnail_attempts == 1


def test_a_photo_that_failed_for_a_passing_reason_is_tried_again(api: APIClient, take_in: Callable[..., Photo]) -> None:
    data = pictures.jpeg()
    photo = take_in(data)
    fails(photo)

    made(api, data)

    assert history(photo) == ["photo.created", "photo.retried", "photo.thumbnail_ready"]


def test_a_photo_that_waits_for_its_next_try_is_tried_at_once(api: APIClient, take_in: Callable[..., Photo]) -> None:
    data = pictures.jpeg()
    photo = take_in(data)
    assert photo.claim()
    assert photo.release(StorageUnavailable("Away."))

    made(api, data)

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_attempts) == ("complete", 1)
    assert history(photo) == ["photo.created", "photo.attempt_failed", "photo.thumbnail_ready"]


def test_of_a_box_alone_a_photo_that_waits_for_its_next_try_goes_on_waiting(
    api: APIClient, take_in: Callable[..., Photo]
) -> None:
    data = pictures.jpeg()
    photo = take_in(data)
    assert photo.claim()
    assert photo.release(StorageUnavailable("Away."))
    before = row(photo)

    made(api, data, width=10)

    assert row(photo) == before


def test_presets_by_another_recipe_are_made_anew_once(
    api: APIClient,
    take_in_complete: Callable[..., Photo],
    settings: Any,
    stored_files: Stored,
    renders: list[list[str]],
) -> None:
    data = pictures.jpeg(1000, 500)
    photo = take_in_complete(data)
    settings.THUMBNAIL_RECIPE = Recipe(medium=200)
    made(api, data, width=10)
    assert history(photo) == ["photo.created", "photo.thumbnail_ready"], "not for a box alone"
    renders.clear()

    answers = together(*[partial(made, api, data)] * 4)

    assert answers == [answers[0]] * 4
    assert answers[0][0]["width"] == 200
    assert len(renders) == 1
    assert history(photo) == ["photo.created", "photo.thumbnail_ready", "photo.retried", "photo.thumbnail_ready"]
    thumbnails.sweep()
    assert stored_files() == set(Photo.objects.get().files())
    assert PhotoEvent.objects.get(type="photo.retried").data == {"by": "edith"}


@pytest.mark.parametrize(("retries", "status"), [(5, "pending"), (0, "failed")])
def test_if_presets_can_not_be_made_anew_that_is_told_and_the_earlier_ones_stay(
    api: APIClient, take_in_complete: Callable[..., Photo], settings: Any, retries: int, status: str
) -> None:
    data = pictures.jpeg(1000, 500)
    photo = take_in_complete(data)
    settings.THUMBNAIL_RECIPE, settings.THUMBNAIL_RETRIES = Recipe(medium=200), retries
    settings.ATTEMPT_SECONDS = 0.001

    answer = send(api, data)

    [result] = answer.json()["error"]["details"]["results"]
    assert (answer.status_code, result["error"]["code"], result["photo"]) == (400, "timeout", str(photo.pk))
    told = api.get(f"/api/v1/photos/{photo.pk}/").json()
    assert (told["thumbnail_status"], told["thumbnail_error_code"], told["outdated"]) == (status, "timeout", True)
    assert told["thumbnails"]["medium"]["width"] == 400
    assert get(api, told["thumbnail_url"]) == 200


@pytest.mark.parametrize(
    ("limit", "value", "code"),
    [("ATTEMPT_SECONDS", 0.05, "timeout"), ("RENDER_MEMORY_BYTES", 8 * 2**20, "out_of_memory")],
)
def test_a_picture_that_breaks_the_limits_is_an_error_and_waits_for_a_worker(
    api: APIClient, settings: Any, limit: str, value: float, code: str
) -> None:
    data = pictures.encoded(pictures.photo(3000, 3000), "PNG", compress_level=1)
    usual = getattr(settings, limit)
    setattr(settings, limit, value)

    answers = [send(api, data), send(api, data)]

    photo = Photo.objects.get()
    for answer in answers:
        [result] = answer.json()["error"]["details"]["results"]
        assert (answer.status_code, result["error"]["code"], result["photo"]) == (400, code, str(photo.pk))
    assert (photo.thumbnail_status, photo.thumbnail_attempts) == ("pending", 1), "asking for it uses up no retry"
    setattr(settings, limit, usual)
    backoff_passes(photo)
    assert thumbnails.sweep().rung == 1
    work()
    photo.refresh_from_db()
    assert photo.thumbnail_status == "complete"


def test_the_schema_names_what_bad_files_are_answered_with(api: APIClient) -> None:
    call = api.get("/api/v1/schema/?format=json").json()["paths"][ADDRESS]["post"]
    [_, told] = call["responses"]["400"]["content"]["application/json"]["schema"]["allOf"]
    codes = told["properties"]["error"]["properties"]["code"]["enum"]
    assert {"corrupt_image", "timeout", "out_of_memory", "worker_lost", "original_missing", "conflict"} <= set(codes)


def test_a_storage_that_is_away_is_503(api: APIClient, nothing_is_left: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise StorageUnavailable("The disk is away.")

    monkeypatch.setattr(storage, "save", away)

    answer = send(api, pictures.jpeg())

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage_unavailable")
    assert answer["Retry-After"]
    orphans_fall_due()
    thumbnails.sweep()


def test_more_than_the_renderers_can_do_is_refused_at_once(
    api: APIClient, nothing_is_left: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = RenderPool(1)
    monkeypatch.setattr(ondemand, "RENDERERS", pool)
    with pool.place():
        begin = time.monotonic()
        answer = send(api, pictures.jpeg(), width=10)

    assert time.monotonic() - begin < 2
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
    assert int(answer["Retry-After"]) > 0
    pool.close()


def test_four_at_once_get_the_same_thumbnails_and_none_is_rendered_twice(
    api: APIClient, stored_files: Stored, renders: list[list[str]]
) -> None:
    data = pictures.jpeg(300, 200)

    answers = together(*[partial(made, api, data, preset="small", width=50)] * 4)

    assert answers == [answers[0]] * 4
    assert sorted(renders) == [["custom"], ["small", "medium", "large"]]
    assert CustomThumbnail.objects.count() == 1
    assert stored_files() == set(Photo.objects.get().files())


def test_a_side_that_was_not_named_is_a_size_of_its_own(api: APIClient) -> None:
    data = pictures.jpeg(300, 200)
    ids = {made(api, data, **box)[0]["id"] for box in ({"width": 50}, {"height": 50}, {"width": 50, "height": 50})}
    assert len(ids) == 3


def test_the_files_of_custom_sizes_go_with_the_photo(api: APIClient, stored_files: Stored) -> None:
    [thumbnail] = made(api, pictures.jpeg(300, 200), width=50)
    photo = Photo.objects.get()
    assert f"thumbnails/{photo.pk}/{thumbnail['id']}/50x33.webp" in stored_files()

    photo.delete()

    assert stored_files() == set()
    assert not CustomThumbnail.objects.exists()
    assert api.get(thumbnail["url"]).status_code == 404


def test_a_photo_deleted_while_a_custom_size_is_written_leaves_nothing(
    api: APIClient, take_in_complete: Callable[..., Photo], stored_files: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pictures.jpeg(300, 200)
    photo = take_in_complete(data)
    saved = Pause(storage.save_bytes)
    monkeypatch.setattr(storage, "save_bytes", saved)

    answer = saved.during(partial(send, api, data, width=50), photo.delete)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "conflict")
    thumbnails.sweep()
    assert stored_files() == set()
    assert not Orphan.objects.exists()


def test_custom_sizes_outlive_a_regeneration_and_follow_the_recipe(
    api: APIClient, settings: Any, stored_files: Stored
) -> None:
    data = pictures.jpeg(300, 200)
    [first] = made(api, data, width=50)
    work()
    photo = Photo.objects.get()
    fails(photo)
    thumbnails.retry([photo])
    work()
    assert made(api, data, width=50) == [first]

    settings.THUMBNAIL_RECIPE = Recipe(small=100)
    assert made(api, data, width=50) == [first], "the presets' boxes don't matter"

    settings.THUMBNAIL_RECIPE = Recipe(format="jpeg")
    [other] = made(api, data, width=50)
    assert (other["content_type"], other["id"] != first["id"]) == ("image/jpeg", True)
    assert get(api, first["url"]) == 200


@pytest.mark.parametrize(
    "name", ["01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8057.medium.abc", "x"]
)
def test_a_thumbnail_that_does_not_exist_is_not_found(api: APIClient, name: str) -> None:
    answer = api.get(f"{ADDRESS}{name}/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_who_may_see_the_photo_may_see_its_custom_sizes(
    api: APIClient, api_as: Callable[[Any], APIClient], make_user: Callable[..., Any], workspace: Workspace
) -> None:
    [thumbnail] = made(api, pictures.jpeg(), width=20)
    stranger, viewer, nobody = (
        api_as(make_user("stranger")),
        api_as(make_user("viewer", workspace, Role.VIEWER)),
        api_as(None),
    )

    assert [get(who, thumbnail["url"]) for who in (viewer, stranger, nobody)] == [200, 404, 404]
    missing = stranger.get(f"{ADDRESS}01890a5d-ac96-774b-bcce-b302099a8057/")
    assert stranger.get(thumbnail["url"]).content == missing.content
    Workspace.objects.update(is_public=True)
    assert get(nobody, thumbnail["url"]) == 200


@pytest.mark.parametrize(("role", "status"), [(None, 403), (Role.VIEWER, 403), (Role.EDITOR, 201), (Role.OWNER, 201)])
def test_only_editors_and_owners_may_send_pictures(
    make_user: Callable[..., Any],
    api_as: Callable[[Any], APIClient],
    workspace: Workspace,
    role: Role | None,
    status: int,
) -> None:
    Workspace.objects.update(is_public=True)
    api = api_as(make_user("somebody", workspace if role else None, role))

    assert send(api, pictures.jpeg(), workspace="main").status_code == status
    assert send(api_as(None), pictures.jpeg(), workspace="main").status_code == 401
    assert api.get(ADDRESS).status_code == 405

"""The database refuses rows that lie, whoever writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError
from django.db.models.functions import Now

from photos.errors import CorruptImage
from photos.models import Album, CustomClaim, CustomThumbnail, Membership, Photo, PhotoEvent, Role, Workspace
from tests.workbench import work

CLAIM = {
    "thumbnail_run": uuid4(),
    "thumbnail_claimed_at": Now(),
    "thumbnail_lease_expires_at": Now(),
}
TURN = "thumbnail_next_attempt_at"


@pytest.fixture
def in_state(photo: Photo) -> Callable[[str], Photo]:
    """Brings the photo into a state."""

    def bring(state: str) -> Photo:
        if state == "complete":
            work()
        elif state != "pending":
            photo.claim()
        if state == "failed":
            photo.mark_failed(CorruptImage("broken"))
        photo.refresh_from_db()
        assert photo.thumbnail_status == state
        return photo

    return bring


@pytest.mark.parametrize(
    ("state", "lie", "constraint"),
    [
        ("pending", {"thumbnail_status": "done"}, "photo_status_known"),
        ("pending", {"thumbnail_status": ""}, "photo_status_known"),
        ("pending", {"thumbnail_status": "complete"}, "photo_complete_has_files"),
        ("complete", {"thumbnail_small_path": ""}, "photo_complete_has_files"),
        ("complete", {"thumbnail_medium_path": ""}, "photo_complete_has_files"),
        ("complete", {"thumbnail_large_path": ""}, "photo_complete_has_files"),
        ("complete", {"thumbnail_recipe": ""}, "photo_complete_has_files"),
        ("complete", {"thumbnail_version": ""}, "photo_complete_has_files"),
        ("pending", {"thumbnail_status": "failed"}, "photo_failed_has_reason"),
        ("failed", {"thumbnail_error_code": ""}, "photo_failed_has_reason"),
        ("failed", {"thumbnail_error": ""}, "photo_failed_has_reason"),
        ("pending", {"thumbnail_status": "processing", TURN: None}, "photo_claim_iff_processing"),
        ("processing", {"thumbnail_status": "pending", TURN: Now()}, "photo_claim_iff_processing"),
        *[("processing", {column: None}, "photo_claim_iff_processing") for column in CLAIM],
        *[("pending", {column: value}, "photo_claim_iff_processing") for column, value in CLAIM.items()],
        ("complete", CLAIM, "photo_claim_iff_processing"),
        ("failed", CLAIM, "photo_claim_iff_processing"),
        ("pending", {TURN: None}, "photo_turn_iff_pending"),
        *[(state, {TURN: Now()}, "photo_turn_iff_pending") for state in ("processing", "complete", "failed")],
        *[("pending", {column: 0}, "photo_has_size") for column in ("width", "height", "byte_size")],
    ],
)
def test_a_photo_cannot_lie(in_state: Callable[[str], Photo], state: str, lie: dict[str, Any], constraint: str) -> None:
    photo = in_state(state)

    with pytest.raises(IntegrityError, match=constraint):
        Photo.objects.filter(pk=photo.pk).update(**lie)


def test_the_same_bytes_are_one_photo_in_a_workspace(take_in: Callable[..., Photo]) -> None:
    first, second = take_in(), take_in()

    with pytest.raises(IntegrityError):
        Photo.objects.filter(pk=second.pk).update(sha256=first.sha256)


def test_no_two_photos_share_an_original(take_in: Callable[..., Photo]) -> None:
    first, second = take_in(), take_in()

    with pytest.raises(IntegrityError):
        Photo.objects.filter(pk=second.pk).update(original_path=first.original_path)


def test_an_album_has_one_primary_photo(take_in: Callable[..., Photo], workspace: Workspace) -> None:
    album = Album.objects.create(workspace=workspace, name="Trip")
    take_in(album=album, is_primary=True)
    second = take_in(album=album)

    with pytest.raises(IntegrityError):
        Photo.objects.filter(pk=second.pk).update(is_primary=True)


def test_a_photo_without_an_album_is_not_primary(photo: Photo) -> None:
    with pytest.raises(IntegrityError, match="photo_primary_has_album"):
        Photo.objects.update(is_primary=True)


def test_a_workspace_names_its_albums_apart(workspace: Workspace) -> None:
    Album.objects.create(workspace=workspace, name="Trip")
    Album.objects.create(workspace=Workspace.objects.create(slug="other", name="Other"), name="Trip")

    with pytest.raises(IntegrityError):
        Album.objects.create(workspace=workspace, name="Trip")


def test_a_user_has_one_role_in_a_workspace_and_a_known_one(editor: Any, workspace: Workspace) -> None:
    with pytest.raises(IntegrityError):
        Membership.objects.create(workspace=workspace, user=editor, role=Role.VIEWER)
    with pytest.raises(IntegrityError, match="membership_role_known"):
        Membership.objects.update(role="janitor")


@pytest.mark.parametrize("box", [(50, None), (None, 50), (50, 50)])
def test_a_photo_has_one_thumbnail_in_a_box_whatever_side_of_it_was_named(
    photo: Photo, box: tuple[int | None, int | None]
) -> None:
    facts = {"box_width": box[0], "box_height": box[1], "recipe": "a", "width": 4, "height": 3, "bytes": 7}
    photo.custom_thumbnails.create(path="first", **facts)
    photo.custom_thumbnails.create(path="other recipe", **facts | {"recipe": "b"})

    with pytest.raises(IntegrityError, match="custom_once_per_box"):
        photo.custom_thumbnails.create(path="second", **facts)


def test_a_custom_thumbnail_has_a_box(photo: Photo) -> None:
    with pytest.raises(IntegrityError, match="custom_has_box"):
        CustomThumbnail.objects.create(photo=photo, recipe="a", path="p", width=4, height=3, bytes=7)


def test_a_box_is_claimed_once_and_only_for_a_photo_that_there_is(photo: Photo) -> None:
    claim = CustomClaim.objects.take(photo, "50x")
    assert claim
    assert CustomClaim.objects.take(photo, "50x") is None
    assert CustomClaim.objects.take(photo, "x50")
    photo.delete()
    assert CustomClaim.objects.take(Photo(pk=claim.photo_id), "50x") is None
    assert not CustomClaim.objects.exists()


def test_an_event_is_of_a_known_type(photo: Photo) -> None:
    with pytest.raises(IntegrityError, match="event_type_known"):
        PhotoEvent.objects.update(type="photo.eaten")

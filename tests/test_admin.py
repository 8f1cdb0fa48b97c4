"""The admin: the state of photos is seen, retried, and never written by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client

from photos import thumbnails
from photos.models import Album, AuthToken, Orphan, Photo, PhotoEvent, ThumbnailStatus, Workspace
from photos.models.event import EventType

LIST = "/admin/photos/photo/"
TOKENS = "/admin/photos/authtoken/"

TakeIn = Callable[..., Photo]


def text(answer: Any) -> str:
    """What a reader sees."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


@pytest.fixture
def staff(make_user: Callable[..., Any]) -> Callable[..., Client]:
    """Makes a browser of somebody of the staff who has these permissions on photos, and is in no workspace."""

    def make(*permissions: str, **fields: Any) -> Client:
        user = make_user("-".join(permissions) or "nothing", is_staff=True, **fields)
        user.user_permissions.set(Permission.objects.filter(codename__in=[f"{one}_photo" for one in permissions]))
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def admin(staff: Callable[..., Client]) -> Client:
    """The superuser's browser."""
    return staff(is_superuser=True)


def test_the_list_shows_status_preview_attempts_and_error(
    admin: Client, take_in_complete: TakeIn, failed_photo: Photo
) -> None:
    take_in_complete(title="Good")

    page = admin.get(LIST)

    rows = [
        " ".join(re.sub(r"<[^>]*>", " ", row).split())
        for row in page.content.decode().split("<tr>")
        if "action-select" in row
    ]
    assert re.search(r"Good Main Complete 1", rows[0])
    assert failed_photo.thumbnail_error[:20] in unescape(rows[1])
    assert re.search(r"– cut.jpg Main Failed 1", rows[1])
    assert page.content.decode().count("/preview/") == 1


def test_the_list_asks_as_often_for_many_photos_as_for_few(
    admin: Client, take_in: TakeIn, django_assert_max_num_queries: Any
) -> None:
    for more in (1, 12):
        for _ in range(more):
            take_in()
        with django_assert_max_num_queries(12):
            admin.get(LIST)


def test_retry_says_how_many_were_queued_and_skipped(admin: Client, take_in: TakeIn, take_in_complete: TakeIn) -> None:
    photos = [take_in_complete() for _ in range(2)]
    Photo.objects.update(
        thumbnail_status=ThumbnailStatus.FAILED, thumbnail_error_code="timeout", thumbnail_error="Too slow."
    )
    photos.append(take_in())

    data = {"action": "retry", "_selected_action": [photo.pk for photo in photos]}
    page = admin.post(LIST, data, follow=True)

    assert "2 queued, 1 skipped." in text(page)
    assert not Photo.objects.exclude(thumbnail_status=ThumbnailStatus.PENDING).exists()
    retried = PhotoEvent.objects.filter(type=EventType.RETRIED)
    assert [event.data["by"] for event in retried] == ["nothing"] * 2


def test_the_preview_is_served_to_who_may_see_photos_in_the_admin(
    staff: Callable[..., Client], editor: Any, take_in_complete: TakeIn, take_in: TakeIn
) -> None:
    photo, unmade = take_in_complete(), take_in()
    path = f"{LIST}{photo.pk}/preview/"
    member = Client()
    member.force_login(editor)

    answer = staff("view").get(path)

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert len(answer.getvalue()) == photo.thumbnail_small_bytes
    # Its address does not change with the bytes, so it may not be kept.
    assert "no-store" in answer["Cache-Control"]
    assert staff("delete").get(path).status_code == 404
    assert staff("change").get(f"{LIST}{unmade.pk}/preview/").status_code == 404
    assert member.get(path).status_code == 302
    assert Client().get(path)["Location"].startswith("/admin/login/")


def test_only_title_and_kind_can_be_edited(admin: Client, failed_photo: Photo) -> None:
    path = f"{LIST}{failed_photo.pk}/change/"
    page = admin.get(path).content.decode()
    written = set(re.findall(r'name="([a-z]\w+)"', page)) - {"csrfmiddlewaretoken"}
    assert {name for name in written if hasattr(failed_photo, name)} == {"title", "kind"}
    assert failed_photo.thumbnail_error in unescape(page)
    assert EventType.THUMBNAIL_FAILED in page

    data = {"title": "New", "kind": "item", "thumbnail_status": "complete", "sha256": "0", "is_primary": "on"}
    assert admin.post(path, data).status_code == 302

    before = {field.name: getattr(failed_photo, field.name) for field in Photo._meta.fields}
    failed_photo.refresh_from_db()
    changed = {name for name, value in before.items() if getattr(failed_photo, name) != value}
    assert changed == {"title", "kind", "updated_at"}


def test_an_edit_does_not_undo_what_a_worker_did_meanwhile(
    admin: Client, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from photos.admin import PhotoAdmin

    photo = take_in()
    get_object = PhotoAdmin.get_object

    def then_a_worker_finishes(*args: Any) -> Any:
        loaded = get_object(*args)
        assert thumbnails.generate(photo.pk) == "complete"
        return loaded

    monkeypatch.setattr(PhotoAdmin, "get_object", then_a_worker_finishes)

    assert admin.post(f"{LIST}{photo.pk}/change/", {"title": "New", "kind": ""}).status_code == 302

    photo.refresh_from_db()
    assert (photo.title, photo.thumbnail_status) == ("New", ThumbnailStatus.COMPLETE)
    assert photo.thumbnail_small_path


def test_photos_are_not_added_by_hand(admin: Client, photo: Photo) -> None:
    assert admin.get(f"{LIST}add/").status_code == 403


def test_the_staff_needs_the_right_for_each_thing(staff: Callable[..., Client], failed_photo: Photo) -> None:
    change = f"{LIST}{failed_photo.pk}/change/"
    retry = {"action": "retry", "_selected_action": [failed_photo.pk]}

    nobody, viewer = staff(), staff("view")
    assert [nobody.get(path).status_code for path in (LIST, change)] == [403, 403]
    assert [viewer.get(path).status_code for path in (LIST, change)] == [200, 200]
    assert viewer.post(change, {"title": "New", "kind": ""}).status_code == 403
    viewer.post(LIST, retry)
    failed_photo.refresh_from_db()
    assert (failed_photo.title, failed_photo.thumbnail_status) == ("", ThumbnailStatus.FAILED)


@pytest.mark.parametrize("many", [False, True])
def test_what_is_deleted_here_leaves_no_file(
    admin: Client, take_in_complete: TakeIn, stored_files: Callable[[], set[str]], many: bool
) -> None:
    kept, *gone = [take_in_complete() for _ in range(3)]
    if many:
        data = {"action": "delete_selected", "_selected_action": [photo.pk for photo in gone], "post": "yes"}
        admin.post(LIST, data)
    else:
        for photo in gone:
            admin.post(f"{LIST}{photo.pk}/delete/", {"post": "yes"})

    assert list(Photo.objects.all()) == [kept]
    thumbnails.sweep()
    assert stored_files() == set(kept.files())
    assert not Orphan.objects.exists()


def test_an_album_stays_in_its_workspace(admin: Client, workspace: Workspace) -> None:
    album = Album.objects.create(workspace=workspace, name="Album")
    other = Workspace.objects.create(slug="other", name="Other")

    admin.post(f"/admin/photos/album/{album.pk}/change/", {"name": "Renamed", "workspace": other.pk})

    album.refresh_from_db()
    assert (album.name, album.workspace) == ("Renamed", workspace)
    assert admin.post("/admin/photos/album/add/", {"name": "New", "workspace": other.pk}).status_code == 302
    assert Album.objects.get(name="New").workspace == other


def test_a_workspace_that_was_deleted_and_is_not_yet_removed_is_not_listed(admin: Client, photo: Photo) -> None:
    photo.workspace.close(with_photos=True)

    assert "0 workspaces" in text(admin.get("/admin/photos/workspace/"))


@pytest.fixture
def token(make_user: Callable[..., Any]) -> tuple[AuthToken, str]:
    """Somebody's token: its row, and its secret."""
    row, secret = AuthToken.objects.create(make_user("tom"))
    return row, secret


def test_tokens_are_listed_by_user_and_revoked_without_a_look_at_the_secret(
    admin: Client, token: tuple[AuthToken, str]
) -> None:
    row, secret = token
    other, _ = AuthToken.objects.create(row.user)
    chosen = {"action": "delete_selected", "_selected_action": [str(row.pk)]}

    listed = admin.get(TOKENS)
    asked = admin.post(TOKENS, chosen)
    done = admin.post(TOKENS, chosen | {"post": "yes"}, follow=True)
    history = admin.get("/admin/")

    assert text(listed).count("tom") == 2
    assert f"{row.expiry:%B}"[:3] in text(listed)
    assert list(AuthToken.objects.all()) == [other]
    assert "Successfully deleted 1 API token" in text(done)
    for page in (listed, asked, done, history, admin.get(f"{TOKENS}{other.pk}/change/")):
        assert page.status_code == 200
        for hidden in (secret, row.digest, row.token_key, other.digest, other.token_key):
            assert hidden not in page.content.decode()


def test_tokens_are_neither_made_nor_changed_in_the_admin(admin: Client, token: tuple[AuthToken, str]) -> None:
    row, _ = token

    assert admin.get(f"{TOKENS}add/").status_code == 403
    assert admin.post(f"{TOKENS}{row.pk}/change/", {"expiry": ""}).status_code == 403
    assert row.expiry == AuthToken.objects.get().expiry


def test_staff_without_the_permission_see_no_tokens(staff: Callable[..., Client], token: tuple[AuthToken, str]) -> None:
    assert staff("view", "change", "delete").get(TOKENS).status_code == 403


def test_there_is_one_table_of_tokens(admin: Client) -> None:
    assert "/admin/knox/" not in admin.get("/admin/").content.decode()
    assert "knox_authtoken" not in connection.introspection.table_names()


def test_a_deleted_workspace_is_out_of_sight_at_once_and_its_files_follow(
    admin_client: Client, workspace: Workspace, take_in: Callable[..., Photo], stored_files: Callable[[], set[str]]
) -> None:
    take_in()
    page = f"/admin/photos/workspace/{workspace.pk}/delete/"
    assert "Main with 1 photos" in admin_client.get(page).content.decode()

    admin_client.post(page, {"post": "yes"})

    assert not Workspace.objects.filter(closed_at=None).exists()
    thumbnails.sweep()
    assert not Workspace.objects.exists()
    assert not Photo.objects.exists()
    assert stored_files() == set()

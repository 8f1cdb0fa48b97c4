"""Workspaces through the API: made, changed, and deleted with all that they hold, once somebody means it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core.files.base import ContentFile
from rest_framework.test import APIClient

from photos import storage, thumbnails, uploads
from photos.errors import Conflict
from photos.models import Album, Membership, Orphan, Photo, Role, Workspace
from photos.models.ids import uuid7
from tests import pictures
from tests.workbench import Pause, orphans_fall_due, pause_method, together

WORKSPACES = "/api/v1/workspaces/"
MAIN = f"{WORKSPACES}main/"

TakeIn = Callable[..., Photo]
Files = Callable[[], set[str]]


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
def owner(make_user: Callable[..., Any], workspace: Workspace) -> Any:
    return make_user("olga", workspace, Role.OWNER)


@pytest.fixture
def api(api_as: Callable[[Any], APIClient], owner: Any) -> APIClient:
    """The owner's API client."""
    return api_as(owner)


def many_photos(workspace: Workspace, number: int) -> None:
    """Rows as uploads would leave them, without the uploads."""
    ids = [uuid7() for _ in range(number)]
    facts = {"content_type": "image/jpeg", "byte_size": 1, "width": 1, "height": 1, "original_filename": "a.jpg"}
    Photo.objects.bulk_create(
        [Photo(id=pk, workspace=workspace, original_path=f"originals/{pk}", sha256=pk.hex, **facts) for pk in ids]
    )


def test_who_makes_a_workspace_owns_it(make_user: Callable[..., Any], api_as: Callable[[Any], APIClient]) -> None:
    client = api_as(make_user("nora"))

    answer = client.post(WORKSPACES, {"slug": "new-one", "name": " New one ", "is_public": True})

    workspace = Workspace.objects.get()
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "slug", "name", "is_public", "created_at"}
    public = {"id": str(workspace.pk), "slug": "new-one", "name": "New one", "is_public": True}
    assert answer.json().items() >= public.items()
    assert answer["Location"] == f"http://testserver{WORKSPACES}new-one/"
    assert client.get(answer["Location"]).json() == answer.json()
    assert list(workspace.membership_set.values_list("user__username", "role")) == [("nora", "owner")]


def test_a_workspace_is_private_unless_told_otherwise(api: APIClient) -> None:
    assert api.post(WORKSPACES, {"slug": "new", "name": "New"}).json()["is_public"] is False


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", ""),
        ("slug", None),
        ("slug", "a b"),
        ("slug", "ä"),
        ("slug", "a/b"),
        ("slug", "x" * 51),
        ("slug", "a\0"),
        ("name", ""),
        ("name", "x" * 101),
        ("name", {}),
        ("is_public", "perhaps"),
    ],
)
def test_a_field_that_is_wrong_is_named(api: APIClient, field: str, value: Any) -> None:
    answer = api.post(WORKSPACES, {"slug": "new", "name": "New", field: value})

    assert error_of(answer) == (400, "invalid")
    assert list(answer.json()["error"]["details"]) == [field]
    assert Workspace.objects.count() == 1


def test_a_slug_that_is_taken_is_a_conflict_whoever_has_it(api: APIClient) -> None:
    """So one learns that a slug is taken, as with every name that is there once for all; not by whom or for what."""
    Workspace.objects.create(slug="secret", name="Secret")

    answers = [api.post(WORKSPACES, {"slug": slug, "name": "Mine"}) for slug in ("secret", "main")]

    assert [error_of(answer) for answer in answers] == [(409, "conflict")] * 2
    assert answers[0].content == answers[1].content
    assert Membership.objects.count() == 1


def test_of_workspaces_made_at_the_same_time_under_one_slug_one_is(api: APIClient) -> None:
    answers = together(*[partial(api.post, WORKSPACES, {"slug": "new", "name": "New"})] * 5)

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert Membership.objects.filter(workspace__slug="new").count() == 1


def test_an_owner_changes_the_name_and_who_may_look(api: APIClient) -> None:
    answer = api.patch(MAIN, {"name": "New", "is_public": True, "slug": "main", "id": "x", "no": "such"})

    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["is_public"], answer.json()["slug"]) == ("New", True, "main")
    assert answer.json() == APIClient().get(MAIN).json()


def test_the_slug_stays_since_addresses_are_made_of_it(api: APIClient) -> None:
    answer = api.patch(MAIN, {"slug": "other", "name": "New"})

    assert error_of(answer) == (400, "invalid")
    assert list(answer.json()["error"]["details"]) == ["slug"]
    assert Workspace.objects.get().name == "Main"


def test_a_workspace_is_changed_not_replaced(api: APIClient) -> None:
    answer = api.put(MAIN, {"slug": "main", "name": "New"})

    assert error_of(answer) == (405, "method_not_allowed")
    assert answer["Allow"] == "GET, PATCH, DELETE, HEAD, OPTIONS"


def test_an_empty_workspace_goes_at_once_and_its_slug_is_free(api: APIClient, workspace: Workspace) -> None:
    Album.objects.create(workspace=workspace, name="Empty")

    answer = api.delete(MAIN)

    assert (answer.status_code, answer.content) == (204, b"")
    assert not Workspace.objects.exists()
    assert not Membership.objects.exists()
    assert error_of(api.get(MAIN)) == error_of(api.delete(MAIN)) == (404, "not_found")
    assert api.post(WORKSPACES, {"slug": "main", "name": "Another"}).status_code == 201


@pytest.mark.parametrize("confirm", ["", "?confirm=", "?confirm=yes", "?confirm=MAIN", "?confirm=other"])
def test_a_workspace_with_photos_stays_until_somebody_means_it(api: APIClient, take_in: TakeIn, confirm: str) -> None:
    for _ in range(3):
        take_in()

    answer = api.delete(MAIN + confirm)

    assert error_of(answer) == (409, "conflict")
    assert answer.json()["error"]["details"] == {"photos": 3}
    assert "confirm=main" in answer.json()["error"]["message"]
    assert Photo.objects.count() == 3
    assert api.get(MAIN).status_code == 200


@pytest.mark.parametrize("in_body", [True, False])
def test_a_workspace_goes_with_its_photos_and_files_when_confirmed(
    api: APIClient, take_in_complete: TakeIn, workspace: Workspace, stored_files: Files, in_body: bool
) -> None:
    elsewhere = take_in_complete(workspace=Workspace.objects.create(slug="other", name="Other"))
    album = Album.objects.create(workspace=workspace, name="Album")
    take_in_complete(album=album, is_primary=True)
    take_in_complete()

    body = {"data": {"confirm": "main"}} if in_body else {}
    answer = api.delete(MAIN if in_body else f"{MAIN}?confirm=main", **body)

    assert (answer.status_code, answer.content) == (204, b"")
    assert list(Photo.objects.all()) == [elsewhere]
    assert list(Workspace.objects.values_list("slug", flat=True)) == ["other"]
    assert not Album.objects.exists()
    thumbnails.sweep()
    assert stored_files() == set(elsewhere.files())
    assert not Orphan.objects.exists()


@pytest.mark.parametrize("body", ["[]", "[1]", '"x"', '{"confirm": []}', '{"confirm": null}'])
def test_a_confirmation_that_is_none_deletes_nothing(api: APIClient, photo: Photo, body: str) -> None:
    answer = api.delete(MAIN, body, content_type="application/json")

    assert answer.status_code in {400, 409}
    assert Photo.objects.exists()


def test_a_workspace_with_ten_thousand_photos_is_gone_at_once_and_removed_bit_by_bit(
    api: APIClient, owner: Any, workspace: Workspace, photo: Photo
) -> None:
    many_photos(workspace, 10_000)

    answer = api.delete(f"{MAIN}?confirm=main")

    assert answer.status_code == 204
    assert Photo.objects.count() > 9_000, "no answer waits for all of them"
    for path in (MAIN, f"{MAIN}members/", f"/api/v1/photos/{photo.pk}/", photo.original_url()):
        assert error_of(api.get(path)) == (404, "not_found"), path
    for path in (WORKSPACES, "/api/v1/photos/", "/api/v1/albums/"):
        assert api.get(path).json()["results"] == []
    assert error_of(api.post("/api/v1/albums/", {"workspace": "main", "name": "x"})) == (400, "unknown_workspace")
    assert api.post(WORKSPACES, {"slug": "main", "name": "Another"}).status_code == 201

    left = Photo.objects.count()
    assert thumbnails.sweep().removed_photos == thumbnails.SWEEP_BATCH
    assert Photo.objects.count() == left - thumbnails.SWEEP_BATCH


def test_the_last_sweep_removes_the_workspace_and_no_transaction_more_than_a_few_photos(
    workspace: Workspace, django_assert_max_num_queries: Any
) -> None:
    many_photos(workspace, 250)
    workspace.close(with_photos=True)

    with django_assert_max_num_queries(5000) as queries:
        assert Workspace.objects.remove_closed(200) == 200
        assert Workspace.objects.exists()
        assert Workspace.objects.remove_closed(200) == 50
        assert not Workspace.objects.exists()

    deletions = [query["sql"] for query in queries if query["sql"].startswith('DELETE FROM "photos_photo"')]
    assert len(deletions) >= 3
    assert not Photo.objects.exists()


def test_removal_is_safe_from_many_machines_at_once(workspace: Workspace, take_in: TakeIn, stored_files: Files) -> None:
    for _ in range(6):
        take_in()
    workspace.close(with_photos=True)

    together(*[thumbnails.sweep] * 4)
    orphans_fall_due()
    thumbnails.sweep()

    assert not Workspace.objects.exists()
    assert not Photo.objects.exists()
    assert stored_files() == set()


def test_an_upload_that_comes_while_the_workspace_goes_leaves_nothing(
    api: APIClient, workspace: Workspace, stored_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = Pause(storage.save)
    monkeypatch.setattr(storage, "save", saved)

    def upload() -> Any:
        try:
            return uploads.ingest(ContentFile(pictures.jpeg(), "a.jpg"), workspace)
        except Conflict as error:
            return error

    late = saved.during(upload, lambda: api.delete(MAIN))

    assert isinstance(late, Conflict)
    assert not Workspace.objects.exists()
    assert stored_files() == set()


def test_a_workspace_deleted_while_it_is_changed_does_not_come_back(
    api: APIClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = pause_method(monkeypatch, Workspace, "is_owned_by")

    answer = checked.during(partial(api.patch, MAIN, {"is_public": True}), Workspace.objects.get().delete)

    assert error_of(answer) == (404, "not_found")
    assert not Workspace.objects.exists()


def test_a_closed_workspace_is_open_to_nobody_even_if_it_was_public(
    api: APIClient, workspace: Workspace, photo: Photo
) -> None:
    Workspace.objects.update(is_public=True)

    workspace.close(with_photos=True)

    workspace.refresh_from_db()
    for client in (api, APIClient()):
        assert client.get(f"{WORKSPACES}{workspace.slug}/").status_code == 404
        assert client.get(f"/api/v1/photos/{photo.pk}/").status_code == 404


def test_bodies_that_are_no_json_are_refused(api: APIClient) -> None:
    answer = api.post(WORKSPACES, {"slug": "new", "name": "New"}, format="multipart")
    assert error_of(answer) == (415, "unsupported_format")

    for body in ("[]", "null", "1", json.dumps([{"slug": "a"}])):
        answer = api.post(WORKSPACES, body, content_type="application/json")
        assert error_of(answer) == (400, "invalid")


def test_a_list_asks_a_constant_number_of_times(api: APIClient, owner: Any, django_assert_num_queries: Any) -> None:
    for number in range(5):
        Workspace.objects.found(owner, slug=f"w{number}", name="W")
        with django_assert_num_queries(3):
            assert len(api.get(WORKSPACES).json()["results"]) == number + 2

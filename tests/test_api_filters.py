"""Lists, narrowed and ordered: what is found, what is refused, and what it costs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from photos import storage
from photos.errors import THUMBNAIL_ERRORS
from photos.models import Album, Membership, Photo, Role, Workspace
from photos.models.ids import uuid7

PHOTOS, ALBUMS, WORKSPACES = "/api/v1/photos/", "/api/v1/albums/", "/api/v1/workspaces/"

TakeIn = Callable[..., Photo]


def found(client: APIClient, **query: Any) -> list[str]:
    """The titles of the photos on the first page."""
    answer = client.get(PHOTOS, query)
    assert answer.status_code == 200, answer.content
    return [photo["title"] for photo in answer.json()["results"]]


def refused(client: APIClient, path: str = PHOTOS, **query: Any) -> dict[str, Any]:
    """The details of a refusal."""
    answer = client.get(path, query)
    error: dict[str, Any] = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid"), error
    details: dict[str, Any] = error["details"]
    return details


def change(photo: Photo, **columns: Any) -> None:
    Photo.objects.filter(pk=photo.pk).update(**columns)


def test_photos_are_found_by_workspace_album_kind_and_primary(
    api: APIClient, take_in: TakeIn, workspace: Workspace, editor: Any
) -> None:
    other = Workspace.objects.create(slug="other", name="Other", is_public=True)
    album = Album.objects.create(workspace=workspace, name="Album")
    take_in(title="cover", album=album, kind="cover", is_primary=True)
    take_in(title="page", album=album, kind="page")
    take_in(title="elsewhere", workspace=other, kind="cover")

    assert found(api, workspace="main") == ["page", "cover"]
    assert found(api, album=album.pk) == ["page", "cover"]
    assert found(api, kind="cover") == ["elsewhere", "cover"]
    assert found(api, kind="cover", workspace="main") == ["cover"]
    assert found(api, is_primary="true") == found(api, is_primary="1") == found(api, is_primary="True") == ["cover"]
    assert found(api, is_primary="false") == ["elsewhere", "page"]
    assert found(api, album=uuid7()) == found(api, workspace="nowhere") == found(api, kind="none") == []
    assert len(found(api, workspace="", album="", status="", is_primary="", q="", created_after="")) == 3


def test_photos_are_found_by_status_and_reason(api: APIClient, take_in: TakeIn) -> None:
    late = {"thumbnail_error_code": "timeout", "thumbnail_error": "Too slow."}
    failed = {"thumbnail_status": "failed", "thumbnail_next_attempt_at": None, **late}
    change(take_in(title="slow"), **failed)
    change(take_in(title="broken"), **failed | {"thumbnail_error_code": "corrupt_image"})
    change(take_in(title="will be tried again"), **late)
    take_in(title="waiting")

    assert found(api, status="failed") == ["broken", "slow"]
    assert found(api, status="pending") == ["waiting", "will be tried again"]
    assert found(api, error_code="timeout") == ["will be tried again", "slow"]
    assert found(api, error_code="timeout", status="failed") == ["slow"]


def test_outdated_are_those_whose_thumbnails_another_recipe_made(
    api: APIClient, take_in: TakeIn, take_in_complete: TakeIn
) -> None:
    take_in_complete(title="today's")
    for title, recipe in (("older", "000000000000"), ("newer", "zzzzzzzzzzzz")):
        change(take_in_complete(title=title), thumbnail_recipe=recipe)
    take_in(title="never made")

    assert found(api, outdated="true") == ["newer", "older"]
    assert found(api, outdated="false") == ["never made", "today's"]
    flags = {photo["title"]: photo["outdated"] for photo in api.get(PHOTOS).json()["results"]}
    assert flags == {"today's": False, "older": True, "newer": True, "never made": False}


def test_the_search_looks_into_titles_and_file_names_in_whatever_case(api: APIClient, take_in: TakeIn) -> None:
    take_in(title="Red BICYCLE", name="a.jpg")
    take_in(title="by name", name="my_bicycle.jpg")
    take_in(title="100% wool", name="c.jpg")

    assert found(api, q="bicycle") == ["by name", "Red BICYCLE"]
    assert found(api, q="  Bicycle ") == ["by name", "Red BICYCLE"]
    assert found(api, q="0%") == ["100% wool"]
    assert found(api, q="_") == ["by name"]
    assert found(api, q="car") == []


def test_photos_are_found_by_when_they_were_made_with_no_gap_and_no_overlap(api: APIClient, take_in: TakeIn) -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    for hours in (-1, 0, 1):
        change(take_in(title=str(hours)), created_at=noon + timedelta(hours=hours))

    assert found(api, created_after="2026-01-31T12:00:00Z") == ["1", "0"]
    assert found(api, created_before="2026-01-31T12:00:00Z") == ["-1"]
    assert found(api, created_after="2026-01-31T12:00:00") == ["1", "0"]  # naive: UTC
    assert found(api, created_after="2026-01-31T13:00:00+01:00") == ["1", "0"]
    assert found(api, created_after="2026-01-31", created_before="2026-01-31T12:30:00Z") == ["0", "-1"]
    listed = api.get(PHOTOS, {"q": ""}).json()["results"][1]["created_at"]
    assert found(api, created_after=listed, created_before="2026-01-31T12:30Z") == ["0"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *itertools.product(["is_primary", "outdated"], ["yes", "2", "null", "\0"]),
        *itertools.product(
            ["created_after", "created_before"],
            ["yesterday", "2026-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1", "\0"],
        ),
        *itertools.product(["album"], ["7", "x", "\0", "0" * 33]),
        *itertools.product(["status"], ["done", "PENDING", "pending,failed", "\0"]),
        *itertools.product(["error_code"], ["no_such_code", "missing_file", "\0"]),
        *itertools.product(["workspace"], ["two words", "a/b", "\0"]),
        *itertools.product(["q", "kind"], ["\0", "a\0b"]),
        *itertools.product(["ordering"], ["title", "id", "-id", "created_at,-created_at", "\0"]),
        *itertools.product(["page_size"], ["x", "0", "-1", "1.5", "", "\0", "9" * 5000]),
        *itertools.product(["cursor"], ["x", "ä", "cD1ub3QtYS11dWlk", "cD0wJnI9eA==", "cD0lMDA="]),
    ],
)
def test_a_value_that_can_not_be_is_refused_by_name(api: APIClient, photo: Photo, name: str, value: str) -> None:
    details = refused(api, **{name: value})

    assert set(details) == {name}
    assert all(isinstance(sentence, str) for sentence in details[name])


def test_all_that_is_wrong_is_named_at_once(api: APIClient, photo: Photo) -> None:
    assert set(refused(api, status="done", album="x", is_primary="maybe")) == {"status", "album", "is_primary"}


@pytest.mark.parametrize("code", [error.code for error in THUMBNAIL_ERRORS])
def test_every_reason_for_which_a_photo_fails_can_be_asked_for(api: APIClient, photo: Photo, code: str) -> None:
    assert found(api, error_code=code) == []


def test_a_filter_of_the_list_does_not_hide_what_has_an_address(api: APIClient, photo: Photo) -> None:
    assert api.get(f"{PHOTOS}{photo.pk}/", {"status": "failed", "album": "x"}).status_code == 200


@pytest.mark.parametrize("ordering", ["created_at", "-created_at"])
def test_pages_stay_stable_in_both_orders_and_both_directions_while_photos_are_added(
    api: APIClient, take_in: TakeIn, ordering: str
) -> None:
    names = [f"photo {n}" for n in range(7)]
    for name in names:
        take_in(title=name)
    expected = names if ordering == "created_at" else names[::-1]

    def titles(page: dict[str, Any]) -> list[str]:
        return [photo["title"] for photo in page["results"] if photo["title"] != "late"]

    pages = [api.get(PHOTOS, {"page_size": 3, "ordering": ordering}).json()]
    while pages[-1]["next"]:
        take_in(title="late")
        pages.append(api.get(pages[-1]["next"]).json())
    assert [title for page in pages for title in titles(page)] == expected
    seen = [*titles(pages[-1])]
    page = pages[-1]
    while page["previous"]:
        take_in(title="late")
        page = api.get(page["previous"]).json()
        seen = titles(page) + seen
    assert seen == expected


def test_a_filter_goes_with_the_pages(api: APIClient, take_in: TakeIn) -> None:
    for n in range(6):
        take_in(title=str(n), kind="even" if n % 2 == 0 else "odd")

    first = api.get(PHOTOS, {"kind": "even", "page_size": 2}).json()

    assert [photo["title"] for photo in api.get(first["next"]).json()["results"]] == ["0"]


def test_albums_and_workspaces_are_narrowed_too(api: APIClient, workspace: Workspace) -> None:
    public = Workspace.objects.create(slug="public", name="Public things", is_public=True)
    for where, name in ((workspace, "Trip to Rome"), (workspace, "Repairs"), (public, "Romeo")):
        Album.objects.create(workspace=where, name=name)

    def names(path: str, **query: str) -> list[str]:
        return [row["name"] for row in api.get(path, query).json()["results"]]

    assert names(ALBUMS, q="rome") == ["Romeo", "Trip to Rome"]
    assert names(ALBUMS, q="rome", workspace="main") == ["Trip to Rome"]
    assert names(ALBUMS, workspace="main", ordering="created_at") == ["Trip to Rome", "Repairs"]
    assert names(WORKSPACES, q="PUBLIC") == names(WORKSPACES, is_public="true") == ["Public things"]
    assert names(WORKSPACES, is_public="false") == ["Main"]
    assert set(refused(api, ALBUMS, workspace="two words", cursor="")) == {"workspace"}
    assert set(refused(api, WORKSPACES, is_public="maybe")) == {"is_public"}
    assert set(refused(api, ALBUMS, page_size="x")) == {"page_size"}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"status": "complete", "workspace": "main", "kind": "item", "is_primary": "false", "q": "p"},
        {"outdated": "false", "created_after": "2020-01-01", "ordering": "created_at"},
    ],
)
def test_the_number_of_queries_does_not_grow_with_the_rows_and_the_storage_is_not_asked(
    api: APIClient,
    take_in_complete: TakeIn,
    workspace: Workspace,
    editor: Any,
    django_assert_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
    query: dict[str, str],
) -> None:
    album = Album.objects.create(workspace=workspace, name="Album")

    class Untouched:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"the storage was asked for {name}")

    for rows in (1, 8):
        while Photo.objects.count() < rows:
            take_in_complete(album=album, uploaded_by=editor, kind="item", title="p")
        with monkeypatch.context() as patch:
            patch.setattr(storage, "default_storage", Untouched())
            # The token, the user's other tokens, the photos, the user's workspaces.
            with django_assert_num_queries(4):
                assert len(found(api, **query)) == rows


# --- what a filter costs ----------------------------------------------------------------------------------------------

MANY = 20_000
# Workspace and order alone decide for what many photos have.
INDEX_OF: dict[str, str] = {
    "workspace=main": "photo_newest",
    "workspace=main&ordering=created_at": "photo_newest",
    "workspace=main&is_primary=false": "photo_newest",
    "workspace=main&outdated=false": "photo_newest",
    "workspace=main&outdated=true": "photo_newest",
    "workspace=main&status=failed": "photo_by_status",
    "workspace=main&status=failed&error_code=timeout": "photo_by_",
    "workspace=main&error_code=timeout": "photo_by_error_code",
    "workspace=main&kind=cover": "photo_by_kind",
    "workspace=main&is_primary=true": "photo_primary",
    "workspace=main&created_after=2025-01-10": "photo_by_created",
    "workspace=main&created_before=2025-01-02": "photo_by_created",
    "outdated=true": "photo_by_recipe",
    "album={album}": "photo_by_album",
    "status=failed": "photo_by_status",
    "error_code=timeout": "photo_by_error_code",
    "kind=cover": "photo_by_kind",
    "created_after=2025-01-10": "photo_by_created",
}


@pytest.fixture
def many(workspace: Workspace, editor: Any, take_in_complete: TakeIn) -> Album:
    """Many photos, half of them in one workspace, the others in nine, of which the editor is in four; an album."""
    others = [Workspace.objects.create(slug=f"w{n}", name=f"W{n}") for n in range(9)]
    for other in others[:4]:
        Membership.objects.create(workspace=other, user=editor, role=Role.VIEWER)
    albums = [Album.objects.create(workspace=workspace, name=f"Album {n}") for n in range(50)]
    take_in_complete()
    like = Photo.objects.values().get()
    Photo.objects.bulk_create((one_of_many(n, like, others, albums) for n in range(MANY)), batch_size=1000)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return albums[0]


def one_of_many(n: int, like: dict[str, Any], others: list[Workspace], albums: list[Album]) -> Photo:
    place: dict[str, Any] = {"workspace_id": others[n // 2 % 9].pk}
    if n % 2 == 0:
        place = {"album_id": albums[n // 2 % 50].pk, "is_primary": n < 100}
    state: dict[str, Any] = {}
    if n % 100 == 0:
        late = {"thumbnail_error_code": "timeout", "thumbnail_error": "Too slow."}
        state = {"thumbnail_status": "failed", "thumbnail_next_attempt_at": None, **late}
    elif n % 50 == 1:
        state = {"thumbnail_recipe": "000000000000"}
    own = {"id": uuid7(), "original_path": str(n), "sha256": str(n), "kind": f"kind {n % 20}"}
    created_at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
    return Photo(**like | own | place | state | {"created_at": created_at})


def plan(client: APIClient, query: str) -> str:
    """How the database finds the photos of a list."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"{PHOTOS}?{query}").status_code == 200
    sql = next(one["sql"] for one in queries.captured_queries if '"photos_photo"."sha256"' in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}")
        return "\n".join(str(line[-1]) for line in cursor.fetchall())


def test_every_filter_finds_its_photos_by_an_index(api: APIClient, many: Album) -> None:
    for query, index in INDEX_OF.items():
        found_by = plan(api, query.format(album=many.pk))
        assert "Seq Scan on photos_photo " not in found_by, (query, found_by)
        assert "SCAN photos_photo\n" not in f"{found_by}\n", (query, found_by)
        if connection.vendor == "sqlite":  # PostgreSQL weighs several by its statistics
            assert f"USING INDEX {index}" in found_by, (query, found_by)

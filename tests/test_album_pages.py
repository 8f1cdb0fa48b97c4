"""The albums' pages: making, renaming and deleting them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from photos.models import Album, Photo, Role, Workspace
from photos.web import albums
from tests.reading import attributes, text
from tests.workbench import pause_method

ALBUMS = "/workspaces/main/albums/"
TAKEN = "The workspace has an album of this name already; choose another one."

TakeIn = Callable[..., Photo]


@pytest.fixture
def album(workspace: Workspace) -> Album:
    """An album."""
    return Album.objects.create(workspace=workspace, name="Alps")


@pytest.fixture
def address(album: Album) -> str:
    """Where its photos are."""
    return f"{ALBUMS}{album.pk}/"


def links(page: Any) -> set[str]:
    """Where the page leads."""
    return {link["href"] for link in attributes(page, "a")}


def test_albums_are_listed_with_their_number_of_photos_and_cut_into_pages(
    browser: Client,
    take_in: TakeIn,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    monkeypatch.setattr(albums, "PAGE_ALBUMS", 2)
    made = [Album.objects.create(workspace=workspace, name=f"{letter} & co") for letter in "ABC"]
    take_in(album=made[0])

    with django_assert_num_queries(6):
        page = browser.get(ALBUMS)

    assert "A & co 1 photo B & co 0 photos" in text(page)
    (further,) = [link["href"] for link in attributes(page, "a") if link.get("rel") == "next"]
    last = browser.get(ALBUMS + further)
    assert f"{ALBUMS}{made[2].pk}/" in links(last)
    assert "next" not in {link.get("rel") for link in attributes(last, "a")}
    assert browser.get(f"{ALBUMS}?after=%00").status_code == 200


def test_an_editor_makes_an_album_and_each_name_is_there_once(browser: Client, workspace: Workspace) -> None:
    assert "No albums here yet. Make the first one below." in text(browser.get(ALBUMS))

    assert browser.post(f"{ALBUMS}new/", {"name": "Alps"}, follow=True).status_code == 200
    again = browser.post(f"{ALBUMS}new/", {"name": "Alps"})

    assert [one.name for one in workspace.albums.all()] == ["Alps"]
    assert (again.status_code, TAKEN in text(again)) == (400, True)


def test_an_editor_renames_an_album(browser: Client, album: Album, address: str, workspace: Workspace) -> None:
    assert f"{address}edit/" in links(browser.get(address))
    page = browser.get(f"{address}edit/")
    assert "Alps" in [field.get("value") for field in attributes(page, "input")]

    saved = browser.post(f"{address}edit/", {"name": " Summits "}, follow=True)

    assert (saved.redirect_chain, "Saved." in text(saved)) == ([(address, 302)], True)
    assert [one.name for one in workspace.albums.all()] == ["Summits"]
    Album.objects.create(workspace=workspace, name="Barn")
    for name, said in (("Barn", TAKEN), ("", "This field is required."), ("x" * 201, "at most 200 characters")):
        wrong = browser.post(f"{address}edit/", {"name": name})
        assert (wrong.status_code, said in text(wrong)) == (400, True), name
        assert text(wrong).startswith("Album Summits"), "the page still names the album as it is"
    assert browser.post(f"{address}edit/", {"name": "Summits"}).status_code == 302, "the same again"


def test_an_album_that_was_deleted_meanwhile_does_not_come_back(
    browser: Client, album: Album, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = pause_method(monkeypatch, albums.AlbumForm, "full_clean")

    answer = pause.during(lambda: browser.post(f"{address}edit/", {"name": "New"}), album.delete)

    assert (answer.status_code, Album.objects.count()) == (302, 0)
    assert browser.get(answer["Location"]).status_code == 404


def test_an_album_that_is_deleted_leaves_its_photos(
    browser: Client, album: Album, address: str, take_in: TakeIn
) -> None:
    primary, other = take_in(album=album, is_primary=True), take_in(album=album)
    elsewhere = take_in()
    assert f"{address}delete/" in links(browser.get(f"{address}edit/"))

    page = text(browser.get(f"{address}delete/"))
    assert "Its 2 photos stay in the workspace, in no album." in page
    gone = browser.post(f"{address}delete/", follow=True)

    assert (gone.redirect_chain, "Alps: deleted." in text(gone)) == ([(ALBUMS, 302)], True)
    assert not Album.objects.exists()
    assert set(Photo.objects.values_list("pk", "album", "is_primary")) == {
        (photo.pk, None, False) for photo in (primary, other, elsewhere)
    }
    assert browser.post(f"{address}delete/").status_code == 404


def test_an_empty_album_says_so_before_it_is_deleted(browser: Client, address: str) -> None:
    assert "It holds no photos." in text(browser.get(f"{address}delete/"))


@pytest.mark.parametrize(("role", "may"), [(Role.VIEWER, False), (Role.EDITOR, True), (Role.OWNER, True)])
def test_only_who_may_change_it_finds_the_way_there(
    as_user: Callable[[Any], Client],
    make_user: Callable[..., Any],
    workspace: Workspace,
    address: str,
    role: Role,
    may: bool,
) -> None:
    page = as_user(make_user("somebody", workspace, role)).get(address)
    assert (f"{address}edit/" in links(page)) == may


def test_an_album_of_another_workspace_is_not_found_here(browser: Client, album: Album, editor: Any) -> None:
    other = Workspace.objects.found(editor, slug="other", name="Other")
    for verb in ("edit", "delete"):
        path = f"/workspaces/{other.slug}/albums/{album.pk}/{verb}/"
        assert (browser.get(path).status_code, browser.post(path, {"name": "x"}).status_code) == (404, 404)

"""What pages are told so that they can follow their photos, and the cards that they ask for again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models.functions import Now
from django.test import Client

from photos.models import Album, Membership, Photo, PhotoEvent, Role, Workspace
from photos.web import gallery
from tests.reading import attributes, text
from tests.workbench import fails

TakeIn = Callable[..., Photo]
CARDS = "/workspaces/main/cards/"


def shown(answer: Any) -> list[str]:
    """Whose cards they are."""
    return [link["href"].split("/")[2] for link in attributes(answer, "a") if link.get("class") == "card"]


def asked(*photos: Photo | str) -> str:
    """The query for the photos' cards."""
    return "?ids=" + ",".join(str(getattr(photo, "pk", photo)) for photo in photos)


def test_the_cards_of_photos_are_those_of_the_gallery_newest_first(
    browser: Client, take_in: TakeIn, take_in_complete: TakeIn
) -> None:
    first, second = take_in_complete(title="First"), take_in(title="Second")

    answer = browser.get(CARDS + asked(first, second) + "&kind=&q=sec")

    page = browser.get("/workspaces/main/?q=sec").content.decode()
    card = answer.content.decode().split("<li>")[1].partition("</li>")[0]
    assert card in page
    assert shown(answer) == [str(second.pk), str(first.pk)], "also one that the filters would not show any more"
    assert "<html" not in answer.content.decode()


def test_of_new_photos_only_those_are_told_that_the_filters_let_through(
    browser: Client, take_in: TakeIn, workspace: Workspace
) -> None:
    album = Album.objects.create(workspace=workspace, name="Alps")
    inside, outside = take_in(album=album), take_in()

    assert shown(browser.get(f"{CARDS}{asked(inside, outside)}&album={album.pk}&matching=1")) == [str(inside.pk)]
    assert shown(browser.get(f"{CARDS}{asked(inside)}&status=nonsense&matching=1")) == []


def test_who_is_told_nothing_can_ask_what_came_after_the_newest_photo(
    browser: Client, take_in: TakeIn, monkeypatch: Any
) -> None:
    first, second = take_in(kind="item"), take_in(kind="item")
    take_in(kind="cover")

    def after(photo_id: object) -> list[str]:
        return shown(browser.get(f"{CARDS}?kind=item&matching=1&after={photo_id}"))

    assert after(UUID(int=0)) == [str(second.pk), str(first.pk)]
    assert after(first.pk) == [str(second.pk)]
    assert after(second.pk) == []
    assert after("nonsense") == []
    monkeypatch.setattr(gallery, "CARDS", 1)
    assert after(UUID(int=0)) == [str(second.pk)], "as many as fit, from the newest on"


def test_photos_that_are_gone_or_of_others_have_no_card(
    browser: Client, take_in: TakeIn, make_user: Callable[..., Any], editor: Any
) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    Membership.objects.create(workspace=other, user=editor, role=Role.OWNER)
    elsewhere, deleted, there = take_in(workspace=other), take_in(), take_in()
    deleted.delete()

    assert shown(browser.get(CARDS + asked(elsewhere, deleted, str(uuid4()), "nonsense", there))) == [str(there.pk)]
    assert browser.get(CARDS).status_code == 200


def test_as_many_cards_are_given_as_fit_into_an_address(
    browser: Client, take_in: TakeIn, monkeypatch: Any, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(gallery, "CARDS", 2)
    photos = [take_in() for _ in range(3)]

    with django_assert_num_queries(4):
        assert len(shown(browser.get(CARDS + asked(*photos)))) == 2


def test_a_page_of_photos_says_from_which_event_on_it_must_be_told(browser: Client, take_in: TakeIn) -> None:
    first = take_in()
    PhotoEvent.objects.update(created_at=Now() - timedelta(minutes=1))
    known = PhotoEvent.objects.latest("pk").pk
    fails(first)

    for path in ("/workspaces/main/", first.get_absolute_url()):
        (body,) = attributes(browser.get(path), "body")
        assert (body["data-workspace"], int(body["data-position"])) == ("main", known), "the others are seconds old"


def test_a_page_of_a_workspace_without_events_is_told_of_all(browser: Client, workspace: Workspace) -> None:
    (body,) = attributes(browser.get("/workspaces/main/"), "body")
    assert body["data-position"] == "0"
    assert "No photos here yet." in text(browser.get("/workspaces/main/"))

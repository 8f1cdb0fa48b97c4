"""A photo's pages: what is told to whom, going on to the next, changing and deleting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from photos.models import Album, CustomThumbnail, Photo, Role, Workspace
from tests import pictures
from tests.reading import attributes, shown, text
from tests.workbench import fails

TakeIn = Callable[..., Photo]
FIELDS = {"title": "", "album": "", "kind": ""}


def beside(page: Any) -> dict[str, str]:
    """Where previous and next lead."""
    return {link["rel"]: link["href"] for link in attributes(page, "a") if link.get("rel")}


def test_a_photo_has_a_page_with_all_that_is_known_of_it(
    browser: Client, take_in_complete: TakeIn, editor: Any, workspace: Workspace
) -> None:
    album = Album.objects.create(workspace=workspace, name="Alps")
    fields = {"title": "Wide", "kind": "item", "album": album, "is_primary": True, "uploaded_by": editor}
    photo = take_in_complete(pictures.jpeg(1000, 500), "wide.jpg", **fields)

    page = browser.get(photo.get_absolute_url())

    image = attributes(page, "img")[-1]
    assert (image["src"], image["width"], image["height"]) == (photo.thumbnail_url("large"), "800", "400")
    assert image["alt"] == "Wide"
    facts = ("Wide", "wide.jpg", "1000 × 500 px", "image/jpeg", "item", "by edith", "150 × 75 px", "complete")
    for fact in (*facts, "Alps , its primary photo"):
        assert fact in text(page)
    links = {link["href"] for link in attributes(page, "a")}
    assert {photo.original_url(), *(photo.thumbnail_url(size) for size in ("small", "medium", "large"))} <= links
    assert {f"{photo.original_url()}?download", f"/workspaces/main/albums/{album.pk}/"} <= links
    assert "Retry" not in text(page)


def test_custom_sizes_are_listed_with_the_others(browser: Client, take_in_complete: TakeIn) -> None:
    photo = take_in_complete()
    custom = CustomThumbnail.objects.create(
        photo=photo, box_width=33, recipe="r", path="thumbnails/x.webp", width=33, height=25, bytes=2048
    )

    page = browser.get(photo.get_absolute_url())

    assert "33 × any 33 × 25 px 2.0\xa0KB".replace("\xa0", " ") in text(page).replace("\xa0", " ")
    assert f"/api/v1/thumbnails/{custom.pk}/" in [link["href"] for link in attributes(page, "a")]
    assert "and 1 custom one;" in text(browser.get(f"{photo.get_absolute_url()}delete/"))


def test_the_photos_beside_it_are_those_of_the_gallery_that_one_came_from(
    browser: Client, take_in: TakeIn, workspace: Workspace
) -> None:
    album = Album.objects.create(workspace=workspace, name="Alps")
    oldest, middle, between, newest = [take_in(album=album if n != 2 else None) for n in range(4)]
    other = Workspace.objects.create(slug="other", name="Other", is_public=True)
    take_in(workspace=other)

    def around(photo: Photo, query: str = "") -> dict[str, str]:
        return beside(browser.get(photo.get_absolute_url() + query))

    assert around(middle) == {"prev": between.get_absolute_url(), "next": oldest.get_absolute_url()}
    assert around(newest) == {"next": between.get_absolute_url()}
    assert around(oldest) == {"prev": middle.get_absolute_url()}
    query = f"?album={album.pk}"
    assert around(middle, query)["prev"] == newest.get_absolute_url() + query
    assert around(middle, "?status=nonsense") == {}


def test_members_are_told_what_the_original_holds_and_nobody_else(
    browser: Client, as_user: Callable[[Any], Client], take_in_complete: TakeIn, make_user: Callable[..., Any]
) -> None:
    address = take_in_complete(pictures.with_everything_private("jpeg")).get_absolute_url()
    Workspace.objects.update(is_public=True)

    page = text(browser.get(address))

    assert f"Camera {pictures.MAKER}" in page
    assert "Position yes: who has the original can see where it was taken" in page
    assert "The thumbnails hold no metadata." in page
    for outsider in (None, make_user("stranger")):
        page = text(as_user(outsider).get(address))
        assert "In the original" not in page
        assert pictures.MAKER not in page


def test_a_photo_without_metadata_says_so_and_one_that_waits_says_when(
    browser: Client, take_in_complete: TakeIn, take_in: TakeIn
) -> None:
    assert "The original holds no metadata." in text(browser.get(take_in_complete(pictures.png()).get_absolute_url()))
    assert "is told once the thumbnails are made" in text(browser.get(take_in().get_absolute_url()))


def test_its_timeline_is_told_with_names_for_members_only(
    browser: Client, as_user: Callable[[Any], Client], take_in_complete: TakeIn, editor: Any
) -> None:
    photo = take_in_complete(pictures.truncated(pictures.jpeg(image=pictures.photo(64, 48))), uploaded_by=editor)
    photo.retry(by="edith")
    Workspace.objects.update(is_public=True)

    page = text(browser.get(photo.get_absolute_url()))
    assert "uploaded by edith" in page
    assert "given up after attempt 1: The picture is damaged" in page
    assert "retried by edith" in page
    assert "edith" not in as_user(None).get(photo.get_absolute_url()).content.decode()


def test_a_photo_that_will_be_tried_again_says_why_it_waits(browser: Client, photo: Photo) -> None:
    Photo.objects.update(thumbnail_error_code="timeout", thumbnail_error="It took too long.")

    assert (
        "The last attempt failed: The picture took too long to read. It will be tried again by itself. It took too long."
        in text(browser.get(photo.get_absolute_url()))
    )


def test_a_failed_photo_keeps_its_earlier_thumbnails_in_sight(browser: Client, take_in_complete: TakeIn) -> None:
    photo = take_in_complete()
    fails(photo)

    page = browser.get(photo.get_absolute_url())

    assert "failed: The picture took too long to read." in text(page)
    assert photo.thumbnail_url("large") in [image["src"] for image in attributes(page, "img")]


def test_an_editor_changes_what_people_write(browser: Client, photo: Photo, workspace: Workspace) -> None:
    album = Album.objects.create(workspace=workspace, name="Alps")
    address = photo.get_absolute_url()
    sent = {"title": " Summit ", "album": str(album.pk), "kind": "item", "is_primary": "on"}

    answer = browser.post(f"{address}edit/?kind=item", sent)

    photo.refresh_from_db()
    assert (photo.title, photo.album, photo.kind, photo.is_primary) == ("Summit", album, "item", True)
    assert answer["Location"] == f"{address}?kind=item"
    page = browser.get(address)
    assert "Saved." in text(page)
    assert {"title", "kind", "is_primary"} <= {field.get("name") for field in attributes(page, "input")}


def test_a_primary_photo_that_moves_does_not_take_the_mark_from_anothers_album(
    browser: Client, take_in: TakeIn, workspace: Workspace
) -> None:
    alps, barn = (Album.objects.create(workspace=workspace, name=name) for name in ("Alps", "Barn"))
    settled = take_in(album=barn, is_primary=True)
    moving = take_in(album=alps, is_primary=True)
    page = moving.get_absolute_url()

    browser.post(f"{page}edit/", shown(browser.get(page)) | {"album": str(barn.pk)})

    moving.refresh_from_db()
    assert (moving.album, moving.is_primary) == (barn, False)
    browser.post(f"{page}edit/", shown(browser.get(page)) | {"is_primary": "on"})
    moving.refresh_from_db()
    settled.refresh_from_db()
    assert (moving.is_primary, settled.is_primary) == (True, False)


def test_a_page_that_was_open_meanwhile_reverts_nothing(
    browser: Client, as_user: Callable[[Any], Client], editor: Any, take_in: TakeIn, workspace: Workspace
) -> None:
    album = Album.objects.create(workspace=workspace, name="Alps")
    photo, other = take_in(album=album, kind="item", is_primary=True), take_in(album=album)
    pages = {one: one.get_absolute_url() for one in (photo, other)}
    stale = {one: shown(browser.get(page)) for one, page in pages.items()}
    elsewhere = as_user(editor)
    elsewhere.post(f"{pages[photo]}edit/", shown(elsewhere.get(pages[photo])) | {"kind": "repair"})
    elsewhere.post(f"{pages[other]}edit/", shown(elsewhere.get(pages[other])) | {"is_primary": "on"})

    for one, page in pages.items():
        saved = browser.post(f"{page}edit/", stale[one] | {"title": "Summit"}, follow=True)
        assert "Saved." in text(saved)

    found = list(Photo.objects.order_by("pk").values_list("title", "kind", "is_primary"))
    assert found == [("Summit", "repair", False), ("Summit", "", True)]
    browser.post(f"{pages[photo]}edit/", stale[photo] | {"kind": ""})
    photo.refresh_from_db()
    assert photo.kind == "", "what one did change is saved"


@pytest.mark.parametrize("moved_to", ["another album", "none"])
def test_nobody_marks_a_photo_as_primary_in_an_album_that_they_have_not_seen_it_in(
    browser: Client, take_in: TakeIn, workspace: Workspace, moved_to: str
) -> None:
    alps, barn = (Album.objects.create(workspace=workspace, name=name) for name in ("Alps", "Barn"))
    photo, settled = take_in(album=alps), take_in(album=barn, is_primary=True)
    page = photo.get_absolute_url()
    stale = shown(browser.get(page))
    Photo.objects.filter(pk=photo.pk).update(album=barn if moved_to == "another album" else None)

    answer = browser.post(f"{page}edit/", stale | {"is_primary": "on"})

    assert answer.status_code == 400
    assert "The photo is not in that album any more; load its page anew." in text(answer)
    settled.refresh_from_db()
    assert settled.is_primary
    assert "Saved." in text(browser.post(f"{page}edit/", stale | {"title": "Summit"}, follow=True))


def test_no_album_is_called_none(browser: Client, photo: Photo) -> None:
    for path in (photo.get_absolute_url(), "/workspaces/main/upload/"):
        assert '<option value="" selected>none</option>' in browser.get(path).content.decode()


def test_what_can_not_be_saved_is_explained_at_the_field(browser: Client, photo: Photo) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    theirs = Album.objects.create(workspace=other, name="Theirs")
    for wrong, said in (
        ({"title": "x" * 201}, "at most 200 characters"),
        ({"is_primary": "on"}, "Only a photo in an album can be its primary one."),
        ({"album": str(theirs.pk)}, "not one of the available choices"),
        ({"title": "\0"}, "Null characters are not allowed."),
    ):
        answer = browser.post(f"{photo.get_absolute_url()}edit/", FIELDS | wrong)
        assert answer.status_code == 400
        assert said in text(answer)
        assert "Theirs" not in text(answer)
        assert text(answer).startswith("photo.jpg"), "the page still names the photo as it is"


def test_who_changed_the_same_meanwhile_is_heard_of(
    browser: Client, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Photo, "edit", lambda *_, **__: False)

    answer = browser.post(f"{photo.get_absolute_url()}edit/", FIELDS | {"title": "New"})

    assert answer.status_code == 400
    assert "was changed by somebody else meanwhile" in text(answer)


def test_deleting_says_what_goes_and_happens_on_confirmation_only(
    browser: Client, take_in_complete: TakeIn, workspace: Workspace, stored_files: Callable[[], set[str]]
) -> None:
    album = Album.objects.create(workspace=workspace, name="Alps")
    photo = take_in_complete(pictures.jpeg(300, 200), "summit.jpg", title="Summit", album=album, is_primary=True)
    address = f"{photo.get_absolute_url()}delete/"

    page = text(browser.get(address))

    assert "the original, summit.jpg (300 × 200 px" in page
    assert "its thumbnails in three sizes; whoever links to them finds nothing" in page
    assert "the album Alps, which is then without a primary photo" in page
    assert Photo.objects.exists()
    gone = browser.post(address, follow=True)
    assert "Summit: deleted." in text(gone)
    assert not Photo.objects.exists()
    assert stored_files() == set()
    assert browser.post(address).status_code == 404


def test_retrying_and_deleting_lead_back_into_the_gallery_that_one_came_from(
    browser: Client, failed_photo: Photo
) -> None:
    address, query = failed_photo.get_absolute_url(), "?status=failed"

    page = browser.get(address + query)

    assert f"{address}retry/{query}" in [form.get("action") for form in attributes(page, "form")]
    assert f"{address}delete/{query}" in [link["href"] for link in attributes(page, "a")]
    asked = browser.get(f"{address}delete/{query}")
    assert address + query in [link["href"] for link in attributes(asked, "a")], "the way to keep it"
    assert browser.post(f"{address}retry/{query}")["Location"] == address + query
    assert browser.post(f"{address}delete/{query}")["Location"] == f"/workspaces/main/{query}"


@pytest.mark.parametrize(("role", "may"), [(Role.VIEWER, False), (Role.EDITOR, True), (Role.OWNER, True)])
def test_only_who_may_change_it_finds_the_forms(
    as_user: Callable[[Any], Client],
    make_user: Callable[..., Any],
    workspace: Workspace,
    photo: Photo,
    role: Role,
    may: bool,
) -> None:
    page = as_user(make_user("somebody", workspace, role)).get(photo.get_absolute_url())

    assert ("Delete this photo" in text(page)) == may
    assert (f"{photo.get_absolute_url()}edit/" in [form.get("action") for form in attributes(page, "form")]) == may

"""The galleries: what they show of photos and albums, how they are narrowed, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from photos.models import Album, Photo, Role, Workspace
from photos.web import gallery
from tests import pictures
from tests.reading import attributes, text
from tests.workbench import fails, work

GALLERY = "/workspaces/main/"
ALBUMS = "/workspaces/main/albums/"
STATIC = Path(__file__).resolve().parent.parent / "static"

TakeIn = Callable[..., Photo]


def cards(page: Any) -> list[str]:
    """Where the cards lead."""
    return [link["href"] for link in attributes(page, "a") if link.get("class") == "card"]


def shown(page: Any) -> list[dict[str, str]]:
    """The pictures, without the blurs behind them."""
    return [image for image in attributes(page, "img") if "srcset" in image]


def further(page: Any) -> str | None:
    """The address of the next page."""
    return next((link["href"] for link in attributes(page, "a") if link.get("rel") == "next"), None)


def test_each_photo_is_shown_in_its_state(
    browser: Client, take_in_complete: TakeIn, failed_photo: Photo, take_in: TakeIn
) -> None:
    complete = take_in_complete(pictures.jpeg(1000, 500), title="Wide")
    pending = take_in(title="Waiting")

    page = browser.get(GALLERY)

    assert page.status_code == 200
    (image,) = shown(page)
    assert image["src"] == complete.thumbnail_url("medium")
    assert image["srcset"] == ", ".join(
        f"{complete.thumbnail_url(size)} {width}w" for size, width in (("medium", 400), ("large", 800))
    )
    assert image["sizes"]
    assert image["loading"] == "lazy"
    assert "failed: The picture is damaged." in text(page)
    assert "pending … Waiting" in text(page)
    assert cards(page) == [photo.get_absolute_url() for photo in (pending, complete, failed_photo)]


def test_a_blur_is_painted_before_the_picture_has_come_where_it_will_be_covered(
    browser: Client, take_in_complete: TakeIn
) -> None:
    def blurs(image: bytes) -> int:
        Photo.objects.all().delete()
        take_in_complete(image)
        return sum(one["src"].startswith("data:image/bmp;base64,") for one in attributes(browser.get(GALLERY), "img"))

    assert blurs(pictures.jpeg(300, 200)) == 1
    assert blurs(pictures.jpeg(300, 20)) == 0, "shown whole, so that it does not fill its frame"
    assert blurs(pictures.cutout()) == 0, "has holes to see it through"


def test_what_is_long_or_tiny_is_shown_whole(browser: Client, take_in_complete: TakeIn) -> None:
    for width, height in ((400, 20), (20, 400), (30, 20), (300, 200)):
        take_in_complete(pictures.jpeg(width, height))

    assert [image.get("class") for image in shown(browser.get(GALLERY))] == [None, "whole", "whole", "whole"]


def test_each_width_is_named_once_for_a_picture_smaller_than_the_presets(
    browser: Client, take_in_complete: TakeIn
) -> None:
    photo = take_in_complete(pictures.png(200, 100))

    (image,) = shown(browser.get(GALLERY))

    assert image["srcset"] == f"{photo.thumbnail_url('large')} 200w"


@pytest.mark.parametrize("in_album", [False, True])
def test_many_photos_cost_as_many_queries_as_few_and_the_storage_is_never_asked(
    browser: Client,
    take_in: TakeIn,
    workspace: Workspace,
    django_assert_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
    in_album: bool,
) -> None:
    album = Album.objects.create(workspace=workspace, name="Alps")
    path = f"{ALBUMS}{album.pk}/" if in_album else GALLERY

    def unreachable(*_: Any, **__: Any) -> None:
        raise AssertionError("a list asked the storage")

    for more, number in ((2, 2), (10, 12)):
        for _ in range(more):
            take_in(album=album)
        work()
        with monkeypatch.context() as patch:
            for name in ("open", "exists", "size", "url"):
                patch.setattr(type(default_storage._wrapped), name, unreachable)  # type: ignore[attr-defined]
            # The session, the user, the workspace, its album or albums, its photos, one's role, its last event.
            with django_assert_num_queries(7):
                assert len(cards(browser.get(path))) == number


def test_older_photos_are_on_the_next_page(browser: Client, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "PAGE_PHOTOS", 2)
    photos = [take_in(title=f"Photo {n}", kind="item") for n in range(4)][::-1]
    take_in(title="Another")

    first = browser.get(GALLERY + "?kind=item")
    last = browser.get(GALLERY + str(further(first)))

    for page, part in ((first, photos[:2]), (last, photos[2:])):
        assert cards(page) == [f"{photo.get_absolute_url()}?kind=item" for photo in part]
    assert further(last) is None
    assert [link["href"] for link in attributes(last, "a") if "before" in link["href"]] == []
    assert "?kind=item" in [link["href"] for link in attributes(last, "a")], "the way back to the newest"
    assert "Another" in text(browser.get(f"{GALLERY}?before=nonsense"))
    assert "There are no older photos." in text(browser.get(f"{GALLERY}?before=00000000-0000-7000-8000-000000000000"))


def test_the_filters_narrow_and_stay_in_the_form_and_in_the_links(
    browser: Client, take_in: TakeIn, workspace: Workspace
) -> None:
    album = Album.objects.create(workspace=workspace, name="Alps")
    wanted = take_in(title="Summit", kind="item", album=album)
    fails(wanted)
    take_in(title="Valley", kind="cover")

    for query in (
        "q=summ",
        "status=failed",
        f"album={album.pk}",
        "kind=item",
        f"q=SUMM&status=failed&album={album.pk}",
    ):
        page = browser.get(f"{GALLERY}?{query}")
        assert [link.partition("?")[0] for link in cards(page)] == [wanted.get_absolute_url()], query
    assert set(cards(page)[0].partition("?")[2].split("&")) == {"q=SUMM", "status=failed", f"album={album.pk}"}
    chosen = [option["value"] for option in attributes(page, "option") if option]
    assert {"", "failed", str(album.pk)} <= set(chosen)
    assert page.content.decode().count(" selected") == 2
    assert "SUMM" in [field.get("value") for field in attributes(page, "input")]


def test_filters_that_match_nothing_or_make_no_sense_say_so(browser: Client, take_in: TakeIn) -> None:
    take_in()

    page = browser.get(f"{GALLERY}?q=nowhere")
    assert (page.status_code, "No photo matches. Show all" in text(page)) == (200, True)
    for query in ("status=nonsense", "album=nonsense", "q=%00"):
        page = browser.get(f"{GALLERY}?{query}")
        assert page.status_code == 400
        assert f"{query.partition('=')[0]}: " in text(page)
        assert cards(page) == []


def test_an_empty_gallery_says_what_to_do(
    browser: Client, as_user: Callable[[Any], Client], make_user: Callable[..., Any], workspace: Workspace
) -> None:
    Workspace.objects.update(is_public=True)
    album = Album.objects.create(workspace=workspace, name="Alps")

    assert "No photos here yet. Upload the first" in text(browser.get(GALLERY))
    visitor, viewer = as_user(None).get(GALLERY), as_user(make_user("viktor", workspace, Role.VIEWER)).get(GALLERY)
    assert "No photos here yet." in text(visitor)
    assert "Upload" not in text(visitor)
    assert "An editor of the workspace can upload some." in text(viewer)
    page = browser.get(f"{ALBUMS}{album.pk}/")
    assert "yet. Upload some , or open a photo of the workspace and choose its album there." in text(page)
    assert f"/workspaces/main/upload/?album={album.pk}" in {link["href"] for link in attributes(page, "a")}


def test_an_album_has_a_gallery_of_its_own_photos(
    browser: Client, take_in: TakeIn, workspace: Workspace, make_user: Callable[..., Any]
) -> None:
    album = Album.objects.create(workspace=workspace, name="Alps")
    inside = take_in(album=album, title="Inside")
    take_in(title="Outside")
    other = Album.objects.create(workspace=Workspace.objects.create(slug="other", name="Other"), name="Theirs")

    page = browser.get(f"{ALBUMS}{album.pk}/")

    assert cards(page) == [f"{inside.get_absolute_url()}?album={album.pk}"]
    assert "No photo matches." in text(browser.get(f"{ALBUMS}{album.pk}/?q=Outside"))
    assert browser.get(f"{ALBUMS}{other.pk}/").status_code == 404


def test_the_select_of_albums_stays_short_and_always_has_the_chosen_one(
    browser: Client, take_in: TakeIn, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "ALBUMS_OFFERED", 1)
    first, last = (Album.objects.create(workspace=workspace, name=name) for name in ("A", "Z"))
    take_in(album=last)

    def offered(query: str) -> set[str]:
        page = browser.get(GALLERY + query)
        return {option["value"] for option in attributes(page, "option")} & {str(first.pk), str(last.pk)}

    assert offered("") == {str(first.pk)}
    assert offered(f"?album={last.pk}") == {str(first.pk), str(last.pk)}


def test_a_full_page_weighs_less_than_60_kilobytes_with_its_scripts_and_styles_also_a_filtered_one(
    browser: Client, take_in: TakeIn, workspace: Workspace
) -> None:
    albums = [
        Album.objects.create(workspace=workspace, name=f"An album of some trip {n}")
        for n in range(gallery.ALBUMS_OFFERED)
    ]
    template = take_in(pictures.jpeg(400, 300), album=albums[0], kind="item")
    work()
    template.refresh_from_db()
    copies = []
    for n in range(gallery.PAGE_PHOTOS):
        copy = Photo.objects.get(pk=template.pk)
        copy.pk = Photo._meta.pk.get_default()
        copy.title, copy.sha256, copy.original_path = f"A title as people write it {n}", f"{n:064}", f"originals/{n}"
        copies.append(copy)
    Photo.objects.bulk_create(copies)
    files = [STATIC / name for name in ("site.css", "js/gallery.js", "js/cards.js", "js/live.js", "js/typed.js")]
    filters = f"?q=title&status=complete&kind=item&album={albums[0].pk}"
    assert gallery.MAX_CARRIED - 5 < len(filters) <= gallery.MAX_CARRIED

    for path in (GALLERY, f"{ALBUMS}{albums[0].pk}/", GALLERY + filters):
        page = browser.get(path)
        assert len(cards(page)) == 60
        assert len(page.content) + sum(file.stat().st_size for file in files) < 60_000, path


def test_however_long_a_search_is_cards_do_not_repeat_it(browser: Client, take_in: TakeIn) -> None:
    photo = take_in(title="x" * 150)

    def search(text: str) -> Any:
        return browser.get(GALLERY, {"q": text, "kind": ""})

    assert cards(search("x" * 70)) == [f"{photo.get_absolute_url()}?q={'x' * 70}"]
    assert cards(search("x" * 100)) == [photo.get_absolute_url()]
    for refused in (search("x" * 101), browser.get(GALLERY, {"kind": "x" * 51}), search("x" * 2000)):
        assert refused.status_code == 400
        assert "Ensure this value has at most" in text(refused)
        assert len(refused.content) < 12_000
    assert {"100", "50"} <= {field.get("maxlength") for field in attributes(search("x"), "input")}


def test_a_page_of_older_photos_leads_to_the_newer_ones_and_knows_whether_it_begins_at_the_newest(
    browser: Client, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch, workspace: Workspace
) -> None:
    monkeypatch.setattr(gallery, "PAGE_PHOTOS", 2)
    photos = [take_in(kind="item").get_absolute_url() for _ in range(6)][::-1]
    ids = [path.split("/")[2] for path in photos]
    newest = take_in(kind="cover").pk

    def at(query: str) -> tuple[list[str], str | None, bool]:
        page = browser.get(f"{GALLERY}?kind=item{query}")
        is_start = b" data-start>" in page.content
        newer = next((link["href"] for link in attributes(page, "a") if link.get("rel") == "prev"), None)
        assert ("Newest photos" in text(page)) == (newer is not None) == (not is_start)
        return [path.partition("?")[0] for path in cards(page)], newer, is_start

    assert at("") == (photos[:2], None, True)
    assert at(f"&before={ids[4]}") == (photos[5:], f"?kind=item&before={ids[2]}", False)
    assert at(f"&before={ids[2]}") == (photos[3:5], f"?kind=item&before={ids[0]}", False)
    assert at(f"&before={ids[1]}") == (photos[2:4], "?kind=item", False)
    assert at(f"&before={newest}") == (photos[:2], None, True), "nothing that the filters admit is newer"
    Photo.objects.filter(pk__in=ids[:2]).delete()
    assert at(f"&before={ids[1]}") == (photos[2:4], None, True)

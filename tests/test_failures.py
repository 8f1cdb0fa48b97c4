"""The words in which people are told why a photo has no thumbnails."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from photos.errors import THUMBNAIL_ERRORS
from photos.failures import FAILURES, failure
from photos.models import Photo
from tests.reading import attributes, text
from tests.workbench import fails

TakeIn = Callable[..., Photo]
UPLOAD = "/workspaces/main/upload/"
# What only those know who look after the site.
TECHNICAL = ("byte", "worker", "process", "exit", "code", "storage", "log", "exception", "render", "decode")


def test_each_reason_for_which_a_photo_can_fail_has_words_and_no_other() -> None:
    assert set(FAILURES) == {error.code for error in THUMBNAIL_ERRORS}


@pytest.mark.parametrize("code", FAILURES)
def test_the_words_say_what_happened_and_what_to_do_and_nothing_technical(code: str) -> None:
    for sentence in FAILURES[code]:
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert not [word for word in TECHNICAL if word in sentence.lower()]
    # Beside the state, five lines of the smallest card hold it.
    assert len(FAILURES[code].what) <= 50


@pytest.mark.parametrize("code", [*FAILURES, "of_a_newer_version"])
def test_a_card_and_a_photos_page_tell_them_and_the_page_also_what_the_row_says(
    browser: Client, take_in: TakeIn, code: str
) -> None:
    photo = take_in()
    fails(photo)
    Photo.objects.update(thumbnail_error_code=code, thumbnail_error="Read up to byte 7.")
    told = " ".join(failure(code))

    gallery, page = browser.get("/workspaces/main/"), browser.get(photo.get_absolute_url())

    assert f"failed: {told}" in text(gallery)
    assert told in [note.get("title") for note in attributes(gallery, "span")], "if it is cut"
    assert "byte 7" not in text(gallery)
    assert f"failed: {told} Read up to byte 7." in text(page)


def test_the_upload_page_has_them_for_its_rows(browser: Client) -> None:
    page = text(browser.get(UPLOAD))
    assert all(f"{what} {advice}" in page for what, advice in FAILURES.values())

"""What is refused at the door, with which words, and that nothing of it stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from photos.models import Album, Membership, Orphan, Photo, Role, Workspace
from tests import pictures
from tests.workbench import rings, work

Stored = Callable[[], set[str]]

BOUNDARY = "----a-boundary"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def part(disposition: bytes, data: bytes) -> bytes:
    """One part of a body, just as told: no client library cleans it."""
    return f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode() + disposition + b"\r\n\r\n" + data + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def file_part(data: bytes, name: bytes = b"photo.jpg") -> bytes:
    return part(b'name="file"; filename="' + name + b'"\r\nContent-Type: image/jpeg', data)


def post(api: APIClient, content: bytes, content_type: str = MULTIPART) -> Any:
    return api.generic("POST", "/api/v1/photos/", content, content_type=content_type)


JPEG, PNG = pictures.jpeg(image=pictures.photo(64, 48)), pictures.png(image=pictures.photo(64, 48))
FOREIGN = pictures.foreign()

REFUSED_FILES = {
    "empty": (b"", 400, "empty_file"),
    "text named .jpg": (b"I am a holiday photo, really.", 415, "unsupported_format"),
    "SVG": (FOREIGN["svg"], 415, "unsupported_format"),
    "PDF": (FOREIGN["pdf"], 415, "unsupported_format"),
    "HTML": (b"<!doctype html><script>alert(1)</script>", 415, "unsupported_format"),
    "a JPEG's first bytes": (JPEG[:20], 400, "corrupt_image"),
    "a PNG's first bytes": (PNG[:20], 400, "corrupt_image"),
    "truncated PNG": (pictures.truncated(PNG), 400, "corrupt_image"),
    "PNG with HTML behind it": (pictures.polyglot(), 400, "corrupt_image"),
    "over the byte limit": (JPEG + bytes(200_000), 413, "file_too_large"),
}

REFUSED_BODIES = {
    "no part at all": (body(), MULTIPART, 400, "missing_file"),
    "no body": (b"", MULTIPART, 400, "missing_file"),
    "another field": (body(part(b'name="title"', b"x")), MULTIPART, 400, "missing_file"),
    "the file as text": (body(part(b'name="file"', JPEG)), MULTIPART, 400, "missing_file"),
    "a part without a name": (body(part(b'filename="photo.jpg"', JPEG)), MULTIPART, 400, "missing_file"),
    "an empty file name": (body(file_part(JPEG, b"")), MULTIPART, 400, "missing_file"),
    "a file name of dots": (body(file_part(JPEG, b"../..")), MULTIPART, 400, "missing_file"),
    "a file name that isn't UTF-8": (body(file_part(JPEG, b"\xff.jpg")), MULTIPART, 400, "missing_file"),
    # Django reads at most 1 KiB of a part's header.
    "a file name of 4 kB": (body(file_part(JPEG, b"x" * 4096 + b".jpg")), MULTIPART, 400, "invalid"),
    "another boundary": (body(file_part(JPEG)), "multipart/form-data; boundary=another", 400, "missing_file"),
    "no boundary": (body(file_part(JPEG)), "multipart/form-data", 400, "invalid"),
    "ten thousand parts": (body(*[part(b'name="x"', b"1")] * 10_000), MULTIPART, 400, "invalid"),
    "a field of 3 MB": (body(part(b'name="title"', b"x" * 3_000_000)), MULTIPART, 413, "file_too_large"),
    "NUL in the title": (body(file_part(JPEG), part(b'name="title"', b"a\0b")), MULTIPART, 400, "invalid"),
    "JSON": (b"{}", "application/json", 400, "missing_file"),
    "malformed JSON": (b'{"file": ', "application/json", 400, "invalid"),
    "JSON nested too deep": (b"[" * 100_000, "application/json", 400, "invalid"),
    "JSON of 3 MB": (b'"' + b"x" * 3_000_000 + b'"', "application/json", 413, "file_too_large"),
    "JSON that isn't an object": (b"[1]", "application/json", 400, "missing_file"),
    "a picture without a form": (JPEG, "image/jpeg", 415, "unsupported_format"),
    "a URL-encoded form": (b"file=photo.jpg", "application/x-www-form-urlencoded", 415, "unsupported_format"),
    "no content type": (JPEG, "", 415, "unsupported_format"),
}


def assert_refused(answer: Any, status: int, code: str, stored_files: Stored) -> None:
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code), answer.json()
    assert answer["Content-Type"] == "application/json"
    assert set(answer.json()) == {"error"}
    assert {"code", "message"} <= set(error) <= {"code", "message", "details"}
    assert error["message"].endswith((".", "!"))
    assert not Photo.objects.exists()
    assert not stored_files()
    assert not Orphan.objects.exists()
    assert rings() == 0


@pytest.mark.parametrize("case", REFUSED_FILES)
def test_a_bad_file_is_refused_by_its_content_and_leaves_nothing(
    api: APIClient, stored_files: Stored, settings: Any, case: str
) -> None:
    settings.MAX_UPLOAD_BYTES = 100_000
    data, status, code = REFUSED_FILES[case]

    assert_refused(post(api, body(file_part(data))), status, code, stored_files)


def test_a_huge_picture_in_a_small_file_is_refused_by_its_header(api: APIClient, stored_files: Stored) -> None:
    answer = post(api, body(file_part(pictures.huge_png(), b"huge.png")))

    assert_refused(answer, 400, "too_many_pixels", stored_files)
    assert "30000 × 30000" in answer.json()["error"]["message"]
    assert "67,108,864" in answer.json()["error"]["message"]


@pytest.mark.parametrize("case", REFUSED_BODIES)
def test_a_bad_request_is_refused_and_leaves_nothing(api: APIClient, stored_files: Stored, case: str) -> None:
    content, content_type, status, code = REFUSED_BODIES[case]

    assert_refused(post(api, content, content_type), status, code, stored_files)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_a_body_that_breaks_off_is_not_taken_for_a_picture(api: APIClient, stored_files: Stored, share: float) -> None:
    answer = post(api, pictures.truncated(body(file_part(PNG)), share))

    code = answer.json()["error"]["code"]
    assert code in {"missing_file", "corrupt_image", "invalid"}
    assert_refused(answer, 400, code, stored_files)


def test_what_is_wrong_with_a_body_is_told(api: APIClient) -> None:
    answer = post(api, b'{"file": ', "application/json")

    assert "line 1 column" in answer.json()["error"]["details"]["reason"]


def test_what_only_a_full_decode_can_tell_is_taken_in_and_fails_with_its_reason(api: APIClient) -> None:
    answer = post(api, body(file_part(pictures.truncated(JPEG))))
    assert answer.status_code == 201

    work()

    photo = api.get(f"/api/v1/photos/{answer.json()['id']}/").json()
    assert (photo["thumbnail_status"], photo["thumbnail_error_code"]) == ("failed", "corrupt_image")
    assert photo["thumbnail_error"].endswith(".")
    assert (photo["thumbnail_attempts"], photo["thumbnail_url"]) == (1, None)


def test_html_behind_a_picture_is_never_served_as_anything_but_the_picture(api: APIClient) -> None:
    data = JPEG + b"<!doctype html><script>alert(1)</script>"
    answer = post(api, body(file_part(data, b"page.html")))
    assert answer.status_code == 201

    work()

    photo = api.get(f"/api/v1/photos/{answer.json()['id']}/").json()
    original = api.get(photo["url"])
    assert (photo["thumbnail_status"], photo["content_type"]) == ("complete", "image/jpeg")
    assert (original["Content-Type"], original["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert original["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert original.getvalue() == data
    assert b"script" not in api.get(photo["thumbnails"]["large"]["url"]).getvalue()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"../../etc/passwd", "passwd"),
        (b"..\\\\..\\\\boot.ini", "boot.ini"),
        (b"/absolute/photo.png", "photo.png"),
        (b"nul\0in it.jpg", "nulin it.jpg"),
        (b"line%0D%0Abreak.jpg", "line%0D%0Abreak.jpg"),
        ("🏔️ Gipfel.jpg".encode(), "🏔️ Gipfel.jpg"),
        (b"x" * 600 + b".jpg", "x" * 251 + ".jpg"),
        (b"no extension", "no extension"),
    ],
)
def test_a_file_name_is_only_ever_a_label(api: APIClient, stored_files: Stored, sent: bytes, kept: str) -> None:
    answer = post(api, body(file_part(JPEG, sent)))

    photo = answer.json()
    assert (answer.status_code, photo["original_filename"]) == (201, kept)
    assert stored_files() == {f"originals/{photo['id']}.jpg"}
    original = api.get(photo["url"])
    disposition = original["Content-Disposition"]
    assert original.getvalue() == JPEG
    assert disposition.startswith("inline; filename")
    assert disposition.isascii()
    assert disposition.isprintable()


JSON_CALLS = [
    ("POST", "photos/check/"),
    ("POST", "photos/retry/"),
    ("PATCH", "photos/{photo}/"),
    ("POST", "workspaces/"),
    ("PATCH", "workspaces/main/"),
    ("DELETE", "workspaces/main/"),
    ("POST", "workspaces/main/members/"),
    ("PATCH", "workspaces/main/members/edith/"),
    ("POST", "albums/"),
    ("PATCH", "albums/{album}/"),
    ("POST", "auth/token/"),
]
REFUSED_JSON = {
    "malformed": (b'{"name": ', "application/json", 400, "invalid"),
    "not UTF-8": (b'{"name": "\xff"}', "application/json", 400, "invalid"),
    "not a number": (b'{"name": NaN}', "application/json", 400, "invalid"),
    "nested too deep": (b"[" * 100_000, "application/json", 400, "invalid"),
    "of 3 MB": (b'{"name": "' + b"x" * 3_000_000 + b'"}', "application/json", 413, "file_too_large"),
    "a list": (b"[1]", "application/json", 400, "invalid"),
    "a string": (b'"main"', "application/json", 400, "invalid"),
    "XML": (b"<name/>", "text/xml", 415, "unsupported_format"),
    "a type that is none": (b"{}", "nonsense", 415, "unsupported_format"),
}


@pytest.mark.parametrize("case", REFUSED_JSON)
@pytest.mark.parametrize(("method", "path"), JSON_CALLS)
def test_a_call_that_takes_json_refuses_what_is_none(
    api: APIClient, photo: Photo, editor: Any, method: str, path: str, case: str
) -> None:
    Membership.objects.filter(user=editor).update(role=Role.OWNER)
    album = Album.objects.create(workspace=photo.workspace, name="Album")
    content, content_type, status, code = REFUSED_JSON[case]

    answer = api.generic(
        method, "/api/v1/" + path.format(photo=photo.pk, album=album.pk), content, content_type=content_type
    )

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code), answer.json()
    assert set(answer.json()) == {"error"}
    assert error["message"].endswith(".")
    assert (Workspace.objects.count(), Album.objects.count(), Photo.objects.count()) == (1, 1, 1)

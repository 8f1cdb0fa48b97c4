"""What all tests share: real rows, real files, real commits; nothing of it outlives the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.test import Client, override_settings
from rest_framework.test import APIClient

from photos import queue, tasks, uploads
from photos.models import AuthToken, Membership, Photo, Role, Workspace
from tests import pictures, servers
from tests.running import files_below
from tests.workbench import work


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest single test first, so that no process waits for it in the end."""
    items.sort(key=lambda item: "test_schema" not in item.nodeid)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """A file, not memory: threads and processes meet in it as they do in service."""
    from django.conf import settings

    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        settings.DATABASES["default"]["TEST"]["NAME"] = str(settings.DATA_DIR / "test.sqlite3")


@pytest.fixture(scope="session")
def postgresql() -> servers.PostgreSQL:
    """A running PostgreSQL."""
    return servers.or_skip(servers.postgresql)


@pytest.fixture(scope="session")
def redis() -> servers.Redis:
    """A running Redis."""
    return servers.or_skip(servers.redis)


@pytest.fixture(scope="session")
def swift() -> servers.Swift:
    """A running S3 service."""
    return servers.or_skip(servers.swift)


@pytest.fixture(scope="session", autouse=True)
def plain_static_files() -> Iterator[None]:
    """Static files by their own names, since none are collected; for all tests, as `own_storage` says of the bucket."""
    from django.conf import settings

    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override_settings(STORAGES=settings.STORAGES | plain):
        yield


@pytest.fixture(autouse=True)
def own_storage(settings: Any, tmp_path: Path) -> None:
    """The test's own storage: a folder, or the bucket, emptied, when the tests run on servers."""
    tasks._STORAGE.record(worked=True)
    default = settings.STORAGES["default"]
    if settings.STORAGE == "s3":
        # The same storage for all tests: one that is made anew takes 0.1 s for its first connection.
        servers.swift().empty(default["OPTIONS"]["bucket_name"])
        return
    settings.STORAGES = {
        "default": default | {"OPTIONS": default["OPTIONS"] | {"location": str(tmp_path / "media")}},
        "staticfiles": settings.STORAGES["staticfiles"],
    }


@pytest.fixture(autouse=True)
def empty_queue(settings: Any) -> None:
    """Nothing of earlier tests is in the queue; one that lives in the database is emptied with it."""
    if settings.REDIS_URL:
        queue._broker().purge_queue()
    queue.was_unreachable()


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    """The test's own media folder; a test that asks for it is about files on disk."""
    if settings.STORAGE != "disk":
        pytest.skip("about files on disk")
    return tmp_path / "media"


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """A hash that costs nothing: no test is about how slow the real one is."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def stored_files(settings: Any) -> Callable[[], set[str]]:
    """Lists the keys of all files in the storage."""
    own = settings.STORAGES["default"]["OPTIONS"]
    if settings.STORAGE == "s3":
        return lambda: set(servers.swift().keys(own["bucket_name"]))
    return lambda: files_below(Path(own["location"]))


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    """A private workspace, with real commits around it."""
    return Workspace.objects.create(slug="main", name="Main")


@pytest.fixture
def make_user(transactional_db: None) -> Callable[..., Any]:
    """Makes a user who has a role in a workspace, or none."""

    def make(name: str, workspace: Workspace | None = None, role: Role = Role.EDITOR, **fields: Any) -> Any:
        user = get_user_model().objects.create_user(name, password="a long enough password", **fields)
        if workspace:
            Membership.objects.create(workspace=workspace, user=user, role=role)
        return user

    return make


@pytest.fixture
def editor(make_user: Callable[..., Any], workspace: Workspace) -> Any:
    """A user who may edit the workspace."""
    return make_user("edith", workspace)


@pytest.fixture
def api_as() -> Callable[[Any], APIClient]:
    """Makes an API client that carries a token of the user; anonymous for None."""

    def make(user: Any) -> APIClient:
        client = APIClient()
        if user is not None:
            _, token = AuthToken.objects.create(user)
            client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return client

    return make


@pytest.fixture
def api(api_as: Callable[[Any], APIClient], editor: Any) -> APIClient:
    """The editor's API client."""
    return api_as(editor)


@pytest.fixture
def as_user(workspace: Workspace) -> Callable[[Any], Client]:
    """Makes a browser in which somebody is signed in, or nobody."""

    def make(user: Any) -> Client:
        client = Client()
        if user:
            client.force_login(user)
        return client

    return make


@pytest.fixture
def browser(as_user: Callable[[Any], Client], editor: Any) -> Client:
    """The editor's browser."""
    return as_user(editor)


@pytest.fixture
def take_in(workspace: Workspace) -> Callable[..., Photo]:
    """Takes a picture in as an upload would; a small JPEG, a new one each time, unless bytes are given."""
    count = iter(range(1_000_000))

    def take(data: bytes | None = None, name: str = "photo.jpg", **fields: Any) -> Photo:
        content = pictures.jpeg(image=pictures.photo(64, 48, next(count))) if data is None else data
        target = fields.pop("workspace", workspace)
        return uploads.ingest(ContentFile(content, name), target, **fields).photo

    return take


@pytest.fixture
def take_in_complete(take_in: Callable[..., Photo]) -> Callable[..., Photo]:
    """As take_in; then the worker makes the thumbnails."""

    def take(*args: Any, **fields: Any) -> Photo:
        photo = take_in(*args, **fields)
        work()
        photo.refresh_from_db()
        return photo

    return take


@pytest.fixture
def failed_photo(take_in_complete: Callable[..., Photo]) -> Photo:
    """A photo that only a full decode found to be damaged."""
    return take_in_complete(pictures.truncated(pictures.jpeg(image=pictures.photo(64, 48))), "cut.jpg")


@pytest.fixture
def photo(take_in: Callable[..., Photo]) -> Iterator[Photo]:
    """A pending photo."""
    return take_in()

"""What all tests share: real rows, real files, real commits; nothing of it outlives the test."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# The settings are read from the environment at their import: the tests' own folder comes first.
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="thumbsite-tests-")

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from knox.models import AuthToken
from rest_framework.test import APIClient

from photos import uploads
from photos.models import Membership, Photo, Role, Workspace
from tests import pictures


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """A file, not memory: threads and processes meet in it as they do in service."""
    from django.conf import settings

    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        settings.DATABASES["default"]["TEST"]["NAME"] = str(settings.DATA_DIR / "test.sqlite3")


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """The test's own media folder."""
    folder = tmp_path / "media"
    settings.STORAGES = {
        "default": {"BACKEND": "photos.storage.DiskStorage", "OPTIONS": {"location": str(folder)}},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    return folder


@pytest.fixture
def stored_files(media: Path) -> Callable[[], set[str]]:
    """Lists the keys of all files in the storage."""
    return lambda: {str(path.relative_to(media)) for path in media.rglob("*") if path.is_file()}


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
def take_in(workspace: Workspace) -> Callable[..., Photo]:
    """Takes a picture in as an upload would; a small JPEG, a new one each time, unless bytes are given."""
    count = iter(range(1_000_000))

    def take(data: bytes | None = None, name: str = "photo.jpg", **fields: Any) -> Photo:
        content = pictures.jpeg(image=pictures.photo(64, 48, next(count))) if data is None else data
        target = fields.pop("workspace", workspace)
        return uploads.ingest(ContentFile(content, name), target, **fields).photo

    return take


@pytest.fixture
def photo(take_in: Callable[..., Photo]) -> Iterator[Photo]:
    """A pending photo."""
    return take_in()

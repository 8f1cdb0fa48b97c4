"""Every setting, read from the environment; each has a default that works on one machine."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import dj_database_url
import django_stubs_ext
from corsheaders.defaults import default_headers
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from photos.sizes import OutputFormat, Recipe
from thumbsite.environment import (
    env,
    in_address,
    read,
    read_bool,
    read_choice,
    read_int,
    read_list,
    read_networks,
    read_origins,
    read_rate,
    secret_from_file,
)

# Lets classes such as ModelAdmin[Photo] be written at run time as type checkers read them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
# Whatever the embedded setup writes (database, media, collected static files, secret) stays in this one folder.
DATA_DIR = Path(read(env.str, "DATA_DIR", str(BASE_DIR / "var")))

# --- where the site answers -------------------------------------------------------------------------------------------
HOST = read(env.str, "HOST", "127.0.0.1")
PORT = read_int("PORT", 8000, 1, 65535)
# What listens everywhere is shown by an address of this machine.
_reached_by = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(HOST, HOST)  # noqa: S104 - compared, not bound
PUBLIC_BASE_URL = read(env.str, "PUBLIC_BASE_URL", f"http://{in_address(_reached_by)}:{PORT}").rstrip("/")
_public = urlsplit(PUBLIC_BASE_URL)
if _public.scheme not in {"http", "https"} or not _public.hostname:
    raise SystemExit(f"PUBLIC_BASE_URL={PUBLIC_BASE_URL!r} is not allowed: It must be like https://photos.example.org.")
ALLOWED_HOSTS = read_list("ALLOWED_HOSTS", [in_address(_public.hostname), "localhost", "127.0.0.1", "[::1]"])

# --- security: everything that needs https is on as soon as the public address is https -------------------------------
DEBUG = read_bool("DEBUG", False)
SECRET_KEY = read(env.str, "SECRET_KEY", "") or secret_from_file(DATA_DIR / "secret_key")
ADMIN_PASSWORD = read(env.str, "ADMIN_PASSWORD", "")  # of the first start; none: a random one, shown once
HTTPS = _public.scheme == "https"
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # probes inside the cluster speak plain http
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
CSRF_FAILURE_VIEW = "thumbsite.urls.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- the application --------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic",
    "django.contrib.staticfiles",
    "django_q",
    "corsheaders",
    "django_filters",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "photos",
]
MIDDLEWARE = [
    "photos.health.Probes",
    # Before all that answers by itself, so that a page elsewhere may read these answers too.
    "corsheaders.middleware.CorsMiddleware",
    "photos.security_policy.security_policy",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "photos.api.slashes.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "thumbsite.urls"
ASGI_APPLICATION = "thumbsite.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# --- rows -------------------------------------------------------------------------------------------------------------
DATABASE_URL = read(env.str, "DATABASE_URL", "")
_database: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "db.sqlite3"}
if DATABASE_URL:
    try:
        _database = dict(dj_database_url.parse(DATABASE_URL))
    except (ValueError, KeyError):
        # The value is not shown: it may hold a password.
        raise SystemExit("DATABASE_URL is not allowed: It must be like postgres://user:password@host/name.") from None
# Kept open in workers (which set it), closed after each request in the web, whose threads come and go.
_database["CONN_MAX_AGE"] = read_int("DATABASE_CONN_MAX_AGE", 0, 0, 86_400)
# One that broke while nobody used it is found out before a task is taken up with it, and lost.
_database["CONN_HEALTH_CHECKS"] = True
# FULL: an upload that was answered outlives a power cut. Workers set NORMAL, since what they lose is done again.
SQLITE_SYNCHRONOUS = read_choice("SQLITE_SYNCHRONOUS", "FULL", "FULL", "NORMAL")
if _database["ENGINE"].endswith("sqlite3"):
    # With the write lock taken at BEGIN, writers queue up to `timeout` seconds; otherwise an upgrade in
    # mid-transaction fails at once with "database is locked".
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={SQLITE_SYNCHRONOUS}",
    }
DATABASES = {"default": _database}

# --- files ------------------------------------------------------------------------------------------------------------
STORAGE = read_choice("STORAGE", "disk", "disk", "s3")
MEDIA_ROOT = read(env.str, "MEDIA_ROOT", str(DATA_DIR / "media"))
if STORAGE == "s3":
    from boto3.s3.transfer import TransferConfig  # slow to import, and of no use on disk
    from botocore.config import Config

    _files: dict[str, Any] = {
        "BACKEND": "photos.s3.BucketStorage",
        "OPTIONS": {
            # Keys hold a fresh UUID, so that asking whether one is taken would be a request for nothing.
            "file_overwrite": True,
            "default_acl": None,
            "bucket_name": read(env.str, "AWS_STORAGE_BUCKET_NAME", "thumbsite"),
            "endpoint_url": read(env.str, "AWS_S3_ENDPOINT_URL", "") or None,
            "region_name": read(env.str, "AWS_S3_REGION_NAME", "") or None,
            "addressing_style": read(env.str, "AWS_S3_ADDRESSING_STYLE", "") or None,
            # boto3 multiplies its time-outs by its tries: at most (4 + 8) s twice. A read takes three calls, which
            # must end within the lease; an upload takes one.
            "client_config": Config(connect_timeout=4, read_timeout=8, retries={"total_max_attempts": 2}),
            # One request for each file: parts would multiply the time-outs once more, and could be left behind; so
            # would ten threads the memory, and five more tries for each read. What is read goes to disk beyond 1 MiB.
            "transfer_config": TransferConfig(
                multipart_threshold=5 * 2**30, num_download_attempts=1, use_threads=False
            ),
            "max_memory_size": 2**20,
        },
    }
else:
    _files = {"BACKEND": "photos.disk.DiskStorage", "OPTIONS": {"location": MEDIA_ROOT}}
STORAGES: dict[str, dict[str, Any]] = {
    "default": _files,
    "staticfiles": {"BACKEND": "thumbsite.static.HashedFiles"},
}
STATIC_URL = "static/"
STATIC_ROOT = Path(read(env.str, "STATIC_ROOT", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- photos -----------------------------------------------------------------------------------------------------------
MAX_UPLOAD_BYTES = read_int("MAX_UPLOAD_BYTES", 50 * 2**20, 1, 2**40)
# Of one request, which may carry several files: what is over it is refused while it arrives.
MAX_REQUEST_BYTES = read_int("MAX_REQUEST_BYTES", 4 * MAX_UPLOAD_BYTES + 2**20, MAX_UPLOAD_BYTES, 2**40)
MAX_PIXELS = read_int("MAX_PIXELS", 8192 * 8192, 1, 2**31)
THUMBNAIL_RECIPE = Recipe(
    small=read_int("THUMBNAIL_SMALL", 150, 1, 4096),
    medium=read_int("THUMBNAIL_MEDIUM", 400, 1, 4096),
    large=read_int("THUMBNAIL_LARGE", 800, 1, 4096),
    format=cast(OutputFormat, read_choice("THUMBNAIL_FORMAT", "webp", "webp", "jpeg", "avif")),
    quality=read_int("THUMBNAIL_QUALITY", 80, 1, 100),
)
THUMBNAIL_RETRIES = read_int("THUMBNAIL_RETRIES", 5, 0, 100)
THUMBNAIL_BACKOFF_SECONDS = read_int("THUMBNAIL_BACKOFF_SECONDS", 60, 1, 86_400)
# One attempt's limits: the wall clock, and what a render may take on top of what its helper process holds.
ATTEMPT_SECONDS = read_int("ATTEMPT_SECONDS", 300, 1, 86_400)
# How long a worker that shows no sign of life keeps its photo; it shows one each third of this.
LEASE_SECONDS = read_int("LEASE_SECONDS", 90, 3, 3600)
# A queue may lose what it was told of a photo.
RING_AGAIN_SECONDS = read_int("RING_AGAIN_SECONDS", 60, 1, 3600)
RENDER_MEMORY_BYTES = read_int("RENDER_MEMORY_BYTES", 2 * 2**30, 64 * 2**20, 2**40)
# Thumbnails that one web process makes within requests, at most at once; each takes a helper process.
RENDERS = read_int("RENDERS", os.cpu_count() or 2, 1, 256)

# --- queue ------------------------------------------------------------------------------------------------------------
WORKERS = read_int("WORKERS", os.cpu_count() or 2, 1, 256)
# In timelines and in the state of the service; `runworker` adds to it what makes it its own.
WORKER_NAME = read(env.str, "WORKER_NAME", socket.gethostname())[:80]
# How long the tasks under way may take after SIGTERM before they are left to others.
DRAIN_SECONDS = read_int("DRAIN_SECONDS", 30, 0, 3600)
REDIS_URL = read(env.str, "REDIS_URL", "")
Q_CLUSTER: dict[str, Any] = {
    "name": "thumbsite",
    "broker_class": "photos.queue.BeatingBroker",
    "workers": WORKERS,
    # Prefetched tasks count against `retry`, so the window is short and the time long.
    "queue_limit": 2,
    "retry": 1200,
    # Backs up the limit on the render itself; with 3 s added it must be a multiple of the guard's cycle of 0.5 s.
    "timeout": ATTEMPT_SECONDS + 30,
    "poll": 0.2,
    "save_limit": -1,
    "ack_failures": True,
    "scheduler": False,
}
if REDIS_URL:
    try:
        _redis = dict(parse_url(REDIS_URL))
    except ValueError:
        raise SystemExit("REDIS_URL is not allowed: It must be like redis://host:6379/0.") from None
    # A dead Redis must not hold up an upload: no second try, the sweep rings later.
    _redis |= {"ssl": _redis.pop("connection_class", None) is not None, "retry": Retry(NoBackoff(), 0)}
    Q_CLUSTER["redis"] = _redis | {"socket_connect_timeout": 0.5, "socket_timeout": 5}
else:
    Q_CLUSTER["orm"] = "default"

# --- API --------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    # Tokens first: it is the first scheme that decides between 401 and 403 for the anonymous.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "photos.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "photos.api.pagination.NewestFirst",
    "DEFAULT_FILTER_BACKENDS": ["photos.api.filters.ListFilters"],
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "photos.api.browsable.BrowsableAPIRenderer",
    ],
    "DEFAULT_SCHEMA_CLASS": "photos.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "photos.api.errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "thumbsite",
    "VERSION": "1",
    "DESCRIPTION": "Photos in, thumbnails out. Anonymous clients may read what is in public workspaces; a thing that "
    "you may not see answers 404, as if it did not exist. HEAD works wherever GET does.",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # What a request may carry is not what an answer tells.
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"ThumbnailStatus": "photos.models.ThumbnailStatus", "Role": "photos.models.Role"},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"validatorUrl": None, "filter": True},
}
TOKEN_DAYS = read_int("TOKEN_DAYS", 90, 1, 36_500)
REST_KNOX = {"TOKEN_TTL": timedelta(days=TOKEN_DAYS)}
# The table of tokens is ours; knox has no other.
KNOX_TOKEN_MODEL = "photos.AuthToken"  # noqa: S105 - a model's name
MIGRATION_MODULES = {"knox": None}
# Of one user; tokens: of one client and user name.
THROTTLE_UPLOADS = read_rate("THROTTLE_UPLOADS", "600/minute")
THROTTLE_RENDERS = read_rate("THROTTLE_RENDERS", "120/minute")
THROTTLE_TOKENS = read_rate("THROTTLE_TOKENS", "20/minute")
# A comment on each open stream, so that no proxy takes it for dead; at every second one the rights are checked again.
STREAM_HEARTBEAT_SECONDS = read_int("STREAM_HEARTBEAT_SECONDS", 15, 1, 25)
# Who may read `/metrics`: by default whoever is on this machine.
METRICS_FROM = read_networks("METRICS_FROM", ["127.0.0.0/8", "::1/128"])
# Pages of these origins may call the API with a token; never with the session's cookie.
CORS_ALLOWED_ORIGINS = read_origins("CORS_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    *default_headers,
    *("if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"),
    *("last-event-id", "prefer", "range"),
]
CORS_EXPOSE_HEADERS = [
    *("Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag", "Last-Modified"),
    *("Location", "Preference-Applied", "Retry-After"),
]

# --- log: one line an event, `key=value` ------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "logfmt": {
            "()": "logfmter.Logfmter",
            "keys": ["at", "level", "logger"],
            "mapping": {"at": "asctime", "level": "levelname", "logger": "name"},
            "ignored_keys": ["color_message"],  # uvicorn's, for terminals
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "logfmt"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"level": "INFO"},
        "django-q": {"level": "WARNING"},  # it writes three lines a task
        "django_q": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}

"""An S3 service: OpenStack Swift with its s3api, one node of four processes, one copy of each object."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config

from tests.servers.process import MissingServer, Server, ServerProcess, free_port

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv-swift"
REGION = "us-east-1"
ACCESS_KEY, SECRET_KEY = "test:tester", "testing"

SERVER = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_level = WARNING

[pipeline:main]
pipeline = {pipeline}

[filter:healthcheck]
use = egg:swift#healthcheck

[app:{kind}-server]
use = egg:swift#{kind}
"""
PROXY = """\
account_autocreate = true
allow_account_management = true

[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = {region}
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin
[filter:slo]
use = egg:swift#slo
"""
PIPELINE = "catch_errors gatekeeper healthcheck listing_formats s3api tempauth slo proxy-server"
# What `swift-ring-builder` does by create, add and rebalance, for the three rings at once.
RINGS = """\
import sys
from swift.common.ring import RingBuilder
for kind, port in zip(("account", "container", "object"), sys.argv[1:]):
    builder = RingBuilder(part_power=4, replicas=1, min_part_hours=0)
    builder.add_dev(dict(region=1, zone=1, ip="127.0.0.1", port=int(port), device="d1", weight=1))
    builder.rebalance(seed=1)
    builder.get_ring().save(f"{kind}.ring.gz")
"""


class Swift(Server):
    """Account, container, object and proxy server; requests are signed, and the signatures checked."""

    def __init__(self) -> None:
        if not (VENV / "bin" / "swift-proxy-server").exists():
            raise MissingServer("Swift is missing: install it by `make .venv-swift/.installed`.")
        super().__init__(_folder_with_xattrs())
        self.url = f"http://127.0.0.1:{self.port}"
        self._buckets = count(1)
        self._ports: list[int] = []

    def prepare(self) -> list[ServerProcess]:
        """Write the configuration, and the rings, which say where everything is."""
        ports = {kind: free_port() for kind in ("account", "container", "object")}
        self._ports = [*ports.values(), self.port]
        (self.folder / "devices" / "d1").mkdir(parents=True)
        (self.folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = tests\n")
        subprocess.run([VENV / "bin" / "python", "-c", RINGS, *map(str, ports.values())], cwd=self.folder, check=True)
        return [self._server(kind, port) for kind, port in (ports | {"proxy": self.port}).items()]

    def _server(self, kind: str, port: int) -> ServerProcess:
        text = SERVER.format(
            kind=kind,
            port=port,
            folder=self.folder,
            user=pwd.getpwuid(os.getuid()).pw_name,
            pipeline=PIPELINE if kind == "proxy" else f"healthcheck {kind}-server",
        )
        if kind == "proxy":
            text += PROXY.format(region=REGION, secret=SECRET_KEY)
        configuration = self.folder / f"{kind}-server.conf"
        configuration.write_text(text)
        command = [str(VENV / "bin" / f"swift-{kind}-server"), str(configuration), "--verbose"]
        return ServerProcess(command, self.log, ended_by=signal.SIGTERM)

    @property
    def proxy(self) -> ServerProcess:
        """The process that clients speak to."""
        return self.processes[-1]

    def answers(self) -> bool:
        """All four processes do."""
        try:
            return all(requests.get(f"http://127.0.0.1:{port}/healthcheck", timeout=5).ok for port in self._ports)
        except requests.ConnectionError:
            return False

    @cached_property
    def _own_client(self) -> Any:
        return self.client()

    def client(self, **options: Any) -> Any:
        """A boto3 client; ``options`` replace its own, such as the secret."""
        defaults = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "region_name": REGION}
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        return boto3.client("s3", endpoint_url=self.url, config=config, **defaults | options)

    def new_bucket(self) -> str:
        """Make a bucket; answers its name."""
        name = f"bucket{next(self._buckets)}"
        self._own_client.create_bucket(Bucket=name)
        return name

    def environment(self, bucket: str) -> dict[str, str]:
        """What a site must be told to keep its files in a bucket."""
        return {
            "STORAGE": "s3",
            "AWS_STORAGE_BUCKET_NAME": bucket,
            "AWS_S3_ENDPOINT_URL": self.url,
            "AWS_S3_REGION_NAME": REGION,
            "AWS_S3_ADDRESSING_STYLE": "path",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }

    def empty(self, bucket: str) -> None:
        """Delete all objects in a bucket."""
        for key in list(self.keys(bucket)):
            self._own_client.delete_object(Bucket=bucket, Key=key)

    def keys(self, bucket: str) -> Iterator[str]:
        """The keys of all objects in a bucket."""
        for page in self._own_client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", ()):
                yield item["Key"]


def _folder_with_xattrs() -> Path:
    """Where Swift can keep an object's metadata, in extended attributes, which older tmpfs lack."""
    for folder in (Path(tempfile.gettempdir()), Path("/var/tmp"), ROOT / "var"):
        try:
            with tempfile.NamedTemporaryFile(dir=folder) as probe:
                os.setxattr(probe.fileno(), "user.thumbsite", b"1")
        except OSError:
            continue
        return folder
    raise MissingServer(
        "No folder for temporary files has extended attributes: set TMPDIR to one on ext4, xfs or btrfs."
    )

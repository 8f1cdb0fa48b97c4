"""The throw-away servers are real ones: they check who asks, keep what they are given, and leave nothing behind."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis as redis_client
from botocore.exceptions import ClientError

from tests import servers
from tests.running import ROOT, wait_until
from tests.servers.process import MissingServer, command_path

# Starts all three, says by which processes and where, and waits for its end.
HOLDER = """
import signal
from tests import servers
servers.environment()
for server in (servers.postgresql(), servers.redis(), servers.swift()):
    print(server.folder, *(process.process.pid for process in server.processes))
print(flush=True)
signal.pause()
"""


def test_a_request_signed_with_a_wrong_secret_is_refused(swift: servers.Swift) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        swift.client(aws_secret_access_key="wrong").list_buckets()


def test_a_bucket_keeps_objects_of_one_part_and_of_many(swift: servers.Swift) -> None:
    client, bucket = swift.client(), swift.new_bucket()
    objects = {"a/small": b"bytes", "a/b/large": os.urandom(20 * 2**20)}

    for key, data in objects.items():
        client.upload_fileobj(io.BytesIO(data), bucket, key)

    assert set(swift.keys(bucket)) == set(objects)
    for key, data in objects.items():
        assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == data
    assert client.head_object(Bucket=bucket, Key="a/b/large")["ETag"].endswith('-3"'), "three parts of 8 MiB or less"


def test_each_database_is_new(postgresql: servers.PostgreSQL, redis: servers.Redis) -> None:
    for _ in range(2):
        with psycopg.connect(postgresql.new_database()) as rows:
            rows.execute("CREATE TABLE only_here (id int)")
        with redis_client.Redis.from_url(redis.new_database()) as queue:
            assert queue.dbsize() == 0
            queue.set("only", "here")


def test_a_database_that_crashed_comes_back_at_its_port_with_its_rows(postgresql: servers.PostgreSQL) -> None:
    with servers.PostgreSQL() as own:
        url = own.new_database()
        with psycopg.connect(url) as rows:
            rows.execute("CREATE TABLE kept AS SELECT 1 AS id")

        own.stop(signal.SIGQUIT)
        assert not own.answers()
        own.start()

        with psycopg.connect(url) as rows:
            assert rows.execute("SELECT id FROM kept").fetchall() == [(1,)]
    assert not own.folder.exists()


def test_the_servers_end_even_with_a_test_run_that_is_killed(
    postgresql: servers.PostgreSQL, redis: servers.Redis, swift: servers.Swift
) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout:
        lines = [line.split() for line in iter(holder.stdout.readline, "\n")]
    folders, pids = [Path(line[0]) for line in lines], [pid for line in lines for pid in line[1:]]
    assert (len(folders), len(pids)) == (3, 6)

    holder.kill()
    holder.wait()

    wait_until(lambda: not [pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists()], 15)
    for folder in folders:
        shutil.rmtree(folder)


def test_a_missing_server_is_named_with_its_package(tmp_path: Path) -> None:
    with pytest.raises(MissingServer, match=r"^no-such-server is missing: install Debian's nothing\.$"):
        command_path("no-such-server", "Debian's nothing", tmp_path)


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_test_without_its_server_is_skipped_but_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome, match="no-such-server is missing"):
        servers.or_skip(lambda: command_path("no-such-server", "it"))

"""What docs/ tells clients is true: each command of the tour is run, and the client uploads a folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import pictures
from tests.running import ROOT, RunningSite

END = "---- end of command"


class Command(NamedTuple):
    """A command of the tour, and what the text shows below it."""

    line: str
    shown: str


def commands(text: str) -> list[Command]:
    """All commands of a page, in order."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            found.append(Command(line, shown.strip()))
    return found


def matches(shown: str, answer: str) -> bool:
    """Whether the answer is what the text shows; … stands for anything."""
    pattern = ".*".join(re.escape(piece) for piece in shown.split("…"))
    return re.fullmatch(pattern, answer.replace("\r", "").strip(), re.DOTALL) is not None


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A running site for all tests of this module."""
    with RunningSite(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The reader's folder: two pictures, and something that is none."""
    (tmp_path / "photo.jpg").write_bytes(pictures.jpeg(image=pictures.photo(1000, 700, 1)))
    (tmp_path / "other.jpg").write_bytes(pictures.jpeg(image=pictures.photo(640, 480, 2)))
    (tmp_path / "notes.txt").write_text("Not a picture.")
    return tmp_path


def test_every_command_of_the_tour_does_what_the_text_says(site: RunningSite, folder: Path) -> None:
    make_sam = "from django.contrib.auth import get_user_model as u; u().objects.create_user('sam')"
    manage = [sys.executable, str(ROOT / "manage.py"), "shell", "-c", make_sam]
    subprocess.run(manage, env=site.environment, check=True, capture_output=True)
    tour = commands((ROOT / "docs/api.md").read_text())
    assert len(tour) > 50
    script = "set -o pipefail\n" + "".join(f'{one.line}\nprintf "\\n{END} $?\\n"\n' for one in tour)
    variables = {"URL": site.url, "NAME": "admin", "PASSWORD": site.shown("password") or ""}
    reader = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"} | variables

    ran = subprocess.run(["bash", "-c", script], cwd=folder, env=reader, capture_output=True, text=True, check=True)

    answers = re.findall(rf"(.*?)\n{END} (\d+)\n", ran.stdout, re.DOTALL)
    assert len(answers) == len(tour), ran.stderr
    for command, (answer, status) in zip(tour, answers, strict=True):
        assert int(status) == 0, f"{command.line}\n{answer}\n{ran.stderr}"
        assert matches(command.shown, answer), f"{command.line}\nshown: {command.shown}\nis: {answer}"
    assert ran.stderr == ""


def test_the_tour_names_every_code_and_status_of_the_schema(site: RunningSite) -> None:
    text = (ROOT / "docs/api.md").read_text()
    for calls in site.api("GET", "schema/").json()["paths"].values():
        for call in calls.values():
            for status, answer in call["responses"].items():
                assert status in text
                for code in re.findall(r"`(\w+)`", answer["description"]) if int(status) >= 400 else ():
                    assert f"`{code}`" in text


def upload(site: RunningSite, folder: Path, url: str = "") -> subprocess.CompletedProcess[str]:
    token = site.session.headers["Authorization"].removeprefix("Token ")
    command = [sys.executable, str(ROOT / "docs/client.py"), str(folder), "main"]
    environment = os.environ | {"URL": url or site.url, "TOKEN": token}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_client_uploads_a_folder_and_names_what_is_bad(site: RunningSite, tmp_path: Path) -> None:
    whole = pictures.jpeg(image=pictures.photo(300, 200, 3))
    (tmp_path / "deeper").mkdir()
    (tmp_path / "one.jpg").write_bytes(whole)
    (tmp_path / "deeper" / "two.png").write_bytes(pictures.FACTORIES["png"](64, 48))
    (tmp_path / "cut.jpg").write_bytes(pictures.truncated(pictures.jpeg(image=pictures.photo(300, 200, 4))))
    (tmp_path / "notes.txt").write_text("Not a picture.")

    first, again = upload(site, tmp_path), upload(site, tmp_path)

    assert first.stderr == again.stderr == ""
    assert (first.returncode, again.returncode) == (1, 1)
    refused, *ended = first.stdout.splitlines()
    assert re.fullmatch(r"refused: notes.txt \w.+\.", refused)
    assert [re.sub(r" (http\S+/|[A-Z].*\.)$", "", line) for line in sorted(ended)] == [
        "complete: one.jpg",
        "complete: two.png",
        "failed: cut.jpg",
    ]
    assert min(again.stdout.splitlines()).startswith("refused: notes.txt")
    assert {line for line in again.stdout.splitlines() if line.startswith("there already: ")} == {
        f"there already: {name}" for name in ("cut.jpg", "one.jpg", "two.png")
    }


def test_the_client_is_content_when_nothing_is_bad(site: RunningSite, tmp_path: Path) -> None:
    (tmp_path / "fine.jpg").write_bytes(pictures.jpeg(image=pictures.photo(300, 200, 5)))

    done = upload(site, tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"complete: fine\.jpg http\S+/\n", done.stdout)


def test_the_client_waits_when_it_is_told_to(site: RunningSite, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.jpg").write_bytes(pictures.jpeg(image=pictures.photo(60, 40, 10 + number)))

    with site.another_web(THROTTLE_UPLOADS="2/second") as url:
        done = upload(site, tmp_path, url)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("complete: ") == 4


def test_the_client_is_small() -> None:
    assert len((ROOT / "docs/client.py").read_text().splitlines()) < 40

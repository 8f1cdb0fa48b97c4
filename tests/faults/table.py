"""The table of fault runs in docs/reliability.md: each run leaves a line in a file, and the lines make the table.

Run as ``python -m tests.faults.table FILE``.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "reliability.md"
BEGIN, END = "<!-- fault runs: written by `make faults` -->\n", "<!-- end of fault runs -->\n"


class Seen(NamedTuple):
    """One run: how long it took until all was well again, and the most attempts that one photo took."""

    fault: str
    setup: str
    recovery_seconds: float
    attempts: int
    uploads: int


def remember(run: Seen) -> None:
    """Add a line to the file that FAULTS_SEEN names, if it does."""
    if where := os.environ.get("FAULTS_SEEN"):
        with Path(where).open("a") as file:
            file.write(json.dumps(run) + "\n")


def write_table(runs: list[Seen]) -> None:
    """Put the runs in, in the place of those of last time."""
    lines = ["| fault | setup | runs | photos | recovered after (s) | most attempts |", "|---|---|---|---|---|---|"]
    for (fault, setup), group in groupby(sorted(runs, key=lambda run: run[:2]), key=lambda run: run[:2]):
        same = list(group)
        times = sorted(run.recovery_seconds for run in same)
        span = f"{times[0]:.0f}" if round(times[0]) == round(times[-1]) else f"{times[0]:.0f}–{times[-1]:.0f}"
        photos, attempts = sum(run.uploads for run in same), max(run.attempts for run in same)
        lines.append(f"| {fault} | {setup} | {len(same)} | {photos} | {span} | {attempts} |")
    text = PAGE.read_text()
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n\n" + END + after)


if __name__ == "__main__":
    write_table([Seen(*json.loads(line)) for line in Path(sys.argv[1]).read_text().splitlines()])

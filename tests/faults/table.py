"""The table of fault runs in docs/reliability.md, written by the runs themselves."""

from __future__ import annotations

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

"""What `reconcile` finds wrong, and how much of it was mended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import StrEnum

# Hears of every step, or page of them.
Progress = Callable[[int], None]

# No file younger than this is touched, unless a shorter time is asked for.
GRACE = timedelta(days=1)
# Rows or files that are looked at together.
PAGE = 1000
EXAMPLES = 10


class Kind(StrEnum):
    """What can be wrong."""

    UNNAMED = "files that no row names"
    ORIGINAL_GONE = "photos whose original is gone"
    THUMBNAIL_GONE = "photos whose thumbnails are gone"
    CUSTOM_GONE = "custom thumbnails whose file is gone"
    UNRUNG = "pending photos that the queue was not told of"
    LOST = "photos in work whose worker is lost"


class Report:
    """How much is wrong and how much of it was mended, by kind, with a few examples."""

    def __init__(self) -> None:
        self.found, self.mended = Counter[Kind](), Counter[Kind]()
        self.examples: defaultdict[Kind, list[str]] = defaultdict(list)

    def add(self, kind: Kind, examples: Sequence[str], *, found: int | None = None, mended: int = 0) -> None:
        """Tell of findings, as many as there are examples unless said otherwise, and how many of them were mended."""
        self.found += Counter({kind: len(examples) if found is None else found})
        self.mended += Counter({kind: mended})
        self.examples[kind] += examples[: EXAMPLES - len(self.examples[kind])]

    @property
    def all_fits(self) -> bool:
        """Whether nothing is wrong now."""
        return self.found == self.mended

"""The life of a photo in plain Python: what each verb should answer, and what row and history should say then.

Written from the table of verbs in docs/architecture.md, not from the code. Moments are seconds on a clock of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

LEASE, RETRIES, FIRST_BACKOFF = 90, 5, 60
CREATED, DELETED, RETRIED = "photo.created", "photo.deleted", "photo.retried"
READY, FAILED, TRIED = "photo.thumbnail_ready", "photo.thumbnail_failed", "photo.attempt_failed"


@dataclass(frozen=True)
class Expected:
    """One photo as it should be; each verb answers how it is afterwards, or None for one that should lose."""

    workspace: UUID
    picture: int
    turn: int | None
    status: str = "pending"
    attempts: int = 0
    lease: int | None = None
    run: UUID | None = None
    published: UUID | None = None
    error: str = ""
    history: tuple[str, ...] = (CREATED,)
    customs: frozenset[int] = frozenset()

    @property
    def is_gone(self) -> bool:
        return self.status == "gone"

    @property
    def version(self) -> str:
        return self.published.hex[:8] if self.published else ""

    def claim(self, now: int, run: UUID | None) -> Expected | None:
        if self.status != "pending" or self.turn is None or self.turn > now:
            return None
        return replace(self, status="processing", attempts=self.attempts + 1, turn=None, lease=now + LEASE, run=run)

    def renew(self, now: int, run: UUID | None) -> Expected | None:
        return replace(self, lease=now + LEASE) if self._is_held_by(run) else None

    def complete(self, run: UUID | None) -> Expected | None:
        return self._leave("complete", READY, published=run) if self._is_held_by(run) else None

    def fail(self, run: UUID | None, error: str) -> Expected | None:
        return self._leave("failed", FAILED, error) if self._is_held_by(run) else None

    def release(self, now: int, run: UUID | None, error: str) -> Expected | None:
        return self._hand_back(now, error) if self._is_held_by(run) else None

    def give_up(self, now: int, run: UUID | None, *, worker_is_gone: bool = False) -> Expected | None:
        if not self._is_held_by(run) or self.lease is None or not (worker_is_gone or self.lease <= now):
            return None
        return self._hand_back(self.lease - LEASE, "worker_lost")

    def hasten(self, now: int) -> Expected | None:
        if self.turn is None or self.turn <= now:
            return None
        return replace(self, turn=now, attempts=max(self.attempts - 1, 0))

    def retry(self, now: int) -> Expected | None:
        return self._start_over(now) if self.status == "failed" else None

    def regenerate(self, now: int, version: str) -> Expected | None:
        return self._start_over(now) if self.status == "complete" and self.version == version else None

    def delete(self) -> Expected | None:
        if self.is_gone:
            return None
        return Expected(self.workspace, self.picture, turn=None, status="gone", history=(*self.history, DELETED))

    def _is_held_by(self, run: UUID | None) -> bool:
        return self.status == "processing" and self.run == run

    def _hand_back(self, failed_at: int, error: str) -> Expected:
        if self.attempts > RETRIES:
            return self._leave("failed", FAILED, error)
        return self._leave("pending", TRIED, error, turn=failed_at + FIRST_BACKOFF * 2 ** (self.attempts - 1))

    def _leave(
        self, status: str, event: str, error: str = "", *, turn: int | None = None, published: UUID | None = None
    ) -> Expected:
        return replace(
            self,
            status=status,
            error=error,
            turn=turn,
            lease=None,
            run=None,
            published=published or self.published,
            history=(*self.history, event),
        )

    def _start_over(self, now: int) -> Expected:
        return replace(self, status="pending", attempts=0, error="", turn=now, history=(*self.history, RETRIED))

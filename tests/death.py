"""The death of a process at any moment, within this one: from then on nothing of it reaches rows, files or queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from photos import queue, storage


class Killed(BaseException):
    """The process is dead; like a signal, no handler of errors sees it, and what it still tries fails with it."""


@contextmanager
def dies_at(act: int) -> Iterator[None]:
    """Kill what is done within, just before its ``act``-th statement, file or ring, if it gets so far."""
    acts = 0

    def count() -> None:
        nonlocal acts
        acts += 1
        if acts >= act:
            raise Killed

    def statement(execute: Callable[..., Any], *args: Any) -> Any:
        count()
        return execute(*args)

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            count()
            return function(*args, **options)

        return call

    with pytest.MonkeyPatch.context() as patch, connection.execute_wrapper(statement):
        for room, name in ((storage, "save"), (storage, "delete"), (storage, "open_file"), (queue, "async_task")):
            patch.setattr(room, name, counted(getattr(room, name)))
        try:
            yield
        except Killed:
            # Its server rolls back what it had not committed, as Django has on the way here.
            assert not connection.in_atomic_block

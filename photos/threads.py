"""Threads and database connections of asynchronous code: it holds neither while it waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import SyncToAsync, sync_to_async
from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What a function answers that asks the database: in a thread of the loop's pool, where it leaves no connection."""

    def alone() -> T:
        try:
            return function(*args, **options)
        finally:
            connections.close_all()

    return await sync_to_async(alone, thread_sensitive=False)()


async def let_go() -> None:
    """End the thread that asgiref keeps for this request's synchronous code, with its database connections.

    The next such call gets a new one.
    """
    await sync_to_async(connections.close_all)()
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context and (executor := SyncToAsync.context_to_thread_executor.pop(context, None)):
        executor.shutdown(wait=False)

"""Answers that wait for a photo's thumbnails, without a thread or a database connection for each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseFault
from django.http import HttpRequest, HttpResponse
from rest_framework.response import Response

from photos import threads
from photos.api.preferences import wait_seconds
from photos.models import Photo

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2

View = Callable[..., HttpResponse]


def waits_if_preferred(view: View) -> Callable[..., Awaitable[HttpResponse]]:
    """A DRF view that answers with a photo, as one that heeds ``Prefer: wait=N`` when it answers a POST.

    Its answer waits until the thumbnails are done or failed, or N seconds passed, and is then told anew.
    """

    @wraps(view)
    async def waiting_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = await sync_to_async(view)(request, *args, **kwargs)
        seconds = wait_seconds(request.headers.get("Prefer", "")) if request.method == "POST" else None
        if seconds is None or not isinstance(response, Response):
            return response
        photo_id = UUID(str(response.data["id"]))
        if seconds and await sync_to_async(_unfinished)([photo_id]):
            await threads.let_go()
            await until_finished(photo_id, seconds)
            await sync_to_async(_tell_anew)(response, photo_id)
        response.headers["Preference-Applied"] = f"wait={seconds}"
        return response

    return waiting_view


def _unfinished(photo_ids: list[UUID]) -> set[UUID]:
    return set(Photo.objects.unfinished().filter(pk__in=photo_ids).values_list("pk", flat=True))


def _tell_anew(response: Any, photo_id: UUID) -> None:
    view = response.renderer_context["view"]
    photo = view.get_queryset().filter(pk=photo_id).first()
    if photo is not None:  # else it was taken in, and that is all there is to tell
        skipped = {"thumbnail_status": response.data["thumbnail_status"]} if response.data["duplicate"] else {}
        response.data |= view.get_serializer(photo).data | skipped


async def until_finished(photo_id: UUID, seconds: float) -> None:
    """Return when the photo's thumbnails are done or failed, when it is gone, or after so many seconds."""
    loop = asyncio.get_running_loop()
    poller = _pollers.setdefault(loop, _Poller())
    try:
        await poller.wait(photo_id, seconds)
    finally:
        if poller.is_idle and _pollers.get(loop) is poller:
            del _pollers[loop]
            await poller.end()


class _Poller:
    """Asks for all photos that are waited for in one event loop, by one query at a time."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[None], UUID] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits."""
        return not self._waiting

    async def wait(self, photo_id: UUID, seconds: float) -> None:
        """Wait for one photo."""
        finished = asyncio.get_running_loop().create_future()
        self._waiting[finished] = photo_id
        self._task = self._task or asyncio.create_task(self._poll())
        try:
            await asyncio.wait([finished], timeout=seconds)
        finally:
            del self._waiting[finished]

    async def end(self) -> None:
        """Stop asking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            asked = dict(self._waiting)
            try:
                left = await threads.in_thread(_unfinished, list(set(asked.values())))
            except DatabaseFault:
                logger.exception("waiting photos could not be asked for, will try again")
                continue
            for finished, photo_id in asked.items():
                if photo_id not in left and not finished.done():
                    finished.set_result(None)


_pollers: dict[asyncio.AbstractEventLoop, _Poller] = {}

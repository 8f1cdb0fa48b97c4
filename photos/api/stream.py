"""The live stream of a workspace's events, as Server-Sent Events."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from photos import events, frames, threads
from photos.api.fields import TextField
from photos.api.negotiation import AnyAccept
from photos.api.schema import SLUG, header, refusals
from photos.models import PhotoEvent, Workspace

CONTENT_TYPE = "text/event-stream"
# No cache keeps it, and nginx passes each frame on at once.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

# What is told to a client that comes back; whoever missed more looks anew.
REPLAYED_AGE = timedelta(days=1)
REPLAYED_EVENTS = 10_000
BATCH = 200


class Permit(NamedTuple):
    """Who listens to what, by the credentials of the request."""

    authorization: str
    session_key: str
    user_id: Any
    workspace_id: UUID

    def holds(self) -> bool:
        """Whether these credentials still are this user's, and the user may still look into the workspace."""
        again = HttpRequest()
        again.method, again.META = "GET", {"HTTP_AUTHORIZATION": self.authorization}
        again.COOKIES = {settings.SESSION_COOKIE_NAME: self.session_key}
        for middleware in (SessionMiddleware, AuthenticationMiddleware):
            middleware(lambda _: HttpResponse()).process_request(again)
        try:
            user = StreamView().initialize_request(again).user
        except AuthenticationFailed:
            return False
        return user.pk == self.user_id and Workspace.objects.visible_to(user).filter(pk=self.workspace_id).exists()


class EventStream(StreamingHttpResponse):
    """A response that ends its generator with the connection, where Django leaves that to chance."""

    def __init__(self, content: AsyncIterator[bytes]) -> None:
        super().__init__(content, content_type=CONTENT_TYPE, headers=HEADERS)
        self.content_iterator = content

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.content_iterator


class StreamQuerySerializer(serializers.Serializer[Any]):
    """What a client wants to hear of."""

    workspace = TextField()


class StreamView(APIView):
    """What happens in a workspace, as it happens."""

    permission_classes = (IsAuthenticatedOrReadOnly,)
    content_negotiation_class = AnyAccept
    renderer_classes = (JSONRenderer,)

    @extend_schema(
        operation_id="events_stream",
        parameters=[
            OpenApiParameter("workspace", {"type": "string", "pattern": SLUG}, required=True, description="Its slug."),
            OpenApiParameter("last_event_id", str, description="As the header `Last-Event-ID`, which goes before it."),
            header("Last-Event-ID", "The `id` of the last event that the client got: what it missed comes first."),
        ],
        responses={(200, CONTENT_TYPE): OpenApiResponse(OpenApiTypes.STR, "It does not end."), **refusals("not_found")},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Tell of photos created, done, failed and deleted, as long as the client may look into the workspace.

        Server-Sent Events of the types `photo.created`, `photo.thumbnail_ready`, `photo.thumbnail_failed` and
        `photo.deleted`, each with JSON as data: `photo_id`, `workspace`, `photo_type` (the kind); of a ready one also
        `small_thumbnail_url`, `medium_thumbnail_url` and `large_thumbnail_url`, of a failed one `error_code` and
        `error`. A comment comes every 15 seconds.

        An event `reset` says that the client missed what it can't get any more: it must look at the photos anew.
        """
        query = StreamQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        workspaces = Workspace.objects.visible_to(request.user)
        workspace = get_object_or_404(workspaces, slug=query.validated_data["workspace"])
        if request.method == "HEAD":
            return HttpResponse(content_type=CONTENT_TYPE, headers=HEADERS)
        permit = Permit(
            request.headers.get("Authorization", ""),
            request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""),
            request.user.pk,
            workspace.pk,
        )
        audience = frames.Audience(workspace.pk, workspace.slug, request.build_absolute_uri("/").rstrip("/"))
        seen = request.headers.get("Last-Event-ID") or request.query_params.get("last_event_id", "")
        return EventStream(_frames(audience, permit, seen))


async def _frames(audience: frames.Audience, permit: Permit, seen: str) -> AsyncIterator[bytes]:
    """What one client gets; ``seen`` is the id that it remembers, or empty."""
    await threads.let_go()
    async with events.listening(audience, permit) as subscription:
        position = after = subscription.position
        yield frames.RETRY
        if not seen:
            yield frames.mark(position)
        elif await threads.in_thread(_is_kept, audience.workspace_id, seen, position):
            after = int(seen)
            while missed := await threads.in_thread(_missed, audience.workspace_id, after, position):
                yield b"".join(frames.of_event(event, audience) for event in missed)
                after = missed[-1].pk
        else:
            yield frames.reset(position)
        while told := await subscription.next():
            # What came while the missed was read, or from a process that was ahead of this one, is not told again.
            if not told.id or told.id > max(position, after):
                yield told.frame


def _is_kept(workspace_id: UUID, seen: str, until: int) -> bool:
    if not re.fullmatch("[0-9]{1,18}", seen) or int(seen) > PhotoEvent.objects.last_drawn_id():
        return False
    missed = PhotoEvent.objects.stream_of(workspace_id, int(seen), until)
    too_many = missed[REPLAYED_EVENTS : REPLAYED_EVENTS + 1].exists()
    return not too_many and not missed.filter(created_at__lt=Now() - REPLAYED_AGE).exists()


def _missed(workspace_id: UUID, after: int, until: int) -> list[PhotoEvent]:
    return list(PhotoEvent.objects.stream_of(workspace_id, after, until)[:BATCH])

"""The calls on the members of a workspace: owners manage them, members see them, anyone may leave."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from photos.api.parsers import JSONParser
from photos.api.schema import CREATED, refusals
from photos.api.tenancy import MemberEditSerializer, MemberSerializer
from photos.models import Membership, Role, Workspace


class MemberViewSet(viewsets.GenericViewSet[Membership]):
    """Who is in a workspace, by user name; not told to those who are not, even if the workspace is public."""

    queryset = Membership.objects.none()  # for the schema, which knows no workspace
    serializer_class = MemberSerializer
    parser_classes = (JSONParser,)
    permission_classes = (IsAuthenticated,)
    lookup_field = "user__username"
    lookup_url_kwarg = "username"

    def get_queryset(self) -> QuerySet[Membership]:
        """The members of the workspace in the address; whoever changes them holds its lock until he is done."""
        workspaces = Workspace.objects.visible_to(self.request.user)
        if self.request.method not in SAFE_METHODS:
            workspaces = workspaces.select_for_update()
        self.workspace = get_object_or_404(workspaces, slug=self.kwargs["slug"])
        if not self.workspace.has_member(self.request.user):
            raise PermissionDenied
        return Membership.objects.filter(workspace=self.workspace).select_related("user")

    @extend_schema(responses={200: MemberSerializer(many=True), **refusals("permission_denied")})
    def list(self, request: Request, slug: str) -> Response:
        """All members."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses={200: MemberSerializer, **refusals("permission_denied")})
    def retrieve(self, request: Request, slug: str, username: str) -> Response:
        """One member."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(parameters=CREATED, responses={201: MemberSerializer, **refusals("conflict")})
    @transaction.atomic
    def create(self, request: Request, slug: str) -> Response:
        """Take in a user, as a viewer unless a role is named."""
        self.get_queryset()
        self._require_owner()
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        name = serializer.validated_data["user"]["username"]
        serializer.save(workspace=self.workspace, user=get_user_model().objects.get(username=name))
        location = reverse("member-detail", args=[slug, name], request=request)
        return Response(serializer.data, HTTPStatus.CREATED, headers={"Location": location})

    @extend_schema(request=MemberEditSerializer, responses={200: MemberSerializer, **refusals("conflict")})
    @transaction.atomic
    def partial_update(self, request: Request, slug: str, username: str) -> Response:
        """Give a member another role."""
        member = self.get_object()
        self._require_owner()
        serializer = self.get_serializer(member, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        if serializer.validated_data.get("role", Role.OWNER) != Role.OWNER:
            member.keep_an_owner()
        serializer.save()
        return Response(serializer.data)

    @extend_schema(responses={204: None, **refusals("conflict")})
    @transaction.atomic
    def destroy(self, request: Request, slug: str, username: str) -> Response:
        """Let somebody go."""
        member = self.get_object()
        if member.user != request.user:
            self._require_owner()
        member.keep_an_owner()
        member.delete()
        return Response(status=HTTPStatus.NO_CONTENT)

    def _require_owner(self) -> None:
        if not self.workspace.is_owned_by(self.request.user):
            raise PermissionDenied

"""The members of a workspace: members see them, owners manage them, anyone may leave."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from photos.errors import Conflict
from photos.models import Membership, Role, Workspace
from photos.web.access import seen_by_member, seen_by_owner, visible_workspace
from photos.web.forms import MemberForm, RoleForm, saved
from photos.web.posting import posted_from, signed_in

ALREADY = "This user is a member already; change the role instead."


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """Who is in a workspace; a POST takes in a user."""
    workspace = visible_workspace(request, slug)
    seen = seen_by_member(request, workspace)
    form = MemberForm(instance=Membership(workspace=workspace))
    if request.method == "POST":
        seen_by_owner(request, workspace)
        form = MemberForm(request.POST, instance=form.instance)
        if form.is_valid() and saved(form, "user", ALREADY, form.save):
            messages.success(request, f"{form.instance.user} is now a member.")
            return redirect("members", slug)
    rows = workspace.membership_set.select_related("user").order_by("user__username")
    context = {**seen, "members": rows, "roles": Role.choices, "form": form}
    return render(request, "members.html", context, status=400 if form.errors else 200)


@signed_in
@posted_from("members", "slug")
@transaction.atomic
def change_role(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Give a member another role."""
    workspace, member = _member(request, slug, pk)
    seen_by_owner(request, workspace)
    form = RoleForm(request.POST, instance=member)
    if not form.is_valid():
        messages.error(request, "Choose one of the roles.")
        return redirect("members", slug)
    try:
        if form.cleaned_data["role"] != Role.OWNER:
            member.keep_an_owner()
    except Conflict as conflict:
        messages.error(request, str(conflict))
    else:
        form.save()
        messages.success(request, f"{member.user} is now {member.role}.")
    return redirect("members", slug)


@signed_in
@posted_from("members", "slug")
@transaction.atomic
def remove(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Let somebody go, or go oneself."""
    workspace, member = _member(request, slug, pk)
    if member.user != request.user:
        seen_by_owner(request, workspace)
    try:
        member.keep_an_owner()
    except Conflict as conflict:
        messages.error(request, str(conflict))
        return redirect("members", slug)
    member.delete()
    messages.success(request, f"{member.user} is no member of {workspace} any more.")
    return redirect("workspaces") if member.user == request.user else redirect("members", slug)


def _member(request: HttpRequest, slug: str, pk: UUID) -> tuple[Workspace, Membership]:
    """The member, and the workspace with its lock, which keeps two last owners from going at the same moment."""
    locked = Workspace.objects.visible_to(request.user).select_for_update()
    workspace = get_object_or_404(locked, slug=slug)
    if not workspace.has_member(request.user):
        raise PermissionDenied
    return workspace, get_object_or_404(workspace.membership_set.select_related("user"), pk=pk)

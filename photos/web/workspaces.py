"""One's workspaces: going from one to another, making one, its settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_http_methods, require_safe

from photos.models import Membership, Workspace
from photos.web.access import seen_by_owner, visible_workspace
from photos.web.forms import DeleteWorkspaceForm, NewWorkspaceForm, SettingsForm, saved
from photos.web.posting import signed_in

# Of others' public workspaces; the API lists all.
PUBLIC_SHOWN = 100


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first of one's workspaces, or the way in."""
    mine = Workspace.objects.of_member(request.user).first()
    first = mine or Workspace.objects.visible_to(request.user).first()
    if first is not None:
        return redirect("gallery", slug=first.slug)
    return redirect("workspaces" if request.user.is_authenticated else "login")


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    """Where browsers look for the icon on pages that don't name it, such as the admin's."""
    return redirect(static("icon.svg"))


@require_safe
def workspaces(request: HttpRequest) -> HttpResponse:
    """One's own workspaces with one's role, and public ones."""
    own = Membership.objects.filter(user=request.user.pk, workspace__closed_at=None).select_related("workspace")
    memberships = list(own.order_by("workspace__name", "workspace__slug"))
    others = Workspace.objects.visible_to(request.user).exclude(pk__in=[one.workspace_id for one in memberships])
    context = {"memberships": memberships, "others": others.order_by("name", "slug")[:PUBLIC_SHOWN]}
    return render(request, "workspaces.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new_workspace(request: HttpRequest) -> HttpResponse:
    """A new workspace, whose owner is who makes it."""
    form = NewWorkspaceForm(request.POST if request.method == "POST" else None)
    taken = "This address is taken; choose another one."
    if form.is_valid() and saved(
        form, "slug", taken, lambda: Workspace.objects.found(request.user, **form.cleaned_data)
    ):
        return redirect("gallery", form.cleaned_data["slug"])
    return render(request, "workspace_new.html", {"form": form}, status=400 if form.errors else 200)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """A workspace's name, and who may look into it."""
    workspace = visible_workspace(request, slug)
    seen = seen_by_owner(request, workspace)
    form = SettingsForm(request.POST if request.method == "POST" else None, instance=visible_workspace(request, slug))
    if form.is_valid():
        # Where it is: a workspace that was closed meanwhile must not come back.
        Workspace.objects.filter(pk=workspace.pk, closed_at=None).update(**form.changes())
        messages.success(request, "Saved.")
        return redirect("workspace-settings", slug)
    return render(request, "workspace_settings.html", {**seen, "form": form}, status=400 if form.errors else 200)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what goes with the workspace; when its name is typed, take it out of sight, for the sweep to remove."""
    workspace = visible_workspace(request, slug)
    seen = seen_by_owner(request, workspace)
    form = DeleteWorkspaceForm(workspace, request.POST if request.method == "POST" else None)
    if form.is_valid():
        workspace.close(with_photos=True)
        messages.success(request, f"{workspace}: deleted.")
        return redirect("workspaces")
    held = {"photos": workspace.photos.count(), "albums": workspace.albums.count()}
    return render(request, "workspace_delete.html", {**seen, **held, "form": form}, status=400 if form.errors else 200)

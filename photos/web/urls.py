"""The addresses of the pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from photos.web import albums, gallery, members, photo, upload, workspaces
from photos.web.account import ChangePassword, SignIn
from photos.web.posting import posted_from, signed_in

urlpatterns = [
    path("", workspaces.home, name="home"),
    path("favicon.ico", workspaces.icon),
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", posted_from("home")(LogoutView.as_view()), name="logout"),
    path("password/", signed_in(ChangePassword.as_view()), name="password"),
    path("workspaces/", workspaces.workspaces, name="workspaces"),
    path("workspaces/new/", workspaces.new_workspace, name="new-workspace"),
    path("workspaces/<slug:slug>/", gallery.workspace_gallery, name="gallery"),
    path("workspaces/<slug:slug>/cards/", gallery.cards, name="cards"),
    path("workspaces/<slug:slug>/albums/", albums.albums, name="albums"),
    path("workspaces/<slug:slug>/albums/new/", albums.make, name="make-album"),
    path("workspaces/<slug:slug>/albums/<uuid:pk>/", gallery.album_gallery, name="album"),
    path("workspaces/<slug:slug>/albums/<uuid:pk>/edit/", albums.edit, name="album-edit"),
    path("workspaces/<slug:slug>/albums/<uuid:pk>/delete/", albums.delete, name="album-delete"),
    path("workspaces/<slug:slug>/upload/", upload.upload, name="upload"),
    path("workspaces/<slug:slug>/members/", members.members, name="members"),
    path("workspaces/<slug:slug>/members/<uuid:pk>/role/", members.change_role, name="change-role"),
    path("workspaces/<slug:slug>/members/<uuid:pk>/remove/", members.remove, name="remove-member"),
    path("workspaces/<slug:slug>/settings/", workspaces.settings, name="workspace-settings"),
    path("workspaces/<slug:slug>/delete/", workspaces.delete, name="workspace-delete"),
    path("photos/<uuid:pk>/", photo.photo, name="photo"),
    path("photos/<uuid:pk>/edit/", photo.edit, name="photo-edit"),
    path("photos/<uuid:pk>/delete/", photo.delete, name="photo-delete"),
    path("photos/<uuid:pk>/retry/", photo.retry, name="photo-retry"),
]

"""The addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from photos.web import views

urlpatterns = [
    path("", views.home, name="home"),
    path("favicon.ico", views.icon),
    path("login/", LoginView.as_view(template_name="login.html"), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("workspaces/<slug:slug>/", views.gallery, name="gallery"),
    path("workspaces/<slug:slug>/upload/", views.upload, name="upload"),
    path("photos/<uuid:pk>/", views.photo, name="photo"),
    path("photos/<uuid:pk>/retry/", views.retry, name="photo-retry"),
]

"""The app's entry for Django."""

from django.apps import AppConfig


class PhotosConfig(AppConfig):
    """Connects the signals, and registers the checks, once the models are loaded."""

    name = "photos"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import for their side effects."""
        from photos import checks, signals  # noqa: F401 - they register themselves

"""What templates need to draw a photo."""

from __future__ import annotations

from typing import Any

from django import template

from photos.models import Photo
from photos.sizes import PRESETS

register = template.Library()


@register.simple_tag
def picture(photo: Photo, sizes: str) -> dict[str, Any] | None:
    """The attributes of a photo's <img>, for the ``sizes`` at which the page shows it; None before it was made."""
    made = {size: (photo.thumbnail_url(size), photo.stored_thumbnail(size)) for size in PRESETS}
    files = {size: {"url": url, **stored._asdict()} for size, (url, stored) in made.items() if url and stored}
    if not files:
        return None
    large = files["large"]
    return {
        "src": files["small"]["url"],
        "largest": large["url"],
        "srcset": ", ".join(f"{file['url']} {file['width']}w" for file in files.values()),
        "sizes": sizes,
        "width": large["width"],
        "height": large["height"],
        "files": files,
    }

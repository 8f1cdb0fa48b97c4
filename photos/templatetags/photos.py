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
    # A picture that is smaller than a preset is there twice, and each width may be named once.
    urls = {file["width"]: file["url"] for file in files.values()}
    return {
        "src": files["small"]["url"],
        "largest": large["url"],
        "srcset": ", ".join(f"{url} {width}w" for width, url in urls.items()),
        "sizes": sizes,
        "width": large["width"],
        "height": large["height"],
        "files": files,
    }

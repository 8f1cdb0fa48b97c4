"""What templates need to draw a photo."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html

from photos.blur import blur
from photos.failures import failure
from photos.models import Photo, PhotoEvent, Workspace
from photos.sizes import PRESETS, fit

register = template.Library()
register.filter(failure)

# What is longer than this, or smaller in pixels, is shown whole: cut to a square too little of it would be left, and
# blown up it would be a blur.
LONGEST_CUT, SMALLEST_CUT = 2, 100


@register.simple_tag
def live(workspace: Workspace) -> str:
    """The attributes of a <body> whose scripts follow the workspace's events."""
    position = PhotoEvent.objects.settled_id(workspace.pk)
    return format_html(' data-workspace="{}" data-position="{}"', workspace.slug, position)


@register.simple_tag
def picture(photo: Photo, sizes: str) -> dict[str, Any] | None:
    """The attributes of a photo's <img>, for the ``sizes`` at which the page shows it; None before it was made."""
    made = {size: (photo.thumbnail_url(size), photo.stored_thumbnail(size)) for size in PRESETS}
    files = {size: {"url": url, **stored._asdict()} for size, (url, stored) in made.items() if url and stored}
    if not files:
        return None
    large = files["large"]
    # No page shows a picture as small as the smallest, and a gallery would name it sixty times. A picture that is smaller
    # than a preset is there twice, and each width may be named once.
    urls = {file["width"]: file["url"] for file in (files["medium"], large)}
    shorter, longer = sorted((photo.width, photo.height))
    return {
        "src": files["medium"]["url"],
        "largest": large["url"],
        "srcset": ", ".join(f"{url} {width}w" for width, url in urls.items()),
        "sizes": sizes,
        "width": large["width"],
        "height": large["height"],
        "is_whole": longer > LONGEST_CUT * shorter or shorter < SMALLEST_CUT,
        "blur": photo.placeholder and blur(photo.placeholder),
        "files": files,
    }


@register.simple_tag
def unmade(photo: Photo) -> dict[str, tuple[int, int]]:
    """The width and height, in pixels, that each preset of a photo will have, by its name."""
    return {size: fit(photo.width, photo.height, box) for size, box in settings.THUMBNAIL_RECIPE.boxes.items()}

"""From whatever colours a file uses to sRGB, upright."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

SRGB = ImageCms.createProfile("sRGB")
SRGB_NAMES = ("sRGB IEC61966-2.1", "sRGB built-in")

# What undoes each EXIF orientation (EXIF 2.32, section 4.6.4).
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as displayed, from one as stored with an EXIF orientation of 1 to 8."""
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An sRGB picture in mode RGB, or RGBA if it has alpha, from one in mode L, LA, RGB, RGBA or CMYK.

    A profile that is broken or meant for other colours is ignored, as browsers do.
    """
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    if alpha:
        image = image.convert(image.mode[:-1])
    image = (profile and _converted(image, profile)) or image.convert("RGB")
    if alpha:
        image.putalpha(alpha)
    return image


def flattened(image: Image.Image) -> Image.Image:
    """The picture in mode RGB, on white where it is transparent."""
    if image.mode != "RGBA":
        return image
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page


def _converted(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture in sRGB; None where it is so already, or where Little CMS can't apply the profile to its mode."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if (source.profile.profile_description or "").startswith(SRGB_NAMES):
            return None
        return ImageCms.profileToProfile(image, source, SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None

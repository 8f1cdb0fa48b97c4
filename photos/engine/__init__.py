"""Pixels only: what a picture file is, and its thumbnails. Imports without Django."""

from .probe import Probe, probe
from .render import Rendering, Thumbnail, render

__all__ = ["Probe", "Rendering", "Thumbnail", "probe", "render"]

"""Parsers of the readable formats' headers: size, orientation and animation, without touching pixels.

Pillow's plugins for WebP, AVIF and HEIC read the whole file to say its size, and its plugin for PNG decodes it to
say its orientation.
"""

"""Samples of any mode to 8-bit RGB: deep ones scaled instead of clipped, transparent ones laid on white."""

from __future__ import annotations

import numpy as np
from PIL import Image

# Full scales that float and integer pictures are stored in: unit range, bytes, 16 bits.
FULL_SCALES = (1.0, 255.0, 65535.0)


def rgb_of(image: Image.Image) -> Image.Image:
    """Return a new picture of mode RGB, of the same size, free of metadata."""
    if image.mode == "I" or image.mode == "F" or image.mode.startswith("I;16"):
        grey = _bytes_of(image)
        rgb = grey.convert("RGB")
    elif image.has_transparency_data:
        # Pillow has no way from La, grey with its alpha multiplied in, that does not lead over LA.
        rgba = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        rgb = Image.new("RGB", image.size, "white")
        rgb.paste(rgba, mask=rgba.getchannel("A"))
    else:
        rgb = image.convert("RGB")
    rgb.info = {}
    return rgb


def _bytes_of(image: Image.Image) -> Image.Image:
    """Scale by the smallest usual full scale that holds every sample; where none does, by the samples' own range."""
    samples = np.asarray(image).astype(np.float32)
    samples = np.nan_to_num(samples, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = 0.0, float(samples.max())
    if image.mode.startswith("I;16"):
        high = FULL_SCALES[-1]
    elif image.mode == "I":
        high = next((scale for scale in FULL_SCALES[1:] if high <= scale), high)
    else:
        high = next((scale for scale in FULL_SCALES if high <= scale), high)
    if float(samples.min()) < 0.0:
        low, high = float(samples.min()), float(samples.max())
    span = (high - low) or 1.0
    samples -= low
    samples *= 255.0 / span
    return Image.fromarray(np.rint(samples).astype(np.uint8))

"""The way up of a picture, by its EXIF data, and what turning it does to the area within it that counts."""

from __future__ import annotations

from PIL import Image
from PIL.Image import Transpose

Area = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels, which may be fractions."""

TAG = 0x0112
UPRIGHT = 1
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
SIDEWAYS = {5, 6, 7, 8}
LEFT, TOP, RIGHT, BOTTOM = range(4)
# Which side of the stored picture lies left, on top, right and at the bottom once it was turned.
SIDES = {
    2: (RIGHT, TOP, LEFT, BOTTOM),
    3: (RIGHT, BOTTOM, LEFT, TOP),
    4: (LEFT, BOTTOM, RIGHT, TOP),
    5: (TOP, LEFT, BOTTOM, RIGHT),
    6: (BOTTOM, LEFT, TOP, RIGHT),
    7: (BOTTOM, RIGHT, TOP, LEFT),
    8: (TOP, RIGHT, BOTTOM, LEFT),
}


def upright(rgb: Image.Image, area: Area, orientation: int) -> tuple[Image.Image, Area]:
    """Turn the picture as the orientation says, and the area with it; an unknown orientation leaves both as they are."""
    if orientation not in TURNS:
        return rgb, area
    margins = (area[LEFT], area[TOP], rgb.width - area[RIGHT], rgb.height - area[BOTTOM])
    turned = rgb.transpose(TURNS[orientation])
    left, top, right, bottom = (margins[side] for side in SIDES[orientation])
    return turned, (left, top, turned.width - right, turned.height - bottom)

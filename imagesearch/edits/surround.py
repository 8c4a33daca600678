"""Things put around a picture: margins, frames, the window of a program."""

from __future__ import annotations

import cv2
import numpy as np

from imagesearch.edits.edit import Chance
from imagesearch.types import Pixels


def pad(rgb: Pixels, share: float, _chance: Chance) -> Pixels:
    """Return the picture made square by white margins, which are this share of its longer side at least."""
    height, width = rgb.shape[:2]
    margin = max(1, round(max(height, width) * share))
    side = max(height, width) + 2 * margin
    square = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = rgb
    return square


def border(rgb: Pixels, share: float, chance: Chance) -> Pixels:
    """Return the picture in a frame of one colour; the frame is this share of each side, on each side."""
    height, width = rgb.shape[:2]
    rows, columns = max(1, round(height * share)), max(1, round(width * share))
    colour = [int(one) for one in chance.integers(0, 256, 3)]
    return np.asarray(cv2.copyMakeBorder(rgb, rows, rows, columns, columns, cv2.BORDER_CONSTANT, value=colour), np.uint8)


def screenshot(rgb: Pixels, share: float, _chance: Chance) -> Pixels:
    """Return a program's window that shows the picture: a title bar, a side bar and a line of buttons, of this share each."""
    height, width = rgb.shape[:2]
    bar, side = max(3, round(height * share)), max(3, round(width * share))
    window = np.full((height + 2 * bar, width + side, 3), 242, np.uint8)
    window[:bar] = (48, 52, 60)
    window[bar:, :side] = (222, 225, 230)
    window[bar : bar + height, side:] = rgb
    radius = max(1, bar // 6)
    for place, colour in enumerate(((237, 106, 94), (245, 191, 79), (98, 197, 84))):
        cv2.circle(window, (radius * (3 * place + 2), bar // 2), radius, colour, -1)
    step = max(2, bar // 2)
    for top in range(bar + step, height + bar, 2 * step):
        window[top : top + step // 2 + 1, side // 6 : max(1, side * 4 // 5)] = (170, 175, 184)
    for left in range(side + step, side + width, 4 * step):
        window[height + bar + bar // 4 : height + bar + bar * 3 // 4, left : left + 3 * step] = (47, 111, 235)
    return window

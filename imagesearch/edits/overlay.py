"""Things laid over a picture: a line of text in a box, another picture."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from imagesearch.edits.edit import Chance
from imagesearch.types import Pixels

WORDS = ("breaking news", "best of 2026", "look at this", "sold out", "for sale, call now", "happy birthday")


def text(rgb: Pixels, share: float, chance: Chance) -> Pixels:
    """Return it with white words in a dark box over the whole width; the box is this share of the height."""
    height, width = rgb.shape[:2]
    rows = max(1, round(height * share))
    top = int(chance.integers(0, height - rows + 1))
    words = WORDS[int(chance.integers(len(WORDS)))]
    font = ImageFont.load_default(size=max(1.0, min(0.7 * rows, 1.8 * width / len(words))))
    picture = Image.fromarray(rgb)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, top, width - 1, top + rows - 1), fill=(20, 20, 24))
    draw.text((width / 2, top + rows / 2), words, fill=(255, 255, 255), font=font, anchor="mm")
    return np.asarray(picture)


def picture(rgb: Pixels, share: float, chance: Chance) -> Pixels:
    """Return it with another picture, made by chance, over this share of its width and of its height, in a place by chance."""
    height, width = rgb.shape[:2]
    rows, columns = max(1, round(height * share)), max(1, round(width * share))
    top, left = int(chance.integers(0, height - rows + 1)), int(chance.integers(0, width - columns + 1))
    # Soft fields of colour with discs on them: it has edges and textures, as a picture would.
    fields = chance.integers(0, 256, (4, 4, 3)).astype(np.uint8)
    over = np.asarray(cv2.resize(fields, (columns, rows), interpolation=cv2.INTER_LINEAR), np.uint8)
    for _ in range(5):
        centre = int(chance.integers(0, columns)), int(chance.integers(0, rows))
        disc = [int(one) for one in chance.integers(0, 256, 3)]
        cv2.circle(over, centre, max(1, min(rows, columns) // int(chance.integers(4, 10))), disc, -1)
    out = rgb.copy()
    out[top : top + rows, left : left + columns] = over
    return out

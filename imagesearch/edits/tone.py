"""Changes of what pixels look like, each at its place: light, colour, sharpness, noise."""

from __future__ import annotations

import cv2
import numpy as np

from imagesearch.edits.edit import Chance
from imagesearch.types import Pixels

# The middle of the range, around which contrast is changed.
MIDDLE = 127.5


def blur(rgb: Pixels, share: float, _chance: Chance) -> Pixels:
    """Return it blurred by a Gaussian whose standard deviation is this share of the longer side."""
    return _blurred(rgb, share * max(rgb.shape[:2]))


def sharpen(rgb: Pixels, amount: float, _chance: Chance) -> Pixels:
    """Return it with this much of what a blur of one pixel takes away added once more."""
    plain = rgb.astype(np.float32)
    return _pixels(plain + amount * (plain - _blurred(rgb, 1.0)))


def noise(rgb: Pixels, deviation: float, chance: Chance) -> Pixels:
    """Return it with Gaussian noise of this standard deviation, in steps of 0 to 255, on each channel."""
    return _pixels(rgb + chance.normal(0, deviation, rgb.shape))


def brightness(rgb: Pixels, factor: float, _chance: Chance) -> Pixels:
    """Return it this many times as bright."""
    return _pixels(rgb * np.float32(factor))


def contrast(rgb: Pixels, factor: float, _chance: Chance) -> Pixels:
    """Return it with all distances from middle grey multiplied by the factor."""
    return _pixels((rgb - np.float32(MIDDLE)) * np.float32(factor) + np.float32(MIDDLE))


def colour(rgb: Pixels, degrees: float, _chance: Chance) -> Pixels:
    """Return it with its hues turned by so many degrees."""
    hsv = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + degrees) % 360
    return _pixels(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * np.float32(255))


def grey(rgb: Pixels, share: float, _chance: Chance) -> Pixels:
    """Return it with this share of its colour taken away; 1: grey."""
    plain = cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return _pixels(rgb * np.float32(1 - share) + plain * np.float32(share))


def _blurred(rgb: Pixels, deviation: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), max(deviation, 0.1), borderType=cv2.BORDER_REPLICATE), np.uint8)


def _pixels(values: np.ndarray) -> Pixels:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)

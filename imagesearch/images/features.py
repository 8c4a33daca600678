"""What of a picture is held against another one's: its local features, and a small grey copy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagesearch.types import Pixels

VERSION = 3
"""Of what is found here: features that are kept are those of one version."""

SIDE = 192
"""Features are looked for in a copy whose longest side has so many pixels at most."""

# A small picture is grown to that, up to so many times: in its own size a sprite has a handful of features.
MOST_GROWN = 4

MARGIN = 8
"""By so many pixels the copy is framed."""

# Such a copy has some hundred; more of them cost time at each candidate and memory in the cache.
MOST = 400
# Half of SIFT's own threshold: drawings and blurred pictures have few features above that.
CONTRAST = 0.02
# The grey copy, squashed to a square. Blurred a little, so that a reduced picture and the whole are alike.
GREY_SIDE = 96
GREY_BLUR = 1.0
# Square roots of shares are within 0 and 1, nearly all of them below a half.
DESCRIPTOR_SCALE = 512
# The copy in colours, a square as well: enough to tell whether a picture was toned.
COLOURS_SIDE = 16
POINT_SCALE = 128
"""Places are told by so many steps a pixel."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """All of a picture that its features are found in.

    `grey`: its small copy, uint8, shape (height, width), SIDE pixels at most; `square`: the blurred one, and `colours`, as Features
    has them.
    """

    grey: NDArray[np.uint8]
    square: NDArray[np.uint8]
    colours: Pixels


@dataclass(frozen=True, slots=True)
class Features:
    """A picture as it is held against others.

    `points`: where features are, in pixels of the copy, whose `size` is width and height; float32, shape (n, 2), whole numbers of
    steps. `descriptors`: RootSIFT, uint8, shape (n, 128). `grey`: uint8, shape (GREY_SIDE, GREY_SIDE); `colours`: uint8,
    shape (COLOURS_SIDE, COLOURS_SIDE, 3).
    """

    size: tuple[int, int]
    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    grey: NDArray[np.uint8]
    colours: Pixels

    @property
    def nbytes(self) -> int:
        """Memory that it takes, about."""
        return self.points.nbytes + self.descriptors.nbytes + self.grey.nbytes + self.colours.nbytes + 512


def features_of(rgb: Image.Image) -> Features:
    """Find the local features of an upright RGB picture of any size; one too small or flat for any has none."""
    return found_in(reduced(rgb))


def reduced(rgb: Image.Image) -> Reduced:
    """Reduce an upright RGB picture of any size: little work, and little to keep, beside finding its features."""
    grey = rgb.convert("L")
    square = np.asarray(grey.resize((GREY_SIDE, GREY_SIDE), Image.Resampling.BOX if min(grey.size) > GREY_SIDE else None))
    blurred = np.asarray(cv2.GaussianBlur(square, (0, 0), GREY_BLUR), np.uint8)
    if max(grey.size) < SIDE:
        factor = min(SIDE / max(grey.size), MOST_GROWN)
        grey = grey.resize((round(grey.width * factor), round(grey.height * factor)), Image.Resampling.BICUBIC)
    grey.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    colours = rgb.resize((COLOURS_SIDE, COLOURS_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    return Reduced(np.asarray(grey), blurred, np.asarray(colours))


def bare(copies: Reduced) -> Features:
    """Return the picture without any features: what it is as a whole costs next to nothing."""
    size = copies.grey.shape[1], copies.grey.shape[0]
    return Features(size, np.empty((0, 2), np.float32), np.empty((0, 128), np.uint8), copies.square, copies.colours)


def found_in(copies: Reduced) -> Features:
    """Find the local features of a picture in its small copies."""
    # SIFT sees nothing near the edge.
    framed = cv2.copyMakeBorder(copies.grey, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
    found, descriptors = cv2.SIFT.create(MOST, contrastThreshold=CONTRAST).detectAndCompute(framed, None)
    if not found:
        return bare(copies)
    steps = np.rint(np.asarray([point.pt for point in found[:MOST]], np.float32) * POINT_SCALE)
    points = np.asarray(steps / POINT_SCALE - MARGIN, np.float32)
    return replace(bare(copies), points=points, descriptors=_rooted(np.asarray(descriptors[:MOST])))


def mirrored(descriptors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the descriptors that the same features have in the picture's mirror image.

    A feature's cells lie along its own direction, and across it; a mirror turns round what lies across, and the sense of angles.
    """
    cells = descriptors.reshape(-1, 4, 4, 8)[:, ::-1][..., -np.arange(8) % 8]
    return np.ascontiguousarray(cells).reshape(-1, 128)


def _rooted(descriptors: NDArray[np.float32]) -> NDArray[np.uint8]:
    shares = descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9)
    rooted: NDArray[np.uint8] = np.minimum(np.rint(DESCRIPTOR_SCALE * np.sqrt(shares)), 255).astype(np.uint8)
    return rooted

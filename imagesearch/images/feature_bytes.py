"""Features as bytes that are kept: 132 a feature, 10 KB for the two small copies, and a head that says how they were found."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from imagesearch.images.features import (
    COLOURS_SIDE,
    DESCRIPTOR_SCALE,
    GREY_SIDE,
    MARGIN,
    MOST,
    POINT_SCALE,
    SIDE,
    VERSION,
    Features,
)

# What all of one version have in common, ahead of width, height, number of features and a checksum of these and what follows.
RULES = struct.pack("<4sBHHHHHHH", b"ISLF", VERSION, SIDE, MOST, MARGIN, GREY_SIDE, DESCRIPTOR_SCALE, POINT_SCALE, COLOURS_SIDE)
HEAD = struct.Struct(f"<{len(RULES)}sHHHI")
COUNTS = struct.Struct("<HHH")
POINT, DESCRIPTOR, GREY, COLOURS = 4, 128, GREY_SIDE**2, 3 * COLOURS_SIDE**2

MOST_BYTES = HEAD.size + MOST * (POINT + DESCRIPTOR) + GREY + COLOURS
"""Nothing that is longer are features."""


def to_bytes(features: Features) -> bytes:
    """Return the bytes; `from_bytes` gives the same features back, to the last bit."""
    steps = np.rint((features.points + MARGIN) * POINT_SCALE).astype("<u2")
    body = steps.tobytes() + features.descriptors.tobytes() + features.grey.tobytes() + features.colours.tobytes()
    counts = *features.size, len(features.points)
    return HEAD.pack(RULES, *counts, _checksum(counts, body)) + body


def from_bytes(data: bytes) -> Features | None:
    """Return the features; None where these bytes are not all of a picture's by the rules of this version. Never raises."""
    if not HEAD.size <= len(data) <= MOST_BYTES:
        return None
    rules, width, height, count, checksum = HEAD.unpack_from(data)
    points_end = HEAD.size + count * POINT
    descriptors_end = points_end + count * DESCRIPTOR
    if rules != RULES or count > MOST or len(data) != descriptors_end + GREY + COLOURS:
        return None
    if checksum != _checksum((width, height, count), memoryview(data)[HEAD.size :]) or not (
        0 < width <= SIDE and 0 < height <= SIDE
    ):
        return None
    steps = np.frombuffer(data, "<u2", count * 2, HEAD.size).reshape(count, 2)
    points = (steps / np.float32(POINT_SCALE) - np.float32(MARGIN)).astype(np.float32)
    if (points > np.array([width + MARGIN, height + MARGIN])).any():
        return None
    descriptors = np.frombuffer(data, np.uint8, count * DESCRIPTOR, points_end).reshape(count, DESCRIPTOR)
    grey = np.frombuffer(data, np.uint8, GREY, descriptors_end).reshape(GREY_SIDE, GREY_SIDE)
    colours = np.frombuffer(data, np.uint8, COLOURS, descriptors_end + GREY).reshape(COLOURS_SIDE, COLOURS_SIDE, 3)
    return Features((width, height), points, descriptors, grey, colours)


def _checksum(counts: tuple[int, int, int], body: bytes | memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(COUNTS.pack(*counts)))

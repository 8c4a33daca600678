"""What copies are held against: a collection, as a search that verifies sees it."""

from __future__ import annotations

from typing import Protocol

from imagesearch.images.features import Features
from imagesearch.types import Vector

Scored = list[tuple[int, float]]
"""Ids with their cosines, best first."""


class Pictures(Protocol):
    """A collection of pictures by their ids."""

    def nearest(self, vector: Vector, count: int) -> Scored:
        """Return up to `count` pictures, nearest first."""

    def near(self, perceptual_hash: int, vector: Vector) -> Scored:
        """Return the pictures that are candidates by their hashes, with their cosines to the vector."""

    def features(self, picture: int) -> Features | None:
        """Return a picture's features; None where it cannot be read."""

    def hash_of(self, picture: int) -> int:
        """Return its perceptual hash."""

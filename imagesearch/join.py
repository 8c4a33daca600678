"""What is known of a hit, joined into the probability of what it is to the query."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from imagesearch.images.overlap import Overlap

DEFAULT = Path(__file__).with_name("join.json")

CLASSES = ("exact", "edited", "same_scene", "similar")
"""The same picture, perhaps recompressed or resized; an edited copy; another picture of which a part shows the same; only alike."""

FEATURES = (
    "cosine",
    "margin",
    "hamming",
    "inliers",
    "inlier_ratio",
    "agreement",
    "larger_overlap",
    "smaller_overlap",
    "mirrored",
    "agreed_inliers",
    "near_hash",
    "strong_agreement",
    "strongest",
    "whole_agreement",
    "cosine_alone",
    "tone",
    "hue",
    "softer",
    "sharper",
    "softened",
    "sameness",
)
# What each of them counts at most.
MOST_INLIERS, MOST_MARGIN = 100, 0.1
HASH_BITS = 256
MOST_TONE, MOST_HUE = 0.05, 0.03
# A sixth or six times the detail: a blur of a twenty-fifth of the picture takes about that.
MOST_SHARPER = 2.5
# From here on an agreement tells no more.
MOST_SAME = 1e-3
# So many inliers that agree say all that inliers can say.
ENOUGH_INLIERS = 20
# Hashes that differ in more bits than these are not near at all.
NEAR_BITS = 64
# Pictures that are others agree less than this; and are less near, most of them.
CHANCE_AGREEMENT, CHANCE_COSINE = 0.5, 0.5

# Far beyond what is learned from numbers within [-1, 1]; what is larger, or no number, would not give finite shares.
Weight = Annotated[float, Field(ge=-1e4, le=1e4, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a hit.

    `cosine` in [-1, 1]; `margin`: how much more that is than the best of the other hits'. `hamming`: bits of 256 in which the
    perceptual hashes differ. `inliers` of `pairs`, `agreement`, the overlaps in percent, and what lies behind them as
    imagesearch.images.overlap has them.
    """

    cosine: float
    margin: float
    hamming: int
    inliers: int
    pairs: int
    agreement: float
    query_overlap: float
    target_overlap: float
    mirrored: bool
    tone: float
    hue: float
    sharpness: float
    softened: bool

    @classmethod
    def of(cls, found: Overlap, cosine: float, margin: float, hamming: int) -> Evidence:
        """Put together what is known of one hit."""
        common = found.inliers, found.pairs, found.agreement, found.query, found.target, found.mirrored
        look = found.tone, found.hue, found.sharpness, found.softened
        return cls(cosine, margin, hamming, *common, *look)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The likeliest class of a hit with its probability, and the probability that it is a copy at all: exact or edited."""

    kind: str
    probability: float
    copy: float


@dataclass(frozen=True, slots=True)
class Join:
    """A multinomial logistic regression; `weights` has a row for each class and a column for each of FEATURES."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def verdicts(self, evidence: Sequence[Evidence]) -> list[Verdict]:
        """Judge each hit by itself, in order."""
        rows = self.shares(evidence)
        return [Verdict(CLASSES[best], float(row[best]), float(row[:2].sum())) for row in rows for best in [int(row.argmax())]]

    def shares(self, evidence: Sequence[Evidence]) -> NDArray[np.float64]:
        """Return how likely each hit is of each class, shape (n, len(CLASSES)), rows of which sum up to 1."""
        if not evidence:
            return np.empty((0, len(CLASSES)))
        scores = rows_of(evidence) @ self.weights.T + self.bias
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float64)


def load_join(path: Path = DEFAULT) -> Join:
    """Read the shipped join, which benchmarks.join has learned. Raises ValueError for a file that was made for other evidence."""
    return read_join(path.read_bytes())


def read_join(document: str | bytes) -> Join:
    """Read what `written` makes. Raises ValueError for anything else, and for what was learned from other evidence than this."""
    learned = _Document.model_validate_json(document)
    if (learned.features, learned.classes) != (FEATURES, CLASSES):
        raise ValueError("this joins other evidence than this version has")
    weights, bias = (np.asarray(one, np.float64) for one in (learned.weights, learned.bias))
    if weights.shape != (len(CLASSES), len(FEATURES)) or bias.shape != (len(CLASSES),):
        raise ValueError(f"weights of shape {weights.shape} and {bias.shape} do not fit the evidence")
    return Join(weights, bias)


def written(join: Join) -> str:
    """Return the join as a document of JSON, its weights to four decimal places."""
    weights = tuple(map(tuple, join.weights.round(4).tolist()))
    bias = tuple(join.bias.round(4).tolist())
    return _Document(features=FEATURES, classes=CLASSES, weights=weights, bias=bias).model_dump_json(indent=1) + "\n"


class _Document(BaseModel):
    """A join in JSON: plain numbers, since whoever writes a row of SQL is not to run code here."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    features: tuple[str, ...]
    classes: tuple[str, ...]
    weights: tuple[tuple[Weight, ...], ...]
    bias: tuple[Weight, ...]


def rows_of(evidence: Sequence[Evidence]) -> NDArray[np.float64]:
    """Return the numbers that the classes are told by, shape (n, len(FEATURES)), all of them about within [-1, 1]."""
    rows = []
    for one in evidence:
        inliers = np.log1p(min(one.inliers, MOST_INLIERS)) / np.log1p(MOST_INLIERS)
        overlaps = one.query_overlap / 100, one.target_overlap / 100
        agreed = min(one.inliers / ENOUGH_INLIERS, 1.0) * max(one.agreement, 0.0)
        near = max(1 - one.hamming / NEAR_BITS, 0.0)
        strong = max(one.agreement - CHANCE_AGREEMENT, 0.0) / (1 - CHANCE_AGREEMENT)
        # Each signal fails somewhere: one that is sure is enough.
        strongest = max(agreed, near, strong**2)
        rows.append(
            [
                one.cosine,
                # Further ahead than this says no more.
                float(np.clip(one.margin, -MOST_MARGIN, MOST_MARGIN)),
                # Beyond half of the bits there is nothing to tell.
                min(2 * one.hamming / HASH_BITS, 1.0),
                inliers,
                one.inliers / max(one.pairs, 1),
                one.agreement,
                max(overlaps),
                min(overlaps),
                float(one.mirrored),
                agreed,
                near,
                strong,
                strongest,
                strong * min(overlaps),
                # What the model alone sees, however near, is rather something else of the same kind.
                max(one.cosine - CHANCE_COSINE, 0.0) * (1 - strongest),
                min(one.tone / MOST_TONE, 1.0),
                min(one.hue / MOST_HUE, 1.0),
                # Of parts of pictures, detail says nothing.
                min(max(-one.sharpness / MOST_SHARPER, 0.0), 1.0) * min(overlaps),
                min(max(one.sharpness / MOST_SHARPER, 0.0), 1.0) * min(overlaps),
                float(one.softened),
                # Variants of one drawing agree by 0.97, too; and two cuts of one picture in all that they share.
                math.log(max(1 - one.agreement, MOST_SAME)) / math.log(MOST_SAME) * max(overlaps),
            ]
        )
    return np.asarray(rows, np.float64)

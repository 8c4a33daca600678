"""A model whose weights are on this machine: all that a runtime needs to build it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.sections import ModelSettings
from imagesearch.models.registry import ModelSpec
from imagesearch.models.spec import spec_of
from imagesearch.models.weights import ObjectStore, digest, locate
from imagesearch.types import Fingerprint


@dataclass(frozen=True, slots=True)
class LocatedModel:
    """What it is, where its weights lie (None: it has none, or random ones), and which vectors it makes."""

    spec: ModelSpec
    weights: Path | None
    fingerprint: Fingerprint


def located(settings: ModelSettings, s3: ObjectStore) -> LocatedModel:
    """Find the model of the settings; imports torch only for `timm:NAME`, `clip:NAME`, and weights that have to be downloaded.

    Raises UnknownModel, ConfigError, WeightsNotFound, and what `s3` raises when it does not answer.
    """
    spec = spec_of(settings)
    weights = locate(spec, settings, s3)
    weights_digest = "none" if spec.library == "numpy" else digest(weights)
    pooling = "" if spec.pooling == "avg" else f"-{spec.pooling}"
    return LocatedModel(spec, weights, Fingerprint(spec.name, weights_digest, f"{spec.preprocess}{pooling}", spec.dim))

"""From settings to an encoder, or to its fingerprint alone, which needs no model in memory."""

from __future__ import annotations

import os

from config.sections import ModelSettings
from imagesearch.models.encoder import Encoder
from imagesearch.models.located import LocatedModel, located
from imagesearch.models.preprocess import Preprocess
from imagesearch.models.registry import takes_text
from imagesearch.models.runtimes.backbone import open_backbone
from imagesearch.models.spec import spec_of
from imagesearch.models.weights import ObjectStore
from imagesearch.ports import TextEncoder
from imagesearch.types import Fingerprint


def open_encoder(settings: ModelSettings, s3: ObjectStore, batch: int = 32, threads: int | None = None) -> Encoder:
    """Load the model onto its device, by the runtime of the settings; `batch` bounds one forward pass.

    `threads`: on a CPU no more than so many, unless the settings name a number.

    Raises UnknownModel, WeightsNotFound, WeightsMismatch, RuntimeMismatch, ConfigError, plain ModelError where the runtime that
    was asked for cannot take the model, and what `s3` raises when it does not answer.
    """
    return _encoder(_located(settings, s3), settings, batch, threads)


def open_encoders(settings: ModelSettings, s3: ObjectStore, batch: int = 32) -> tuple[Encoder, TextEncoder | None]:
    """Return what `open_encoder` does, and the encoder of texts beside it; None: the model has no text tower. Raises as it does."""
    model = _located(settings, s3)
    encoder = _encoder(model, settings, batch, None)
    if not takes_text(model.spec.name):
        return encoder, None
    from imagesearch.models.text import open_texts

    return encoder, open_texts(model, settings, batch)


def fingerprint_of(settings: ModelSettings, s3: ObjectStore) -> tuple[Fingerprint, Preprocess]:
    """Return what a process that prepares pictures and runs no model must know; the same as `open_encoder` would tell.

    Imports torch only for `timm:NAME`, `clip:NAME` and for weights that have to be downloaded. Raises as `open_encoder` does.
    """
    model = located(settings, s3)
    return model.fingerprint, model.spec.preprocess


def preprocess_of(settings: ModelSettings) -> Preprocess:
    """Return how pictures are prepared for the model; its weights are not looked for. Raises UnknownModel, ConfigError."""
    return spec_of(settings).preprocess


def _located(settings: ModelSettings, s3: ObjectStore) -> LocatedModel:
    # OpenMP reads this when torch is first imported. By default its threads spin while they wait for each other: two processes
    # of two threads on two CPUs, which a service and a bulk load soon are, then embed 4 pictures a second instead of 33.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return located(settings, s3)


def _encoder(model: LocatedModel, settings: ModelSettings, batch: int, threads: int | None) -> Encoder:
    return Encoder(model.spec.preprocess, open_backbone(model, settings, threads), model.fingerprint, batch)

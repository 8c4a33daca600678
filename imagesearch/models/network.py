"""The networks without their classifiers, with the weights asked for."""

from __future__ import annotations

from pathlib import Path

import torch

from imagesearch.models.checkpoint import load_weights
from imagesearch.models.registry import ModelSpec

RANDOM_SEED = 0


def build(spec: ModelSpec, weights: Path | None) -> torch.nn.Module:
    """Return the network in evaluation mode, mapping (n, 3, s, s) to (n, dim); no weights: random, the same each time.

    Raises WeightsNotFound, WeightsMismatch.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        model = _torchvision(spec.architecture) if spec.library == "torchvision" else _timm(spec.architecture)
    if weights is not None:
        load_weights(model, weights, spec)
    return model.eval()


def _timm(architecture: str) -> torch.nn.Module:
    import timm

    model: torch.nn.Module = timm.create_model(architecture, pretrained=False, num_classes=0)
    return model


def _torchvision(architecture: str) -> torch.nn.Module:
    import torchvision

    model = torchvision.models.get_model(architecture, weights=None)
    if architecture == "vgg16":
        # Up to the activation after fc7; the dropout between does nothing outside training.
        model.classifier = model.classifier[:5]
    else:
        model.fc = torch.nn.Identity()
    headless: torch.nn.Module = model
    return headless

"""The networks without their classifiers, with the weights asked for."""

from __future__ import annotations

from pathlib import Path

import torch

from imagesearch.models.checkpoint import load_weights
from imagesearch.models.clip_towers import picture_tower
from imagesearch.models.pooling import pool_by_generalised_mean
from imagesearch.models.registry import ModelSpec
from imagesearch.models.seeded import seeded


class PixelNetwork(torch.nn.Module):
    """A network that takes pixels as they are prepared, uint8 (n, s, s, 3), and normalises them itself; gives float32 (n, dim)."""

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, network: torch.nn.Module, spec: ModelSpec) -> None:
        super().__init__()
        self.network = network
        # (pixel / 255 - mean) / std as one multiplication and one addition.
        self.register_buffer("scale", _per_channel([1 / (255 * s) for s in spec.std]))
        self.register_buffer("shift", _per_channel([-m / s for m, s in zip(spec.mean, spec.std, strict=True)]))
        self.eval()

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Map pixels to features."""
        # (n, s, s, 3) seen as (n, 3, s, s) is the channels_last layout already.
        images = pixels.permute(0, 3, 1, 2).float().mul_(self.scale).add_(self.shift)
        features: torch.Tensor = self.network(images)
        return features.float()


def build_for_pixels(spec: ModelSpec, weights: Path | None) -> PixelNetwork:
    """Return what `build` returns, taking pixels."""
    return PixelNetwork(build(spec, weights), spec)


def build(spec: ModelSpec, weights: Path | None) -> torch.nn.Module:
    """Return the network in evaluation mode, mapping (n, 3, s, s) to (n, dim); no weights: random, the same each time.

    Raises WeightsNotFound, WeightsMismatch.
    """
    if spec.library == "open_clip_torch":
        return picture_tower(spec, weights)
    with seeded():
        model = _torchvision(spec.architecture) if spec.library == "torchvision" else _timm(spec.architecture)
    if spec.pooling == "gem":
        pool_by_generalised_mean(model)
    if weights is not None:
        load_weights(model, weights, spec)
    return model.eval()


def _per_channel(values: list[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32).view(1, 3, 1, 1)


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

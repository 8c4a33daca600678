"""The two towers of an open_clip model, each without the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from imagesearch.errors import WeightsMismatch, WeightsNotFound
from imagesearch.models.checkpoint import DAMAGE
from imagesearch.models.clip import library
from imagesearch.models.registry import ModelSpec
from imagesearch.models.seeded import seeded


class PictureTower(torch.nn.Module):
    """Maps normalised pictures (n, 3, s, s) to features (n, dim)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.visual: Any = model.visual

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the features that are compared with those of texts; CoCa has further ones, for captions."""
        features = self.visual(images)
        pooled: torch.Tensor = features[0] if isinstance(features, tuple) else features
        return pooled


class TextTower(torch.nn.Module):
    """Maps token ids (n, context) to features (n, dim)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        # What a text needs lies about the model, under other names in each kind of it.
        model.visual = None
        self.model: Any = model

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the features."""
        features: torch.Tensor = self.model.encode_text(tokens)
        return features


def picture_tower(spec: ModelSpec, weights: Path | None) -> torch.nn.Module:
    """Return the picture tower in evaluation mode; no weights: random, the same each time. Raises as `text_tower` does."""
    return PictureTower(_built(spec, weights)).eval()


def text_tower(spec: ModelSpec, weights: Path | None) -> torch.nn.Module:
    """Return the text tower that belongs to the picture tower of the same weights.

    Raises WeightsNotFound, WeightsMismatch, and ModelError where the library is not installed.
    """
    return TextTower(_built(spec, weights)).eval()


def _built(spec: ModelSpec, weights: Path | None) -> Any:
    open_clip = library(spec.name)
    published = open_clip.get_pretrained_cfg(spec.architecture, spec.tag) if spec.tag else {}
    try:
        with seeded():
            # The library knows the formats of its weights, older ones too. Some were trained with another activation than their
            # model is described with; by itself it would only warn of that.
            return open_clip.create_model(
                spec.architecture,
                None if weights is None else str(weights),
                force_quick_gelu=published.get("quick_gelu", False),
                pretrained_image=False,
                pretrained_text=False,
                weights_only=True,
            )
    except OSError as exc:
        raise WeightsNotFound(f"weights {weights} cannot be opened: {exc}") from exc
    except (*DAMAGE, StopIteration) as exc:  # StopIteration: a file without tensors
        if weights is None:
            raise
        reason = " ".join(str(exc).split())[:300] or type(exc).__name__
        raise WeightsMismatch(f"weights {weights} are not of {spec.name}: {reason}") from exc

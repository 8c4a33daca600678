"""The encoder of texts, into the space of the model's pictures: tokens, the text tower, L2 normalisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from config.sections import ModelSettings
from imagesearch.errors import EmbeddingFailed
from imagesearch.models.clip import open_tokenizer
from imagesearch.models.clip_towers import text_tower
from imagesearch.models.host import cpus
from imagesearch.models.located import LocatedModel
from imagesearch.models.runtimes.backbone import wants_cuda
from imagesearch.models.unit import checked, unit
from imagesearch.types import Fingerprint, Vectors

Tokenizer = Callable[[list[str]], torch.Tensor]

# CLIP's tokenizer keeps each word that it has seen, for ever: made-up words of a thousand letters take some 15 kB each.
MOST_WORDS = 5000


class ClipTexts:
    """ports.TextEncoder over a text tower; in float32, whatever the pictures are embedded in. Used by one thread at a time."""

    def __init__(
        self, tower: torch.nn.Module, tokenizer: Tokenizer, fingerprint: Fingerprint, device: str, threads: int, batch: int
    ) -> None:
        self.batch = batch
        self._tower = tower.to(device)
        self._tokenizer = tokenizer
        self._fingerprint = fingerprint
        self._device = device
        self._threads = threads
        self._first_words = dict(getattr(tokenizer, "cache", {}))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, row by row, at most `batch` in one forward pass; none in gives (0, dim)."""
        vectors = np.empty((len(texts), self._fingerprint.dim), dtype=np.float32)
        for start in range(0, len(texts), self.batch):
            part = list(texts[start : start + self.batch])
            features = checked(self._features(part), len(part), self._fingerprint)
            vectors[start : start + len(part)] = unit(features, self._fingerprint, start)
        return vectors

    def _features(self, texts: list[str]) -> Vectors:
        # Set before each pass, as for pictures: it is the process's.
        torch.set_num_threads(self._threads)
        try:
            with torch.inference_mode():
                features: Vectors = self._tower(self._tokens(texts).to(self._device)).float().cpu().numpy()
        except (RuntimeError, IndexError) as exc:  # IndexError: a tokenizer of another model, whose words this one does not have
            raise EmbeddingFailed(f"PyTorch failed on {len(texts)} texts: {exc}") from exc
        return features

    def _tokens(self, texts: list[str]) -> torch.Tensor:
        tokens = self._tokenizer(texts)
        if len(getattr(self._tokenizer, "cache", ())) > MOST_WORDS:
            self._tokenizer.cache = dict(self._first_words)  # type: ignore[attr-defined]
        return tokens


def open_texts(model: LocatedModel, settings: ModelSettings, batch: int) -> ClipTexts:
    """Load the text tower onto the model's device. Raises ConfigError, ModelError, WeightsNotFound, WeightsMismatch."""
    device = "cuda" if wants_cuda(settings) else "cpu"
    tokenizer = open_tokenizer(model.spec, settings.tokenizer)
    tower = text_tower(model.spec, model.weights)
    return ClipTexts(tower, tokenizer, model.fingerprint, device, settings.threads or cpus(), batch)

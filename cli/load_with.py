"""What a load may be told otherwise than the settings: its model, its weights, the size of its batches."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from config import Settings
from imagesearch.images.s3 import S3
from imagesearch.models.load import fingerprint_of
from imagesearch.models.registry import lookup
from imagesearch.types import Fingerprint

# Words of model.weights that are no files.
WORDS = frozenset({"package", "download", "random"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """Each of them None where the settings hold."""

    model: str | None = None
    weights: str | None = None
    batch_size: int | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The variables that tell a job of it."""
        told = {f"IMAGESEARCH_MODEL__{name.upper()}": value for name, value in self.model_settings.items()}
        if self.batch_size is not None:
            told |= dict.fromkeys(("IMAGESEARCH_LOAD__BATCH_ROWS", "IMAGESEARCH_LOAD__EMBED_BATCH"), str(self.batch_size))
        return told

    @property
    def told_weights(self) -> str | None:
        """The weights, a file by its whole path. Where only a model is named: a package's, or the library's own download."""
        if self.weights is None:
            return None if self.model is None else "package" if _carried(self.model) else "download"
        if self.weights in WORDS or "://" in self.weights:
            return self.weights
        return str(Path(self.weights).expanduser().absolute())

    @property
    def model_settings(self) -> dict[str, str]:
        """What of the section `model` is chosen. Raises UnknownModel."""
        chosen = {"name": self.model, "weights": self.told_weights}
        return {name: value for name, value in chosen.items() if value is not None}

    def over(self, settings: Settings) -> Settings:
        """Return the settings of the load. Raises UnknownModel."""
        load = {} if self.batch_size is None else {"batch_rows": self.batch_size, "embed_batch": self.batch_size}
        model = settings.model.model_copy(update=self.model_settings)
        return settings.model_copy(update={"model": model, "load": settings.load.model_copy(update=load)})

    def fingerprint(self, settings: Settings) -> Fingerprint | None:
        """Return the model's fingerprint where one was chosen. Raises UnknownModel, WeightsNotFound."""
        if self.model is None and self.weights is None:
            return None
        with closing(S3(settings.s3)) as s3:
            return fingerprint_of(settings.model, s3)[0]


def _carried(model: str) -> bool:
    spec = lookup(model)
    return spec.package is not None or spec.library == "numpy"

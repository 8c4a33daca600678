"""What is loaded in every way: which model, which pictures, how many of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pictures import below, photographs
from cli.demo import packaged_pictures
from config.sections import ModelSettings

# Where weights are not installed random ones do: they cost the same.
WEIGHTS = {"efficientnet_lite0": "package", "resnet50": "random", "tiny": "package"}
# Pictures that the limit takes some twenty seconds for on two cores, and several times what is in the load's pipe at once.
COUNTS = {"efficientnet_lite0": 2048, "resnet50": 384, "tiny": 8192}
# The usual batch, and for a slow model a smaller one, so that there are enough of them to tell a steady rate by.
BATCH_ROWS = {"efficientnet_lite0": 128, "resnet50": 32, "tiny": 128}
# Twice as many as may be under way at once.
LEAST_BATCHES = 20
SIZES = {"640x480": (640, 480), "1600x1200": (1600, 1200)}
REAL = "real"


@dataclass(frozen=True, slots=True)
class Case:
    """One model with one set of pictures, all of which lie below `root`."""

    model: str
    name: str
    root: Path
    paths: tuple[Path, ...]

    def __str__(self) -> str:
        return f"{self.model}, {self.name}"

    @property
    def settings(self) -> ModelSettings:
        """Return the model's settings."""
        return ModelSettings(name=self.model, weights=WEIGHTS[self.model])

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables that have a job use the model and read the pictures."""
        return {
            "IMAGESEARCH_MODEL__NAME": self.model,
            "IMAGESEARCH_MODEL__WEIGHTS": WEIGHTS[self.model],
            "IMAGESEARCH_SOURCES__ROOTS": json.dumps([str(self.root)]),
            "IMAGESEARCH_LOAD__BATCH_ROWS": str(min(BATCH_ROWS[self.model], max(1, len(self.paths) // LEAST_BATCHES))),
        }


def cases(target: Path, models: Iterable[str], sets: Iterable[str], folder: Path | None, share: float) -> list[Case]:
    """Make the pictures below `target`, or take those of `folder` for the real ones; `share` of the usual number."""
    made = []
    for model in models:
        count = max(32, round(COUNTS[model] * share))
        for name in sets:
            if name == REAL:
                root = folder or packaged_pictures(target / "packaged")
                paths = below(root)[:count]
            else:
                root = target
                paths = photographs(target, count, SIZES[name])
            made.append(Case(model, name, root, tuple(paths)))
    return made

"""Exported models on disk: one for a fingerprint, whole or not there, checked when it is read, made again where it is damaged."""

from __future__ import annotations

import hashlib
import logging
import re
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from config.sections import ModelSettings
from imagesearch.errors import ConfigError
from imagesearch.models.host import cpus
from imagesearch.models.located import LocatedModel
from imagesearch.models.runtimes.turn import my_turn
from imagesearch.types import Vectors

logger = logging.getLogger(__name__)

DEFAULT_FOLDER = Path("~/.cache/imagesearch")
OPSET = 20
# Raised by one when our own part of the network, the reference's pictures or the files change.
FORMAT = 1
MODEL, REFERENCE = "model.onnx", "reference.npz"
# Of a model of some hundred megabytes on a slow machine.
PATIENCE_S = 300.0
# Another process may put its own there between two steps of ours, not again and again.
TRIES = 5


@dataclass(frozen=True, slots=True)
class Export:
    """A model for ONNX Runtime, and the features of the reference's pictures that it must give."""

    model: Path
    reference: Vectors


def cache_folder(settings: ModelSettings) -> Path:
    """Return the folder of what can be made again."""
    return (settings.cache_dir or DEFAULT_FOLDER).expanduser()


def obtain(model: LocatedModel, cache: Path) -> Export:
    """Return the export, made first where it is not there; only then torch is imported.

    Of several processes that need it at once one makes it. Raises ModelError where the network cannot be exported, WeightsNotFound,
    WeightsMismatch, and ConfigError where the folder cannot be written.
    """
    folder = cache / "exports" / name_of(model)
    export = read(folder)
    if export is not None:
        return export
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with my_turn(folder.with_name(f".{folder.name}.lock"), PATIENCE_S):
            export = read(folder) or _make(model, folder)
    except OSError as exc:
        raise ConfigError(
            f"{folder.parent} cannot keep an exported model ({exc}); set model.cache_dir, or model.runtime to torch"
        ) from exc
    return export


def name_of(model: LocatedModel) -> str:
    """Return a file name that holds the fingerprint's digest, the exporter's version and the opset."""
    spec, fingerprint = model.spec, model.fingerprint
    exporter = version("torch")
    # The code of the network decides as well, and neither it nor the normalisation is a part of the fingerprint.
    made_of = (FORMAT, spec.architecture, spec.mean, spec.std, version(spec.library), version("onnxscript"))
    plain = re.sub(r"[^A-Za-z0-9]+", "_", fingerprint.model)
    return f"{plain}-{_short(fingerprint)}-torch{exporter}-opset{OPSET}-{_short(made_of)}"


def read(folder: Path) -> Export | None:
    """Return the export in the folder; None where there is none, or where it is not what was written."""
    try:
        with np.load(folder / REFERENCE, allow_pickle=False) as kept:
            vectors, digest = kept["vectors"], str(kept["digest"])
        if _digest(folder / MODEL) == digest:
            return Export(folder / MODEL, vectors)
        reason = f"{MODEL} was changed"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as exc:
        reason = str(exc)
    logger.warning("the exported model in %s is damaged and made again: %s", folder, reason)
    return None


def _make(model: LocatedModel, folder: Path) -> Export:
    # Seconds of imports that a process does not pay once the export is there.
    from imagesearch.models.network import build_for_pixels
    from imagesearch.models.runtimes.export import export
    from imagesearch.models.runtimes.torch_backbone import reference_of

    size = model.spec.preprocess.input_size
    logger.info("exporting %s for ONNX Runtime to %s", model.fingerprint, folder)
    network = build_for_pixels(model.spec, model.weights)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".partial-") as partial:
        new = Path(partial) / "new"
        new.mkdir()
        export(network, model.spec.name, size, new / MODEL)
        vectors = reference_of(network, size, cpus())
        np.savez(new / REFERENCE, vectors=vectors, digest=_digest(new / MODEL))
        _put(new, folder, Path(partial))
    return Export(folder / MODEL, vectors)


def _put(new: Path, folder: Path, aside: Path) -> None:
    """Move the finished export to its place, where a damaged one may lie, or another process's, which is as good as ours."""
    for number in range(TRIES):
        try:
            new.rename(folder)
            return
        except OSError:
            if not folder.exists():
                raise
        try:
            folder.rename(aside / f"old-{number}")
        except FileNotFoundError:
            continue
    raise OSError(f"{folder} is being replaced by others all the time")


def _short(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

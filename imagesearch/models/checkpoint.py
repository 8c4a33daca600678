"""A weights file, read safely and fitted to a network tensor by tensor."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from imagesearch.errors import WeightsMismatch, WeightsNotFound
from imagesearch.models.registry import ModelSpec

Tensors = Mapping[str, torch.Tensor]

# Counts training steps; inference does not use it, and files of before 2018 lack it.
COUNTER = "num_batches_tracked"
SHOWN = 3

# What the readers raise on truncated and altered files; torch has no error of its own for them.
DAMAGE = (
    SafetensorError,
    pickle.UnpicklingError,
    struct.error,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


def load_weights(model: torch.nn.Module, path: Path, spec: ModelSpec) -> None:
    """Put the tensors of `path` into the headless `model`.

    A classifier head in the file is left out, and only that. Raises WeightsNotFound; WeightsMismatch, which says how many
    tensors do not fit and names the first.
    """
    wanted = _without(model.state_dict(), ())
    found = _without(read(path), spec.head)
    if spec.by_order and wanted.keys() != found.keys():
        found = _in_order(wanted, found, path, spec)
    wrong = [f"{name} missing" for name in wanted if name not in found]
    wrong += [f"{name} not in the model" for name in found if name not in wanted]
    wrong += [
        f"{name} {tuple(found[name].shape)} for {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in found and found[name].shape != tensor.shape
    ]
    if wrong:
        raise _mismatch(path, spec, wrong)
    model.load_state_dict({**model.state_dict(), **found})


def read(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict from safetensors or torch's format; nothing in the file is executed.

    Raises WeightsNotFound, and WeightsMismatch for a file that is damaged or holds something else.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as exc:
        raise WeightsNotFound(f"weights {path} cannot be opened: {exc}") from exc
    except DAMAGE as exc:
        reason = str(exc).partition("\n")[0] or type(exc).__name__
        raise WeightsMismatch(f"weights {path} cannot be read: {reason}") from exc
    if not isinstance(tensors, Mapping) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise WeightsMismatch(f"weights {path} hold a {type(tensors).__name__}, not tensors by name")
    return dict(tensors)


def _without(tensors: Tensors, head: tuple[str, ...]) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(head) and not name.endswith(COUNTER)}


def _in_order(wanted: Tensors, found: Tensors, path: Path, spec: ModelSpec) -> dict[str, torch.Tensor]:
    # Shapes are compared by the caller; the last part of the name tells apart what has the same shape (weight, bias, mean).
    pairs = list(zip(wanted, found, strict=False))
    wrong = [f"{theirs} for {ours}" for ours, theirs in pairs if ours.rpartition(".")[2] != theirs.rpartition(".")[2]]
    if len(wanted) != len(found):
        wrong.insert(0, f"{len(found)} tensors for {len(wanted)}")
    if wrong:
        raise _mismatch(path, spec, wrong)
    return {ours: found[theirs] for ours, theirs in pairs}


def _mismatch(path: Path, spec: ModelSpec, wrong: list[str]) -> WeightsMismatch:
    rest = ", ..." if len(wrong) > SHOWN else ""
    return WeightsMismatch(f"weights {path} are not of {spec.name}: {len(wrong)} do not fit: {', '.join(wrong[:SHOWN])}{rest}")

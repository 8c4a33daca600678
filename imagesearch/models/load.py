"""From settings to an encoder, or to its fingerprint alone, which needs no model in memory."""

from __future__ import annotations

import math
import os
from pathlib import Path

from config.sections import ModelSettings
from imagesearch.models.encoder import Encoder
from imagesearch.models.preprocess import Preprocess
from imagesearch.models.registry import ModelSpec, lookup
from imagesearch.models.tiny import TinyBackbone
from imagesearch.models.weights import ObjectStore, digest, locate
from imagesearch.ports import Backbone
from imagesearch.types import Fingerprint

CGROUP_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def open_encoder(settings: ModelSettings, s3: ObjectStore, batch: int = 32) -> Encoder:
    """Load the model onto its device; `batch` bounds one forward pass.

    Raises UnknownModel, WeightsNotFound, WeightsMismatch, ConfigError, and what `s3` raises when it does not answer.
    """
    # OpenMP reads this when torch is first imported. By default its threads spin while they wait for each other: two processes
    # of two threads on two CPUs, which a service and a bulk load soon are, then embed 4 pictures a second instead of 33.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    spec = lookup(settings.name)
    weights = locate(spec, settings, s3)
    return Encoder(spec.preprocess, _backbone(spec, weights, settings), _fingerprint(spec, weights), batch)


def fingerprint_of(settings: ModelSettings, s3: ObjectStore) -> tuple[Fingerprint, Preprocess]:
    """Return what a process that prepares pictures and runs no model must know; the same as `open_encoder` would tell.

    Imports torch only for `timm:NAME` and for weights that have to be downloaded. Raises as `open_encoder` does.
    """
    spec = lookup(settings.name)
    return _fingerprint(spec, locate(spec, settings, s3)), spec.preprocess


def preprocess_of(settings: ModelSettings) -> Preprocess:
    """Return how pictures are prepared for the model; its weights are not looked for. Raises UnknownModel."""
    return lookup(settings.name).preprocess


def cpus() -> int:
    """Return the CPUs that this process may use: its affinity, and the quota of its container where there is one."""
    # macOS has no affinity.
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CGROUP_CPU_LIMIT.read_text(encoding="ascii").split()
    except OSError:  # no cgroup of version 2
        return allowed
    return allowed if quota == "max" else max(1, min(allowed, math.ceil(int(quota) / int(period))))


def _fingerprint(spec: ModelSpec, weights: Path | None) -> Fingerprint:
    weights_digest = "none" if spec.library == "numpy" else digest(weights)
    pooling = "" if spec.pooling == "avg" else f"-{spec.pooling}"
    return Fingerprint(spec.name, weights_digest, f"{spec.preprocess}{pooling}", spec.dim)


def _backbone(spec: ModelSpec, weights: Path | None, settings: ModelSettings) -> Backbone:
    if spec.library == "numpy":
        return TinyBackbone()
    # Seconds of imports that a process without a model does not pay.
    from imagesearch.models.network import build
    from imagesearch.models.torch_backbone import TorchBackbone

    return TorchBackbone(build(spec, weights), spec.mean, spec.std, settings.device, settings.threads or cpus())

"""Checks of this machine: Python, the disk, the device for the model."""

from __future__ import annotations

import platform
import shutil
import sys

from cli.finding import Finding, State
from config import Settings

GIB = 2**30
# The stack's logs and Ray's spilled objects alone take some hundreds of megabytes.
DISK_FAIL = 1 * GIB
DISK_WARN = 5 * GIB


def python(_settings: Settings) -> Finding:
    """Name the Python that runs."""
    return Finding("python", State.OK, f"{platform.python_version()} at {sys.executable}")


def profile(settings: Settings) -> Finding:
    """Name the settings that hold; that they could be read at all is the check."""
    kind = "embedded stack" if settings.embedded else "servers of your own"
    return Finding("settings", State.OK, f"profile {settings.profile} ({kind}), home {settings.home}")


def disk(settings: Settings) -> Finding:
    """Tell how much room there is for what the stack keeps."""
    place = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    state = State.FAIL if free < DISK_FAIL else State.WARN if free < DISK_WARN else State.OK
    advice = "" if state is State.OK else "make room, or set IMAGESEARCH_HOME to a larger disk"
    return Finding("disk", state, f"{free / GIB:.1f} GiB free under {place}", advice)


def device(settings: Settings) -> Finding:
    """Tell where a model would run on this machine, without loading one."""
    import torch  # seconds, which the checks before need not wait for

    asked = settings.model.device
    if settings.model.name == "tiny":
        return Finding("device", State.OK, "cpu: the model tiny needs no other")
    if torch.cuda.is_available():
        found = f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}"
        return Finding("device", State.OK, f"{'cpu' if asked == 'cpu' else 'cuda'}; this machine has {found}")
    if asked == "cuda":
        advice = "run it where there is one, or set IMAGESEARCH_MODEL__DEVICE=auto"
        return Finding("device", State.WARN, "model.device is cuda, and this machine has no CUDA device", advice)
    return Finding("device", State.OK, "cpu")

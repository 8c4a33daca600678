"""What this machine has for a model: CPUs, their kind, CUDA devices. Asked without importing torch, which takes seconds."""

from __future__ import annotations

import ctypes
import math
import os
import platform
from pathlib import Path

CGROUP_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")
CPU_INFO = Path("/proc/cpuinfo")
# A virtual machine may call every processor by the same name; the features tell them apart.
CPU_KIND = ("vendor_id", "cpu family", "model", "model name", "flags", "CPU implementer", "CPU part", "Features")


def cpus() -> int:
    """Return the CPUs that this process may use: its affinity, and the quota of its container where there is one."""
    # macOS has no affinity.
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CGROUP_CPU_LIMIT.read_text(encoding="ascii").split()
    except OSError:  # no cgroup of version 2
        return allowed
    return allowed if quota == "max" else max(1, min(allowed, math.ceil(int(quota) / int(period))))


def cpu_kind() -> str:
    """Return a text that is equal on machines whose CPUs are of one kind."""
    try:
        first = CPU_INFO.read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:  # not Linux
        return f"{platform.machine()} {platform.processor()}"
    fields = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in first.splitlines())]
    return " ".join([platform.machine(), *(f"{name}={value}" for name, value in fields if name in CPU_KIND)])


def cuda_devices() -> int:
    """Count the CUDA devices that this process may use, as the driver says; 0 where there is none."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int()
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value

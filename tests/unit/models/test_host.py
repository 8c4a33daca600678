from __future__ import annotations

import os
from pathlib import Path

import pytest

from imagesearch.models import host

ONE = "processor\t: 0\nmodel name\t: AMD EPYC\ncpu MHz\t\t: 2450.1\nflags\t\t: fpu avx2\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n"


@pytest.mark.parametrize(("limit", "wanted"), [("50000 100000\n", 1), ("100000 100000\n", 1), ("max 100000\n", None), (None, None)])
def test_the_quota_of_a_container_bounds_the_threads(
    limit: str | None, wanted: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpu.max"
    if limit is not None:
        file.write_text(limit)
    monkeypatch.setattr(host, "CGROUP_CPU_LIMIT", file)
    assert host.cpus() == (wanted or len(os.sched_getaffinity(0)))


def test_a_kind_of_cpu_is_its_model_and_features_whatever_its_clock_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = set()
    for number, text in enumerate((ONE, ONE.replace("2450.1", "1500.0"), ONE.replace("avx2", "avx2 avx512f"))):
        (tmp_path / str(number)).write_text(text)
        monkeypatch.setattr(host, "CPU_INFO", tmp_path / str(number))
        kinds.add(host.cpu_kind())
    assert len(kinds) == 2
    monkeypatch.setattr(host, "CPU_INFO", tmp_path / "none")
    assert host.cpu_kind()


def test_a_machine_without_the_driver_has_no_cuda_device(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(host.ctypes, "CDLL", absent)
    assert host.cuda_devices() == 0

"""An export is made once, by one of those who need it, and again where it is damaged."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from config.sections import ModelSettings
from imagesearch.errors import ConfigError, ModelError, WeightsMismatch
from imagesearch.models.located import LocatedModel
from imagesearch.models.runtimes import export as exporting
from imagesearch.models.runtimes import exports
from imagesearch.models.runtimes.exports import MODEL, REFERENCE, cache_folder, name_of, obtain, read


@pytest.fixture
def own(small: LocatedModel, model_cache: Path, tmp_path: Path) -> Path:
    """A cache of the test's own that holds the small model already."""
    exported = obtain(small, model_cache).model.parent
    shutil.copytree(exported, tmp_path / "cache" / "exports" / exported.name)
    return tmp_path / "cache"


def truncate(folder: Path) -> None:
    os.truncate(folder / MODEL, 1000)


def change_a_weight(folder: Path) -> None:
    data = bytearray((folder / MODEL).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / MODEL).write_bytes(data)


def empty_reference(folder: Path) -> None:
    (folder / REFERENCE).write_bytes(b"")


def lose_model(folder: Path) -> None:
    (folder / MODEL).unlink()


def test_an_export_that_is_there_is_read_and_not_made(small: LocatedModel, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "export", None)
    again = obtain(small, own)
    assert again.model.is_file()
    assert again.reference.shape == (4, small.spec.dim)
    # A cache that others prepared may be a read-only part of an image.
    assert {path.name for path in own.iterdir()} == {"exports"}
    assert len(list((own / "exports").iterdir())) == 1


@pytest.mark.parametrize("damage", [truncate, change_a_weight, empty_reference, lose_model])
def test_a_damaged_export_is_not_taken(
    damage: Callable[[Path], None], small: LocatedModel, own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = own / "exports" / name_of(small)
    assert read(folder) is not None
    damage(folder)
    assert read(folder) is None
    assert ("damaged" in caplog.text) == (damage is not lose_model)


def test_a_damaged_export_is_made_again_without_the_exporter_s_hundreds_of_lines(
    small: LocatedModel, own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = own / "exports" / name_of(small)
    before = read(folder)
    truncate(folder)
    with caplog.at_level(logging.INFO):
        after = obtain(small, own)
    assert before is not None
    np.testing.assert_allclose(after.reference, before.reference, rtol=1e-4, atol=1e-5)
    assert read(folder) is not None
    assert not list(folder.parent.glob(".partial-*"))
    assert {record.name for record in caplog.records} == {"imagesearch.models.runtimes.exports"}


def test_processes_that_need_it_at_once_make_it_once(tmp_path: Path) -> None:
    program = (
        "import logging, sys\n"
        "from pathlib import Path\n"
        "from config.sections import ModelSettings\n"
        "from imagesearch.models.located import located\n"
        "from imagesearch.models.runtimes.exports import obtain\n"
        "logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)\n"
        "model = located(ModelSettings(name='timm:test_efficientnet', weights='random'), None)\n"
        f"obtain(model, Path({str(tmp_path)!r}))\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate()[0] for one in running]
    assert [one.returncode for one in running] == [0, 0]
    assert sum("exporting" in words for words in said) == 1
    folders = [path for path in (tmp_path / "exports").iterdir() if path.is_dir()]
    assert len(folders) == 1
    assert read(folders[0]) is not None


def test_who_finds_another_s_export_in_its_place_is_content(small: LocatedModel, own: Path) -> None:
    from imagesearch.models.runtimes.exports import _put

    folder = own / "exports" / name_of(small)
    ours = own / "partial" / "new"
    shutil.copytree(folder, ours)
    _put(ours, folder, own / "partial")
    assert read(folder) is not None
    assert not ours.exists()


def test_the_name_tells_models_weights_and_preprocessing_apart(small: LocatedModel, lite0: LocatedModel) -> None:
    other_weights = replace(small, fingerprint=replace(small.fingerprint, weights_digest="f" * 64))
    other_scale = replace(small, spec=replace(small.spec, std=(1.0, 1.0, 1.0)))
    names = {name_of(model) for model in (small, lite0, other_weights, other_scale)}
    assert len(names) == 4
    assert all("-torch" in name and "-opset" in name and "/" not in name for name in names)


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(small: LocatedModel, no_folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"file/cache/exports cannot keep .* set model\.cache_dir"):
        obtain(small, no_folder)


def test_a_network_that_the_exporter_does_not_know_is_a_model_error(
    small: LocatedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gives_up(*_args: object, **_options: object) -> None:
        raise exporting.torch.onnx.OnnxExporterError("no such operator\nand a page of advice")

    monkeypatch.setattr(exporting.torch.onnx, "export", gives_up)
    with pytest.raises(ModelError, match=r"cannot be exported to ONNX: no such operator$"):
        obtain(small, tmp_path)
    assert not [path for path in (tmp_path / "exports").iterdir() if path.is_dir()]


def test_wrong_weights_are_told_as_such(small: LocatedModel, tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(b"none")
    with pytest.raises(WeightsMismatch):
        obtain(replace(small, weights=tmp_path / "weights.pth"), tmp_path / "cache")


def test_the_cache_may_lie_in_the_user_s_home_whoever_that_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(exports, "DEFAULT_FOLDER", Path("~/.cache/imagesearch"))
    assert cache_folder(ModelSettings()) == tmp_path / ".cache" / "imagesearch"
    assert cache_folder(ModelSettings(cache_dir=Path("~/elsewhere"))) == tmp_path / "elsewhere"

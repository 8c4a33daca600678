"""open_clip's models by name, their weights and their tokenizers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from config.sections import ModelSettings
from imagesearch.errors import ConfigError, ModelError, UnknownModel, WeightsNotFound
from imagesearch.models.clip import open_tokenizer
from imagesearch.models.clip_towers import picture_tower
from imagesearch.models.registry import lookup, takes_text
from imagesearch.models.weights import ObjectStore, locate


@pytest.mark.parametrize(
    ("name", "dim", "preprocess", "mean"),
    [
        ("clip:ViT-B-32/laion2b_s34b_b79k", 512, "crop1-224-bicubic", 0.48145466),
        ("clip:ViT-B-16-SigLIP-256/webli", 768, "squash-256-bicubic", 0.5),
        ("clip:MobileCLIP-S1/datacompdr", 512, "crop1-256-bilinear", 0.0),
        ("clip:ViT-B-32", 512, "crop1-224-bicubic", 0.48145466),
    ],
)
def test_a_model_is_prepared_for_as_its_weights_were_trained(name: str, dim: int, preprocess: str, mean: float) -> None:
    spec = lookup(name)
    assert (spec.name, spec.dim, str(spec.preprocess), spec.mean[0]) == (name, dim, preprocess, mean)
    assert takes_text(name)


@pytest.mark.parametrize(
    "name",
    ["clip:", "clip:ViT-B", "clip:ViT-B-32/imagenet", "clip:hf-hub:a/b", "clip:local-dir:/tmp", "clip:../x", "clip:ViT-B/32"],
)
def test_a_name_that_open_clip_does_not_know_is_refused(name: str) -> None:
    with pytest.raises(UnknownModel, match="open_clip has no"):
        lookup(name)


def test_weights_that_are_unknown_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match="laion2b_s34b_b79k"):
        lookup("clip:ViT-B-32/laion")


def test_a_text_tower_of_another_library_is_refused() -> None:
    with pytest.raises(ModelError, match="another library"):
        lookup("clip:xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k")


def test_models_of_pictures_alone_take_no_text() -> None:
    assert not any(map(takes_text, ("efficientnet_lite0", "timm:resnet18", "tiny")))


def test_without_the_library_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(ModelError, match=r"pip install '\.\[clip\]'"):
        lookup("clip:ViT-B-32/openai")


def published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_clip: str, **config: object) -> str:
    """Publish weights of the tiny model under the tag `own`, and have downloads kept in the test's folder."""
    from open_clip import pretrained

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setitem(pretrained._PRETRAINED, tiny_clip.removeprefix("clip:"), {"own": config})
    return f"{tiny_clip}/own"


def test_published_weights_are_downloaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_clip: str, objects: ObjectStore
) -> None:
    (tmp_path / "w.pt").write_bytes(b"weights")
    name = published(monkeypatch, tmp_path, tiny_clip, url=(tmp_path / "w.pt").as_uri())
    path = locate(lookup(name), ModelSettings(name=name, weights="download"), objects)
    assert path is not None
    assert path != tmp_path / "w.pt"
    assert path.read_bytes() == b"weights"


def test_a_download_that_fails_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_clip: str, objects: ObjectStore
) -> None:
    name = published(monkeypatch, tmp_path, tiny_clip, url="http://127.0.0.1:9/w.pt")
    for asked in (name, tiny_clip):
        with pytest.raises(WeightsNotFound, match=r"set model\.weights to a file or s3://bucket/key"):
            locate(lookup(asked), ModelSettings(name=asked, weights="download"), objects)


def test_weights_trained_with_another_activation_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_clip: str) -> None:
    from open_clip.transformer import QuickGELU

    name = published(monkeypatch, tmp_path, tiny_clip, quick_gelu=True)
    for asked, quick in ((name, True), (tiny_clip, False)):
        assert any(isinstance(module, QuickGELU) for module in picture_tower(lookup(asked), None).modules()) is quick


def test_the_tokenizer_of_clip_cuts_off_what_is_too_long(tiny_clip: str) -> None:
    tokens = open_tokenizer(lookup(tiny_clip), None)(["a red car", "a dog " * 100])
    assert tokens.shape == (2, 16)
    assert tokens.dtype == torch.int64
    assert (tokens[0] == 0).any()
    assert not (tokens[1] == 0).any()


def test_a_tokenizer_that_open_clip_does_not_bring_is_read_from_its_folder(tiny_siglip: str, word_tokenizer: Path) -> None:
    tokens = open_tokenizer(lookup(tiny_siglip), word_tokenizer)(["A red CAR!", "a cat"])
    assert tokens.tolist() == [[2, 3, 4] + 13 * [0], [2, 1] + 14 * [0]]


def test_a_tokenizer_that_is_not_there_is_named(tiny_siglip: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"/nowhere/tokenizer.*set model\.tokenizer"):
        open_tokenizer(lookup(tiny_siglip), None)
    with pytest.raises(ModelError, match=str(tmp_path)):
        open_tokenizer(lookup(tiny_siglip), tmp_path)
    with pytest.raises(ConfigError, match="is no folder"):
        open_tokenizer(lookup(tiny_siglip), tmp_path / "gone")


def test_a_tokenizer_for_a_model_that_has_its_own_is_refused(tiny_clip: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model\.tokenizer"):
        open_tokenizer(lookup(tiny_clip), tmp_path)


def test_without_the_library_of_its_tokenizer_it_is_said_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tiny_siglip: str, word_tokenizer: Path
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ModelError, match=r"transformers.*pip install '\.\[clip\]'"):
        open_tokenizer(lookup(tiny_siglip), word_tokenizer)

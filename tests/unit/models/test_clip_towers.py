"""Pictures and texts of a small model with random weights: one space, and what open_clip itself makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from config.sections import ModelSettings
from imagesearch.errors import EmbeddingFailed, WeightsMismatch, WeightsNotFound
from imagesearch.models import text
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import fingerprint_of, open_encoders
from imagesearch.models.text import ClipTexts
from imagesearch.models.weights import ObjectStore, digest
from imagesearch.types import Vectors
from tests.fixtures.clip import WORDS, tokenizer_of

TEXTS = ["a red car", "two dogs on a beach", "", "写真 😀", "word " * 200]


def opened(name: str, objects: ObjectStore, weights: str = "random", **settings: Any) -> tuple[Encoder, ClipTexts]:
    settings = {"runtime": "torch", "device": "cpu", "threads": 1} | settings
    encoder, texts = open_encoders(ModelSettings(name=name, weights=weights, **settings), objects, batch=2)
    assert isinstance(texts, ClipTexts)
    return encoder, texts


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def of_the_library(name: str, tensors: dict[str, torch.Tensor], images: np.ndarray, texts: list[str]) -> tuple[Vectors, Vectors]:
    """Embed by open_clip's own code alone, its preprocessing included."""
    import open_clip

    model, _, preprocess = open_clip.create_model_and_transforms(name.removeprefix("clip:"))
    model.load_state_dict(tensors)
    model.eval()
    with torch.inference_mode():
        batch = torch.stack([preprocess(Image.fromarray(image)) for image in images])
        seen = model.encode_image(batch, normalize=True)
        read = model.encode_text(open_clip.get_tokenizer(name.removeprefix("clip:"))(texts), normalize=True)
    return seen.numpy(), read.numpy()


@pytest.fixture(scope="module")
def tensors(tiny_clip: str) -> dict[str, torch.Tensor]:
    import open_clip

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        state: dict[str, torch.Tensor] = open_clip.create_model(tiny_clip.removeprefix("clip:")).state_dict()
    return state


def test_pictures_and_texts_are_unit_vectors_of_one_space(tiny_clip: str, objects: ObjectStore) -> None:
    encoder, texts = opened(tiny_clip, objects)
    seen, read = encoder.encode(pictures(3)), texts.encode(TEXTS)
    assert (seen.shape, read.shape, seen.dtype, read.dtype) == ((3, 16), (5, 16), np.float32, np.float32)
    assert np.linalg.norm(np.concatenate([seen, read]), axis=1) == pytest.approx(1, abs=1e-5)
    assert texts.encode([]).shape == (0, 16)


def test_a_text_does_not_depend_on_its_neighbours_and_random_weights_are_the_same_each_time(
    tiny_clip: str, objects: ObjectStore
) -> None:
    first, second = (opened(tiny_clip, objects)[1] for _ in range(2))
    together = first.encode(TEXTS)
    assert np.concatenate([second.encode([one]) for one in TEXTS]) == pytest.approx(together, abs=1e-5)
    assert np.linalg.matrix_rank(together) == len(TEXTS)


@pytest.mark.parametrize("form", ["w.pt", "w.safetensors", "training"])
def test_weights_of_a_file_give_the_librarys_own_vectors_and_are_in_the_fingerprint(
    form: str, tiny_clip: str, tmp_path: Path, objects: ObjectStore, tensors: dict[str, torch.Tensor]
) -> None:
    file = tmp_path / form
    if form == "w.safetensors":
        from safetensors.torch import save_file

        save_file(tensors, file)
    elif form == "w.pt":
        torch.save(tensors, file)
    else:  # as open_clip's own training saves them
        torch.save({"epoch": 3, "state_dict": {f"module.{name}": tensor for name, tensor in tensors.items()}}, file)
    encoder, texts = opened(tiny_clip, objects, str(file))
    seen, read = of_the_library(tiny_clip, tensors, pictures(3), TEXTS)
    assert encoder.encode(pictures(3)) == pytest.approx(seen, abs=1e-5)
    assert texts.encode(TEXTS) == pytest.approx(read, abs=1e-5)
    assert encoder.fingerprint.weights_digest == digest(file) != "random"
    assert encoder.fingerprint == fingerprint_of(ModelSettings(name=tiny_clip, weights=str(file)), objects)[0]
    assert encoder.fingerprint.collection.startswith("images_clip_tiny_clip_16_")


def test_a_file_of_another_model_or_of_none_is_refused(
    tiny_clip: str, tmp_path: Path, objects: ObjectStore, tensors: dict[str, torch.Tensor]
) -> None:
    torch.save({name: tensor for name, tensor in tensors.items() if name != "visual.proj"}, tmp_path / "part.pt")
    torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / "other.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({}, tmp_path / "empty.pt")
    (tmp_path / "garbage.pt").write_bytes(b"garbage")
    (tmp_path / "garbage.safetensors").write_bytes(b"garbage")
    (tmp_path / "garbage.npz").write_bytes(b"garbage")
    for file in tmp_path.glob("*.*"):
        with pytest.raises(WeightsMismatch, match=file.name):
            opened(tiny_clip, objects, str(file))
    with pytest.raises(WeightsNotFound):
        opened(tiny_clip, objects, str(tmp_path / "gone.pt"))


def test_a_file_that_would_run_code_is_refused(tiny_clip: str, tmp_path: Path, objects: ObjectStore) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    torch.save({"visual.proj": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(WeightsMismatch):
        opened(tiny_clip, objects, str(tmp_path / "evil.pt"))
    assert not (tmp_path / "ran").exists()


def test_onnx_runtime_runs_the_picture_tower(tiny_clip: str, objects: ObjectStore) -> None:
    by_torch, by_onnx = (opened(tiny_clip, objects, runtime=runtime)[0] for runtime in ("torch", "onnx"))
    assert by_onnx.encode(pictures(5)) == pytest.approx(by_torch.encode(pictures(5)), abs=1e-4)


def test_a_model_with_words_of_its_own_reads_them(tiny_siglip: str, objects: ObjectStore, word_tokenizer: Path) -> None:
    _, texts = opened(tiny_siglip, objects, tokenizer=word_tokenizer)
    one, same, other = texts.encode(["a red car", "A Red car.", "a dog"])
    assert one == pytest.approx(same, abs=1e-5)
    assert one @ other < 0.999


def test_a_tokenizer_of_another_model_is_an_error_of_the_model(tiny_siglip: str, objects: ObjectStore, tmp_path: Path) -> None:
    larger = tokenizer_of((*WORDS, *(f"word{n}" for n in range(20))), tmp_path)
    _, texts = opened(tiny_siglip, objects, tokenizer=larger)
    texts.encode(["a dog"])
    with pytest.raises(EmbeddingFailed):
        texts.encode(["a word19"])


def test_words_that_were_seen_are_not_kept_for_ever(tiny_clip: str, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MOST_WORDS", 20)
    _, texts = opened(tiny_clip, objects)
    before = texts.encode(["a red car <end_of_text>"])
    for start in range(0, 600, 6):
        texts.encode([" ".join("w" + "abcdefghij"[n % 10] * (n // 10 + 1) for n in range(start, start + 6))])
        assert len(texts._tokenizer.cache) <= 20
    assert texts.encode(["a red car <end_of_text>"]) == pytest.approx(before, abs=1e-6)

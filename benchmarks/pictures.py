"""Pictures to load: as many as asked for, none like another, the same each time."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageEnhance

from cli.demo import packaged_pictures

# Photographs that installed packages carry, in colour and large enough to be cut from; the rest of theirs are drawings.
PHOTOGRAPHS = (
    "astronaut",
    "brick",
    "chelsea",
    "coffee",
    "grass",
    "gravel",
    "hubble_deep_field",
    "ihc",
    "motorcycle_left",
    "retina",
    "rocket",
)
# A cut shows this share of the photograph's shorter side, so that it has a photograph's detail and not a blow-up's.
SHARES = (0.6, 1.0)
QUALITY = 88
TINY_SIDE = 16
# Files of one folder.
FOLDER = 1000


def photographs(target: Path, count: int, size: tuple[int, int]) -> list[Path]:
    """Make JPEGs of the size (width, height), each another cut of a photograph, in another light; return their paths."""
    folder = packaged_pictures(target / "packaged") / "photographs"
    originals = [Image.open(next(folder.glob(f"{name}.*"))).convert("RGB") for name in PHOTOGRAPHS]
    paths = []
    for n, path in zip(range(count), _paths(target / f"{size[0]}x{size[1]}", "jpg"), strict=False):
        if not path.exists():
            _cut(originals[n % len(originals)], size, random.Random(n)).save(path, quality=QUALITY)
        paths.append(path)
    return paths


def tiny(target: Path, count: int) -> list[Path]:
    """Make BMPs of 16 x 16 pixels of noise: the cheapest files to write and to read that still are pictures of their own."""
    pixels = 3 * TINY_SIDE * TINY_SIDE
    header = struct.pack("<2sIHHI", b"BM", 54 + pixels, 0, 0, 54)
    header += struct.pack("<IiiHHIIiiII", 40, TINY_SIDE, TINY_SIDE, 1, 24, 0, pixels, 2835, 2835, 0, 0)
    paths = []
    for n, path in zip(range(count), _paths(target / "tiny", "bmp"), strict=False):
        if not path.exists():
            path.write_bytes(header + random.Random(n).randbytes(pixels))
        paths.append(path)
    return paths


def below(folder: Path, suffixes: frozenset[str] = frozenset({".jpg", ".jpeg", ".png"})) -> list[Path]:
    """Return the pictures that lie below a folder, in a stable order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())


def _cut(original: Image.Image, size: tuple[int, int], chance: random.Random) -> Image.Image:
    width, height = size
    most = min(original.width, original.height * width / height) * chance.uniform(*SHARES)
    cut_width, cut_height = most, most * height / width
    left, top = chance.uniform(0, original.width - cut_width), chance.uniform(0, original.height - cut_height)
    cut = original.resize(size, Image.Resampling.BICUBIC, (left, top, left + cut_width, top + cut_height))
    if chance.random() < 0.5:
        cut = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return ImageEnhance.Brightness(cut).enhance(chance.uniform(0.8, 1.2))


def _paths(target: Path, suffix: str) -> Iterator[Path]:
    """Yield names below `target` without end, a folder a thousand."""
    for n in range(10**9):
        folder = target / f"{n // FOLDER:06d}"
        if n % FOLDER == 0:
            folder.mkdir(parents=True, exist_ok=True)
        yield folder / f"{n:09d}.{suffix}"

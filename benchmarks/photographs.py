"""Real photographs that an installed package ships, and what is made of them: JPEGs of any size."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from imagesearch.errors import ConfigError

PACKAGE = "skimage"
# What a camera, a microscope, a telescope or a scanner saw; the package's other pictures are drawn.
NAMES = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "cell.png",
    "chelsea.png",
    "clock_motion.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "page.png",
    "retina.jpg",
    "rocket.jpg",
    "text.png",
)

Size = tuple[int, int]


def photographs() -> dict[str, Image.Image]:
    """Return them by name, in RGB. Raises ConfigError where the package is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ConfigError(f"the package {PACKAGE} is not installed")
    folder = Path(spec.origin).parent / "data"
    return {name: Image.open(folder / name).convert("RGB") for name in NAMES}


def scaled(photograph: Image.Image, size: Size) -> Image.Image:
    """Return it at that size, cut to its proportions."""
    return ImageOps.fit(photograph, size, Image.Resampling.LANCZOS)


def tiled(photograph: Image.Image, size: Size) -> Image.Image:
    """Return a surface of it and its mirror images: as fine everywhere as the original, which one that was scaled up is not."""
    surface = Image.new("RGB", size)
    for row, top in enumerate(range(0, size[1], photograph.height)):
        for column, left in enumerate(range(0, size[0], photograph.width)):
            tile = ImageOps.mirror(photograph) if column % 2 else photograph
            surface.paste(ImageOps.flip(tile) if row % 2 else tile, (left, top))
    return surface


MAKERS: dict[str, Callable[[Image.Image, Size], Image.Image]] = {"photograph": scaled, "tiled": tiled}


def jpeg(image: Image.Image, quality: int) -> bytes:
    """Return the picture as a JPEG, its colours at half resolution as cameras and websites store them."""
    out = BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling="4:2:0")
    return out.getvalue()

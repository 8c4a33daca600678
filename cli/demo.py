"""The whole system on this machine, once through: stack up, pictures added, loaded, one of them found again; `make demo`."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from cli.commands import add, load, search
from cli.console import Output
from cli.stack.stack import up
from config import Settings, load_settings
from imagesearch.errors import ConfigError, ImageError, ImageSearchError
from imagesearch.images.decode import decode
from imagesearch.imports.request import SUFFIXES
from imagesearch.types import DEFAULT_NAMESPACE
from jobs.edge import exit_code

# Packages whose wheels carry pictures, and the folders of these. Never imported: what they depend on is not installed.
PACKAGES = {"arcade": "resources/assets/images", "skimage": "data"}
# A browser shows these side by side; a TIFF it does not.
KINDS = frozenset({".jpg", ".png"})
# Drawings on one plain colour tell nothing in a table of hits.
LEAST_BYTES = 8_000


def main() -> int:
    """Run the demo and leave the service running; IMAGES names another folder of pictures, PORT another port."""
    output = Output(as_json=False)
    output.log()
    try:
        return run(output, os.environ.get("IMAGES") or None, chosen_port(os.environ.get("PORT", "")))
    except ImageSearchError as exc:
        output.say(f"error: {exc.detail} ({exc.code})", "red")
        return exit_code(exc)


def chosen_port(text: str) -> int | None:
    """Return the port that PORT names, None for an empty one. Raises ConfigError."""
    if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise ConfigError(f"PORT={text} is no port: a number from 1 to 65535")
    return int(text) if text else None


def run(output: Output, images: str | None, port: int | None) -> int:
    """Go through the steps; returns 0 unless one of them could not be done. Rows that failed are told and are no failure here."""
    if images is not None and not Path(images).is_dir():
        raise ConfigError(f"IMAGES={images} is no folder")
    settings = up(load_settings("local"), port, output.say)
    folder = Path(images).resolve() if images else packaged_pictures(settings.home / "demo" / "pictures")
    output.say(f"\n$ imagesearch add {folder}")
    add.run(settings, output, str(folder), DEFAULT_NAMESPACE)
    output.say("\n$ imagesearch load")
    failed = load.run(settings, output, False)
    if failed > 1:
        return failed
    original = typical_picture(folder, settings)
    if original is None:
        output.say(f"no picture below {folder} can be read, so there is nothing to search for")
    else:
        query = settings.home / "demo" / "edited_copy.jpg"
        query.parent.mkdir(exist_ok=True)
        query.write_bytes(edited_copy(original, settings))
        output.say(f"\na copy of {original}, cropped, half as large, as a poor JPEG:\n$ imagesearch search {query}")
        search.run(settings, output, [str(query)], 5, DEFAULT_NAMESPACE, settings.home / "demo" / "hits.html")
    where = f"http://{settings.http.host}:{settings.http.port}"
    output.say(
        f"\nthe API and its page: {where}/docs   pictures: {where}/v1/images   counts: {where}/v1/stats\nstop it all: make down"
    )
    return 0


def packaged_pictures(target: Path) -> Path:
    """Copy the packages' pictures below `target`, a folder a kind, and return it; what is there already is left alone."""
    for package, folder in PACKAGES.items():
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ConfigError(f"the package {package} is not installed; name a folder of pictures with IMAGES=folder")
        source = Path(spec.origin).parent / folder
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() in KINDS:
                below = path.relative_to(source)
                copy = target / below if len(below.parts) > 1 else target / "photographs" / below
                if not copy.exists():
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, copy)
    return target


def typical_picture(folder: Path, settings: Settings) -> Path | None:
    """Return a readable picture from the middle of the folder, one with something on it where there is one."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    rich = [path for path in paths if path.stat().st_size >= LEAST_BYTES]
    for path in [*rich[len(rich) // 2 :], *paths]:
        try:
            decode(path.read_bytes(), settings.images)
        except (ImageError, OSError):
            continue
        return path
    return None


def edited_copy(path: Path, settings: Settings) -> bytes:
    """Return the picture without its outer tenth, at half its size, as a JPEG of quality 50."""
    rgb = decode(path.read_bytes(), settings.images).rgb
    cropped = ImageOps.crop(rgb, (rgb.width // 20, rgb.height // 20, rgb.width // 20, rgb.height // 20))
    small = cropped.resize((max(1, cropped.width // 2), max(1, cropped.height // 2)), Image.Resampling.LANCZOS)
    out = BytesIO()
    small.save(out, "JPEG", quality=50)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())

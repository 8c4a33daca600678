"""The form of an image_path: what could be read under some settings, judged without reading anything."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from imagesearch.errors import SourceInvalid

# UTF-8 takes four bytes a character at most, and SQL's TEXT 65,535 bytes.
MAX_PATH_CHARACTERS = 4096
# What nearly all come as: of these nothing is left to parse, and a batch has a thousand.
PLAIN = re.compile(r"(?:s3|https?)://[A-Za-z0-9._-]+/")


def check_place(image_path: str) -> None:
    """Raise SourceInvalid where no setting could ever make this path readable; whether it may be read is asked when it is."""
    if len(image_path) > MAX_PATH_CHARACTERS:
        raise SourceInvalid(f"image_path has more than {MAX_PATH_CHARACTERS} characters")
    if "\0" in image_path:
        raise SourceInvalid("image_path holds a NUL character")
    if image_path.startswith("/") or PLAIN.match(image_path):
        return
    scheme, colon, rest = image_path.partition(":")
    if colon and scheme.lower() in ("file", "s3", "http", "https") and rest.startswith("//"):
        try:
            parts = urlsplit(image_path)
        except ValueError:
            raise SourceInvalid("image_path is not a URI") from None
        if parts.netloc or (scheme.lower() == "file" and parts.path):
            return
    raise SourceInvalid("image_path must be an absolute path or a file://, s3://, http:// or https:// URI")

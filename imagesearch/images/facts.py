"""What the catalog keeps of a picture's bytes."""

from __future__ import annotations

from imagesearch.images.decode import Decoded
from imagesearch.images.hashes import content_hash, perceptual_hash
from imagesearch.types import PictureFacts


def facts(data: bytes, decoded: Decoded) -> PictureFacts:
    """Describe the picture that `data` were decoded to; its size is the full picture's, in pixels."""
    return PictureFacts(
        content_hash=content_hash(data),
        width=decoded.width,
        height=decoded.height,
        format=decoded.format,
        byte_size=len(data),
        perceptual_hash=perceptual_hash(decoded.rgb),
    )

"""The facts of a picture are those of the full picture, however small it was decoded."""

from __future__ import annotations

from config.sections import ImageSettings
from imagesearch.images.decode import decode
from imagesearch.images.facts import facts
from imagesearch.images.hashes import content_hash, perceptual_hash
from imagesearch.types import PictureFacts


def test_facts_describe_bytes_and_full_size(encode, flag):
    data = encode(flag.resize((1200, 800)), "jpeg")
    decoded = decode(data, ImageSettings(), at_least=100)
    assert facts(data, decoded) == PictureFacts(
        content_hash=content_hash(data),
        width=1200,
        height=800,
        format="jpeg",
        byte_size=len(data),
        perceptual_hash=perceptual_hash(decoded.rgb),
    )

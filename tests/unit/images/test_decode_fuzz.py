"""Fuzzing: whatever the bytes, the decoder gives a picture within the limits or an error of the tree, and nothing else."""

import io
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from config.sections import ImageSettings
from imagesearch.errors import ImageError
from imagesearch.images.decode import SIGNATURES, decode
from imagesearch.images.facts import facts

LIMITS = ImageSettings(max_bytes=100_000, max_pixels=250_000)
HEADS = [
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\0\0\0\0WEBP",
    b"BM" + bytes(12) + b"\x28\0\0\0",
    b"II*\0",
    b"MM\0*",
]


def whole(kind):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8))
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(out, kind, **({"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}))
    return out.getvalue()


WHOLE = {kind: whole(kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")}


@st.composite
def spoilt(draw):
    """A good picture with some bytes changed, left out, doubled or put in."""
    data = bytearray(WHOLE[draw(st.sampled_from(sorted(WHOLE)))])
    for _ in range(draw(st.integers(0, 8))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        what = draw(st.sampled_from(["change", "cut", "insert", "double", "end"]))
        length = draw(st.integers(1, 16))
        if what == "change":
            data[place : place + 1] = bytes([draw(st.integers(0, 255))])
        elif what == "cut":
            del data[place : place + length]
        elif what == "insert":
            data[place:place] = draw(st.binary(max_size=16))
        elif what == "double":
            data[place:place] = data[place : place + length]
        else:
            del data[place:]
    return bytes(data)


def judge(data, at_least):
    with warnings.catch_warnings():
        # A warning of the library is an error in these tests; here it would be one of the service's log.
        warnings.simplefilter("ignore")
        try:
            decoded = decode(data, LIMITS, at_least)
        except ImageError:
            return
        assert decoded.rgb.mode == "RGB"
        assert 0 < decoded.width * decoded.height <= LIMITS.max_pixels
        assert decoded.format in SIGNATURES
        assert len(facts(data, decoded).perceptual_hash) == 64


@given(spoilt(), st.sampled_from([None, 1, 16, 1000]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_spoilt_picture_is_a_picture_or_an_error_of_ours(data, at_least):
    judge(data, at_least)


@given(st.sampled_from(HEADS), st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_noise_behind_a_good_signature_is_an_error_of_ours(head, noise):
    judge(head + noise, 16)


@pytest.mark.parametrize("kind", WHOLE)
def test_what_is_fuzzed_is_a_picture_to_begin_with(kind):
    assert decode(WHOLE[kind], LIMITS).rgb.size in ((32, 24), (24, 32))

"""Features come back from their bytes as they were; bytes of any other origin are no features, whatever they are."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from imagesearch.images.feature_bytes import HEAD, MOST_BYTES, RULES, from_bytes, to_bytes
from imagesearch.images.features import COLOURS_SIDE, GREY_SIDE, MARGIN, MOST, SIDE, Features, features_of

# The small copies behind the features, in bytes.
COPIES = GREY_SIDE**2 + 3 * COLOURS_SIDE**2


def noise(width=300, height=200):
    cells = np.random.default_rng(7).integers(0, 256, (25, 40, 3), dtype=np.uint8)
    return Image.fromarray(cells).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def features():
    return features_of(noise())


def same(one: Features, other: Features) -> bool:
    arrays = ("points", "descriptors", "grey", "colours")
    return one.size == other.size and all(
        getattr(one, name).dtype == getattr(other, name).dtype and (getattr(one, name) == getattr(other, name)).all()
        for name in arrays
    )


@pytest.mark.parametrize("image", [noise(), noise(3000, 200), Image.new("RGB", (1, 1)), Image.new("RGB", (2, 4000), "red")])
def test_they_come_back_to_the_last_bit(image):
    features = features_of(image)
    data = to_bytes(features)
    assert same(from_bytes(data), features)
    assert len(data) == HEAD.size + 132 * len(features.points) + COPIES <= MOST_BYTES


def test_a_rich_picture_has_many_and_its_places_are_within_it(features):
    assert 100 < len(features.points) <= MOST
    # Or on the frame around it, which repeats its edge.
    assert (features.points >= -MARGIN).all()
    assert (features.points <= np.array(features.size) + MARGIN).all()


def test_whatever_is_cut_off_or_put_behind_is_noticed(features):
    data = to_bytes(features)
    for length in (0, 1, 4, HEAD.size - 1, HEAD.size, HEAD.size + 1, len(data) // 2, len(data) - 1):
        assert from_bytes(data[:length]) is None
    assert from_bytes(data + b"\0") is None
    assert from_bytes(data + data) is None


def test_one_wrong_bit_is_noticed_wherever_it_is(features):
    data = to_bytes(features)
    places = [*range(HEAD.size), *np.random.default_rng(1).integers(HEAD.size, len(data), 500).tolist()]
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        assert from_bytes(bytes(changed)) is None, place


def test_other_bytes_are_no_features():
    random = np.random.default_rng(2)
    for length in (0, 10, HEAD.size, HEAD.size + COPIES, MOST_BYTES, MOST_BYTES + 1, 10**6):
        assert from_bytes(random.bytes(length)) is None
        assert from_bytes(RULES + random.bytes(length)) is None
        assert from_bytes(bytes(length)) is None


def forged(width, height, count, steps):
    """Bytes with an honest checksum around what no picture has."""
    body = struct.pack(f"<{len(steps)}H", *steps) + bytes(128 * (len(steps) // 2)) + bytes(COPIES)
    checksum = zlib.crc32(body, zlib.crc32(struct.pack("<HHH", width, height, count)))
    return HEAD.pack(RULES, width, height, count, checksum) + body


def test_an_honest_checksum_around_lies_does_not_help():
    assert from_bytes(forged(100, 80, 1, (1024, 1024))) is not None
    # More than are ever found, fewer than are told, no size, a size or a place that no small copy has.
    assert from_bytes(forged(100, 80, MOST + 1, (1024, 1024) * (MOST + 1))) is None
    assert from_bytes(forged(100, 80, 65535, (1024, 1024))) is None
    for size in ((0, 80), (100, 0), (SIDE + 1, 80), (65535, 65535)):
        assert from_bytes(forged(*size, 1, (1024, 1024))) is None
    for place in ((65535, 1024), (1024, 65535), ((100 + 17) * 128, 1024)):
        assert from_bytes(forged(100, 80, 1, place)) is None

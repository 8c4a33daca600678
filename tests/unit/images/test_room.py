"""Huge pictures are decoded one after the other, others beside each other, and nobody waits for ever."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Thread

import pytest
from PIL import Image

from config.sections import ImageSettings
from imagesearch.images import decode as decoding
from imagesearch.images.decode import decode
from imagesearch.images.room import Room


def entered(room, pixels, most, inside, leave):
    def work():
        with room.of(pixels, most):
            inside.set()
            leave.wait(20)

    thread = Thread(target=work)
    thread.start()
    return thread


def test_who_comes_later_does_not_pass_who_waits():
    room, leave = Room(), Event()
    small, huge, later = Event(), Event(), Event()
    threads = [entered(room, 60, 100, small, leave)]
    assert small.wait(20)
    threads.append(entered(room, 500, 100, huge, leave))
    assert not huge.wait(0.2)
    threads.append(entered(room, 10, 100, later, leave))
    assert not later.wait(0.2)
    leave.set()
    for thread in threads:
        thread.join(20)
    assert huge.is_set() and later.is_set()


def test_room_is_given_back_after_an_error():
    room = Room()
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), room.of(90, 100):
            raise ValueError("broken")
    inside, leave = Event(), Event()
    leave.set()
    entered(room, 90, 100, inside, leave).join(20)
    assert inside.is_set()


@pytest.mark.parametrize("max_pixels, together", [(150, False), (450, True)])
def test_no_more_pixels_are_decoded_at_once_than_one_picture_may_have(monkeypatch, max_pixels, together):
    out = io.BytesIO()
    Image.new("RGBA", (10, 10), "red").save(out, "PNG")
    here, most, lock, both = 0, 0, Lock(), Event()
    plain = decoding.rgb_of

    def watched(image):
        nonlocal here, most
        with lock:
            here += 1
            most = max(most, here)
            if here > 1:
                both.set()
        # Long enough for another to come beside this one, where it may.
        both.wait(0.1)
        try:
            return plain(image)
        finally:
            with lock:
                here -= 1

    monkeypatch.setattr(decoding, "rgb_of", watched)
    limits = ImageSettings(max_pixels=max_pixels)
    with ThreadPoolExecutor(4) as pool:
        decoded = list(pool.map(lambda _: decode(out.getvalue(), limits), range(4)))
    assert [(one.width, one.rgb.getpixel((5, 5))) for one in decoded] == [(10, (255, 0, 0))] * 4
    assert (most > 1) is together

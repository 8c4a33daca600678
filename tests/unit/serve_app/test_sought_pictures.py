"""A query's picture is made ready beside the model: begun once, waited for by whoever needs it, dropped where nobody does."""

from __future__ import annotations

import asyncio
import gc

import pytest

from imagesearch.errors import Overloaded
from serve_app.gate import ANYONE
from serve_app.query_vectors import QueryPicture
from serve_app.sought_pictures import Begun, SoughtPicture

PICTURE = QueryPicture(b"", None, None, None)


class Slow:
    """Takes the place of SoughtPictures, which needs a whole service: says what was begun, ended and dropped."""

    def __init__(self, error=None):
        self.said = []
        self.error = error
        self.may_end = asyncio.Event()

    async def of(self, picture, caller):
        assert (picture, caller) == (PICTURE, ANYONE)
        await self._doing("picture")
        return SoughtPicture("00", None, lambda: self._doing("features"))

    async def _doing(self, what):
        self.said.append(f"{what} begun")
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.said.append(f"{what} dropped")
            raise
        if self.error:
            raise self.error
        self.said.append(f"{what} done")
        return what


async def soon():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_with_true_the_features_are_found_before_anybody_asks():
    slow = Slow()
    begun = Begun(slow, ANYONE, True)
    begun.begin(PICTURE)
    slow.may_end.set()
    await soon()
    assert slow.said == ["picture begun", "picture done", "features begun", "features done"]
    assert await (await begun.of(PICTURE)).with_features() == "features"
    begun.drop()
    assert len(slow.said) == 4


@pytest.mark.parametrize("verify, said", [("auto", ["picture begun", "picture done"]), (False, [])])
async def test_no_more_is_begun_than_is_sure_to_be_needed(verify, said):
    slow = Slow()
    begun = Begun(slow, ANYONE, verify)
    begun.begin(PICTURE)
    slow.may_end.set()
    await soon()
    assert slow.said == said
    sought = await begun.of(PICTURE)
    assert slow.said == ["picture begun", "picture done"]
    assert await sought.with_features() == "features"
    begun.drop()


async def test_what_nobody_waits_for_is_dropped_and_its_errors_are_no_ones(caplog):
    slow, failing = Slow(), Slow(Overloaded("full"))
    failing.may_end.set()
    for pictures in (slow, failing):
        begun = Begun(pictures, ANYONE, True)
        begun.begin(PICTURE)
        await soon()
        begun.drop()
        await soon()
    assert slow.said == ["picture begun", "picture dropped"]
    del begun
    gc.collect()
    assert not caplog.records


async def test_who_waits_is_told_what_went_wrong():
    failing = Slow(Overloaded("full"))
    failing.may_end.set()
    begun = Begun(failing, ANYONE, True)
    begun.begin(PICTURE)
    await soon()
    with pytest.raises(Overloaded, match="full"):
        await begun.of(PICTURE)
    begun.drop()

"""Places are taken, given back whatever happens, and never more than there are."""

import pytest

from imagesearch.errors import Overloaded
from serve_app.places import Places


def test_there_are_no_more_places_than_there_are():
    places = Places(2)
    with places.one(), places.one():
        with pytest.raises(Overloaded, match="2 searches are in hand"):
            places.check()
        with pytest.raises(Overloaded), places.one():
            pass
    places.check()


def test_a_search_that_fails_gives_its_place_back():
    places = Places(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), places.one():
            raise ZeroDivisionError
    places.check()

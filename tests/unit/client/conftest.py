"""A service that says what a test wants, and clients of both kinds to ask it."""

import pytest

from imagesearch.client import NEVER
from tests.fixtures.either_client import KINDS, Either
from tests.fixtures.scripted import scripted

STATS = {"pictures": 3, "vectors": 3, "pending": 0, "failed": 1, "lag_s": None, "model": "tiny", "text": False}
ADDED = {"log_id": 1, "state": "pending", "href": "/v1/add-log/1"}


@pytest.fixture
def service():
    with scripted() as server:
        yield server


@pytest.fixture
def stats():
    """The counts as the service tells of them."""
    return STATS


@pytest.fixture
def added():
    """An add request as the service tells of it."""
    return ADDED


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
async def open_client(request):
    """Open a client of either kind."""
    opened = []

    def open_it(*args, **options):
        opened.append(Either(request.param, *args, **options))
        return opened[-1]

    yield open_it
    for client in opened:
        await client.closed()


@pytest.fixture
def client(open_client, service):
    """A client that tells at once what happens."""
    return open_client(service.url, retry=NEVER)

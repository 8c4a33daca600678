"""The whole HTTP service in this process, one for each test."""

from __future__ import annotations

import pytest

from config.sections import ImageSettings, SourceSettings
from tests.fixtures.fresh_stores import fresh
from tests.fixtures.whole_service import png, services


@pytest.fixture
def picture():
    return png


@pytest.fixture
def open_service(tmp_path):
    """A function that opens a service on the given Milvus, and whatever else of the settings a test wants otherwise."""
    with services(tmp_path) as open_it:
        yield open_it


@pytest.fixture
async def service(open_service, milvus_lite_uri):
    service = open_service(milvus_lite_uri)
    fresh(service.settings, service.stores.fingerprint.collection)
    async with service.client:
        yield service


@pytest.fixture
async def attacked(open_service, milvus_lite_uri):
    """A service that fetches from the public internet, with little patience."""

    def allowed(folder):
        return SourceSettings(roots=(folder,), http=True, http_timeout_s=2)

    service = open_service(milvus_lite_uri)
    service = open_service(
        milvus_lite_uri, sources=allowed(service.folder), images=ImageSettings(max_bytes=100_000, max_pixels=10**6)
    )
    fresh(service.settings, service.stores.fingerprint.collection)
    async with service.client:
        yield service

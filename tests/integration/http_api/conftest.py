"""The whole HTTP service in this process: the tiny model, SQLite, Milvus Lite's server, pictures in a folder; no Ray."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image

from config.sections import AuthSettings, BlobSettings, ImageSettings, MilvusSettings, ModelSettings, SourceSettings, SqlSettings
from config.settings import Settings
from imagesearch.images.decode import decode
from imagesearch.images.facts import facts
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import open_encoders
from imagesearch.ports import TextEncoder
from imagesearch.stores.factory import Stores, open_announcer, open_stores
from imagesearch.stores.sql.verdicts import Found
from imagesearch.types import IndexRow, PictureState
from serve_app.api import create_api
from serve_app.local_embedder import LocalEmbedder
from serve_app.local_readers import LocalReaders
from serve_app.services import Services
from telemetry.tracing import open_tracer
from tests.fixtures.fresh_stores import fresh


def png(seed: int, side: int = 48) -> bytes:
    """A picture of eight by eight coloured squares that no other seed has."""
    colours = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(colours).resize((side, side), Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


@dataclass
class Service:
    """A running service, with what a test needs to look behind it."""

    api: FastAPI
    client: httpx.AsyncClient
    settings: Settings
    stores: Stores
    encoder: Encoder
    texts: TextEncoder | None
    folder: Path

    async def add(self, data: bytes, **fields: str) -> httpx.Response:
        return await self.client.post("/v1/images", files={"file": ("a.png", data)}, data=fields)

    async def search(self, **query) -> httpx.Response:
        return await self.client.post("/v1/search", json=query)

    async def added_and_loaded(self, data: bytes, **fields: str) -> int:
        """Add a picture, load what waits, and return its milvus_id."""
        answer = await self.add(data, **fields)
        assert answer.status_code == 202, answer.text
        self.load()
        return (await self.client.get(answer.json()["href"])).json()["milvus_id"]

    def load(self) -> None:
        """What the bulk load does to each row that waits, one by one and without Ray."""
        stores = self.stores
        for row in stores.waiting.rows(stores.waiting.fresh(0, None, 1000)):
            data = stores.sources.read(row.image_path)
            decoded = decode(data, self.settings.images, stores.preprocess.at_least)
            picture = facts(data, decoded)
            one = stores.ledger.intern([(row.namespace, picture)])[row.namespace, picture.content_hash]
            embedded = one.state is not PictureState.SEARCHABLE
            if embedded:
                target = IndexRow(one.milvus_id, row.namespace, int(one.create_time.timestamp()))
                stores.index.upsert([target], self.encoder.encode(self.encoder.prepare(decoded.rgb, decoded.area)[None]))
            stores.ledger.commit([Found(row, one.milvus_id, embedded=embedded)], [], 5)


@pytest.fixture
def picture():
    return png


@pytest.fixture
def open_service(tmp_path):
    """A function that opens a service on the given Milvus, and whatever else of the settings a test wants otherwise."""
    opened = []

    def open_it(milvus_uri: str, **sections) -> Service:
        folder = tmp_path / "pictures"
        folder.mkdir(exist_ok=True)
        settings = Settings(
            **{
                "sql": SqlSettings(url=f"sqlite:///{tmp_path}/test.db"),
                "milvus": MilvusSettings(uri=milvus_uri, index="FLAT"),
                "blobs": BlobSettings(uri=str(tmp_path / "blobs")),
                "sources": SourceSettings(roots=(folder,)),
                "images": ImageSettings(max_bytes=100_000, max_pixels=1_000_000),
                "model": ModelSettings(name="tiny"),
                "auth": AuthSettings(keys=False),
                **sections,
            }
        )
        stores = open_stores(settings)
        encoder, texts = open_encoders(settings.model, stores.s3)
        tracer = open_tracer(settings.tracing, "ingress")
        embedder = LocalEmbedder(encoder, texts, tracer)
        announcer, readers = open_announcer(settings.stream), LocalReaders(settings)
        services = Services(settings, stores, embedder, announcer, readers, tracer=tracer)
        api = create_api(services)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://service")
        opened.append((services, embedder))
        return Service(api, client, settings, stores, encoder, texts, folder)

    yield open_it
    for services, embedder in opened:
        embedder.close()
        services.close()


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

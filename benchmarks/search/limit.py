"""What a search costs at least: decode, embed, raw pymilvus, in one process; `python -m benchmarks.search.limit < paths`.

Reads the settings of the environment as any process does. Prints a line of JSON: the requests a second that so many threads of the
raw client get answered by a vector alone. Searches by a picture are benchmarks.search.turns's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

from pymilvus import MilvusClient

from config import Settings, load_settings
from imagesearch.images.decode import decode
from imagesearch.images.s3 import S3
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import open_encoder
from imagesearch.stores.milvus.collection import search_params

TOP_K = 10
VECTORS = 64


class Bare:
    """A model and a client, and nothing around them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        s3 = S3(settings.s3)
        self._encoder: Encoder = open_encoder(settings.model, s3)
        s3.close()
        self._client = MilvusClient(settings.milvus.uri)
        self._collection = self._encoder.fingerprint.collection
        self._params = search_params(settings.milvus, settings.milvus.metric, TOP_K, None)

    def by_picture(self, data: bytes) -> None:
        """Search by a picture's bytes."""
        self.by_vector(self.vector(data))

    def vector(self, data: bytes) -> Any:
        """Return the embedding of a picture."""
        decoded = decode(data, self._settings.images, self._encoder.preprocess.at_least)
        return self._encoder.encode(self._encoder.prepare(decoded.rgb, decoded.area)[None])[0]

    def by_vector(self, vector: Any) -> None:
        """Search by an embedding."""
        if not nearest(self._client, self._collection, vector, self._params):
            raise RuntimeError("nothing was found: is the collection empty?")


def nearest(client: MilvusClient, collection: str, vector: Any, params: dict[str, Any]) -> Any:
    """Ask Milvus what the service asks it, and nothing more."""
    return client.search(
        collection,
        data=[vector],
        anns_field="feature",
        filter='namespace == "default"',
        limit=TOP_K,
        search_params=params,
        consistency_level="Bounded",
    )[0]


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search.limit", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--threads", default="1,4,16,64")
    options = parser.parse_args()
    bare = Bare(load_settings())
    paths = itertools.islice(filter(None, map(str.strip, sys.stdin)), VECTORS)
    vectors = [bare.vector(Path(path).read_bytes()) for path in paths]
    rates = {int(threads): rate(bare, vectors, int(threads), options.seconds) for threads in options.threads.split(",")}
    print(json.dumps({"by_vector_per_s": rates}))
    return 0


def rate(bare: Bare, vectors: list[Any], threads: int, seconds: float) -> float:
    """Return the searches a second of so many threads."""
    bare.by_vector(vectors[0])
    end = perf_counter() + seconds

    def ask(place: int) -> int:
        done = 0
        while perf_counter() < end:
            bare.by_vector(vectors[(place + done) % len(vectors)])
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(ask, range(threads))) / seconds


if __name__ == "__main__":
    sys.exit(main())

"""The loader that this project replaces; `python -m benchmarks.baselines.one_by_one`.

Written afresh after its description. Twenty threads each walk all rows: a row is skipped when its id is in a Redis sorted set, else
put there, its picture embedded by itself, inserted into Milvus, entered into SQL and marked as loaded, each by a call of its own.
Its faults are kept: looking and then adding is a race, so that rows are loaded twice. Reads paths from stdin and prints a line of
JSON; the clock runs from the first row.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pymysql
import redis
import torch
from PIL import Image
from pymilvus import CollectionSchema, DataType, FieldSchema, MilvusClient
from pymilvus.milvus_client.index import IndexParams
from sqlalchemy import make_url

from config.sections import ModelSettings, S3Settings
from imagesearch.images.s3 import S3
from imagesearch.models.network import build
from imagesearch.models.registry import lookup
from imagesearch.models.weights import locate

THREADS = 20
DONE = "image_search"
COLLECTION = "image_feature"
TABLES = (
    "CREATE TABLE t_image_search_image_add_log (id BIGINT PRIMARY KEY AUTO_INCREMENT, image_path TEXT, info TEXT, "
    "is_load INT DEFAULT 0, create_time BIGINT, INDEX (is_load, create_time))",
    "CREATE TABLE t_image_search_image_info (id BIGINT PRIMARY KEY AUTO_INCREMENT, milvus_id BIGINT UNIQUE, image_path TEXT, "
    "info TEXT, create_time BIGINT)",
)


class Embedder:
    """The network in eager mode, shared by the threads, a picture a call."""

    def __init__(self, model: str, weights: str) -> None:
        self._spec = lookup(model)
        s3 = S3(S3Settings())
        self._network = build(self._spec, locate(self._spec, ModelSettings(name=model, weights=weights), s3))
        s3.close()
        self.dim = self._spec.dim

    def embed(self, path: str) -> list[float]:
        """Decode all of the picture, shrink it, run it alone."""
        size = self._spec.preprocess.input_size
        pixels = np.asarray(Image.open(path).convert("RGB").resize((size, size)), np.float32) / 255
        pixels = (pixels - np.array(self._spec.mean, np.float32)) / np.array(self._spec.std, np.float32)
        with torch.no_grad():
            feature = self._network(torch.from_numpy(pixels).permute(2, 0, 1)[None].float())[0].numpy()
        return [float(value) for value in feature / np.linalg.norm(feature)]


class Loader:
    """What the threads share, and what each of them does."""

    def __init__(self, embedder: Embedder, sql: dict[str, Any], milvus: str, redis_url: str) -> None:
        self._embedder = embedder
        self._sql = sql
        self._milvus = MilvusClient(milvus, dedicated=True)
        self._redis = redis.Redis.from_url(redis_url)
        self._lock = threading.Lock()
        self.inserted = 0

    def prepare(self, paths: list[str]) -> list[tuple[int, str, int]]:
        """Make tables and collection, enter the requests, and return the rows as the loader reads them."""
        now = int(time.time())
        with pymysql.connect(**self._sql, autocommit=True) as connection, connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(table)
            insert = "INSERT INTO t_image_search_image_add_log (image_path, info, create_time) VALUES (%s, '', %s)"
            cursor.executemany(insert, [(path, now) for path in paths])
            cursor.execute(
                "SELECT id, image_path, create_time FROM t_image_search_image_add_log "
                "WHERE is_load = 0 AND create_time >= 0 ORDER BY create_time"
            )
            rows = list(cursor.fetchall())
        self._redis.delete(DONE)
        if self._milvus.has_collection(COLLECTION):
            self._milvus.drop_collection(COLLECTION)
        schema = CollectionSchema(
            [
                FieldSchema("milvus_id", DataType.INT64, is_primary=True, auto_id=False),
                FieldSchema("feature", DataType.FLOAT_VECTOR, dim=self._embedder.dim),
                FieldSchema("create_time", DataType.INT64),
            ]
        )
        self._milvus.create_collection(COLLECTION, schema=schema)
        index = IndexParams()
        index.add_index("feature", index_type="FLAT", metric_type="L2")
        self._milvus.create_index(COLLECTION, index)
        self._milvus.load_collection(COLLECTION)
        return rows

    def walk(self, rows: list[tuple[int, str, int]]) -> None:
        """Go through all rows and load those that nobody has taken."""
        connection = pymysql.connect(**self._sql, autocommit=True)
        cursor = connection.cursor()
        for log_id, path, create_time in rows:
            if self._redis.zscore(DONE, log_id) is not None:
                continue
            self._redis.zadd(DONE, {str(log_id): create_time})
            milvus_id = random.getrandbits(63)
            row = {"milvus_id": milvus_id, "feature": self._embedder.embed(path), "create_time": create_time}
            self._milvus.insert(COLLECTION, [row])
            cursor.execute(
                "INSERT INTO t_image_search_image_info (milvus_id, image_path, info, create_time) VALUES (%s, %s, '', %s)",
                (milvus_id, path, create_time),
            )
            cursor.execute("UPDATE t_image_search_image_add_log SET is_load = 1 WHERE id = %s", (log_id,))
            with self._lock:
                self.inserted += 1
        connection.close()


def main(argv: list[str] | None = None) -> int:
    """Load the paths of stdin into the stores that the options name; the database has to be empty."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baselines.one_by_one", description=__doc__)
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--weights", default="package")
    parser.add_argument("--sql", required=True, help="mysql+pymysql://user@host:port/database")
    parser.add_argument("--milvus", required=True, help="http://host:port")
    parser.add_argument("--redis", required=True, help="redis://host:port/0")
    parser.add_argument("--torch-threads", type=int, help="threads of one forward pass; torch's own choice when unset")
    options = parser.parse_args(argv)
    if options.torch_threads:
        torch.set_num_threads(options.torch_threads)
    url = make_url(options.sql)
    sql = {"host": url.host, "port": url.port, "user": url.username, "password": url.password or "", "database": url.database}
    paths = [str(Path(line)) for line in sys.stdin.read().splitlines()]
    loader = Loader(Embedder(options.model, options.weights), sql, options.milvus, options.redis)
    rows = loader.prepare(paths)
    threads = [threading.Thread(target=loader.walk, args=(rows,)) for _ in range(THREADS)]
    started, spent = time.monotonic(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, cpu_s = time.monotonic() - started, time.process_time() - spent
    doubled = loader.inserted - len(rows)
    print(
        json.dumps({"rows": len(rows), "doubled": doubled, "seconds": seconds, "cpu_s": cpu_s, "images_per_s": len(rows) / seconds})
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

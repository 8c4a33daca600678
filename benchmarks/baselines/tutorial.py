"""Picture search as tutorials build it: FastAPI, PyTorch in eager mode, one picture a request, one insert a request.

`python -m benchmarks.baselines.tutorial --port PORT --milvus URI`.
"""

from __future__ import annotations

import argparse
from typing import Any

import torch
import uvicorn
from fastapi import FastAPI, UploadFile
from pymilvus import MilvusClient

from benchmarks.baselines.lite0 import DIM, network, opened

COLLECTION = "tutorial"

app = FastAPI()
state: dict[str, Any] = {}


def embed(file: UploadFile) -> list[float]:
    """Decode the picture and run it through the network alone."""
    with torch.no_grad():
        vector = state["network"](opened(file.file)[None])[0]
    return torch.nn.functional.normalize(vector, dim=0).tolist()  # type: ignore[no-any-return]  # tolist tells no type


@app.post("/add")
def add(file: UploadFile) -> dict[str, Any]:
    """Add a picture."""
    done = state["milvus"].insert(COLLECTION, [{"vector": embed(file), "name": file.filename}])
    return {"id": done["ids"][0]}


@app.post("/search")
def search(file: UploadFile) -> list[dict[str, Any]]:
    """Find the ten nearest."""
    hits = state["milvus"].search(COLLECTION, data=[embed(file)], limit=10, output_fields=["name"])[0]
    return [{"name": hit["entity"]["name"], "score": hit["distance"]} for hit in hits]


def main() -> None:
    """Make the collection anew and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baselines.tutorial", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--milvus", required=True)
    options = parser.parse_args()
    state["network"] = network()
    state["milvus"] = MilvusClient(options.milvus)
    if state["milvus"].has_collection(COLLECTION):
        state["milvus"].drop_collection(COLLECTION)
    state["milvus"].create_collection(COLLECTION, dimension=DIM, auto_id=True, metric_type="COSINE")
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()

"""Picture search as a batch script, the way of clip-retrieval: a DataLoader, batches of 256, vectors to .npy, a flat FAISS index.

`python -m benchmarks.baselines.batch_script FOLDER --queries FILE < paths` writes FOLDER/vectors.npy and FOLDER/index.faiss, then
searches by each picture that FILE names, one after the other. Prints a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import faiss
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from benchmarks.baselines.lite0 import network, opened

BATCH = 256
TOP_K = 10


class Pictures(Dataset[torch.Tensor]):
    """The files as the network takes them."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, place: int) -> torch.Tensor:
        return opened(self.paths[place])


def embedded(model: torch.nn.Module, images: torch.Tensor) -> np.ndarray:
    """Return vectors of length 1."""
    with torch.no_grad():
        vectors: np.ndarray = torch.nn.functional.normalize(model(images)).numpy()
    return vectors


def main() -> None:
    """Index, then search."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baselines.batch_script", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--queries", type=Path, required=True)
    options = parser.parse_args()
    paths = sys.stdin.read().splitlines()
    model = network()

    started = time.monotonic()
    loader = DataLoader(Pictures(paths), batch_size=BATCH, num_workers=os.cpu_count() or 1)
    vectors = np.concatenate([embedded(model, images) for images in loader])
    np.save(options.folder / "vectors.npy", vectors)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(options.folder / "index.faiss"))
    indexing_s = time.monotonic() - started

    search_ms = []
    for path in options.queries.read_text().splitlines():
        began = time.monotonic()
        index.search(embedded(model, opened(path)[None]), TOP_K)
        search_ms.append(1000 * (time.monotonic() - began))
    print(json.dumps({"pictures": len(paths), "indexing_s": indexing_s, "search_ms": search_ms}))


if __name__ == "__main__":
    main()

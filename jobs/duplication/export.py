"""Clusters as a CSV: a line for each place of each picture."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from imagesearch.errors import InputError
from imagesearch.spreadsheet import plain_cell
from jobs.duplication.cluster import Cluster

COLUMNS = (
    "cluster",
    "keep",
    "class",
    "probability",
    "milvus_id",
    "image_path",
    "width",
    "height",
    "format",
    "byte_size",
    "create_time",
)


@contextmanager
def exported(path: Path | None) -> Iterator[Callable[[int, Cluster], None]]:
    """Yield what takes each cluster with its number, to be written as they come; without a path they go nowhere.

    The file is there once all are written: until then it has another name, which goes where the writing is broken off.
    Raises InputError where it cannot be written.
    """
    if path is None:
        yield lambda _number, _cluster: None
        return
    partial = path.with_name(f"{path.name}.part")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            lines = csv.DictWriter(file, COLUMNS)
            lines.writeheader()
            yield lambda number, cluster: lines.writerows(_cells(number, cluster))
        partial.replace(path)
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror}") from exc
    finally:
        partial.unlink(missing_ok=True)


def _cells(number: int, cluster: Cluster) -> Iterator[dict[str, object]]:
    for line in cluster.lines():
        keep = "yes" if line["keep"] else "no"
        yield {"cluster": number, **line, "keep": keep, "image_path": plain_cell(line["image_path"])}

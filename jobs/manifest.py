"""Pictures named by a table: CSV, JSONL or Parquet with `image_path` (or `path`); further columns become `info`."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from imagesearch.errors import InputError
from imagesearch.types import AddRequest
from jobs.listing import request

SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"})
PATH_COLUMNS = ("image_path", "path")
BATCH = 1000


def table(path: Path, namespace: str) -> Iterator[AddRequest | InputError]:
    """Yield a request, or what is wrong with it, for each line; streamed, whatever the table's length.

    Relative paths are meant from the table's folder. Raises InputError when the file is no such table.
    """
    suffix = path.suffix.lower()
    lines: Iterator[Mapping[str, Any] | InputError]
    if suffix == ".parquet":
        lines = _parquet(path)
    elif suffix in (".jsonl", ".ndjson"):
        lines = _jsonl(path)
    else:
        lines = _csv(path, "\t" if suffix == ".tsv" else ",")
    for number, line in enumerate(lines, start=1):
        yield line if isinstance(line, InputError) else _request(line, number, path, namespace)


def _request(line: Mapping[str, Any], number: int, manifest: Path, namespace: str) -> AddRequest | InputError:
    column = next((name for name in PATH_COLUMNS if line.get(name)), None)
    if column is None:
        return InputError(f"{manifest.name}, line {number}: no image_path (or path)")
    named = line[column]
    if not isinstance(named, str) or "\0" in named:
        return InputError(f"{manifest.name}, line {number}: {column} is not text")
    if "://" not in named and not Path(named).is_absolute():
        named = str((manifest.parent / named).resolve())
    try:
        info = {str(key): _json(value) for key, value in line.items() if key != column and value is not None and value != ""}
        named.encode("utf-8")
        json.dumps(info, ensure_ascii=False).encode("utf-8")
    except (ValueError, TypeError) as exc:
        return InputError(f"{manifest.name}, line {number}: {exc}")
    return request(named, info, namespace)


def _csv(path: Path, delimiter: str) -> Iterator[Mapping[str, Any] | InputError]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            if not set(PATH_COLUMNS) & set(reader.fieldnames or ()):
                raise InputError(f"{path.name}: no column image_path or path among {reader.fieldnames}")
            for line in reader:
                if None in line:
                    yield InputError(f"{path.name}, line {reader.line_num}: more values than columns")
                else:
                    yield line
    except (UnicodeDecodeError, csv.Error) as exc:
        raise InputError(f"{path.name} is not a CSV in UTF-8: {exc}") from exc


def _jsonl(path: Path) -> Iterator[Mapping[str, Any] | InputError]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as exc:
                yield InputError(f"{path.name}, line {number}: not JSON: {exc}")
                continue
            yield value if isinstance(value, dict) else InputError(f"{path.name}, line {number}: not a JSON object")


def _parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            if not set(PATH_COLUMNS) & set(file.schema_arrow.names):
                raise InputError(f"{path.name}: no column image_path or path among {file.schema_arrow.names}")
            for batch in file.iter_batches(BATCH):
                yield from batch.to_pylist()
    except pa.ArrowException as exc:
        raise InputError(f"{path.name} is not a Parquet file: {exc}") from exc


def _json(value: Any) -> Any:
    """Turn a column's value into JSON; a time becomes ISO 8601, a missing number is refused."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no JSON number")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        raise TypeError("bytes cannot be kept as info")
    if isinstance(value, dict):
        return {str(key): _json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    return value

"""Pictures named by a table: CSV, TSV or JSONL with `image_path` (or `path`); further columns become `info`."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from imagesearch.errors import BadLine, BadManifest, ImageSearchError, SourceInvalid
from imagesearch.images.place import check_place
from imagesearch.imports.csv_lines import CsvLines
from imagesearch.imports.json_value import json_value
from imagesearch.imports.line import Line
from imagesearch.imports.manifest import Manifest
from imagesearch.imports.request import request
from imagesearch.imports.text_lines import TextLines
from imagesearch.info import check_info
from imagesearch.types import AddRequest, Cursor

CSV_SUFFIXES = frozenset({".csv", ".tsv"})
JSON_SUFFIXES = frozenset({".jsonl", ".ndjson"})
PATH_COLUMNS = ("image_path", "path")


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a table, parsed, or why it could not be."""

    number: int
    value: Mapping[str, Any] | BadLine


class Table:
    """A text table, streamed, whatever its length. Reading goes on behind the lines that were read before."""

    def __init__(self, manifest: Manifest, namespace: str) -> None:
        self.version = manifest.version
        self._manifest = manifest
        self._namespace = namespace
        self._consumed = 0

    def lines(self, cursor: Cursor) -> Iterator[Line]:
        """Yield a line for each record. Raises BadManifest where it is no such table, SourceError."""
        with closing(self._manifest.open()) as stream:
            text = TextLines(stream)
            for record in islice(self._records(text), cursor.position, None):
                self._consumed = text.consumed
                yield line_of(record, self._manifest, self._namespace)

    def total(self, position: int) -> int | None:
        """Estimate by the bytes that those lines took."""
        return round(position * self._manifest.size / self._consumed) if self._consumed else None

    def _records(self, text: TextLines) -> Iterator[Record]:
        if self._manifest.suffix in JSON_SUFFIXES:
            return _jsonl(text)
        return _csv(text, "\t" if self._manifest.suffix == ".tsv" else ",", self._manifest.name)


def line_of(record: Record, manifest: Manifest, namespace: str) -> Line:
    """Turn a record into a request, or into what is wrong with it."""
    if isinstance(record.value, BadLine):
        return Line(record.number, record.value)
    column = _path_column(record.value)
    named = record.value[column] if column else None
    if not isinstance(named, str):
        return Line(record.number, BadLine(f"{column} is not text" if column else "no image_path (or path)"))
    try:
        return Line(record.number, _request(named, column, record.value, manifest.base, namespace), named)
    except ImageSearchError as exc:
        return Line(record.number, exc, named)


def _path_column(record: Mapping[str, Any]) -> str | None:
    return next((name for name in PATH_COLUMNS if record.get(name)), None)


def _request(named: str, column: str | None, record: Mapping[str, Any], base: str, namespace: str) -> AddRequest:
    try:
        if "\0" not in named and "://" not in named and not named.startswith("/"):
            named = f"{base}/{named}" if base.startswith("s3://") else _below(base, named)
        named.encode("utf-8")
    except UnicodeEncodeError:
        raise SourceInvalid("the path is not UTF-8") from None
    check_place(named)
    try:
        info = {str(key): json_value(value) for key, value in record.items() if key != column and value is not None and value != ""}
        return request(named, check_info(info), namespace)
    except (ValueError, TypeError) as exc:
        raise BadLine(f"what is said of it cannot be kept: {exc}") from None


def _below(base: str, named: str) -> str:
    """Return the absolute path of a name that is meant from the manifest's folder."""
    folder, name = os.path.split(named)
    if name in ("", ".", ".."):
        return os.path.realpath(f"{base}/{named}")
    return f"{_folder(f'{base}/{folder}')}/{name}"


@lru_cache(maxsize=4096)
def _folder(path: str) -> str:
    # A million lines name some thousands of folders: each is looked up once.
    return os.path.realpath(path)


def _csv(text: TextLines, delimiter: str, name: str) -> Iterator[Record]:
    lines = CsvLines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    columns: list[str] | None = None
    while True:
        lines.begin()
        try:
            values = next(reader)
        except StopIteration:
            if columns is None:
                raise BadManifest(f"{name} is empty") from None
            return
        except csv.Error as exc:
            if columns is None:
                raise BadManifest(f"{name} is not a CSV: {exc}") from exc
            yield _bad(lines, f"not a line of a CSV: {exc}")
            continue
        if columns is None:
            if lines.too_long or lines.unclosed:
                raise BadManifest(f"{name}: its first line is longer than 1 MiB, or a quote in it is never closed")
            if not values:
                continue
            columns = values
            if not set(PATH_COLUMNS) & set(columns):
                raise BadManifest(f"{name}: no column image_path or path among {columns[:50]}")
            continue
        record = dict(zip(columns, values, strict=False))
        if fault := _fault(lines, record, len(values) - len(columns)):
            yield _bad(lines, fault)
        elif values:
            yield Record(lines.last, record)


def _fault(lines: CsvLines, record: Mapping[str, str], more: int) -> str:
    """Say what is wrong with a record that was read; empty where nothing is."""
    if lines.too_long:
        return "longer than 1 MiB"
    if lines.unclosed:
        return "a quote is never closed"
    if more > 0:
        return "more values than columns"
    named = record.get(_path_column(record) or "", "")
    # Hardly a file's name: far more often a stray quote, which took the next lines along.
    return "a line break in the path; is a quote missing?" if "\n" in named or "\r" in named else ""


def _bad(lines: CsvLines, fault: str) -> Record:
    """Report the line at which a record begins; those behind it are lines of their own again."""
    lost = lines.back()
    return Record(lines.first, BadLine(f"{fault}; {lost} more lines are lost with it" if lost else fault))


def _jsonl(lines: TextLines) -> Iterator[Record]:
    for line in lines:
        if lines.too_long:
            lines.too_long = False
            yield Record(lines.number, BadLine("longer than 1 MiB"))
            continue
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as exc:
            yield Record(lines.number, BadLine(f"not JSON: {exc}"))
            continue
        yield Record(lines.number, value if isinstance(value, dict) else BadLine("not a JSON object"))

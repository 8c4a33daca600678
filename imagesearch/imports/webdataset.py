"""Pictures in a webdataset archive: members of one stem are a sample, its picture goes to the uploads, the rest becomes `info`."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from imagesearch.errors import BadLine, ImageError, ImageSearchError, TooManyBytes
from imagesearch.images.hashes import content_hash
from imagesearch.imports.line import Line
from imagesearch.imports.manifest import Manifest
from imagesearch.imports.request import is_picture, request
from imagesearch.imports.tar import Members
from imagesearch.info import MAX_INFO_BYTES, check_info
from imagesearch.types import Cursor

SUFFIX = ".tar"
# Members whose text becomes one key of info; those of .json are keys themselves.
TEXTS = {"txt": "caption", "cls": "label"}
MAX_SAMPLE_MEMBERS = 64


@dataclass
class Sample:
    """Members of one stem, so far. A picture is the path under which it was kept, or why it was not."""

    stem: str
    members: int = 0
    pictures: list[tuple[str, str | ImageSearchError]] = field(default_factory=list)
    info: dict[str, Any] = field(default_factory=dict)
    fault: BadLine | None = None


class WebDataset:
    """A .tar of samples. `keep` stores bytes under their hash and returns their path; it may raise StoreError."""

    def __init__(self, manifest: Manifest, namespace: str, max_bytes: int, keep: Callable[[bytes, str], str]) -> None:
        self.version = manifest.version
        self._manifest = manifest
        self._namespace = namespace
        self._max_bytes = max_bytes
        self._keep = keep
        self._consumed = 0

    def lines(self, cursor: Cursor) -> Iterator[Line]:
        """Yield a line for each picture, and for each sample without one. Raises BadManifest, SourceError, StoreError."""
        number = 0
        with closing(self._manifest.open()) as stream:
            for sample in self._samples(Members(stream, self._manifest.name, self._manifest.size), cursor.position):
                self._consumed = stream.tell()
                for line in self._lines_of(sample, number):
                    number += 1
                    if number > cursor.position:
                        yield line

    def total(self, position: int) -> int | None:
        """Estimate by the bytes that those samples took."""
        return round(position * self._manifest.size / self._consumed) if self._consumed else None

    def _samples(self, members: Members, skip: int) -> Iterator[Sample]:
        """Yield the samples; of pictures among the first `skip` lines nothing is read or kept."""
        lines = 0
        sample: Sample | None = None
        for info in members:
            stem, end = _split(info.name)
            if sample is None or stem != sample.stem:
                if sample is not None:
                    lines += max(1, len(sample.pictures))
                    yield sample
                sample = Sample(stem)
            sample.members += 1
            if sample.members > MAX_SAMPLE_MEMBERS:
                sample.fault = BadLine(f"the sample {stem!r} has more than {MAX_SAMPLE_MEMBERS} members")
            elif is_picture(info.name):
                known = lines + len(sample.pictures) < skip
                sample.pictures.append((info.name, "" if known else self._kept(members, info)))
            elif end in ("json", *TEXTS):
                _say(sample, end, members, info)
        if sample is not None:
            yield sample

    def _kept(self, members: Members, info: tarfile.TarInfo) -> str | ImageSearchError:
        if info.size > self._max_bytes:
            return TooManyBytes(f"{info.name!r} has more than {self._max_bytes} bytes")
        if info.size == 0:
            return ImageError(f"{info.name!r} has no bytes")
        data = members.read(info)
        return self._keep(data, content_hash(data))

    def _lines_of(self, sample: Sample, number: int) -> Iterator[Line]:
        if not sample.pictures:
            yield Line(number + 1, sample.fault, sample.stem)
        for at, (name, kept) in enumerate(sample.pictures, start=number + 1):
            fault = sample.fault or (kept if isinstance(kept, ImageSearchError) else None)
            if fault is not None or isinstance(kept, ImageSearchError):
                yield Line(at, fault, name)
                continue
            try:
                # The path says nothing but the hash: where it came from is told beside it.
                info = check_info({"member": name, **sample.info})
            except ValueError as exc:
                yield Line(at, BadLine(f"what is said of it cannot be kept: {exc}"), name)
                continue
            yield Line(at, request(kept, info, self._namespace), name)


def _say(sample: Sample, end: str, members: Members, info: tarfile.TarInfo) -> None:
    """Add what a text member says to the sample's info, or note why it cannot be."""
    if info.size > MAX_INFO_BYTES:
        sample.fault = BadLine(f"{info.name!r} has more than {MAX_INFO_BYTES} bytes")
        return
    try:
        text = members.read(info).decode()
        if end in TEXTS:
            value = text.strip()
            sample.info[TEXTS[end]] = int(value) if end == "cls" and value.isascii() and value.isdecimal() else value
            return
        said = json.loads(text)
    except (ValueError, RecursionError) as exc:
        sample.fault = BadLine(f"{info.name!r} cannot be read: {exc}")
        return
    if isinstance(said, dict):
        sample.info |= {key: value for key, value in said.items() if value is not None}
    else:
        sample.fault = BadLine(f"{info.name!r} is not a JSON object")


def _split(name: str) -> tuple[str, str]:
    """Part a member's name after webdataset's rule: the stem goes up to the first dot of the last part; its end in lower case."""
    folder, slash, last = name.rpartition("/")
    stem, _, end = last.partition(".")
    return f"{folder}{slash}{stem}", end.lower()

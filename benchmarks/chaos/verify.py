"""Judges what is left: every row that was asked for, every picture, every vector, against what they must be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import select

from benchmarks.chaos.feeder import Added
from benchmarks.chaos.pictures import picture
from config import Settings
from config.settings import PROJECT_ROOT
from imagesearch.images.decode import decode
from imagesearch.images.hashes import content_hash
from imagesearch.models.load import open_encoder
from imagesearch.stores.factory import Stores
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.tables import image_source as source
from imagesearch.types import LogState

PAGE = 1000
SAME = 0.9999


@dataclass
class Verdict:
    """Counts of what is not as it must be; `notes` has the first of each.

    `lost`: an acknowledged row that is gone, a good picture that is failed, not searchable, without its vector or its source.
    `doubled`: a picture with two ids, two vectors or two rows that claim to have loaded it, a vector too many.
    `unfinal`: a row that still waits. `wrong`: a bad picture with another fate than its own, a vector of another picture.
    """

    rows: int = 0
    pictures: int = 0
    lost: int = 0
    doubled: int = 0
    unfinal: int = 0
    wrong: int = 0
    audit: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is amiss, by this count and by the audit's."""
        return not (self.lost or self.doubled or self.unfinal or self.wrong) and self.audit.get("left") == 0

    def count(self, what: str, note: str, times: int = 1) -> None:
        """Count a fault under its name."""
        setattr(self, what, getattr(self, what) + times)
        if len(self.notes) < 50:
            self.notes.append(f"{what}: {note}")


def verify(settings: Settings, stores: Stores, added: Mapping[str, Added], environment: Mapping[str, str]) -> Verdict:
    """Look at all of it, and run the audit as an operator would."""
    verdict = Verdict()
    ids = _rows(stores, added, verdict)
    verdict.pictures = len(ids)
    _vectors(settings, stores, ids, verdict)
    verdict.audit = audit(environment)
    for kind, what in (("missing", "lost"), ("doubled", "doubled"), ("orphan", "doubled")):
        if verdict.audit.get(kind, 0):
            verdict.count(what, f"the audit says {kind}", verdict.audit[kind])
    return verdict


def audit(environment: Mapping[str, str]) -> dict[str, int]:
    """Run jobs.audit and return its totals; none where it ended without any."""
    command = [sys.executable, "-m", "jobs.audit"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=dict(environment), capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    return json.loads(lines[-1]) if lines else {}


def _rows(stores: Stores, added: Mapping[str, Added], verdict: Verdict) -> dict[tuple[str, int], int]:
    """Judge every row and return the id of each picture, by namespace and number."""
    ids: dict[tuple[str, int], set[int]] = defaultdict(set)
    loaded: Counter[tuple[str, int]] = Counter()
    missing = set(added)
    with stores.database.read() as connection:
        sources = Counter(connection.scalars(select(source.c.log_id)))
    for row in _all_rows(stores):
        verdict.rows += 1
        expected = added.get(row.idempotency_key)
        missing.discard(row.idempotency_key)
        if row.state == LogState.PENDING:
            verdict.count("unfinal", f"row {row.id} waits, after {row.attempts} tries: {row.error_detail}")
        elif expected is None:
            verdict.count("wrong", f"row {row.id} was never asked for")
        elif expected.error is not None:
            if (row.state, row.error_code) != (LogState.FAILED, expected.error):
                verdict.count("wrong", f"row {row.id} is {row.state} ({row.error_code}), not failed ({expected.error})")
        elif row.state == LogState.FAILED:
            verdict.count("lost", f"row {row.id}, a good picture, is failed: {row.error_code}: {row.error_detail}")
        else:
            picture_key = (expected.namespace, expected.number)
            ids[picture_key].add(row.milvus_id)
            loaded[picture_key] += row.state == LogState.LOADED
            if sources[row.id] != 1:
                verdict.count("doubled" if sources[row.id] else "lost", f"row {row.id} is the source of {sources[row.id]} pictures")
    for key in missing:
        verdict.count("lost", f"the acknowledged row {key} is not there")
    for picture_key, times in loaded.items():
        if times != 1:
            verdict.count("doubled" if times else "lost", f"picture {picture_key} was loaded by {times} rows")
        if len(ids[picture_key]) > 1:
            verdict.count("doubled", f"picture {picture_key} has the ids {sorted(ids[picture_key])}")
    return {key: min(some) for key, some in ids.items()}


def _all_rows(stores: Stores) -> Iterator[Any]:
    after = 0
    columns = (log.c.id, log.c.idempotency_key, log.c.state, log.c.milvus_id, log.c.attempts, log.c.error_code, log.c.error_detail)
    while True:
        with stores.database.read() as connection:
            page = connection.execute(select(*columns).where(log.c.id > after).order_by(log.c.id).limit(PAGE)).all()
        if not page:
            return
        yield from page
        after = page[-1].id


def _vectors(settings: Settings, stores: Stores, ids: Mapping[tuple[str, int], int], verdict: Verdict) -> None:
    """Hold each picture's row and vector against the picture itself, made anew."""
    encoder = open_encoder(settings.model, stores.s3, PAGE)
    known = iter(ids.items())
    while part := list(islice(known, PAGE)):
        entries = stores.catalog.entries([milvus_id for _, milvus_id in part])
        vectors = stores.index.fetch([milvus_id for _, milvus_id in part])
        data = [picture(number) for (_, number), _ in part]
        wanted = encoder.encode(np.stack([encoder.prepare(decode(one, settings.images).rgb) for one in data]))
        for ((namespace, number), milvus_id), one, vector in zip(part, data, wanted, strict=True):
            entry = entries.get(milvus_id)
            if entry is None:
                verdict.count("lost", f"picture {number} of {namespace} is not searchable")
            elif (entry.namespace, entry.facts.content_hash) != (namespace, content_hash(one)):
                verdict.count("wrong", f"id {milvus_id} is not picture {number} of {namespace}")
            # A missing vector is the audit's to count.
            elif milvus_id in vectors and float(vectors[milvus_id] @ vector) < SAME:
                verdict.count("wrong", f"the vector of id {milvus_id} is not that of picture {number}")

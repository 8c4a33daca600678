"""Milvus Lite's merging of segments, beside searches and writes instead of before them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from milvus_lite.constants import MAX_SEGMENT_ROWS
from milvus_lite.storage.data_file import read_data_file, write_data_file
from milvus_lite.storage.segment import Segment
from milvus_lite.storage.snapshots import snapshot_references

logger = logging.getLogger(__name__)


def maintain(collection: Any) -> None:
    """Take the place of `Collection._bg_compact_and_index` in Milvus Lite 3.2.2: merge what is worth it, index what has no index.

    That one holds the lock that each search and each full memtable needs while it reads, sorts and writes all that it merges, and
    puts the outcome in the place of segments that have an index before it has one: with 40,000 vectors of 1280 numbers searches
    waited up to 1.5 s, and took 250 ms for a minute. Here the old segments serve until the new ones are complete. One worker runs
    all of this, one call after the other; what fails is tried anew by the next.
    """
    try:
        for partition in collection._manifest.list_partitions():
            # What a merge left may be worth another: after the last write nobody asks again.
            while Merge(collection, partition).run():
                pass
        with collection._maintenance_lock:
            collection._cleanup_orphan_index_files()
        collection._ensure_loaded_segments_indexed()
    except Exception:  # the edge of a background task: nobody else would say a word of it
        logger.exception("merging or indexing failed; the next segment that is written has it tried again")


def _index(collection: Any, segments: Sequence[Segment]) -> None:
    """Build the indexes that these segments lack, unless nothing is to be searched."""
    if collection._load_state == "loaded":
        for spec in tuple(collection._index_specs.values()):
            for segment in segments:
                if segment.num_rows:
                    collection._build_or_load_segment_index(segment, spec)


class Merge:
    """A merge of segments of one partition into fewer; what is in its files never changes."""

    def __init__(self, collection: Any, partition: str) -> None:
        self._collection = collection
        self._partition = partition
        self._folder = Path(collection._data_dir) / "partitions" / partition
        self._manager = collection._compaction_mgr
        self._manifest = collection._manifest

    def run(self) -> bool:
        """Merge if it is worth it, and say whether there are fewer files now; old ones are deleted once nothing leads to them."""
        old = self._worth_merging()
        if not old:
            return False
        collection = self._collection
        logger.info("merging %d segments of the partition %s", len(old), self._partition)
        merged = {(self._partition, name) for name in old}
        with collection._maintenance_lock:
            deleted = collection._delta_index.frozen_copy()
            others = [segment for place, segment in collection._segment_cache.items() if place not in merged]
        # A large merge takes a minute, in which the others are searched; those that are merged have theirs, but for small ones.
        _index(collection, others)
        new = self._written(old, deleted)
        segments = {name: self._loaded(name) for name in new}
        _index(collection, list(segments.values()))
        with collection._maintenance_lock:
            if not self._still_there(old):
                self._forget(new)
                return False
            self._manifest.remove_data_files(self._partition, old)
            for name in new:
                self._manifest.add_data_file(self._partition, name)
            self._manifest.save()
            collection._segment_cache.update({(self._partition, name): one for name, one in segments.items()})
            collection._refresh_segment_cache()
            # After the segments: a reader that had the old ones beside fewer deletions would see rows that were deleted.
            self._manager._gc_tombstones(self._manifest, collection._delta_index)
            kept = snapshot_references(collection._data_dir)[0].get(self._partition, set())
        self._forget([name for name in old if name not in kept])
        return len(new) < len(old)

    def _worth_merging(self) -> list[str]:
        # Only this worker replaces files; one that was dropped with its partition is passed over.
        files = self._manifest.get_data_files(self._partition) if self._manifest.has_partition(self._partition) else []
        folder = str(self._folder)
        return self._manager._select_target(self._manager._bucket_files(folder, files), len(files), folder) or []

    def _written(self, old: Sequence[str], deleted: Any) -> list[str]:
        """Write what counts of the old files, in the order of writing, and return the new files' names."""
        table = pa.concat_tables([read_data_file(str(self._folder / name)) for name in old])
        table = self._manager._filter_deleted(self._manager._dedup_max_seq(table), deleted)
        table = table.take(pc.sort_indices(table, sort_keys=[("_seq", "ascending")]))
        names = []
        for start in range(0, table.num_rows, MAX_SEGMENT_ROWS):
            part = table.slice(start, MAX_SEGMENT_ROWS)
            numbers = pc.min_max(part.column("_seq")).as_py()
            first, last = self._manager._pick_unique_seq_range(str(self._folder), numbers["min"], numbers["max"])
            names.append(write_data_file(part, str(self._folder), seq_min=first, seq_max=last))
        return names

    def _loaded(self, name: str) -> Segment:
        fields = self._collection._pk_name, self._collection._vector_name
        return Segment.load(str(self._folder / name), self._partition, *fields)

    def _still_there(self, files: Sequence[str]) -> bool:
        """Say whether nobody dropped the partition meanwhile."""
        return self._manifest.has_partition(self._partition) and set(files) <= set(self._manifest.get_data_files(self._partition))

    def _forget(self, names: Sequence[str]) -> None:
        for name in names:
            # Whoever dropped the partition deleted its files.
            with suppress(FileNotFoundError):
                (self._folder / name).unlink()

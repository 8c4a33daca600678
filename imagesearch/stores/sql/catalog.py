"""The pictures and where they were seen, for reading."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, and_, bindparam, exists, func, literal_column, select

from imagesearch.errors import UnknownImage
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ends import id_ends
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.tables import image_info as info
from imagesearch.stores.sql.tables import image_source as source
from imagesearch.types import CatalogEntry, Content, LogState, PictureFacts, PictureState, Source

# A picture that was added ten thousand times must not make ten-thousand-line answers.
SOURCES_SHOWN = 100

CONTENT = (info.c.milvus_id, info.c.namespace, info.c.content_hash, info.c.state)

IDS: BindParameter[list[int]] = bindparam("ids", expanding=True)
RANKED = (
    select(source, func.row_number().over(partition_by=source.c.milvus_id, order_by=source.c.log_id).label("place"))
    .where(source.c.milvus_id.in_(IDS))
    .subquery()
)
SEEN = RANKED.c.image_path, RANKED.c.info, RANKED.c.log_id, RANKED.c.create_time.label("seen_time")
FIRST_SOURCES = select(RANKED.c.milvus_id, *SEEN).where(RANKED.c.place <= SOURCES_SHOWN).order_by(RANKED.c.log_id)
# A row for each source, with its picture: what every search asks is put together once, and is one statement, since SQLAlchemy takes
# longer for each than SQLite does.
ENTRIES = (
    select(info, *SEEN)
    .outerjoin(RANKED, and_(RANKED.c.milvus_id == info.c.milvus_id, RANKED.c.place <= SOURCES_SHOWN))
    .where(info.c.milvus_id.in_(IDS), info.c.state == PictureState.SEARCHABLE)
    .order_by(RANKED.c.log_id)
)


class Catalog:
    """The distinct pictures. Only searchable ones are shown, but for what the audit asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(self, ids: Collection[int]) -> dict[int, CatalogEntry]:
        """Return the searchable pictures among `ids`, each with its first 100 sources, oldest first."""
        if not ids:
            return {}
        pictures: dict[int, Row[Any]] = {}
        sources: dict[int, list[Source]] = {}
        with self._database.read() as connection:
            for row in connection.execute(ENTRIES, {"ids": sorted(ids)}):
                milvus_id = row.milvus_id
                if milvus_id not in pictures:
                    pictures[milvus_id], sources[milvus_id] = row, []
                if row.log_id is not None:
                    sources[milvus_id].append(_source(row))
        return {milvus_id: _entry(row, tuple(sources[milvus_id])) for milvus_id, row in pictures.items()}

    def get(self, milvus_id: int) -> CatalogEntry:
        """Return one searchable picture, or raise UnknownImage."""
        found = self.entries([milvus_id])
        if milvus_id not in found:
            raise UnknownImage(f"no searchable picture has the milvus_id {milvus_id}")
        return found[milvus_id]

    def perceptual_hashes(self, ids: Collection[int]) -> dict[int, str]:
        """Return the perceptual hashes of the searchable pictures among `ids`."""
        query = select(info.c.milvus_id, info.c.perceptual_hash).where(info.c.milvus_id.in_(sorted(ids)))
        with self._database.read() as connection:
            rows = connection.execute(query.where(info.c.state == PictureState.SEARCHABLE))
            return {row.milvus_id: row.perceptual_hash for row in rows}

    def namespace_of(self, milvus_id: int) -> str:
        """Return the namespace of a picture of any state, or raise UnknownImage."""
        with self._database.read() as connection:
            namespace = connection.scalar(select(info.c.namespace).where(info.c.milvus_id == milvus_id))
        if namespace is None:
            raise UnknownImage(f"no picture has the milvus_id {milvus_id}")
        return str(namespace)

    def page(self, namespace: str, after: int, limit: int) -> list[CatalogEntry]:
        """Return up to `limit` searchable pictures of the namespace with milvus_id > after, by milvus_id."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(info)
                .where(info.c.namespace == namespace, info.c.state == PictureState.SEARCHABLE, info.c.milvus_id > after)
                .order_by(info.c.milvus_id)
                .limit(limit)
            )
            return _with_sources(connection, rows.all())

    def ids(self, namespace: str, after: int, limit: int) -> list[int]:
        """Return up to `limit` ids of searchable pictures of the namespace with milvus_id > after, by milvus_id."""
        ours = info.c.namespace == namespace, info.c.state == PictureState.SEARCHABLE, info.c.milvus_id > after
        with self._database.read() as connection:
            rows = connection.execute(select(info.c.milvus_id).where(*ours).order_by(info.c.milvus_id).limit(limit))
            return [row.milvus_id for row in rows]

    def seen_twice(self, ids: Collection[int]) -> set[int]:
        """Return those of the ids whose picture was seen under more than one path."""
        query = select(source.c.milvus_id).where(source.c.milvus_id.in_(sorted(ids))).group_by(source.c.milvus_id)
        with self._database.read() as connection:
            rows = connection.execute(query.having(func.min(source.c.image_path) != func.max(source.c.image_path)))
            return {row.milvus_id for row in rows}

    def bounds(self) -> tuple[int, int] | None:
        """Return the least and the greatest milvus_id of the searchable pictures, None where there are none."""
        with self._database.read() as connection:
            return id_ends(connection, info.c.state == PictureState.SEARCHABLE)

    def first_from(self, milvus_id: int) -> CatalogEntry | None:
        """Return the first searchable picture whose id is not below this one."""
        query = select(info).where(info.c.state == PictureState.SEARCHABLE, info.c.milvus_id >= milvus_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(info.c.milvus_id).limit(1)).all()
            return next(iter(_with_sources(connection, rows)), None)

    def count(self, namespace: str | None = None) -> int:
        """Count the searchable pictures, of one namespace or of all."""
        query = select(func.count()).where(info.c.state == PictureState.SEARCHABLE)
        with self._database.read() as connection:
            return connection.execute(query if namespace is None else query.where(info.c.namespace == namespace)).scalar_one()

    def knows_namespace(self, namespace: str) -> bool:
        """Say whether a picture was ever loaded into the namespace."""
        with self._database.read() as connection:
            return connection.execute(select(info.c.milvus_id).where(info.c.namespace == namespace).limit(1)).first() is not None

    def content_of(self, milvus_id: int) -> Content | None:
        """Return which bytes a picture of any state is; None where there never was one."""
        with self._database.read() as connection:
            rows = connection.execute(select(*CONTENT).where(info.c.milvus_id == milvus_id))
            return next((_content(row) for row in rows), None)

    def contents(self, after: int, limit: int) -> list[Content]:
        """Return up to `limit` searchable pictures with milvus_id > after, by milvus_id."""
        query = select(*CONTENT).where(info.c.state == PictureState.SEARCHABLE, info.c.milvus_id > after)
        with self._database.read() as connection:
            return [_content(row) for row in connection.execute(query.order_by(info.c.milvus_id).limit(limit))]

    def contents_among(self, namespace: str, content_hashes: Collection[str]) -> dict[str, Content]:
        """Return those of these contents that were ever a picture of the namespace, of any state."""
        query = select(*CONTENT).where(info.c.namespace == namespace, info.c.content_hash.in_(sorted(content_hashes)))
        with self._database.read() as connection:
            return {row.content_hash: _content(row) for row in connection.execute(query)}

    def states(self, after: int, limit: int) -> list[tuple[int, PictureState]]:
        """Return up to `limit` pictures of any state with milvus_id > after, by milvus_id: the audit's walk."""
        query = select(info.c.milvus_id, info.c.state).where(info.c.milvus_id > after).order_by(info.c.milvus_id).limit(limit)
        with self._database.read() as connection:
            return [(row.milvus_id, PictureState(row.state)) for row in connection.execute(query)]

    def loading_namespaces(self) -> list[str]:
        """Return the namespaces of the pictures that are loading."""
        query = select(info.c.namespace).where(info.c.state == PictureState.LOADING).distinct()
        with self._database.read() as connection:
            return sorted(connection.scalars(query))

    def abandoned(self, namespace: str, after: int, limit: int) -> list[int]:
        """Return up to `limit` pictures with milvus_id > after that are loading though no add request would finish them, in order.

        There are none while any request of the namespace waits: of which picture it is, its load tells. Nor is a picture one that
        was loaded once and whose request has failed since: it says why, and a retry brings the picture back.
        """
        # One statement, so that nothing becomes final in between; neither look depends on the picture. "+" keeps the databases from
        # the index of the keys: rows that wait are few, those of a namespace may be all.
        waits = exists().where(log.c.state == LogState.PENDING, literal_column("+image_add_log.namespace") == namespace)
        failed = select(log.c.milvus_id).where(log.c.state == LogState.FAILED, log.c.milvus_id.is_not(None))
        query = select(info.c.milvus_id).where(info.c.namespace == namespace, info.c.state == PictureState.LOADING)
        query = query.where(info.c.milvus_id > after, ~waits, info.c.milvus_id.not_in(failed))
        with self._database.read() as connection:
            return list(connection.scalars(query.order_by(info.c.milvus_id).limit(limit)))

    def states_of(self, ids: Collection[int]) -> dict[int, PictureState]:
        """Return the states of those ids that have a row."""
        query = select(info.c.milvus_id, info.c.state).where(info.c.milvus_id.in_(sorted(ids)))
        with self._database.read() as connection:
            return {row.milvus_id: PictureState(row.state) for row in connection.execute(query)}


def _with_sources(connection: Connection, rows: Collection[Row[Any]]) -> list[CatalogEntry]:
    sources: dict[int, list[Source]] = {row.milvus_id: [] for row in rows}
    if sources:
        for seen in connection.execute(FIRST_SOURCES, {"ids": sorted(sources)}):
            sources[seen.milvus_id].append(_source(seen))
    return [_entry(row, tuple(sources[row.milvus_id])) for row in rows]


def _source(row: Row[*tuple[Any, ...]]) -> Source:
    return Source(row.image_path, row.info, row.log_id, row.seen_time)


def _content(row: Row[Any, Any, Any, Any]) -> Content:
    return Content(row.milvus_id, row.namespace, row.content_hash, PictureState(row.state))


def _entry(row: Row[Any], sources: tuple[Source, ...]) -> CatalogEntry:
    facts = PictureFacts(row.content_hash, row.width, row.height, row.format, row.byte_size, row.perceptual_hash)
    return CatalogEntry(row.milvus_id, row.namespace, facts, PictureState(row.state), row.create_time, sources)

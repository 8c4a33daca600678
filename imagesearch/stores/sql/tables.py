"""The tables, one schema for SQLite, MySQL 8 and MariaDB 10.6+."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC to the microsecond: neither database keeps a zone, so it is taken off and put back here."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Ask MySQL for microseconds, which its DATETIME leaves out."""
        return dialect.type_descriptor(mysql.DATETIME(fsp=6) if dialect.name in ("mysql", "mariadb") else DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into naive UTC; a naive one is a fault of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time without a zone: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn what the database kept into an aware time."""
        return None if value is None else value.replace(tzinfo=UTC)


# SQLite counts up only a column of the very type INTEGER.
Id = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")


def bytes_upto(length: int) -> TypeEngine[bytes]:
    """Return a type that compares byte by byte: a text's every trailing space counts, which MySQL's collations disagree on."""
    return LargeBinary().with_variant(mysql.VARBINARY(length), "mysql", "mariadb")


# Binary collation: 'Cat' and 'cat' are two namespaces, two keys and two paths. AUTOINCREMENT: an id is never given twice.
OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_bin",
    "sqlite_autoincrement": True,
}
# SQLite lays a table out by its key, as InnoDB always does, only where it is told to.
BY_KEY_OPTIONS: dict[str, Any] = {**OPTIONS, "sqlite_autoincrement": False, "sqlite_with_rowid": False}

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

image_import = Table(
    "image_import",
    metadata,
    Column("id", Id, primary_key=True),
    Column("namespace", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("added", Integer, nullable=False, default=0),
    Column("known", Integer, nullable=False, default=0),
    Column("skipped", Integer, nullable=False, default=0),
    Column("create_time", UtcDateTime, nullable=False),
    Column("bad", Integer, nullable=False, server_default="0"),
    Column("total", BigInteger),
    Column("trusted", Boolean, nullable=False, server_default="0"),
    # The cursor: where the reading goes on.
    Column("version", String(200), nullable=False, server_default=""),
    Column("position", BigInteger, nullable=False, server_default="0"),
    Column("place", Text),
    # Who reads, and when it was last heard of.
    Column("owner", String(64)),
    Column("beat_time", UtcDateTime),
    Column("start_time", UtcDateTime),
    Column("read_time", UtcDateTime),
    Column("error_code", String(64)),
    Column("error_detail", Text),
    # Of who asked over HTTP, so that a request that is repeated is answered as the first; none where a command asked.
    Column("idempotency_key", String(200)),
    CheckConstraint("state in ('pending', 'running', 'paused', 'cancelled', 'done', 'failed')", name="state"),
    Index(None, "state"),
    # Not a constraint: for that SQLite would have to make the table anew.
    Index(None, "namespace", "idempotency_key", unique=True),
    **OPTIONS,
)

image_import_error = Table(
    "image_import_error",
    metadata,
    Column("id", Id, primary_key=True),
    Column("import_id", Id, ForeignKey("image_import.id"), nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("place", Text, nullable=False),
    Column("code", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
    # A line that is read again is reported once.
    Unique("import_id", "line"),
    **OPTIONS,
)

image_add_log = Table(
    "image_add_log",
    metadata,
    Column("id", Id, primary_key=True),
    Column("idempotency_key", String(200)),
    Column("import_id", Id, ForeignKey("image_import.id")),
    Column("namespace", String(64), nullable=False),
    Column("image_path", Text, nullable=False),
    Column("info", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("milvus_id", Id),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error_code", String(64)),
    Column("error_detail", Text),
    Column("create_time", UtcDateTime, nullable=False),
    Column("load_time", UtcDateTime),
    # When a row whose fault may pass is to be tried again; null: nothing holds it up.
    Column("retry_time", UtcDateTime),
    # What `info` was changed to after it was asked for; null: nothing was. Idempotency goes by what was asked for.
    Column("changed_info", JSON(none_as_null=True)),
    # Per namespace: one tenant's key neither blocks nor reveals another's.
    Unique("namespace", "idempotency_key"),
    CheckConstraint("state in ('pending', 'loaded', 'duplicate', 'failed')", name="state"),
    # The loader reads pending rows by key range and those to be tried again by their time; a finished row costs it nothing.
    Index(None, "state", "retry_time", "id"),
    # The rows of one import, counted by state and walked.
    Index(None, "import_id", "state"),
    **OPTIONS,
)

image_info = Table(
    "image_info",
    metadata,
    Column("milvus_id", Id, primary_key=True),
    Column("namespace", String(64), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("format", String(16), nullable=False),
    Column("byte_size", BigInteger, nullable=False),
    Column("perceptual_hash", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
    Unique("namespace", "content_hash"),
    CheckConstraint("state in ('loading', 'searchable', 'deleted')", name="state"),
    # Keyset pages of one namespace, or of all.
    Index(None, "namespace", "state", "milvus_id"),
    Index(None, "state", "milvus_id"),
    # Filters on create_time.
    Index(None, "namespace", "create_time"),
    **OPTIONS,
)

image_source = Table(
    "image_source",
    metadata,
    Column("id", Id, primary_key=True),
    Column("milvus_id", Id, ForeignKey("image_info.milvus_id"), nullable=False),
    Column("image_path", Text, nullable=False),
    Column("info", JSON, nullable=False),
    Column("log_id", Id, ForeignKey("image_add_log.id"), nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
    Unique("log_id"),
    Index(None, "milvus_id"),
    **OPTIONS,
)

api_key = Table(
    "api_key",
    metadata,
    Column("key_id", String(16), primary_key=True),
    Column("name", String(200), nullable=False),
    # Of the secret, which is kept nowhere.
    Column("digest", String(64), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("namespaces", JSON(none_as_null=True)),
    Column("per_minute", Integer),
    Column("create_time", UtcDateTime, nullable=False),
    Column("revoke_time", UtcDateTime),
    **{**OPTIONS, "sqlite_autoincrement": False},
)

# How much of the true answer searches of an index find, by how far they look: measured by jobs.calibrate.
index_calibration = Table(
    "index_calibration",
    metadata,
    Column("collection", String(255), primary_key=True),
    Column("index_kind", String(16), primary_key=True),
    Column("effort", Integer, primary_key=True, autoincrement=False),
    Column("recall", Float, nullable=False),
    Column("top_k", Integer, nullable=False),
    Column("queries", Integer, nullable=False),
    Column("vectors", BigInteger, nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
    **{**OPTIONS, "sqlite_autoincrement": False},
)

# The last search for duplicates of a namespace among one model's vectors, and how far it is.
duplicate_search = Table(
    "duplicate_search",
    metadata,
    Column("id", Id, primary_key=True),
    Column("namespace", String(64), nullable=False),
    Column("collection", String(255), nullable=False),
    # What it goes by: what another way of looking found is no part of it.
    Column("how", String(64), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("looked", BigInteger, nullable=False),
    Column("unread", BigInteger, nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
    Column("end_time", UtcDateTime),
    Unique("namespace", "collection"),
    **OPTIONS,
)

# Pictures that it held against each other and found to be alike; those of a search that another took the place of go by and by.
duplicate_pair = Table(
    "duplicate_pair",
    metadata,
    Column("search_id", BigInteger, primary_key=True, autoincrement=False),
    Column("one", BigInteger, primary_key=True, autoincrement=False),
    Column("other", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("copy", Double, nullable=False),
    **BY_KEY_OPTIONS,
)

# The joins that jobs.calibrate has learned on the collection's own pictures; the newest version judges.
learned_join = Table(
    "learned_join",
    metadata,
    Column("collection", String(255), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("pictures", Integer, nullable=False),
    Column("loss", Float, nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
    **{**OPTIONS, "sqlite_autoincrement": False},
)

# An index of image_source.info by key and value (attributes.py): one row for each value that can be filtered by. The rows of a
# picture lie together, which confirms hits; the index finds the pictures of a value, and holds the key of this table itself.
image_attribute = Table(
    "image_attribute",
    metadata,
    Column("milvus_id", BigInteger, primary_key=True, autoincrement=False),
    Column("log_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", bytes_upto(128), primary_key=True),
    Column("namespace", String(64), nullable=False),
    Column("value", bytes_upto(513), nullable=False),
    Index(None, "namespace", "name", "value"),
    **BY_KEY_OPTIONS,
)

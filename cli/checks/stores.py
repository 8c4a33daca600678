"""Checks of the stores: whether each answers and how fast, how far the schema is, how large the collection."""

from __future__ import annotations

from contextlib import closing

from cli.finding import Finding, State, asked
from cli.schema import require_schema, schema_versions
from config import Settings
from config.sections import MilvusSettings
from imagesearch.errors import StoreUnavailable
from imagesearch.images.blobs import open_blobs
from imagesearch.images.s3 import S3
from imagesearch.models.load import fingerprint_of
from imagesearch.stores.clients import open_leases
from imagesearch.stores.factory import open_announcer
from imagesearch.stores.milvus.client import MilvusConnection
from imagesearch.stores.milvus.index import MilvusIndex
from imagesearch.stores.sql.database import Database

TIMEOUT_S = 5.0
# Beyond this Milvus Lite, which walks every row in Python, takes 50 ms and more a search, and seconds while a load writes.
LITE_LIMIT = 50_000


def sql(settings: Settings) -> Finding:
    """Ask the SQL database."""

    def ask() -> str:
        with closing(Database(settings.sql)) as database:
            database.ping()
            return f"{database.engine.dialect.name} answers"

    return asked("sql", ask, _start(settings, "check IMAGESEARCH_SQL__URL and its server"))


def schema(settings: Settings) -> Finding:
    """Compare the database's migration with the code's."""

    def ask() -> str:
        require_schema(settings.sql)
        return f"at migration {schema_versions(settings.sql)[0]}, the newest"

    return asked("schema", ask, _start(settings, "run `python -m jobs.migrate`"))


def milvus(settings: Settings) -> Finding:
    """Ask Milvus who it is."""

    def ask() -> str:
        with closing(MilvusConnection(_hasty(settings.milvus))) as connection:
            return f"{_version(connection)} answers"

    return asked("milvus", ask, _start(settings, "check IMAGESEARCH_MILVUS__URI, its token and its server"))


def vectors(settings: Settings) -> Finding:
    """Count the model's vectors, and say when there are too many for Milvus Lite."""
    held, lite = 0, False

    def ask() -> str:
        nonlocal held, lite
        with closing(S3(settings.s3)) as s3:
            fingerprint, _ = fingerprint_of(settings.model, s3)
        with closing(MilvusConnection(_hasty(settings.milvus))) as connection:
            lite = "lite" in _version(connection)
            with connection.client() as client:
                known = client.has_collection(fingerprint.collection)
        if known:
            with closing(MilvusIndex(_hasty(settings.milvus), fingerprint)) as index:
                held = index.count()
        return f"{held:,} in {fingerprint.collection}"

    finding = asked("vectors", ask, "see the lines of milvus and weights")
    if finding.state is State.OK and lite and held > LITE_LIMIT:
        advice = (
            f"beyond {LITE_LIMIT:,} pictures use a Milvus server: set IMAGESEARCH_MILVUS__URI, then "
            "`imagesearch audit --repair` embeds what the server lacks"
        )
        return Finding("vectors", State.WARN, f"{finding.words}, on Milvus Lite, slow from here on", advice, finding.ms)
    return finding


def redis(settings: Settings) -> Finding:
    """Ask Redis; without it loads go on, and two of them may do the same work."""
    if settings.redis.url is None:
        return Finding("redis", State.WARN, "not set: two loads at once may embed the same pictures", "set IMAGESEARCH_REDIS__URL")

    def ask() -> str:
        with closing(open_leases(settings)) as leases:
            if not leases.ping():
                raise StoreUnavailable("Redis does not answer; loads go on without leases", store="redis")
        return "answers"

    return asked("redis", ask, _start(settings, "check IMAGESEARCH_REDIS__URL and its server"), otherwise=State.WARN)


def stream(settings: Settings) -> Finding:
    """Ask the stream's brokers; without them adds go on, and loads find rows by themselves."""
    if settings.stream.kind == "none":
        return Finding("stream", State.OK, "none: loads read the add-log")

    def ask() -> str:
        hasty = settings.stream.model_copy(update={"timeout_s": min(settings.stream.timeout_s, TIMEOUT_S)})
        with closing(open_announcer(hasty)) as announcer:
            announcer.ping()
        return f"answers, and knows the topic {settings.stream.topic}"

    advice = "check IMAGESEARCH_STREAM__SERVERS and IMAGESEARCH_STREAM__OPTIONS; create the topic"
    return asked("stream", ask, advice, otherwise=State.WARN)


def blobs(settings: Settings) -> Finding:
    """Ask the place where uploads are kept."""

    def ask() -> str:
        with closing(S3(settings.s3)) as s3:
            open_blobs(settings.blobs, s3).ping()
        return f"uploads can be kept in {settings.blobs.uri}"

    return asked("blobs", ask, "check IMAGESEARCH_BLOBS__URI, that it can be written to, and the keys of S3")


def _version(connection: MilvusConnection) -> str:
    with connection.client() as client:
        return str(client.get_server_version(timeout=TIMEOUT_S))


def _hasty(settings: MilvusSettings) -> MilvusSettings:
    return settings.model_copy(update={"timeout_s": min(settings.timeout_s, TIMEOUT_S)})


def _start(settings: Settings, otherwise: str) -> str:
    return "run `imagesearch up`" if settings.embedded else otherwise

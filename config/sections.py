"""The sections of the settings, one class each; units stand in the names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class Section(BaseModel):
    """A frozen group of settings; a name that it does not know is an error, so that a typing slip is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SqlSettings(Section):
    """The add-log and the catalog: the truth."""

    url: SecretStr = Field(description="SQLAlchemy URL: sqlite:///file or mysql+pymysql://user:password@host/database")
    pool_size: int = Field(5, ge=1)
    connect_timeout_s: float = Field(5.0, gt=0)
    lock_timeout_s: int = Field(30, ge=1, description="how long a transaction waits for another's lock")


class MilvusSettings(Section):
    """The vector index."""

    uri: str = Field(description="http://host:port of Milvus, or of the local Milvus Lite server")
    token: SecretStr | None = None
    database: str = "default"
    index: Literal["HNSW", "IVF_FLAT", "IVF_SQ8", "FLAT"] = "HNSW"
    metric: Literal["COSINE", "IP", "L2"] = "COSINE"
    index_params: dict[str, int] = Field(default_factory=dict, description="laid over the index's own defaults")
    search_params: dict[str, int] = Field(default_factory=dict, description="laid over the index's own defaults")
    upsert_rows: int = Field(1000, ge=1, le=1000, description="vectors written by one call")
    hash_index: Literal["none", "HNSW", "IVF_SQ8", "FLAT", "BIN_IVF_FLAT", "BIN_FLAT"] = Field(
        "none", description="index of the perceptual hashes; BIN_...: a thirtieth of the memory, and not on Milvus Lite"
    )
    hash_params: dict[str, int] = Field(default_factory=dict, description="as index_params, for the hashes' index")
    timeout_s: float = Field(20.0, gt=0)


class RedisSettings(Section):
    """Leases on add-log rows."""

    url: SecretStr | None = Field(None, description="redis://...; without it every claim is granted")
    lease_s: float = Field(30.0, gt=0, description="how long a claim outlives a loader that died")
    timeout_s: float = Field(2.0, gt=0)


class BlobSettings(Section):
    """Where uploads are kept."""

    uri: str = Field(description="a folder or s3://bucket/prefix")


class S3Settings(Section):
    """S3-compatible storage; what is not set comes from the usual AWS chain (environment, profile, role)."""

    endpoint_url: str | None = None
    region: str | None = None
    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    timeout_s: float = Field(20.0, gt=0)


class SourceSettings(Section):
    """Which pictures may be read by path, and within which limits. Uploads' place is always readable."""

    roots: tuple[Path, ...] = Field((), description="folders whose files an image_path may name")
    roots_file: Path | None = Field(None, description="a file of further roots, a line each, re-read when it changes")
    s3_prefixes: tuple[str, ...] = Field((), description="allowed s3://bucket/prefix; s3:// alone allows every bucket")
    http: bool = Field(False, description="whether http(s) URLs are fetched at all")
    http_hosts: tuple[str, ...] = Field((), description="allowed hosts, *.example.com for subdomains; empty: every public host")
    http_private_hosts: tuple[str, ...] = Field((), description="host:port pairs that may resolve to a private address")
    http_timeout_s: float = Field(10.0, gt=0, description="for the whole fetch, redirects included")
    http_redirects: int = Field(3, ge=0)


class ImageSettings(Section):
    """Limits on one picture, before and while it is decoded."""

    max_bytes: int = Field(32 * 2**20, ge=1)
    max_pixels: int = Field(80_000_000, ge=1, le=170_000_000, description="width x height; Pillow itself refuses above 179 million")


class ModelSettings(Section):
    """The embedding model."""

    name: str = Field(
        "efficientnet_lite0", description="efficientnet_lite0, resnet50, vgg16, timm:NAME, clip:NAME/PRETRAINED, or tiny"
    )
    weights: str = Field("package", description="package, download, random, a file, or s3://bucket/key")
    pooling: Literal["avg", "gem"] | None = Field(None, description="average, or generalised mean; unset: the model's own")
    resize: Literal["crop", "squash"] | None = Field(None, description="the centre square, or all; unset: the model's own")
    input_size: int | None = Field(None, ge=32, le=1024, description="pixels on a side of the input; unset: the model's own")
    weights_dir: Path | None = Field(None, description="where weights from s3:// are kept; the user's cache folder when unset")
    tokenizer: Path | None = Field(None, description="folder of a tokenizer that open_clip does not bring; unset: it is fetched")
    device: Literal["auto", "cpu", "cuda"] = "auto"
    runtime: Literal["auto", "torch", "onnx"] = Field("auto", description="auto: PyTorch on a GPU, on the CPU what is faster there")
    cache_dir: Path | None = Field(None, description="where exported models and measured choices are kept; unset: the user's cache")
    precision: Literal["float16", "bfloat16", "float32"] = Field("float16", description="on a GPU; the CPU always takes float32")
    cuda_graphs: bool = Field(False, description="on a GPU: whether passes are recorded once for each of a few sizes")
    threads: int | None = Field(None, ge=1, description="CPU threads of one forward pass; the replica's CPUs when unset")


class LoadSettings(Section):
    """The bulk load."""

    batch_rows: int = Field(128, ge=1, le=4096)
    batches_in_flight: int = Field(
        4, ge=1, description="batches between claim and commit, for one actor a stage; each more adds two"
    )
    fetch_actors: int = Field(1, ge=1, description="processes that fetch and decode, at least")
    fetch_actors_max: int = Field(2, ge=1, description="how many there may be while they are what the load waits for")
    fetch_threads: int = Field(8, ge=1, description="pictures that one of them fetches at once")
    fetch_cpus: float = Field(0.5, gt=0, description="CPUs that Ray reserves for each")
    embed_actors: int = Field(1, ge=1, description="processes that run the model, at least")
    embed_actors_max: int | None = Field(
        None, ge=1, description="how many there may be while they are what the load waits for; unset: as the job's machine has CPUs"
    )
    embed_cpus: float = Field(
        1.0, ge=0, description="CPUs that Ray reserves for each, and threads of its forward pass unless model.threads names them"
    )
    embed_gpus: float = Field(0.0, ge=0, description="GPUs that Ray reserves for each")
    write_actors: int = Field(1, ge=1, description="processes that write to Milvus and SQL, at least")
    write_actors_max: int = Field(2, ge=1, description="how many there may be while they are what the load waits for")
    nice: int = Field(10, ge=0, le=19, description="how far the load's processes stand back for others on their machine; 0: not")
    idle_s: float = Field(30.0, gt=0, description="an actor with nothing to do for so long is ended, down to the least number")
    batch_timeout_s: float = Field(
        300.0, gt=0, description="an actor that works longer on a batch, waits for stores aside, is taken to hang and replaced"
    )
    embed_batch: int = Field(16, ge=1, description="pictures in one forward pass")
    max_attempts: int = Field(5, ge=1, description="tries of a row whose fault may pass, before it is failed")
    backoff_s: float = Field(1.0, gt=0, description="pause before a row is tried again, doubled with each attempt")
    store_retry_s: float = Field(120.0, ge=0, description="how long a load waits for a store that is down")
    index_wait_s: float = Field(
        300.0, ge=0, description="how long a load waits, after its last row, until what it wrote is in Milvus's index; 0: not"
    )
    poll_s: float = Field(1.0, gt=0, description="pause between looks at the add-log while nothing waits there")
    stop_s: float = Field(2.0, ge=0, description="how long batches in flight may go on once the job is told to stop")


class StreamSettings(Section):
    """The stream that announces new rows of the add-log to `jobs.stream_load`; the add-log stays the truth."""

    kind: Literal["none", "kafka"] = "none"
    servers: tuple[str, ...] = Field((), description="host:port of some of the brokers")
    topic: str = Field("imagesearch.added", min_length=1)
    group: str = Field("imagesearch.load", min_length=1, description="loaders of one group share the topic")
    options: dict[str, str | int | float | bool] = Field(default_factory=dict, description="librdkafka's own options by name")
    secrets: dict[str, SecretStr] = Field(default_factory=dict, description="those of them that are secret: sasl.password, ...")
    timeout_s: float = Field(10.0, gt=0, description="for each call to a broker")
    queue_rows: int = Field(100_000, ge=1, description="announcements that a process keeps while a broker is slow or down")
    deliver_s: float = Field(60.0, gt=0, description="how long one of them is tried before it is given up")
    close_s: float = Field(5.0, ge=0, description="how long a process that ends waits for what is on its way")
    session_s: float = Field(20.0, gt=0, description="how long a loader that fell silent keeps its share of the topic")
    gather_s: float = Field(0.2, ge=0.01, description="how long announcements are gathered into one batch")
    sweep_s: float = Field(60.0, gt=0, description="pause between looks at the add-log for rows that were never announced")

    @model_validator(mode="after")
    def _has_servers(self) -> StreamSettings:
        if self.kind != "none" and not self.servers:
            raise ValueError("stream.kind kafka needs stream.servers (IMAGESEARCH_STREAM__SERVERS)")
        return self


class ImportSettings(Section):
    """Bulk imports: reading their sources into the add-log."""

    batch_rows: int = Field(1000, ge=1, le=3000, description="requests of one transaction")
    lease_s: float = Field(30.0, gt=0, description="how long an import waits for a reader that died")
    parallel: int = Field(2, ge=1, description="sources that one process reads at once")


class SearchSettings(Section):
    """The search path of the ingress."""

    timeout_s: float = Field(60.0, gt=0, description="how long a search may take; a caller's X-Timeout-Ms shortens it")
    embed_timeout_s: float = Field(60.0, gt=0, description="how long a query waits for the embedder, its cold start included")
    cold_start: Literal["wait", "cpu"] = Field(
        "wait", description="cpu: while no replica of the embedder runs, a small one on the CPU answers; wait: queries wait for it"
    )
    exact_timeout_s: float = Field(30.0, gt=0, description="how long a search with `exact` compares pictures one by one")
    wait_s: float = Field(5.0, ge=0, description="how long a search waits for the add request that its `log_id` names")
    decode_threads: int = Field(4, ge=1)
    cache_slots: int = Field(
        4096, ge=0, description="pictures whose vectors are remembered in Redis once they were searched by; 0: none are"
    )
    at_once: int = Field(
        20, ge=1, description="searches that a replica has in hand at once; further callers are told to come again"
    )
    queue: int = Field(256, ge=1, description="calls that may wait for each pool of threads, before callers are told to come again")


class VerifySettings(Section):
    """Holding the first hits of a search against its picture, by local features."""

    default: Literal["never", "auto", "always"] = Field(
        "never", description="for searches that do not say; auto: where the first is not clear"
    )
    candidates: int = Field(30, ge=1, le=200, description="hits that are verified at most")
    hash_candidates: int = Field(
        10, ge=0, le=200, description="pictures near by perceptual hash that are verified beside these at most"
    )
    hash_bits: int = Field(64, ge=0, le=128, description="bits of 256 in which their hashes differ at most")
    budget_ms: float = Field(250.0, ge=0, description="how long one search verifies; it then answers with what is done")
    threads: int = Field(2, ge=1, description="threads of a replica that verify")
    cache_bytes: int = Field(64 * 2**20, ge=0, description="memory of a replica for the features of stored pictures")
    keep_features: bool = Field(
        False, description="whether loads keep the features of pictures beside the uploads, and searches read them there"
    )
    clear_score: float = Field(0.95, ge=-1, le=1, description="auto: the first hit is clear with this score or more ...")
    clear_margin: float = Field(0.05, ge=0, le=2, description="... and so much more than the second's")


class AuthSettings(Section):
    """Who may call the service."""

    keys: bool = Field(True, description="whether callers need an API key; off only where the service is bound to loopback")
    hosts: tuple[str, ...] = Field((), description="without keys: names that it may be called by, beside localhost and 127.0.0.1")
    cache_s: float = Field(5.0, ge=0, description="how long a replica remembers a key: a revoked one lives on as long")
    rate_limit_open: bool = Field(True, description="whether a caller is let through when Redis, which counts, does not answer")


class FilterSettings(Section):
    """Searching with a filter on `info`."""

    keys: tuple[str, ...] = Field((), description="keys of info that are kept to filter by; empty: every key with a plain value")
    timeout_s: float = Field(10.0, gt=0, description="how long a search looks for more pictures that match")


class RaySettings(Section):
    """The Ray cluster that commands talk to; inside a job or a replica Ray's own environment wins."""

    address: str | None = Field(None, description="GCS address, host:port; RAY_ADDRESS wins over it")
    dashboard: str | None = Field(None, description="http://host:port for serve deploy and job submit")
    token_file: Path | None = Field(None, description="the cluster's token; unset: RAY_AUTH_MODE and its kin decide")


class HttpSettings(Section):
    """The service as people reach it."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    body_timeout_s: float = Field(
        10.0, gt=0, description="how long the service waits for a request's body, beside a second for each 16 KiB of it"
    )


class ServeSettings(Section):
    """What `imagesearch up` lays over serve_config.yaml."""

    embedder: Literal["deployment", "ingress"] = Field(
        "deployment", description="where queries are embedded: by replicas of Embedder, or by each replica of SearchIngress itself"
    )
    deployments: dict[str, dict[str, Any]] = Field(default_factory=dict, description="overrides of its deployments, by name")


class LogSettings(Section):
    """What processes write of what they do: replicas, actors and jobs."""

    format: Literal["text", "json"] = Field("text", description="json: one object a line")
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="of the project's own lines")


class TracingSettings(Section):
    """OpenTelemetry traces of HTTP requests and jobs."""

    endpoint: str | None = Field(None, description="OTLP over HTTP, http://host:4318/v1/traces; unset: nothing is traced")
    headers: dict[str, SecretStr] = Field(default_factory=dict, description="shown to the endpoint with every export")
    ratio: float = Field(1.0, ge=0, le=1, description="traces kept of requests that bring no traceparent; those that do decide")
    timeout_s: float = Field(5.0, gt=0, description="for each export; what cannot be sent is dropped")

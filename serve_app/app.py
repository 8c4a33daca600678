"""The Serve application: `serve deploy serve_config.yaml` builds it here; how many and how large is that file's business."""

# No `from __future__ import annotations` here: Serve reads the builder's annotation as it stands, and would take the name of the
# class in a string for no type at all, handing over a plain dict.

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve import Application

from config.settings import Settings, load_settings
from serve_app.embedder import BatchOptions, Embedder
from serve_app.ingress import SearchIngress
from serve_app.passes import CPU_BATCH


class ColdArgs(BaseModel):
    """How large the deployment ColdEmbedder is, which there is only with `search.cold_start: cpu`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    num_cpus: float = Field(0.5, gt=0)
    max_ongoing_requests: int = Field(24, ge=1)
    max_queued_requests: int = Field(24, ge=1)
    max_batch_size: int = Field(CPU_BATCH, ge=1)


class AppArgs(BaseModel):
    """`args` of the application in serve_config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str | None = None
    """The settings' profile; unset: IMAGESEARCH_PROFILE, else local."""

    model: str | None = None
    """The model that the settings name, in words that nobody reads: Serve builds anew where its arguments changed."""

    embedder: Literal["deployment", "ingress"] = "deployment"
    """Where queries are embedded: by the deployment Embedder, or by each replica of SearchIngress, without an Embedder."""

    embed_batch: int = Field(CPU_BATCH, ge=1, le=4096)
    """Pictures in one forward pass of an ingress that embeds itself."""

    cold: ColdArgs = ColdArgs()


def build(args: AppArgs) -> Application:
    """Bind the ingress, and the embedder if there is one, with the settings as they are now. Raises ConfigError."""
    settings = load_settings(args.profile)
    ingress = serve.deployment()(serve.ingress()(SearchIngress))
    if args.embedder == "ingress":
        return ingress.bind(settings, embed_batch=args.embed_batch)
    embedder = serve.deployment()(Embedder).bind(settings)
    if settings.search.cold_start == "wait":
        return ingress.bind(settings, embedder)
    return ingress.bind(settings, embedder, cold_embedder(settings, args.cold))


def cold_embedder(settings: Settings, args: ColdArgs) -> Application:
    """Bind one replica of the same model that takes no GPU."""
    on_cpu = settings.model_copy(update={"model": settings.model.model_copy(update={"device": "cpu"})})
    deployment = serve.deployment(
        name="ColdEmbedder",
        num_replicas=1,
        ray_actor_options={"num_cpus": args.num_cpus, "num_gpus": 0},
        max_ongoing_requests=args.max_ongoing_requests,
        max_queued_requests=args.max_queued_requests,
        user_config=BatchOptions(max_batch_size=args.max_batch_size).model_dump(),
    )
    return deployment(Embedder).bind(on_cpu)

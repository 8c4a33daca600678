"""The Serve application: `serve deploy serve_config.yaml` builds it here; how many and how large is that file's business."""

# No `from __future__ import annotations` here: Serve reads the builder's annotation as it stands, and would take the name of the
# class in a string for no type at all, handing over a plain dict.

from pydantic import BaseModel, ConfigDict
from ray import serve
from ray.serve import Application

from config.settings import load_settings
from serve_app.embedder import Embedder
from serve_app.ingress import SearchIngress


class AppArgs(BaseModel):
    """`args` of the application in serve_config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str | None = None
    """The settings' profile; unset: IMAGESEARCH_PROFILE, else local."""

    model: str | None = None
    """The model that the settings name, in words that nobody reads: Serve builds anew where its arguments changed."""


def build(args: AppArgs) -> Application:
    """Bind the ingress to the embedder, both with the settings as they are now. Raises ConfigError."""
    settings = load_settings(args.profile)
    embedder = serve.deployment()(Embedder).bind(settings)
    return serve.deployment()(serve.ingress()(SearchIngress)).bind(settings, embedder)

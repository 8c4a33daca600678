"""After a load with a model of one's own: whether the service answers with it, and whether older pictures have its vectors."""

from __future__ import annotations

import shlex
from contextlib import closing

from cli.console import Output
from cli.service import open_client
from config import Settings
from imagesearch.client import NEVER
from imagesearch.errors import ImageSearchError
from imagesearch.images.s3 import S3
from imagesearch.models.load import fingerprint_of
from imagesearch.stores.clients import open_index
from imagesearch.stores.sql.catalog import Catalog
from imagesearch.stores.sql.database import Database
from imagesearch.types import Fingerprint

# Pictures of the namespace that are looked at, the oldest: whatever another model loaded is among them.
LOOKED_AT = 200


def without_vectors(settings: Settings, namespace: str) -> int:
    """Count the pictures without a vector of this model among the oldest of the namespace. Raises StoreError."""
    with closing(S3(settings.s3)) as s3, closing(Database(settings.sql)) as database:
        fingerprint, _ = fingerprint_of(settings.model, s3)
        ids = {entry.milvus_id for entry in Catalog(database).page(namespace, 0, LOOKED_AT)}
    with closing(open_index(settings, fingerprint)) as index:
        return len(ids - set(index.fetch(ids))) if ids else 0


def say_how_to_search(settings: Settings, output: Output, fingerprint: Fingerprint, lacking: int) -> None:
    """Say what is to be done so that a search finds what was loaded."""
    name, weights = shlex.quote(settings.model.name), shlex.quote(settings.model.weights)
    variables = f"IMAGESEARCH_MODEL__NAME={name} IMAGESEARCH_MODEL__WEIGHTS={weights}"
    if lacking:
        output.say(
            f"{lacking} of the oldest {LOOKED_AT} pictures of this namespace were loaded with another model and have no vector of "
            f"this one; embed what it lacks with\n  {variables} imagesearch audit --repair",
            "yellow",
        )
    if _answering(settings) == str(fingerprint):
        return
    how = f"imagesearch up --model {name} --weights {weights}"
    if not settings.embedded:
        how = f"set {variables} on all nodes and run `serve deploy` again"
    output.say(f"the service does not answer with {settings.model.name} yet; to search what was loaded with it:\n  {how}", "yellow")


def _answering(settings: Settings) -> str | None:
    try:
        with open_client(settings, NEVER) as client:
            return client.stats().model
    except ImageSearchError:
        return None

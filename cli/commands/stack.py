"""`imagesearch up`, `down` and `status`: the embedded stack, and what runs of it."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import Any

from rich.text import Text

from cli.console import Output, cell, table
from cli.load_with import Chosen
from cli.service import open_client
from cli.stack import stack
from config import Settings
from imagesearch.client import NEVER
from imagesearch.errors import AccessError, StoreUnavailable
from imagesearch.images.s3 import S3
from imagesearch.models.load import fingerprint_of

# Nothing chosen: the settings hold.
SETTINGS = Chosen()


def up(settings: Settings, output: Output, port: int | None, chosen: Chosen = SETTINGS) -> int:
    """Start what does not run yet and print where the service is. Raises ConfigError, ModelError, StoreUnavailable."""
    # A model that cannot be had is told before the service is deployed with it.
    with closing(S3(settings.s3)) as s3:
        fingerprint, _ = fingerprint_of(chosen.over(settings).model, s3)
    running = stack.up(settings, port, output.say, chosen.model_settings)
    with open_client(running) as client:
        with suppress(AccessError):
            served = client.stats().model
            if served != str(fingerprint):
                # Variables of this shell do not reach a node that runs.
                words = f"the service runs {served}, not {fingerprint}: its node was started with other settings"
                output.say(f"{words}; `imagesearch down`, then `imagesearch up` makes it take these", "yellow")
        output.record({"url": client.base_url, "processes": stack.status(running.home)})
        output.show(Text(f"the service is ready at {client.base_url}"))
    return 0


def down(settings: Settings, output: Output) -> int:
    """Stop what `up` started and print its names; nothing running is no error."""
    stopped = stack.down(settings.home)
    output.record({"stopped": stopped})
    output.show(Text(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running"))
    return 0


def status(settings: Settings, output: Output) -> int:
    """Print what runs, whether the service is ready, and its counts; returns 3 unless it is ready."""
    processes = stack.status(settings.home) if settings.embedded else {}
    stores: dict[str, Any] = {}
    stats: dict[str, Any] | None = None
    error: str | None = None
    refused: str | None = None
    with open_client(settings, NEVER) as client:
        try:
            stores = client.ready().model_dump()["stores"]
            stats = client.stats().model_dump()
        except AccessError as exc:
            # Ready it is all the same; a key of some namespaces may not see the counts of all.
            refused = exc.detail
        except StoreUnavailable as exc:
            # A service that is not ready tells which of its stores do answer.
            stores = stores or exc.data.get("stores", {})
            error = exc.detail
        url = client.base_url
    ready = error is None
    output.record({"url": url, "ready": ready, "processes": processes, "stores": stores, "stats": stats, "error": error or refused})
    rows = table("part", "state", "about", numbers=())
    if settings.embedded:
        for name in stack.PARTS:
            rows.add_row(name, "runs" if name in processes else "stopped", f"pid {processes[name]}" if name in processes else "")
    rows.add_row("service", "ready" if ready else "not ready", cell(url))
    for name, health in stores.items():
        rows.add_row(cell(f"  {name}"), cell(health["state"]), cell(f"{health['ms']:.0f} ms"))
    for name, value in (stats or {}).items():
        rows.add_row(cell(name), "", cell(value))
    output.show(rows)
    if error or refused:
        output.say(error or f"counts are not shown: {refused}", "yellow")
    return 0 if ready else 3

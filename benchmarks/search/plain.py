"""The same service in one process under plain uvicorn, without Ray; `python -m benchmarks.search.plain PORT`."""

from __future__ import annotations

import gc
import sys

import uvicorn

from config import load_settings
from imagesearch.stores.factory import open_announcer, open_stores
from serve_app.api import create_api
from serve_app.local_readers import LocalReaders
from serve_app.passes import CPU_BATCH, open_passes
from serve_app.services import Services


def main() -> int:
    """Serve until told to stop."""
    settings = load_settings()
    stores = open_stores(settings)
    model = open_passes(settings.model, stores.s3, CPU_BATCH)
    services = Services(settings, stores, model, open_announcer(settings.stream), LocalReaders(settings))
    api = create_api(services)
    # As the ingress does.
    gc.collect()
    gc.freeze()
    uvicorn.run(api, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
    return 0


if __name__ == "__main__":
    sys.exit(main())

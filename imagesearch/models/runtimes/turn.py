"""One process of a machine at a time does what all of them need once."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

logger = logging.getLogger(__name__)

LOOK_S = 0.2


@contextmanager
def my_turn(path: Path, patience_s: float) -> Iterator[None]:
    """Hold a lock on the file, made where it is not there, while the block runs; it ends with the process, however that ends.

    A courtesy that saves work, no more: who waited for `patience_s` in vain, or whose file system has no locks, goes on without.
    Raises OSError where the file cannot be made.
    """
    with path.open("ab") as file:
        until = monotonic() + patience_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > until:
                    logger.warning("another process holds %s for longer than %.0f s; going on beside it", path, patience_s)
                    break
                sleep(LOOK_S)
            except OSError:  # a file system without locks
                break
        yield

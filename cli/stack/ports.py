"""Ports of the loopback address, on which every local server listens."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import chain, islice, repeat
from pathlib import Path

LOOPBACK = "127.0.0.1"
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
# Above the ports that well-known servers take by default.
LOWEST = 12_000
ANY = 0


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now.

    Below those that the system gives to outgoing connections, where it leaves room there: a server may start, or start again,
    long after its port was chosen, and by then any client's connection could hold it.
    """
    with ExitStack() as held:
        return list(islice(_bindable(held), count))


def listens(port: int) -> bool:
    """Say whether something accepts connections at the port."""
    with socket.socket() as one:
        one.settimeout(0.5)
        return one.connect_ex((LOOPBACK, port)) == 0


def _bindable(held: ExitStack) -> Iterator[int]:
    quiet = range(LOWEST, _first_ephemeral())
    # At random, since others of this machine choose at the same time.
    for port in chain(random.SystemRandom().sample(quiet, len(quiet)), repeat(ANY)):
        one = held.enter_context(socket.socket())
        with suppress(OSError):
            one.bind((LOOPBACK, port))
            yield one.getsockname()[1]


def _first_ephemeral() -> int:
    try:
        return int(EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return LOWEST

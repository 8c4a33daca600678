"""One server process: started in a session of its own, recorded by pid and start time, stopped with all its children."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from imagesearch.errors import ConfigError, StoreUnavailable

LOOPBACK = "127.0.0.1"


@dataclass
class ServerProcess:
    """A server under `home`: its log in logs/NAME.log, its record in run/NAME.json.

    The record holds the start time beside the pid: a pid that the system gave to another program is never stopped.
    """

    name: str
    home: Path
    command: Sequence[str]
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    start_timeout_s: float = 60.0
    stop_timeout_s: float = 8.0
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say."""
        return self.home / "logs" / f"{self.name}.log"

    @property
    def record(self) -> Path:
        """Where the running process is noted."""
        return self.home / "run" / f"{self.name}.json"

    def start(self) -> None:
        """Start unless it runs, and return once it is ready. Raises StoreUnavailable with the end of the log, ConfigError."""
        if self.running() is not None:
            self._await_ready()
            return
        for folder in (self.log.parent, self.record.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            try:
                self._child = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **self.env},
                    cwd=self.home,
                    start_new_session=True,
                )
            except OSError as exc:
                raise ConfigError(f"{self.name} cannot be started: {exc}") from exc
        started = psutil.Process(self._child.pid)
        self.record.write_text(json.dumps({"pid": started.pid, "create_time": started.create_time()}))
        try:
            self._await_ready()
        except StoreUnavailable:
            self.stop()
            raise

    def running(self) -> psutil.Process | None:
        """Return the recorded process while it lives."""
        return recorded(self.record)

    def stop(self) -> None:
        """Stop it and its children, hard where they do not end in time, and forget the record."""
        stop_recorded(self.record, self.stop_timeout_s)
        if self._child is not None:
            self._child.wait()

    def _await_ready(self) -> None:
        end = time.monotonic() + self.start_timeout_s
        while time.monotonic() < end:
            if self.running() is None:
                raise StoreUnavailable(
                    f"{self.name} ended as it started; its log {self.log} ends:\n{self._tail()}", store=self.name
                )
            if self.ready():
                return
            time.sleep(0.05)
        raise self._failed(f"was not ready after {self.start_timeout_s:.0f} s")

    def _failed(self, how: str) -> StoreUnavailable:
        end = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        return StoreUnavailable(f"{self.name} {how}; its log {self.log} ends:\n{end}", store=self.name)


def recorded(record: Path) -> psutil.Process | None:
    """Return the process of a record while that very process lives."""
    try:
        noted = json.loads(record.read_text())
        process = psutil.Process(noted["pid"])
        if abs(process.create_time() - noted["create_time"]) < 1.0 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    except (FileNotFoundError, psutil.NoSuchProcess):
        pass
    return None


def stop_recorded(record: Path, timeout_s: float = 8.0) -> None:
    """Stop the process of a record with all its children, and remove the record; a process that is gone is no error."""
    process = recorded(record)
    if process is not None:
        family = [process, *process.children(recursive=True)]
        # The parent first: it may stop its children in good order. What is left after the time is ended hard.
        _each(family[:1], "terminate")
        _, alive = psutil.wait_procs(family, timeout=timeout_s)
        _each(alive, "kill")
        psutil.wait_procs(alive, timeout=timeout_s)
    record.unlink(missing_ok=True)


def _each(processes: Sequence[psutil.Process], action: str) -> None:
    for process in processes:
        try:
            getattr(process, action)()
        except psutil.NoSuchProcess:
            continue


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback address that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def listens(port: int) -> bool:
    """Say whether something accepts connections at the loopback port."""
    with socket.socket() as one:
        one.settimeout(0.5)
        return one.connect_ex((LOOPBACK, port)) == 0

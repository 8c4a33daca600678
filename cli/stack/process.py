"""One server process: started in a session of its own, recorded by pid and start time, stopped with all its children."""

from __future__ import annotations

import json
import math
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from config.settings import PROJECT_ROOT
from imagesearch.errors import ConfigError, StoreUnavailable


@dataclass
class ServerProcess:
    """A server under `home`: its log in logs/NAME.log (the one before in NAME.log.1), its record in run/NAME.json.

    The record names the process and the children that it had when it was ready, each with its start time beside the pid: a
    pid that the system gave to another program is never stopped. The server outlives the program that started it.
    """

    name: str
    home: Path
    command: Sequence[str]
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    start_timeout_s: float = 60.0
    stop_timeout_s: float = 15.0

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say."""
        return self.home / "logs" / f"{self.name}.log"

    @property
    def record(self) -> Path:
        """Where the running process is noted."""
        return self.home / "run" / f"{self.name}.json"

    def start(self) -> None:
        """Start unless it runs, and return once it is ready; where it does not get ready nothing of it is left.

        Raises StoreUnavailable with the end of the log, ConfigError when the program itself cannot be started.
        """
        if self.running() is not None:
            try:
                self._await_ready()
            except StoreUnavailable:
                if self.running() is not None:
                    raise
                # It was about to end, of a signal perhaps, and has ended: another takes its place.
            else:
                return
        started = self._launch()
        try:
            self._await_ready()
            _note(self.record, _family([started]))
        except BaseException:  # an interrupt, too, must not leave half a server behind
            self.stop()
            raise

    def running(self) -> psutil.Process | None:
        """Return the recorded process while it lives."""
        return recorded(self.record)

    def stop(self) -> None:
        """Stop it and its children, hard where they do not end in time, and forget the record."""
        stop_recorded(self.record, self.stop_timeout_s)

    def _launch(self) -> psutil.Process:
        stop_recorded(self.record, self.stop_timeout_s)  # children that outlived their server hold its ports and files
        for folder in (self.log.parent, self.record.parent):
            folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as log:
            try:
                child = subprocess.Popen(
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
        started = psutil.Process(child.pid)
        _note(self.record, [started])
        # Whoever stops it, by the record and perhaps from another program, finds it gone and not a zombie.
        threading.Thread(target=child.wait, name=f"reap {self.name}", daemon=True).start()
        return started

    def _await_ready(self) -> None:
        end = time.monotonic() + self.start_timeout_s
        while time.monotonic() < end:
            if self.running() is None:
                raise self._failed("ended as it started")
            if self.ready():
                return
            time.sleep(0.05)
        raise self._failed(f"was not ready after {self.start_timeout_s:.0f} s")

    def _failed(self, how: str) -> StoreUnavailable:
        end = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        return StoreUnavailable(f"{self.name} {how}; its log {self.log} ends:\n{end}", store=self.name)


def recorded(record: Path) -> psutil.Process | None:
    """Return the process of a record while that very process lives."""
    return next((_living(noted) for noted in _noted(record)[:1]), None)


def stop_recorded(record: Path, timeout_s: float = 15.0) -> None:
    """Stop the processes of a record with all their children, and remove the record; a process that is gone is no error."""
    parent = recorded(record)
    family = _family(process for noted in _noted(record) if (process := _living(noted)) is not None)
    # The parent first: it may stop its children in good order. What is left is asked itself, and at last ended hard.
    if parent is not None:
        _each([parent], "terminate")
        _await_end([parent], timeout_s)
    for action in ("terminate", "kill"):
        family = _family(filter(_lives, family))
        _each(family, action)
        _await_end(family, timeout_s)
    record.unlink(missing_ok=True)


def _noted(record: Path) -> list[dict[str, float]]:
    try:
        return list(json.loads(record.read_text()))
    except FileNotFoundError:
        return []


def _note(record: Path, processes: Iterable[psutil.Process]) -> None:
    noted = []
    for process in processes:
        try:
            noted.append({"pid": process.pid, "start_s": _start_s(process.pid)})
        except psutil.NoSuchProcess:
            continue
    # Renamed into place: half a record would lose sight of a running server.
    part = record.with_suffix(".part")
    part.write_text(json.dumps(noted))
    part.replace(record)


def _start_s(pid: int) -> float:
    """Return when the process started, in seconds since the machine did: the clock may be set while it runs.

    Raises psutil.NoSuchProcess.
    """
    # Asked anew: a psutil.Process keeps the time that it was first asked for, by the clock as it was then.
    return float(psutil.Process(pid).create_time() - psutil.boot_time())


def _living(noted: Mapping[str, float]) -> psutil.Process | None:
    try:
        process = psutil.Process(int(noted["pid"]))
        same = abs(_start_s(process.pid) - noted.get("start_s", math.inf)) < 1.0
    except psutil.NoSuchProcess:
        return None
    return process if same and _lives(process) else None


def _lives(process: psutil.Process) -> bool:
    # A zombie is gone but for its parent's notice, which may never come: an orphan's parent is the first process of a container.
    try:
        return process.is_running() and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _await_end(processes: Sequence[psutil.Process], timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while any(map(_lives, processes)) and time.monotonic() < end:
        time.sleep(0.02)


def _family(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    family: dict[psutil.Process, None] = {}
    for process in processes:
        try:
            family |= dict.fromkeys([process, *process.children(recursive=True)])
        except psutil.NoSuchProcess:
            continue
    return list(family)


def _each(processes: Iterable[psutil.Process], action: str) -> None:
    for process in processes:
        try:
            getattr(process, action)()
        except psutil.NoSuchProcess:
            continue


def python_path() -> str:
    """Return the PYTHONPATH with which a process imports this code, wherever it is started."""
    return os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))

"""Bulk loads that follow the add-log or the stream, each a driver of its own; one that ends is started again, and noted."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from config.settings import PROJECT_ROOT
from imagesearch.errors import ConfigError, StoreUnavailable

FOLLOW = (sys.executable, "-m", "jobs.bulk_load", "--follow")
HEAR = (sys.executable, "-m", "jobs.stream_load")
# A driver that ends at once, time and again, must not take the machine from what it waits for.
RESTART_PAUSE_S = 0.5
# Drivers that end by themselves before anything was struck: more than that is no bad luck.
FALSE_STARTS = 3
STOP_S = 30.0


class Loader:
    """One driver at a time, kept alive until `stop`. `ended` has the exit codes of drivers that nobody killed."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], logs: Path) -> None:
        self.name = name
        self.ended: list[int] = []
        self.starts = 0
        self._command = command
        self._env = env
        self._log = logs / f"{name}.log"
        self._error: ConfigError | None = None
        self._killed: set[int] = set()
        self._stop = threading.Event()
        self._driver: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the driver, and keep one running. Raises ConfigError when the program itself cannot be started."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._launch()
        self._thread.start()

    def check(self) -> None:
        """Raise what ended the thread before its time: a driver that could not be started again."""
        if self._error is not None:
            raise self._error

    def check_first(self) -> None:
        """Raise StoreUnavailable, with the end of the log, when drivers end by themselves time and again: before any strike."""
        if len(self.ended) >= FALSE_STARTS:
            codes = ", ".join(map(str, self.ended))
            raise StoreUnavailable(f"{self.name} cannot be started, exit codes {codes}: {self.last_words()}", store=self.name)

    def last_words(self) -> str:
        """Return where the log is, and its end."""
        end = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
        return f"its log {self._log} ends:\n{end}"

    def process(self) -> psutil.Process | None:
        """Return the driver that runs now."""
        with self._lock:
            driver = self._driver
        if driver is None or driver.poll() is not None:
            return None
        try:
            return psutil.Process(driver.pid)
        except psutil.NoSuchProcess:
            return None

    def excuse(self) -> None:
        """Have the end of the driver that runs now be no surprise: it is killed, or what it stands on is."""
        process = self.process()
        if process is not None:
            self._killed.add(process.pid)

    def stop(self) -> int | None:
        """Ask the driver to end and return its exit code; None where it had to be killed."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        driver = self._driver
        if driver is None:
            return None
        driver.send_signal(signal.SIGCONT)
        driver.terminate()
        try:
            return driver.wait(STOP_S)
        except subprocess.TimeoutExpired:
            driver.kill()
            driver.wait()
            return None

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            driver = self._driver
            if driver is None or driver.poll() is None:
                continue
            if driver.pid not in self._killed:
                self.ended.append(driver.returncode)
            if not self._stop.wait(RESTART_PAUSE_S):
                try:
                    self._launch()
                except ConfigError as exc:
                    self._error = exc
                    return

    def _launch(self) -> None:
        with self._log.open("ab") as log:
            log.write(b"--- %s\n" % time.strftime("%H:%M:%S").encode())
            log.flush()
            try:
                driver = subprocess.Popen(
                    self._command,
                    cwd=PROJECT_ROOT,
                    env=dict(self._env),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            except OSError as exc:
                raise ConfigError(f"{self.name} cannot be started: {exc}") from exc
        self.starts += 1
        with self._lock:
            self._driver = driver

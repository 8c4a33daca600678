"""Bulk loads that follow the add-log, each a driver of its own; one that ends is started again, and noted."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from config.settings import PROJECT_ROOT

COMMAND = (sys.executable, "-m", "jobs.bulk_load", "--follow")
# A driver that ends at once, time and again, must not take the machine from what it waits for.
RESTART_PAUSE_S = 0.5
STOP_S = 30.0


class Loader:
    """One driver at a time, kept alive until `stop`. `ended` has the exit codes of drivers that nobody killed."""

    def __init__(self, name: str, env: Mapping[str, str], logs: Path) -> None:
        self.ended: list[int] = []
        self.starts = 0
        self._env = env
        self._log = logs / f"{name}.log"
        self._killed: set[int] = set()
        self._stop = threading.Event()
        self._driver: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the driver, and keep one running."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._launch()
        self._thread.start()

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
                self._launch()

    def _launch(self) -> None:
        with self._log.open("ab") as log:
            log.write(b"--- %s\n" % time.strftime("%H:%M:%S").encode())
            log.flush()
            driver = subprocess.Popen(
                COMMAND,
                cwd=PROJECT_ROOT,
                env=dict(self._env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1
        with self._lock:
            self._driver = driver

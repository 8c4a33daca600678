"""A MariaDB server."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from pathlib import Path

import pymysql

from cli.stack.ports import LOOPBACK, free_ports
from cli.stack.process import ServerProcess
from imagesearch.errors import ConfigError

# Debian keeps servers in sbin, which is not on everyone's PATH.
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


class MariaDb:
    """Can be stopped and started again on its port and data, for an outage."""

    def __init__(self, home: Path) -> None:
        self._data = home / "data" / "mariadb"
        # As it starts a server deletes all temporary tables that it finds there, another server's too.
        self._scratch = home / "tmp"
        (self.port,) = free_ports(1)
        command = [
            _program("mariadbd"),
            "--no-defaults",
            f"--user={getpass.getuser()}",
            f"--datadir={self._data}",
            f"--tmpdir={self._scratch}",
            f"--socket={home}/mariadb.sock",
            f"--pid-file={home}/mariadb.pid",
            f"--bind-address={LOOPBACK}",
            f"--port={self.port}",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            "--skip-log-bin",
        ]
        self.server = ServerProcess("mariadb", home, command, self._answers)
        self.start, self.stop, self.process = self.server.start, self.server.stop, self.server.running

    def install(self) -> None:
        """Make the data folder, once, before the first start. Raises ConfigError with what the server said."""
        self._data.parent.mkdir(parents=True, exist_ok=True)
        self._scratch.mkdir(exist_ok=True)
        made = subprocess.run(
            [
                _program("mariadb-install-db"),
                "--no-defaults",
                f"--user={getpass.getuser()}",
                f"--datadir={self._data}",
                f"--tmpdir={self._scratch}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if made.returncode != 0:
            raise ConfigError(f"MariaDB's data folder could not be made: {made.stdout}")

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run one statement as root and return its rows. Raises pymysql.MySQLError."""
        with pymysql.connect(host=LOOPBACK, port=self.port, user="root", connect_timeout=5) as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall())

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"mysql+pymysql://root@{LOOPBACK}:{self.port}/{database}"

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except pymysql.MySQLError:
            return False
        return True


def _program(name: str) -> str:
    found = shutil.which(name, path=PATH)
    if found is None:
        raise ConfigError(f"{name} is missing: apt-get install mariadb-server")
    return found

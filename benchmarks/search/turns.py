"""The limit in turns with others, on a machine whose speed changes from minute to minute; `python -m benchmarks.search.turns`.

The first line of stdin is a JSON array of pictures' paths. Each further one is a number of seconds, for which it searches by
them, one after the other, and prints a line of JSON: the milliseconds of each.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.search.limit import Bare, alone
from config import load_settings
from config.settings import PROJECT_ROOT

# What comes first in a turn finds nothing in the processor's caches.
LEFT_OUT = 3


@contextmanager
def limit_in_turns(environment: Mapping[str, str], pictures: Sequence[str]) -> Iterator[Callable[[float], list[float]]]:
    """Start the process, and give a function that has it search for so many seconds and returns the milliseconds of each search."""
    command = [sys.executable, "-m", "benchmarks.search.turns"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=PROJECT_ROOT, env=dict(environment), text=True, bufsize=1, **pipes) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the limit's process has no pipes")
        stdin, stdout = process.stdin, process.stdout

        def searched(seconds: float) -> list[float]:
            stdin.write(f"{seconds}\n")
            times: list[float] = json.loads(stdout.readline())
            return times

        stdin.write(json.dumps(list(pictures)) + "\n")
        yield searched
        stdin.close()


def main() -> int:
    """Search whenever it is asked, until nobody asks any more."""
    bare = Bare(load_settings())
    pictures = [Path(path).read_bytes() for path in json.loads(sys.stdin.readline())]
    for line in iter(sys.stdin.readline, ""):
        print(json.dumps(alone(bare, pictures, float(line), LEFT_OUT)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

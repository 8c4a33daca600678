"""Kills everything a load stands on, by a seeded schedule; `python -m benchmarks.chaos --seed 7 --kills 100`.

Starts MariaDB (or SQLite), Redis, Milvus 2.3.5 (or Lite), three Ray nodes and two following loads in a temporary folder, all on
loopback ports of its own; with the kind `broker` also a Kafka broker, on which the loads hear of rows. Prints a table and a line of
JSON; writes results/chaos.json. Ends all that it started, also when it is interrupted.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.chaos.report import RESULTS, record, show, summary
from benchmarks.chaos.runner import Result, Runner
from benchmarks.chaos.schedule import KILLS, KINDS, OTHERS, schedule
from benchmarks.chaos.stack import Stack
from cli.console import Output
from imagesearch.errors import ImageSearchError
from jobs.edge import exit_code

INTERRUPTED = 130
NAMES = {"mariadb": "MariaDB", "sqlite": "SQLite", "server": "Milvus 2.3.5", "lite": "Milvus Lite"}


def main(argv: list[str] | None = None) -> int:
    """Run; exit codes: 0 nothing lost or doubled and every row final, 1 otherwise, 2 wrong use, 3 a part did not start, and 130."""
    options = parse(argv)
    # What would end this process at once must still let it end what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    output = Output(as_json=False)
    output.log()
    try:
        result = run(options, output)
    except ImageSearchError as exc:
        output.say(f"error: {exc.detail} ({exc.code})", "red")
        return exit_code(exc)
    except KeyboardInterrupt:
        output.say("interrupted; what was started is ended")
        return INTERRUPTED
    command = shlex.join(["python", "-m", "benchmarks.chaos", *(sys.argv[1:] if argv is None else argv)])
    about = {"command": command, "seed": options.seed, "stores": f"{NAMES[options.sql]}, {NAMES[options.milvus]}, Redis"}
    figures = summary(result, about)
    show(figures, output)
    record(figures, options.results)
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if result.clean else 1


def run(options: argparse.Namespace, output: Output) -> Result:
    """Run on a stack of its own, which is gone when this returns. Raises ConfigError, StoreUnavailable."""
    kinds = [kind for kind in options.kinds if options.sql == "mariadb" or kind != "mariadb"]
    with ExitStack() as closing:
        home = Path(tempfile.mkdtemp(prefix="chaos-"))
        if options.keep:
            output.say(f"logs and data are in {home}")
        else:
            closing.callback(shutil.rmtree, home, ignore_errors=True)
        stack = Stack(home, options.sql, options.milvus, options.loaders, stream="broker" in kinds, keep=options.keep)
        closing.callback(stack.stop)
        # Whoever is impatient with the end would only leave servers behind.
        closing.callback(_ignore_interrupts)
        stack.start(output.say)
        return Runner(stack, options.seed, output.say).run(schedule(options.seed, options.kills, kinds), options.minutes)


def _ignore_interrupts() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same strikes")
    parser.add_argument("--kills", type=int, default=100, help="strikes that do not kill come beside them")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KILLS | OTHERS), metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--minutes", type=float, help="strike no more after that many")
    parser.add_argument("--sql", choices=("mariadb", "sqlite"), default="mariadb")
    parser.add_argument("--milvus", choices=("server", "lite"), default="server")
    parser.add_argument("--loaders", type=int, default=2, help="following loads, each with a driver of its own")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the JSON is kept")
    parser.add_argument("--keep", action="store_true", help="leave the folder of logs and data")
    options = parser.parse_args(argv)
    if options.kills < 1 or options.loaders < 1:
        parser.error("--kills, --loaders: at least one")
    return options


if __name__ == "__main__":
    sys.exit(main())

"""Whether a load of a hundred times the rows takes more memory, or more for each row; `python -m benchmarks.ingest.memory`.

The model is `tiny` and the pictures are, so that a row costs what the load itself costs. Memory is that of the job's driver and
workers, stores and Ray's own servers left out. Prints a table and writes results/memory.json.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from pathlib import Path

from benchmarks import job
from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.ingest.plan import Case
from benchmarks.pictures import tiny
from benchmarks.stack import NAMES, running
from benchmarks.tables import parts_table
from cli.console import Output

FLAT = "<= 1.1"
MB = 1_000_000


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest.memory", description=__doc__)
    parser.add_argument("--rows", default="1000,10000,100000")
    parser.add_argument("--stores", choices=NAMES, default="servers", help="Milvus Lite is not meant for 100,000 rows")
    parser.add_argument("--rounds", type=int, default=1, help="of all sizes but the largest")
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.ingest.memory", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    sizes = sorted(int(rows) for rows in options.rows.split(","))
    runs: dict[int, list[job.Run]] = {rows: [] for rows in sizes}
    with tempfile.TemporaryDirectory(prefix="bench-pictures-") as folder, running(options.stores) as stack:
        output.say("making pictures")
        paths = tuple(tiny(Path(folder), sizes[-1]))
        for number in range(options.rounds):
            for rows in sizes if number == 0 else sizes[:-1]:
                case = Case("tiny", f"{rows} rows", Path(folder), paths[:rows])
                settings = stack.fresh(case.variables)
                job.append(settings, case.paths)
                runs[rows].append(one := job.load(stack, settings, case.variables, memory=True))
                output.say(f"{rows} rows: {one.spent.peak_bytes / MB:.0f} MB at most, {one.steady_per_s:.0f} rows/s")
    figures = judge(runs, NAMES[options.stores], command)
    output.show(parts_table(f"{sizes[-1]} rows, {NAMES[options.stores]}", None, runs[sizes[-1]]))
    output.show(shown(figures))
    details = [{**one.detail(), "peak_mb": round(one.spent.peak_bytes / MB, 1)} for part in runs.values() for one in part]
    record("memory", figures, {"command": command, "runs": details})
    return 0


def judge(runs: dict[int, list[job.Run]], stores: str, command: str) -> list[Figure]:
    """Hold each larger size against the smallest."""
    (least, first), *larger = runs.items()

    def peak(part: list[job.Run]) -> float:
        return middle(one.spent.peak_bytes for one in part) / MB

    def cost(part: list[job.Run]) -> float:
        return 1000 * middle(sum(one.cpu_s.values()) for one in part)

    def pace(part: list[job.Run]) -> float:
        return 1000 * middle(1 / one.steady_per_s for one in part)

    figures = []
    for what, value, goal in (
        ("peak memory of the job, MB", peak, FLAT),
        ("CPU ms a row", cost, FLAT),
        ("ms a row by the clock", pace, FLAT),
    ):
        figures += [
            figure(f"{what}, {stores}: {rows} rows, {least}", value(part), command, value(first), goal) for rows, part in larger
        ]
    return figures


if __name__ == "__main__":
    sys.exit(main())

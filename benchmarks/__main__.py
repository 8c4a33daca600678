"""Every benchmark, one after the other, and all figures in one table; `make bench`, `python -m benchmarks [NAME ...]`.

Sized for half an hour on two quiet processors. Each one's own command, which the summary names, measures the same by itself.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from benchmarks.figures import shown
from benchmarks.report import gather
from benchmarks.suite import SUITE
from cli.console import Output
from config.settings import PROJECT_ROOT


def main(argv: list[str] | None = None) -> int:
    """Run those named, or all; exit codes: 0 all of them ran, whatever the figures say, 1 one of them failed."""
    names = [step.name for step in SUITE]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*names, []], metavar="NAME", help=", ".join(names))
    chosen = parser.parse_args(argv).names or names
    output = Output(as_json=False)
    failed = []
    for step in SUITE:
        if step.name in chosen:
            output.say(f"\n$ {step.command}", "bold")
            started = time.monotonic()
            code = subprocess.run([sys.executable, "-m", step.module, *step.options], cwd=PROJECT_ROOT).returncode
            output.say(f"{step.name}: {time.monotonic() - started:.0f} s, exit code {code}", "dim")
            failed += [step.name] if code else []
    output.show(shown(gather()))
    if failed:
        output.say(f"failed: {', '.join(failed)}; what the table shows of them is older", "red")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Which runtime takes a model on this machine's CPU: measured once for a fingerprint, kept on disk, read from then on."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from imagesearch.errors import ConfigError
from imagesearch.models.host import cpu_kind, cpus
from imagesearch.models.located import LocatedModel
from imagesearch.models.runtimes.exports import PATIENCE_S, name_of
from imagesearch.models.runtimes.turn import my_turn

logger = logging.getLogger(__name__)

RUNTIMES = ("torch", "onnx")
# Raised by one when what is measured or how it is judged changes.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Choice:
    """A runtime and its threads; `why` is for people."""

    runtime: str
    threads: int
    why: str


def choose(model: LocatedModel, cache: Path, threads: int | None) -> Choice:
    """Return what is fastest for the model on this host; `threads` leaves only the runtime to be chosen.

    Measured where nobody did so yet, which takes the export and some seconds, while other processes wait for it. Where that cannot
    be kept: PyTorch, with a warning. Raises WeightsNotFound, WeightsMismatch.
    """
    path = _path(model, cache, threads)
    known = read(path)
    if known is not None:
        return known
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with my_turn(path.with_name(f".{path.name}.lock"), PATIENCE_S):
            known = read(path) or _keep(path, _measured(model, cache, threads))
    except (ConfigError, OSError) as exc:
        logger.warning("PyTorch runs the model, since the runtimes cannot be compared: %s", exc)
        return Choice("torch", threads or cpus(), f"the runtimes could not be compared: {exc}")
    return known


def known_choice(model: LocatedModel, cache: Path, threads: int | None) -> Choice | None:
    """Return what was chosen before; None where nothing was measured yet."""
    return read(_path(model, cache, threads))


def read(path: Path) -> Choice | None:
    """Return the choice in the file; None where there is none, or none that can be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        choice = Choice(str(kept["runtime"]), int(kept["threads"]), str(kept["why"]))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as exc:
        logger.warning("the choice of a runtime in %s is damaged and made again: %s", path, exc)
        return None
    return choice if choice.runtime in RUNTIMES and choice.threads >= 1 else None


def counts(threads: int | None) -> list[int]:
    """Return the numbers of threads worth trying, all CPUs first: half of them may be hyperthreads, small models want few."""
    most = cpus()
    return [threads] if threads else sorted({most, max(1, most // 2), max(1, most // 4)}, reverse=True)


def _measured(model: LocatedModel, cache: Path, threads: int | None) -> Choice:
    # Imports nothing heavy by itself, but what it measures does.
    from imagesearch.models.runtimes.calibration import calibrate

    speeds = calibrate(model, cache, counts(threads))
    why = f"pictures a second on this machine: {', '.join(map(str, speeds))}"
    logger.info("%s is run by %s; %s", model.fingerprint, speeds[0].runtime, why)
    return Choice(speeds[0].runtime, speeds[0].threads, why)


def _keep(path: Path, choice: Choice) -> Choice:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".partial-") as partial:
        written = Path(partial) / path.name
        written.write_text(json.dumps(asdict(choice), indent=1) + "\n", encoding="utf-8")
        written.replace(path)
    return choice


def _path(model: LocatedModel, cache: Path, threads: int | None) -> Path:
    # A folder may be shared by many hosts, and a host may change: what decides the speed is in the name.
    decides = (FORMAT, cpu_kind(), cpus(), threads, version("torch"), version("onnxruntime"))
    host = hashlib.sha256(repr(decides).encode()).hexdigest()[:12]
    return cache / "runtimes" / f"{name_of(model)}-{host}.json"

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from imagesearch.models.runtimes.turn import my_turn

HOLDER = (
    "import sys\n"
    "from pathlib import Path\n"
    "from imagesearch.models.runtimes.turn import my_turn\n"
    "with my_turn(Path(sys.argv[1]), 1):\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.read()\n"
)


def held_by_another(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_who_comes_second_waits_and_then_has_its_turn(tmp_path: Path) -> None:
    with held_by_another(tmp_path / "lock") as other:
        reached = threading.Event()

        def second() -> None:
            with my_turn(tmp_path / "lock", 60):
                reached.set()

        waiting = threading.Thread(target=second)
        waiting.start()
        assert not reached.wait(0.5)
        # However it ends.
        other.kill()
        waiting.join(timeout=30)
        assert reached.is_set()


def test_patience_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with held_by_another(tmp_path / "lock") as other:
        with my_turn(tmp_path / "lock", 0):
            assert "going on beside it" in caplog.text
        other.kill()


def test_a_lock_that_cannot_be_made_is_told(no_folder: Path) -> None:
    with pytest.raises(OSError, match="lock"), my_turn(no_folder / "lock", 1):
        pass

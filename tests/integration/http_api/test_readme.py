"""The README's Python runs as it is written."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.fixtures.served import served

ROOT = Path(__file__).parents[3]


async def test_the_python_of_the_readme_runs_as_it_is_written(service, picture, tmp_path):
    (code,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "cat.jpg").write_bytes(picture(1))
    (tmp_path / "cat_small.jpg").write_bytes(picture(1, 24))
    async with served(service) as url:
        command = [sys.executable, "-c", code.replace("http://127.0.0.1:8000", url)]
        running = await asyncio.create_subprocess_exec(
            *command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        ended = asyncio.create_task(running.communicate())
        # Meanwhile the load that the example waits for.
        while not ended.done():
            await asyncio.to_thread(service.load)
            await asyncio.wait([ended], timeout=0.1)
    said = ended.result()[0].decode()
    assert running.returncode == 0, said
    state, hit, total, pictures, refused = said.splitlines()
    assert (state, pictures, refused) == ("loaded", "1 pictures", "source_forbidden 403")
    assert hit.endswith("{'label': 'cat', 'size': 3}") and float(hit.split()[0]) > 0.9
    assert float(total) > 0

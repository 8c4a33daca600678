"""What a wheel holds beside modules: it is installed without the checkout that has the rest."""

import json
import shutil
import subprocess
import sys
import zipfile

import pytest

from config.settings import PROJECT_ROOT
from serve_app.page_files import FOLDER

BUILT_FROM = ("config", "imagesearch", "telemetry", "serve_app", "jobs", "cli", "pyproject.toml", "README.md", "LICENSE")
# The page's routes alone, out of what is unpacked in the working directory: no store is opened.
SERVE = """
import asyncio, json, sys
import httpx
from fastapi import FastAPI
from serve_app.routes.page import page_routes

api = FastAPI()
api.include_router(page_routes())

async def ask(paths):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://127.0.0.1") as client:
        return [await client.get(path) for path in paths]

answers = asyncio.run(ask(sys.argv[1:]))
print(json.dumps([sys.modules["serve_app"].__file__, [[one.status_code, dict(one.headers)] for one in answers]]))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The wheel as pip builds it, of a copy: building leaves folders beside the packages."""
    source, built, unpacked = (tmp_path_factory.mktemp(name) for name in ("source", "built", "unpacked"))
    for name in BUILT_FROM:
        path = PROJECT_ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source)
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(built), str(source)]
    done = subprocess.run(pip, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    return unpacked


def test_a_wheel_holds_every_file_that_is_no_module(unpacked):
    kept = [*(PROJECT_ROOT / "config").glob("*.yaml"), PROJECT_ROOT / "imagesearch" / "join.json", *FOLDER.iterdir()]
    kept += (PROJECT_ROOT / "imagesearch" / "stores" / "sql" / "migrations").rglob("*.py")
    assert len(kept) > 30
    for path in kept:
        assert (unpacked / path.relative_to(PROJECT_ROOT)).read_bytes() == path.read_bytes(), path


def test_the_page_is_served_out_of_a_wheel(unpacked):
    names = [path.name for path in FOLDER.iterdir() if path.name != "index.html"]
    asked = ["/", *(f"/page/x/{name}" for name in names)]
    done = subprocess.run([sys.executable, "-c", SERVE, *asked], cwd=unpacked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    where, answers = json.loads(done.stdout)
    assert where.startswith(str(unpacked))
    for path, (status, headers) in zip(asked, answers, strict=True):
        assert status == 200, path
        assert {"etag", "content-security-policy"} <= headers.keys(), path

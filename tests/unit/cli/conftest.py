"""A service to call, an empty home, and the command line itself."""

from io import BytesIO

import pytest
from PIL import Image
from typer.testing import CliRunner

from cli.main import app
from config import load_settings
from imagesearch.stores.sql.migrate import migrate
from tests.fixtures.scripted import scripted


@pytest.fixture
def service():
    with scripted() as server:
        yield server


@pytest.fixture
def home(tmp_path, monkeypatch, nobody):
    """The local profile of a machine on which nothing was started."""
    home = tmp_path / "home"
    for name, value in {
        "HOME": home,
        "MODEL__NAME": "tiny",
        "HTTP__PORT": nobody,
        "MILVUS__URI": f"http://127.0.0.1:{nobody}",
        "REDIS__URL": f"redis://127.0.0.1:{nobody}/0",
    }.items():
        monkeypatch.setenv(f"IMAGESEARCH_{name}", str(value))
    return home


@pytest.fixture
def settings(home):
    return load_settings()


@pytest.fixture
def migrated(settings):
    migrate(settings.sql)
    return settings


@pytest.fixture
def run(home):
    """Run a command line and return its result: exit_code, stdout, stderr."""
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words], prog_name="imagesearch", catch_exceptions=False)


@pytest.fixture
def picture():
    """Return a picture's bytes."""

    def make(color="red", size=(40, 30), kind="PNG"):
        out = BytesIO()
        Image.new("RGB", size, color).save(out, kind)
        return out.getvalue()

    return make


@pytest.fixture
def hit():
    """Return a hit as the service tells of it."""

    def make(milvus_id=7, score=0.5, image_path="/pictures/cat.jpg", **info):
        named = {"milvus_id": milvus_id, "score": score, "image_path": image_path, "info": info, "width": 40, "height": 30}
        bytes_of_it = {"format": "png", "byte_size": 9, "content_hash": "0" * 64, "create_time": "2026-01-02T03:04:05Z"}
        return {**named, **bytes_of_it, "namespace": "default", "sources": [], "view": "original", "same": []}

    return make


@pytest.fixture
def found(hit):
    """Return an answer of /v1/search."""
    return lambda *hits: {
        "hits": list(hits),
        "timing_ms": {"wait": 0, "decode": 1, "embed": 2, "search": 3, "metadata": 4, "total": 12.0},
        "model": "tiny/48/none/squash-32",
        "dropped": 0,
        "ranking": {"strategy": "index", "examined": 10, "filtered": 0, "complete": True},
        "index": {"kind": "FLAT", "metric": "COSINE", "params": {}, "calibration": None},
        "lag_s": None,
    }

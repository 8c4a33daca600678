"""A service to call, an empty home, and the command line itself."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from PIL import Image
from typer.testing import CliRunner

from cli.main import app
from config import load_settings
from imagesearch.stores.sql.migrate import migrate


class Service(ThreadingHTTPServer):
    """Answers each path as `answers` says: (status, media type, body); `seen` holds (method, path, body) of every request."""

    def __init__(self):
        self.answers = {}
        self.seen = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def says(self, path, body, status=200, media_type="application/json"):
        self.answers[path] = (status, media_type, body if isinstance(body, bytes) else json.dumps(body).encode())

    def refuses(self, path, status, code, detail="no", **more):
        self.says(path, {"status": status, "code": code, "detail": detail, **more}, status, "application/problem+json")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, body))
        status, media_type, answer = self.server.answers.get(self.path.partition("?")[0], (404, "text/html", b"<h1>hello</h1>"))
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        """Say nothing: what was asked is in `seen`."""


@pytest.fixture
def service():
    server = Service()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def nobody():
    """A port of 127.0.0.1 that is ours, so that no other program answers there, and on which nobody listens."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        yield one.getsockname()[1]


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
        return {"milvus_id": milvus_id, "score": score, "image_path": image_path, "info": info, "width": 40, "height": 30}

    return make


@pytest.fixture
def found(hit):
    """Return an answer of /v1/search."""
    return lambda *hits: {"hits": list(hits), "timing_ms": {"total": 12.0}, "model": "tiny/48/none/squash-32", "dropped": 0}

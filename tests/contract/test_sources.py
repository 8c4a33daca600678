"""Pictures are read alike from a folder, a real S3 server and a real HTTP server, and no way leads into a private network."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import unquote
from uuid import uuid4

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from config.sections import S3Settings, SourceSettings
from imagesearch.errors import (
    EmptyImage,
    ImageSearchError,
    SourceError,
    SourceForbidden,
    SourceInvalid,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
    TooManyBytes,
)
from imagesearch.images.s3 import S3
from imagesearch.images.sources import Sources

DATA = b"the bytes of a picture"
LIMIT = 1000


class Pages(BaseHTTPRequestHandler):
    """A web server with a page for every way to misbehave."""

    protocol_version = "HTTP/1.1"
    stop: ClassVar[threading.Event]
    seen: ClassVar[list[tuple[str, dict[str, str]]]]

    def do_GET(self):
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        kind, _, rest = self.path[1:].partition("/")
        if kind == "status":
            self.answer(int(rest), b"")
        elif kind == "to":
            self.answer(302, b"moved", Location=rest)
        elif kind == "raw":
            self.answer(302, b"", Location=unquote(rest))
        elif kind == "loop":
            self.answer(302, b"", Location="/loop")
        elif kind == "hops":
            self.answer(302, b"", Location=f"/hops/{int(rest) - 1}" if int(rest) > 1 else "/cat.jpg")
        elif kind == "nowhere":
            self.answer(302, b"")
        elif kind == "large":
            self.answer(200, bytes(LIMIT + 1))
        elif kind == "empty":
            self.answer(200, b"")
        elif kind == "endless":
            self.pour(bytes(4096), pause=0)
        elif kind == "drip":
            self.pour(b"x", pause=0.05)
        elif kind == "silent":
            self.stop.wait(30)
        elif kind == "short":
            self.send_response(200)
            self.send_header("Content-Length", "500")
            self.end_headers()
            self.wfile.write(DATA)
            self.close_connection = True
        elif kind == "headers":
            self.pour(b"X: y\r\n", pause=0.05, head=b"")
        elif kind == "nonsense":
            self.wfile.write(b"nonsense\r\n\r\n")
            self.close_connection = True
        else:
            self.answer(200, DATA)

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def pour(self, piece, pause, head=b"\r\n"):
        """Send pieces until the reader or the test has had enough."""
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + head)
        while not self.stop.wait(pause):
            try:
                self.wfile.write(piece)
            except OSError:
                return

    def log_message(self, *args):
        pass


@pytest.fixture
def web():
    """A server on 127.0.0.1; the fixture is its host:port."""
    handler = type("Handler", (Pages,), {"stop": threading.Event(), "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    server.place = f"127.0.0.1:{server.server_port}"
    server.seen = handler.seen
    yield server
    handler.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def reader():
    """Build readers of HTTP that are closed at the end."""
    opened = []

    def read_by(*private, **settings):
        sources = Sources(SourceSettings(http=True, http_private_hosts=private, **settings), LIMIT, S3(S3Settings()))
        opened.append(sources)
        return sources.read

    yield read_by
    for sources in opened:
        sources.close()


@pytest.fixture
def s3(s3_server):
    s3 = S3(s3_server)
    yield s3
    s3.close()


@pytest.fixture
def bucket(s3_server):
    name = f"bucket-{uuid4().hex}"
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=s3_server.endpoint_url,
        region_name=s3_server.region,
        aws_access_key_id=s3_server.access_key_id.get_secret_value(),
        aws_secret_access_key=s3_server.secret_access_key.get_secret_value(),
    )
    client.create_bucket(Bucket=name)
    client.close()
    return name


@pytest.fixture(params=["file", "s3", "http"])
def place(request, tmp_path):
    """A place that holds /cat.jpg, /large and /empty, and a reader that may read it."""
    pages = {"cat.jpg": DATA, "large": bytes(LIMIT + 1), "empty": b""}
    if request.param == "file":
        for name, data in pages.items():
            (tmp_path / name).write_bytes(data)
        sources = Sources(SourceSettings(roots=(tmp_path,)), LIMIT, S3(S3Settings()))
        base = tmp_path.as_uri()
    elif request.param == "s3":
        bucket, s3 = request.getfixturevalue("bucket"), request.getfixturevalue("s3")
        for name, data in pages.items():
            s3.put(bucket, f"pictures/{name}", data)
        sources = Sources(SourceSettings(s3_prefixes=(f"s3://{bucket}/pictures",)), LIMIT, s3)
        base = f"s3://{bucket}/pictures"
    else:
        web = request.getfixturevalue("web")
        sources = Sources(SourceSettings(http=True, http_private_hosts=(web.place,)), LIMIT, S3(S3Settings()))
        base = f"http://{web.place}"
    yield base, sources
    sources.close()


def test_every_place_gives_the_bytes(place):
    base, sources = place
    assert sources.read(f"{base}/cat.jpg") == DATA


def test_every_place_is_held_to_the_byte_limit(place):
    base, sources = place
    with pytest.raises(TooManyBytes):
        sources.read(f"{base}/large")


def test_every_place_tells_an_empty_picture(place):
    base, sources = place
    with pytest.raises(EmptyImage):
        sources.read(f"{base}/empty")


def test_every_place_tells_what_is_not_there(place):
    base, sources = place
    with pytest.raises(SourceNotFound):
        sources.read(f"{base}/status/404")


def test_every_place_serves_many_threads(place):
    base, sources = place
    found = []
    threads = [threading.Thread(target=lambda: found.append(sources.read(f"{base}/cat.jpg"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [DATA] * 12


@pytest.mark.parametrize(
    ("prefix", "readable", "forbidden"),
    [
        ("s3://{0}", "s3://{0}/a/cat.jpg", "s3://{0}2/a/cat.jpg"),
        ("s3://{0}/", "s3://{0}/a/cat.jpg", "s3://{0}2/a/cat.jpg"),
        ("s3://{0}/a", "s3://{0}/a/cat.jpg", "s3://{0}/ab/cat.jpg"),
        ("s3://{0}/a/", "s3://{0}/a/cat.jpg", "s3://{0}/ab/cat.jpg"),
        ("s3://{0}/a/cat.jpg", "s3://{0}/a/cat.jpg", "s3://{0}/a/cat.jpg2"),
        ("s3://", "s3://{0}/ab/cat.jpg", None),
    ],
)
def test_an_s3_prefix_ends_at_a_slash(s3, bucket, prefix, readable, forbidden):
    for key in ("a/cat.jpg", "ab/cat.jpg"):
        s3.put(bucket, key, DATA)
    sources = Sources(SourceSettings(s3_prefixes=(prefix.format(bucket),)), LIMIT, s3)
    assert sources.read(readable.format(bucket)) == DATA
    if forbidden:
        with pytest.raises(SourceForbidden):
            sources.read(forbidden.format(bucket))
    sources.close()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("short/key", SourceUnavailable),
        ("nonsense/key", SourceUnavailable),
        ("status/503", SourceUnavailable),
        ("status/429", SourceUnavailable),
        ("status/403", SourceForbidden),
        ("status/404", SourceNotFound),
        ("status/400", SourceError),
        ("endless/key", TooManyBytes),
        ("large/key", TooManyBytes),
        ("silent/key", SourceTimeout),
    ],
)
def test_an_s3_server_that_misbehaves_raises_our_errors(web, path, error):
    s3 = S3(
        S3Settings(
            endpoint_url=f"http://{web.place}",
            region="us-east-1",
            access_key_id=SecretStr("k"),
            secret_access_key=SecretStr("s"),
            timeout_s=0.5,
        )
    )
    bucket, _, key = path.partition("/")
    with pytest.raises(ImageSearchError) as caught:
        s3.get(bucket, key, LIMIT)
    assert caught.type is error
    s3.close()


def test_dots_in_a_key_lead_nowhere(s3, bucket):
    sources = Sources(SourceSettings(s3_prefixes=(f"s3://{bucket}/a",)), LIMIT, s3)
    with pytest.raises(SourceInvalid):
        sources.read(f"s3://{bucket}/a/../secret.jpg")
    sources.close()


def test_a_request_carries_a_name_and_nothing_personal(web, reader, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert reader(web.place)(f"http://{web.place}/cat.jpg?a=1&b=%20#part") == DATA
    ((path, headers),) = web.seen
    assert path == "/cat.jpg?a=1&b=%20"
    assert headers["host"] == web.place
    assert headers["user-agent"].startswith("ray-imagesearch/")
    assert headers["accept-encoding"] == "identity"
    assert set(headers) == {"host", "user-agent", "accept", "accept-encoding"}


def test_a_path_that_is_not_ascii_is_escaped(web, reader):
    assert reader(web.place)(f"http://{web.place}/кот.jpg?имя=кот") == DATA
    assert web.seen[0][0] == "/%D0%BA%D0%BE%D1%82.jpg?%D0%B8%D0%BC%D1%8F=%D0%BA%D0%BE%D1%82"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "127。0。0。1",
        "169.254.169.254",
        "10.0.0.1",
    ],
)
def test_a_private_address_is_refused_in_every_spelling(web, reader, host):
    with pytest.raises(SourceForbidden, match="public internet"):
        reader()(f"http://{host}:{web.server_port}/cat.jpg")
    assert web.seen == []


def test_an_allowance_is_for_one_host_and_one_port(web, reader):
    read = reader(f"127.0.0.1:{web.server_port + 1}", f"other:{web.server_port}")
    with pytest.raises(SourceForbidden):
        read(f"http://{web.place}/cat.jpg")
    assert reader(f"LocalHost:{web.server_port}")(f"http://localhost:{web.server_port}/cat.jpg") == DATA


def test_one_private_address_among_public_ones_is_enough_to_refuse(web, reader, monkeypatch):
    def resolve(host, port, *args, **kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("1.1.1.1", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(SourceForbidden):
        reader()(f"http://rebound.example:{web.server_port}/cat.jpg")
    assert web.seen == []


def test_a_name_is_looked_up_once_and_the_checked_address_is_the_one_connected_to(web, reader, monkeypatch):
    lookups = []
    real = socket.getaddrinfo

    def resolve(host, port, *args, **kwargs):
        if host != "pictures.example":
            return real(host, port, *args, **kwargs)
        lookups.append(host)
        address = "127.0.0.1" if len(lookups) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert reader(f"pictures.example:{web.server_port}")(f"http://pictures.example:{web.server_port}/cat.jpg") == DATA
    assert lookups == ["pictures.example"]
    assert web.seen[0][1]["host"] == f"pictures.example:{web.server_port}"


@pytest.mark.parametrize(("number", "error"), [(socket.EAI_NONAME, SourceNotFound), (socket.EAI_AGAIN, SourceUnavailable)])
def test_a_name_that_does_not_resolve_is_told_from_a_resolver_that_fails(reader, monkeypatch, number, error):
    def resolve(*args, **kwargs):
        raise socket.gaierror(number, "no")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(error):
        reader()("http://pictures.example/cat.jpg")


def test_a_resolver_that_hangs_does_not_hold_the_fetch(reader, monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: done.wait(30) and [])
    with pytest.raises(SourceTimeout):
        reader(http_timeout_s=0.3)("http://pictures.example/cat.jpg")
    done.set()


def test_redirects_are_followed_and_counted(web, reader):
    read = reader(web.place, http_redirects=3)
    assert read(f"http://{web.place}/hops/3") == DATA
    for path in ("hops/4", "loop"):
        with pytest.raises(SourceError, match="redirects more than 3"):
            read(f"http://{web.place}/{path}")


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http://127.0.0.1:9/cat.jpg", SourceForbidden),
        ("http://localhost/cat.jpg", SourceForbidden),
        ("//169.254.169.254/latest/meta-data/", SourceForbidden),
        ("http://user@127.0.0.1:{port}/cat.jpg", SourceForbidden),
        ("file:///etc/passwd", SourceInvalid),
        ("s3://bucket/key", SourceInvalid),
        ("http://[bad/", SourceInvalid),
    ],
)
def test_a_redirect_is_checked_like_the_first_url(web, reader, location, error):
    with pytest.raises(error):
        reader(web.place)(f"http://{web.place}/to/{location.format(port=web.server_port)}")
    assert len(web.seen) == 1


def test_a_redirect_that_parsers_disagree_about_is_refused(web, reader):
    # The backslash travels as an escape, for the first URL must not hold one, and the page sends it back as it is.
    with pytest.raises(SourceInvalid):
        reader(web.place)(f"http://{web.place}/raw/http:%5C%5Cevil.com")
    assert len(web.seen) == 1


def test_a_redirect_to_a_host_that_is_not_listed_is_refused(web, reader):
    with pytest.raises(SourceForbidden, match="not an allowed host"):
        reader(web.place, http_hosts=("127.0.0.1",))(f"http://{web.place}/to/http://localhost:{web.server_port}/cat.jpg")


@pytest.mark.parametrize("path", ["endless", "large"])
def test_a_body_over_the_limit_is_cut_off(web, reader, path):
    with pytest.raises(TooManyBytes):
        reader(web.place)(f"http://{web.place}/{path}")


@pytest.mark.parametrize("path", ["drip", "silent", "headers"])
def test_one_deadline_holds_for_everything(web, reader, path):
    with pytest.raises(SourceTimeout):
        reader(web.place, http_timeout_s=0.5)(f"http://{web.place}/{path}")


@pytest.mark.parametrize("path", ["short", "nonsense"])
def test_a_broken_answer_may_be_tried_again(web, reader, path):
    with pytest.raises(SourceUnavailable):
        reader(web.place)(f"http://{web.place}/{path}")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (204, SourceError),
        (304, SourceError),
        (400, SourceError),
        (401, SourceForbidden),
        (403, SourceForbidden),
        (404, SourceNotFound),
        (410, SourceNotFound),
        (408, SourceTimeout),
        (418, SourceError),
        (429, SourceUnavailable),
        (500, SourceUnavailable),
        (503, SourceUnavailable),
    ],
)
def test_an_answer_of_the_server_becomes_an_error_of_ours(web, reader, status, error):
    with pytest.raises(SourceError) as caught:
        reader(web.place)(f"http://{web.place}/status/{status}")
    assert caught.type is error


def test_a_redirect_without_a_target_is_an_error(web, reader):
    with pytest.raises(SourceError):
        reader(web.place)(f"http://{web.place}/nowhere")


def test_nobody_at_the_port_may_be_tried_again(reader):
    with socketserver.TCPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as gone:
        place = f"127.0.0.1:{gone.server_address[1]}"
    with pytest.raises(SourceUnavailable):
        reader(place)(f"http://{place}/cat.jpg")


def test_tls_that_does_not_shake_hands_is_unavailable(web, reader):
    with pytest.raises(SourceUnavailable):
        reader(web.place)(f"https://{web.place}/cat.jpg")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A self-signed certificate for pictures.example, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pictures.example")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pictures.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "pictures.example.pem"
    path.write_bytes(
        signed.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def secure_web(web, certificate, monkeypatch):
    """The web server under TLS, which every name leads to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    web.socket = context.wrap_socket(web.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **kwargs: real("127.0.0.1", *args, **kwargs))
    return web


def test_tls_is_checked_against_the_name_of_the_url(secure_web, reader):
    port = secure_web.server_port
    read = reader(f"pictures.example:{port}", f"impostor.example:{port}")
    assert read(f"https://pictures.example:{port}/cat.jpg") == DATA
    with pytest.raises(SourceUnavailable):
        read(f"https://impostor.example:{port}/cat.jpg")


def test_a_redirect_from_https_to_http_is_refused(secure_web, reader):
    port = secure_web.server_port
    with pytest.raises(SourceForbidden, match="from https to http"):
        reader(f"pictures.example:{port}")(f"https://pictures.example:{port}/to/http://pictures.example:{port}/cat.jpg")

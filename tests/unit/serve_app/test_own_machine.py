"""Without keys this machine's own programs and pages are served; a stranger's page, or name, is not."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from imagesearch.errors import Forbidden
from serve_app.own_machine import OwnMachine

OWN = OwnMachine(["pictures.lan"])


def check(method, **headers):
    OWN.check(method, Headers({name.replace("_", "-"): value for name, value in headers.items()}))


NAMES = (
    "127.0.0.1",
    "127.0.0.1:8000",
    "localhost:8000",
    "LOCALHOST",
    "[::1]:8000",
    "my.localhost",
    "pictures.lan",
    "Pictures.LAN:80",
)


@pytest.mark.parametrize("host", NAMES)
def test_it_answers_to_its_own_names(host):
    for method in ("GET", "POST", "DELETE"):
        check(method, host=host)
        check(method, host=host, origin=f"http://{host}", sec_fetch_site="same-origin")
        check(method, host=host, origin="http://localhost:3000", sec_fetch_site="cross-site")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example:8000",
        "localhost.evil.example",
        "notlocalhost",
        "10.0.0.5:8000",
        "0.0.0.0:8000",
        "evil.example@127.0.0.1.evil.example",
        "[::1",
        "169.254.169.254",
        "127.0.0.1, evil.example",
    ],
)
def test_it_answers_to_no_other_name(host):
    for method in ("GET", "POST"):
        with pytest.raises(Forbidden, match=r"auth\.hosts"):
            check(method, host=host)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1.evil.example"},
        {"origin": "http://[::1"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
    ],
)
def test_pages_from_elsewhere_change_nothing(method, headers):
    with pytest.raises(Forbidden, match=r"auth\.hosts"):
        check(method, host="127.0.0.1:8000", **headers)


def test_programs_send_neither_and_pages_may_show_what_they_link_to():
    check("DELETE")
    check("POST", host="127.0.0.1:8000")
    check("POST", host="127.0.0.1:8000", sec_fetch_site="none")
    # What they get they cannot read: the browser keeps it from them.
    check("GET", host="127.0.0.1:8000", origin="http://evil.example", sec_fetch_site="cross-site")

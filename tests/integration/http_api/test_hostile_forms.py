"""Requests that could be read in two ways, each by its name: forms, encodings, addresses and names; they are refused."""

from __future__ import annotations

import gzip
import zlib

import pytest

from tests.fixtures.refusals import failures, wrong

FILE = b'Content-Disposition: form-data; name="file"; filename="a.png"'


def part(head, data=b""):
    return b"--b\r\n" + head + b"\r\n\r\n" + data + b"\r\n"


def field(name, data=b"{}"):
    return part(b'Content-Disposition: form-data; name="%s"' % name, data)


# Each is followed by a good picture in the field `file`, and by the end of the form.
PARTS = {
    "file as text": field(b"file", b"x"),
    "file twice": part(FILE, b"x"),
    "info twice": field(b"info") + field(b"info"),
    "info as a file": part(b'Content-Disposition: form-data; name="info"; filename="info.json"', b"[]"),
    "no name": part(b"Content-Disposition: form-data", b"x"),
    "empty name": field(b"", b"x"),
    "no disposition": part(b"X: y", b"x"),
    "name in other letters": field(b"INFO"),
    "name with brackets": field(b"info[]"),
    "name with a null": field(b"info\0"),
    "name that is no text": field(b"\xff\xfe"),
    "name over two lines": field(b"in\r\n fo"),
    "many fields": b"".join(field(b"f%d" % n) for n in range(1000)),
    "many files": b"".join(part(b'Content-Disposition: form-data; name="f%d"; filename="f"' % n, b"x") for n in range(1000)),
    "very long field": field(b"info", b'{"a":"' + b"x" * 500_000 + b'"}'),
    "very long name": field(b"x" * 100_000),
    "very long header": part(b"X: " + b"y" * 100_000),
    "many headers": part(b"X: y\r\n" * 10_000 + b"X: y"),
    "form in a form": part(
        b'Content-Disposition: form-data; name="more"\r\nContent-Type: multipart/mixed; boundary=c', b"--c\r\n\r\n--c--"
    ),
    "namespace with a line's end": field(b"namespace", b"default\n"),
    "key with a line's end": field(b"idempotency_key", b"a\n"),
    "method": field(b"_method", b"DELETE"),
}


async def test_forms_that_could_be_read_in_two_ways(attacked, picture):
    outcomes = {}
    for name, hostile in PARTS.items():
        body = hostile + part(FILE, picture(1)) + b"--b--\r\n"
        headers = {"content-type": "multipart/form-data; boundary=b"}
        answer = await attacked.client.post("/v1/images", content=body, headers=headers)
        outcomes[name] = wrong(answer, 400, 413, 422)
    assert failures(outcomes) == {}
    assert attacked.stores.add_log.backlog().pending == 0


NAMES = {
    "up": "../../../../tmp/owned.png",
    "absolute": "/etc/cron.d/owned",
    "windows": "..\\..\\owned.png",
    "null": "a\0.png",
    "script": "<script>alert(1)</script>.png",
    "formula": "=cmd|' /C calc'!A0",
    "long": "a" * 2000 + ".png",
    "right to left": "\u202egnp.exe",
    "nothing": ".",
}


async def test_the_name_of_an_uploaded_file_is_nowhere(attacked, picture):
    for seed, (name, given) in enumerate(NAMES.items()):
        answer = await attacked.client.post("/v1/images", files={"file": (given, picture(seed))})
        assert answer.status_code == 202, (name, answer.text)
        shown = (await attacked.client.get(answer.json()["href"])).json()
        assert given not in shown["image_path"] or given == ".", name
        # Where it lies follows from its bytes.
        assert shown["image_path"].rpartition("/")[2].removesuffix(".png").isalnum(), name


async def test_a_body_is_never_unpacked_whatever_it_says_of_itself(attacked):
    bomb = gzip.compress(bytes(20_000_000))
    outcomes = {}
    for coding, body in {
        "gzip": gzip.compress(b'{"milvus_id": 1}'),
        "deflate": zlib.compress(b"{}"),
        "br": b"\x0b\x00\x80",
        "x": bomb,
    }.items():
        headers = {"content-type": "application/json", "content-encoding": coding}
        outcomes[coding] = wrong(await attacked.client.post("/v1/search", content=body, headers=headers), 400, 415)
    assert failures(outcomes) == {}


async def test_a_body_without_an_end_is_read_to_the_limit(attacked):
    async def endless(begin, more):
        yield begin
        while True:
            yield more

    json_headers = {"content-type": "application/json"}
    form_headers = {"content-type": "multipart/form-data; boundary=b"}
    tries = {
        "json": (json_headers, b'{"image_base64": "', b"A" * 65536),
        "spaces": (json_headers, b"", b" " * 65536),
        "file": (form_headers, b"--b\r\n" + FILE + b"\r\n\r\n", b"x" * 65536),
        "nothing but parts": (form_headers, b"", field(b"a") * 100),
        "preamble": (form_headers, b"", b"x" * 65536),
        "header of a part": (form_headers, b"--b\r\nX: ", b"x" * 65536),
    }
    outcomes = {}
    for name, (headers, begin, more) in tries.items():
        answer = await attacked.client.post("/v1/images", content=endless(begin, more), headers=headers)
        outcomes[name] = wrong(answer, 400, 413)
    assert failures(outcomes) == {}


IDS = {
    "up": "../../v1/stats",
    "encoded up": "%2e%2e%2f%2e%2e%2fv1%2fstats",
    "twice encoded": "%2531",
    "encoded slash": "1%2f..%2f2",
    "parameter": "1;a=b",
    "null": "1%00",
    "line's end": "1%0a",
    "space": "%201",
    "plus": "+1",
    "underscore": "0_1",
    "one and no half": "1.0",
    "header": "1%0d%0aSet-Cookie:%20a=b",
    "hexadecimal": "0x1",
    "exponent": "1e0",
    "half": "1.5",
    "full width": "%EF%BC%91",
    "arabic": "%D9%A1",
    "superscript": "%C2%B9",
    "minus": "-1",
    "not a number": "NaN",
    "infinite": "Infinity",
    "true": "true",
    "too large": str(2**63),
    "very large": "9" * 4000,
    "injected": "1%20or%201=1",
    "list": "1,2",
    "wildcard": "*",
    "broken utf-8": "%ff",
    "slash after": "1/",
    "two slashes": "/1",
}


async def test_ids_in_addresses(attacked, picture):
    milvus_id = await attacked.added_and_loaded(picture(1))
    outcomes = {}
    for name, hostile in IDS.items():
        for method, path in {"GET": "/v1/images/{}/thumbnail", "DELETE": "/v1/images/{}", "POST": "/v1/imports/{}:cancel"}.items():
            answer = await attacked.client.request(method, path.format(hostile))
            outcomes[name, method] = wrong(answer, 404, 405, 422)
            assert "set-cookie" not in answer.headers and "location" not in answer.headers, name
    assert failures(outcomes) == {}
    assert (await attacked.client.get(f"/v1/images/{milvus_id}")).status_code == 200


LOOKALIKES = [
    "default\n",
    "default ",
    " default",
    "default\r",
    "default\t",
    "default\0",
    "default\u00a0",
    "\uff44efault",
    "de\u0301fault",
    "default\u200d",
    "\ufeffdefault",
    "default/",
    "d%65fault",
]


async def test_a_namespace_that_looks_like_another_is_not_that_one(attacked, picture):
    await attacked.added_and_loaded(picture(1))
    query = {"vector": [1.0] * attacked.stores.fingerprint.dim}
    assert len((await attacked.search(**query)).json()["hits"]) == 1
    outcomes = {name: wrong(await attacked.search(**query, namespace=name), 422) for name in LOOKALIKES}
    assert failures(outcomes) == {}
    # Letters of another case are another namespace.
    assert (await attacked.search(**query, namespace="Default")).json()["code"] == "unknown_namespace"


@pytest.mark.parametrize("path", ["/v1/search/", "/v1/images/", "//evil.example/v1/search/", "/v1/stats/"])
async def test_no_address_leads_to_another_host(attacked, path):
    answer = await attacked.client.post(f"http://127.0.0.1{path}", headers={"host": "evil.example"})
    assert wrong(answer, 404, 405) is None
    assert "evil" not in str(answer.headers)


STRANGE_PAGES = {
    "a name that leads here": {"host": "evil.example"},
    "a page's form": {"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
    "a page in a sandbox": {"origin": "null"},
    "a form without an origin": {"sec-fetch-site": "cross-site"},
}


@pytest.mark.parametrize("name", STRANGE_PAGES)
async def test_a_page_in_somebodys_browser_does_nothing_to_a_service_without_keys(attacked, picture, name):
    """Forms and rebound names need no leave of the browser: only the service can refuse them."""
    headers = STRANGE_PAGES[name]
    known = await attacked.added_and_loaded(picture(1))
    tries = [
        await attacked.client.post("/v1/images", files={"file": ("a.png", picture(2))}, headers=headers),
        await attacked.client.post("/v1/failures:retry", headers=headers),
        await attacked.client.delete(f"/v1/images/{known}", headers=headers),
    ]
    if "host" in headers:
        paths = ("/v1/images", "/v1/stats", f"/v1/images/{known}", f"/v1/images/{known}/thumbnail")
        tries += [await attacked.client.get(path, headers=headers) for path in paths]
    assert [wrong(answer, 403) for answer in tries] == [None] * len(tries)
    assert {answer.json()["code"] for answer in tries} == {"forbidden"}
    assert (await attacked.client.get(f"/v1/images/{known}")).status_code == 200

"""Hostile tries over HTTP, each by its name: every one is refused by a code of ours, or harmless, and gets nowhere.

Here those that aim at the machine, its network and its stores; test_hostile_bodies.py has those that aim at the service itself, and
test_hostile_forms.py those that have it read one thing as another.
Beside these stand the tests of single parts: addresses and redirects in tests/contract/images, files and decoders in
tests/unit/images.
"""

from __future__ import annotations

import json
import socketserver
import threading

import pytest
from sqlalchemy import text

from tests.fixtures.refusals import failures, wrong


@pytest.fixture(scope="module")
def canary():
    """A server on the loopback address that nobody may reach; its port, and who called."""
    called = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            called.append(self.client_address)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], called
        server.shutdown()


SSRF = {
    "loopback": "http://127.0.0.1:{port}/",
    "loopback name": "http://localhost:{port}/",
    "loopback name in capitals": "http://LOCALHOST:{port}/",
    "loopback name with a dot": "http://localhost.:{port}/",
    "other loopback": "http://127.255.255.254:{port}/",
    "short": "http://127.1:{port}/",
    "three parts": "http://127.0.1:{port}/",
    "decimal": "http://2130706433:{port}/",
    "hexadecimal": "http://0x7f000001:{port}/",
    "hexadecimal parts": "http://0x7f.0.0.0x1:{port}/",
    "octal": "http://0177.0.0.1:{port}/",
    "octal whole": "http://017700000001:{port}/",
    "padded octal": "http://0000177.0.0.1:{port}/",
    "mixed bases": "http://0x7f.0.1:{port}/",
    "zero": "http://0:{port}/",
    "any address": "http://0.0.0.0:{port}/",
    "ipv6 loopback": "http://[::1]:{port}/",
    "ipv6 any": "http://[::]:{port}/",
    "ipv6 mapped": "http://[::ffff:127.0.0.1]:{port}/",
    "ipv6 mapped in hex": "http://[::ffff:7f00:1]:{port}/",
    "ipv6 mapped written out": "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "ipv6 compatible": "http://[::127.0.0.1]:{port}/",
    "nat64": "http://[64:ff9b::7f00:1]:{port}/",
    "6to4": "http://[2002:7f00:1::]:{port}/",
    "teredo": "http://[2001:0:7f00:1::]:{port}/",
    "link local v6": "http://[fe80::1]:{port}/",
    "unique local v6": "http://[fd00::1]:{port}/",
    "zone id": "http://[fe80::1%25lo]:{port}/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata decimal": "http://2852039166/latest/meta-data/",
    "metadata mapped": "http://[::ffff:169.254.169.254]/",
    "metadata of another cloud": "http://100.100.100.200/latest/meta-data/",
    "private ten": "http://10.0.0.1/",
    "private 172": "http://172.16.0.1/",
    "private 192": "http://192.168.0.1/",
    "carrier nat": "http://100.64.0.1/",
    "broadcast": "http://255.255.255.255/",
    "multicast": "http://224.0.0.1/",
    "documentation": "http://192.0.2.1/",
    "benchmark": "http://198.18.0.1/",
    "full width digits": "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{port}/",
    "circled digits": "http://①②⑦.⓪.⓪.①:{port}/",
    "ideographic dots": "http://127。0。0。1:{port}/",
    "user before the host": "http://example.com@127.0.0.1:{port}/",
    "user and password": "http://a:b@127.0.0.1:{port}/",
    "host as a password": "http://127.0.0.1:{port}@[::1]:{port}/",
    "backslash": "http://example.com\\@127.0.0.1:{port}/",
    "fragment": "http://127.0.0.1:{port}#@example.com/",
    "query": "http://127.0.0.1:{port}?@example.com/",
    "encoded dot": "http://127%2e0%2e0%2e1:{port}/",
    "encoded slash": "http://127.0.0.1%2f:{port}/",
    "newline in the host": "http://127.0.0.1\n:{port}/",
    "header in the path": "http://127.0.0.1:{port}/ HTTP/1.1\r\nX: y\r\n\r\n",
    "tab in the scheme": "ht\ttp://127.0.0.1:{port}/",
    "no host": "http:///etc/passwd",
    "only a scheme": "http://",
    "open bracket": "http://[::1/",
    "port too large": "http://127.0.0.1:99999/",
    "port no number": "http://127.0.0.1:http/",
    "scheme relative": "//127.0.0.1:{port}/",
    "unc path": "\\\\127.0.0.1\\share",
    "file of a host": "file://127.0.0.1/etc/passwd",
    "gopher": "gopher://127.0.0.1:{port}/_GET%20/",
    "ftp": "ftp://127.0.0.1:{port}/",
    "dict": "dict://127.0.0.1:{port}/info",
    "ldap": "ldap://127.0.0.1:{port}/",
    "jar": "jar:http://127.0.0.1:{port}/!/",
    "data": "data:image/png;base64,iVBORw0KGgo=",
    "javascript": "javascript:alert(1)",
    "redis": "redis://127.0.0.1:{port}/",
    "unix socket": "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
}


async def test_fetches_into_the_inside(attacked, canary):
    port, called = canary
    outcomes = {}
    for name, url in SSRF.items():
        outcomes[name] = wrong(await attacked.search(image_path=url.format(port=port)), 403, 404, 422)
        assert called == [], name
    assert failures(outcomes) == {}


TRAVERSAL = {
    "up": "{folder}/../../etc/passwd",
    "up from the root": "/../../../etc/passwd",
    "plain": "/etc/passwd",
    "own memory": "/proc/self/mem",
    "own environment": "/proc/self/environ",
    "own root": "/proc/self/root/etc/passwd",
    "open file": "/proc/self/fd/0",
    "device that never ends": "/dev/zero",
    "terminal": "/dev/tty",
    "file uri": "file:///etc/passwd",
    "file uri of localhost": "file://localhost/etc/passwd",
    "file uri up": "file://{folder}/../../etc/passwd",
    "encoded up": "file://{folder}/%2e%2e/%2e%2e/etc/passwd",
    "encoded slashes": "file://{folder}%2f..%2f..%2fetc%2fpasswd",
    "twice encoded": "file://{folder}/%252e%252e/etc/passwd",
    "overlong utf-8": "file://{folder}/%c0%ae%c0%ae/etc/passwd",
    "null byte": "{folder}/a.png\0/../../etc/passwd",
    "encoded null byte": "file://{folder}/a.png%00.txt",
    "backslashes": "{folder}\\..\\..\\etc\\passwd",
    "dots and slashes": "{folder}/....//....//etc/passwd",
    "sibling with the same beginning": "{folder}_secret/a.png",
    "relative": "../../etc/passwd",
    "home": "~/.ssh/id_rsa",
    "the folder itself": "{folder}",
    "the database": "{folder}/../test.db",
    "a link out": "{folder}/link",
    "a link to a folder out": "{folder}/linked/passwd",
    "very long": "{folder}/" + "a/" * 2000,
    "bucket": "s3://secrets/key",
    "bucket up": "s3://pictures/../secrets/key",
    "windows drive": "C:\\Windows\\win.ini",
}


async def test_reads_beyond_the_folder(attacked):
    (attacked.folder / "link").symlink_to("/etc/passwd")
    (attacked.folder / "linked").symlink_to("/etc")
    outcomes = {}
    for name, path in TRAVERSAL.items():
        answer = await attacked.search(image_path=path.format(folder=attacked.folder))
        outcomes[name] = wrong(answer, 403, 404, 422)
        assert "root:" not in answer.text, name
    assert failures(outcomes) == {}


INJECTED = {
    "quote": '" or 1 == 1 or namespace == "',
    "milvus or": '" || milvus_id > 0 || "" == "',
    "sql or": "' OR '1'='1",
    "sql drop": "'; DROP TABLE image_info; --",
    "sql union": "' UNION SELECT digest FROM api_key --",
    "sql sleep": "'; SELECT SLEEP(10); --",
    "sql comment": "default/**/",
    "backslash": "a\\",
    "escaped quote": '\\" or true',
    "newline": "a\nb",
    "null": "a\0b",
    "wildcard": "%",
    "star": "*",
    "path": "../../other",
    "template": "{{7*7}}",
    "format": "{0.__class__}",
    "shell": "$(touch /tmp/owned)",
    "unicode quote": "\uff02 or 1",
    "right to left": "\u202ea",
    "zero width": "a\u200bb",
    "other script": "d\u0435fault",
    "too long": "a" * 10_000,
    "empty": "",
    "leading dash": "-a",
}


async def test_words_of_a_store_in_a_namespace(attacked, picture):
    await attacked.added_and_loaded(picture(1))
    before = attacked.stores.catalog.count()
    outcomes = {}
    for name, words in INJECTED.items():
        query = {"vector": [1.0] * attacked.stores.fingerprint.dim, "namespace": words}
        outcomes[name, "search"] = wrong(await attacked.search(**query), 422)
        outcomes[name, "add"] = wrong(await attacked.add(picture(2), namespace=words), 422)
        outcomes[name, "list"] = wrong(await attacked.client.get("/v1/images", params={"namespace": words}), 422)
    assert failures(outcomes) == {}
    assert attacked.stores.catalog.count() == before


async def test_words_of_a_store_in_a_filter_are_values_and_match_nothing(attacked, picture):
    milvus_id = await attacked.added_and_loaded(picture(1), info='{"label": "cat"}')
    outcomes = {}
    for name, words in INJECTED.items():
        places = {
            "key": {words: "cat"},
            "value": {"label": words},
            "list": {"label": {"in": [words]}},
            "operator": {"label": {words: "cat"}},
        }
        for place, wanted in places.items():
            answer = await attacked.search(milvus_id=milvus_id, filter=wanted)
            if answer.status_code != 200 or answer.json()["hits"]:
                outcomes[name, place] = wrong(answer, 422)
    assert failures(outcomes) == {}
    with attacked.stores.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM image_info")).scalar_one() == 1


SCRIPTS = {
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)',
    "javascript uri": "javascript:alert(1)",
    "svg": "<svg/onload=alert(1)>",
    "closing tag": "</script><script>alert(1)</script>",
    "template": "{{constructor.constructor('alert(1)')()}}",
    "formula": '=HYPERLINK("http://evil","x")',
    "terminal escape": "\x1b]0;owned\x07\x1b[2J",
    "line separators": "a\u2028b\u2029c",
    "right to left": "\u202egpj.exe",
}


async def test_script_in_info_comes_back_as_json_and_never_as_a_page(attacked, picture):
    for seed, (name, words) in enumerate(SCRIPTS.items()):
        info = {"label": words, words: 1}
        milvus_id = await attacked.added_and_loaded(picture(seed), info=json.dumps(info))
        for answer in (await attacked.client.get(f"/v1/images/{milvus_id}"), await attacked.search(milvus_id=milvus_id)):
            assert answer.headers["content-type"].startswith("application/json"), name
            assert answer.headers["x-content-type-options"] == "nosniff"
            shown = answer.json()["hits"][0] if "hits" in answer.json() else answer.json()
            assert shown["info"] == info, name


def test_there_are_more_than_a_hundred_of_them():
    assert sum(map(len, (SSRF, TRAVERSAL, INJECTED, SCRIPTS))) > 130

"""Hostile numbers, bodies, pictures and headers, each by its name: refused by a code of ours, never a fault of the service."""

from __future__ import annotations

import base64
import json
import struct
import zlib

from tests.fixtures.refusals import failures, wrong

MAX_ID = 2**63 - 1


NUMBERS = {
    "top_k": [0, -1, 1001, MAX_ID, 10**30, 1.5, "1", True, None, [], {}, float("1e308")],
    "offset": [-1, 10_001, MAX_ID + 1, "0", 0.5],
    "milvus_id": [-1, MAX_ID + 1, 10**100, 1.0e19, "1", True, [1]],
    "log_id": [-1, MAX_ID + 1, "1", True],
    "min_score": [2, -2, 1e300, "1", []],
}


async def test_numbers_beyond_their_limits(attacked):
    outcomes = {}
    for field, values in NUMBERS.items():
        for value in values:
            body = {"vector": [1.0] * attacked.stores.fingerprint.dim, field: value}
            if field == "milvus_id":
                del body["vector"]
            outcomes[field, repr(value)] = wrong(await attacked.search(**body), 422)
    assert failures(outcomes) == {}


BODIES = {
    "deep arrays": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "deep info": b'{"image_path": "/a", "info": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
    "huge number": b'{"milvus_id": ' + b"9" * 100_000 + b"}",
    "huge exponent": b'{"min_score": 1e999999999}',
    "not a number": b'{"vector": [NaN]}',
    "infinity": b'{"vector": [Infinity]}',
    "same key twice": b'{"milvus_id": 1, "milvus_id": 2, "milvus_id": "x"}',
    "lone surrogate": b'{"image_path": "\\ud800"}',
    "null characters": b'{"image_path": "\\u0000"}',
    "utf-16": '{"milvus_id": 1}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "broken utf-8": b'{"image_path": "\xff\xfe"}',
    "many unknown fields": json.dumps({f"f{n}": n for n in range(20_000)}).encode(),
    "prototype": b'{"__proto__": {"milvus_id": 1}}',
    "class": b'{"__class__": "x", "milvus_id": 1}',
    "comment": b'{"milvus_id": 1 /* x */}',
    "trailing": b'{"milvus_id": 1} {"milvus_id": 2}',
    "billion laughs": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "a">]><l>&a;</l>',
    "pickle": b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00.",
    "empty": b"",
}


async def test_bodies_that_are_made_to_hurt(attacked):
    outcomes = {}
    for name, body in BODIES.items():
        for path in ("/v1/search", "/v1/images"):
            answer = await attacked.client.post(path, content=body, headers={"content-type": "application/json"})
            outcomes[name, path] = wrong(answer, 400, 404, 422)
    assert failures(outcomes) == {}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width, height, data=b"", *more):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def bmp_of(width, height):
    return b"BM" + struct.pack("<IHHI", 100, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


PICTURES = {
    "bomb of pixels": png_of(30_000, 30_000),
    "bomb of one line": png_of(2**31 - 1, 1),
    "no width": png_of(0, 10),
    "bomb of text": png_of(8, 8, bytes(8 * 25), chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(50_000_000)))),
    "bomb of a profile": png_of(8, 8, bytes(8 * 25), chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(50_000_000)))),
    "too much data": png_of(8, 8, bytes(60_000_000)),
    "gif that is html": b"GIF89a<script>alert(1)</script>",
    "jpeg that is html": b"\xff\xd8\xff<html><script>alert(1)</script>",
    "jpeg that is php": b"\xff\xd8\xff\xe0<?php system('id'); ?>",
    "png that is a zip": b"\x89PNG\r\n\x1a\nPK\x03\x04",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n(id) run",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "imagemagick": b"push graphic-context\nfill 'url(https://127.0.0.1/\"|id\")'",
    "netpbm": b"P6 100000 100000 255\n",
    "fits": b"SIMPLE  =                    T",
    "elf": b"\x7fELF" + bytes(100),
    "zip": b"PK\x03\x04" + bytes(100),
    "truncated": png_of(400, 400, bytes(100)),
    "riff of nothing": b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff",
    "tiff that loops": b"II*\0\x08\0\0\0\x01\0\0\x01\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0",
    "bmp of minus": bmp_of(-1, -1),
    "bmp of much": bmp_of(2**30, 2**30),
    "too many bytes": b"\xff\xd8\xff" + bytes(200_000),
    "empty": b"",
    "text": b"hello",
}
# What only looks like an attack from outside is decoded as far as it is a picture.
HARMLESS = {"bomb of text", "bomb of a profile", "too much data"}


async def test_pictures_that_are_made_to_hurt(attacked):
    outcomes = {}
    for name, data in PICTURES.items():
        as_file = await attacked.client.post("/v1/search", files={"file": ("a.png", data)})
        as_text = await attacked.search(image_base64=base64.b64encode(data).decode())
        for way, answer in (("file", as_file), ("base64", as_text)):
            if answer.status_code != 200 or name not in HARMLESS:
                outcomes[name, way] = wrong(answer, 413, 415, 422)
    assert failures(outcomes) == {}


HEADERS = {
    "split answer": {"x-request-id": "a\r\nSet-Cookie: x=1"},
    "long request id": {"x-request-id": "a" * 100_000},
    "script as a request id": {"x-request-id": "<script>"},
    "terminal as a request id": {"x-request-id": "\x1b[2J"},
    "other content type": {"content-type": "application/json; charset=utf-7"},
    "form without a boundary": {"content-type": "multipart/form-data"},
    "form with a long boundary": {"content-type": "multipart/form-data; boundary=" + "x" * 10_000},
    "host of another": {"host": "evil.example"},
    "forwarded": {"x-forwarded-for": "127.0.0.1", "x-forwarded-host": "evil.example"},
    "method override": {"x-http-method-override": "DELETE"},
    "range": {"range": "bytes=0-99999999999999999999"},
    "etag": {"if-none-match": '"' + "x" * 10_000 + '"'},
}


async def test_headers_that_are_made_to_hurt(attacked):
    outcomes = {}
    for name, hostile in HEADERS.items():
        headers = {"content-type": "application/json", **hostile}
        raw = [(key.encode(), value.encode("latin-1")) for key, value in headers.items()]
        answer = await attacked.client.post("/v1/search", content=b'{"milvus_id": 1}', headers=raw)
        outcomes[name] = wrong(answer, 400, 403, 404, 415, 422)
        assert "set-cookie" not in answer.headers and "evil" not in str(answer.headers), name
        request_id = answer.json()["request_id"]
        assert request_id.isascii() and request_id.replace("-", "").isalnum(), name
    assert failures(outcomes) == {}


def test_there_are_some_eighty_of_them():
    assert sum(map(len, (BODIES, PICTURES, HEADERS))) + sum(map(len, NUMBERS.values())) > 80

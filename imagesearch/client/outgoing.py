"""A call made ready to be sent: pictures read, JSON written, the time that is left told to the service."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from imagesearch.client.call import Call
from imagesearch.client.picture_file import read_picture
from imagesearch.errors import InputError

TIMEOUT_HEADER = "X-Timeout-Ms"
# The most milliseconds that the service reads in the header.
MOST_S = 999_999
# The service's own word, that the time is over, comes a little after it is.
GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request that can be sent as often as needed."""

    call: Call[Any]
    body: Mapping[str, Any]
    timeout: httpx.Timeout
    started: float

    def arguments(self) -> dict[str, Any]:
        """Return what httpx's `build_request` is given for an attempt that starts now."""
        call = self.call
        arguments = {"method": call.method, "url": call.path, "timeout": self.timeout, **self.body}
        if call.timeout_s is None:
            return arguments
        left_s = max(0.001, call.timeout_s - (monotonic() - self.started))
        headers = {**self.body.get("headers", {}), TIMEOUT_HEADER: str(max(1, int(1000 * left_s)))}
        bounds = {name: min(bound or MOST_S, left_s + GRACE_S) for name, bound in self.timeout.as_dict().items()}
        return arguments | {"headers": headers, "timeout": httpx.Timeout(**bounds)}


def prepare(call: Call[Any], max_bytes: int, timeout: httpx.Timeout) -> Outgoing:
    """Read the files of the call and write its body.

    Raises SourceError, EmptyImage or TooManyBytes for a file, InputError for what cannot be written.
    """
    if call.timeout_s is not None and not 0 < call.timeout_s <= MOST_S:
        raise InputError(f"timeout_s: {call.timeout_s} is not between 0 and {MOST_S} seconds")
    try:
        body = {"params": {name: _text(value).decode() for name, value in call.query.items()}, **_body(call, max_bytes)}
        return Outgoing(call, body, timeout, monotonic())
    except (TypeError, ValueError, RecursionError) as exc:
        raise InputError(f"the request cannot be written: {exc}") from exc


def _body(call: Call[Any], max_bytes: int) -> dict[str, Any]:
    if call.json is not None:
        text = json.dumps(call.json, allow_nan=False, default=partial(_base64, max_bytes))
        return {"content": text.encode(), "headers": {"Content-Type": "application/json"}}
    if call.form is None:
        return {}
    # A name is needed for the part to be a file; the file's own is nobody's business.
    files = {name: ("picture", _bytes(max_bytes, one)) for name, one in call.form.items() if isinstance(one, bytes | Path)}
    fields = {name: _text(one) for name, one in call.form.items() if name not in files}
    return {"files": files, "data": fields}


def _bytes(max_bytes: int, picture: bytes | Path) -> bytes:
    return read_picture(picture, max_bytes) if isinstance(picture, Path) else picture


def _base64(max_bytes: int, value: object) -> str:
    if not isinstance(value, bytes | Path):
        raise TypeError(f"a {type(value).__name__} is not JSON")
    return b64encode(_bytes(max_bytes, value)).decode()


def _text(value: Any) -> bytes:
    # Encoded here, what UTF-8 cannot carry is found before anything is sent.
    return (value if isinstance(value, str) else json.dumps(value, allow_nan=False)).encode()

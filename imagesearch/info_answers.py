"""The keys of `info` as the service tells of them and its callers read them."""

from __future__ import annotations

from typing import Literal

from imagesearch.answers import Answer


class InfoKeyView(Answer):
    """A key of `info` that can be filtered by, with the kinds of its values.

    `values`: its texts, where they are 20 at most; else empty.
    """

    name: str
    kinds: list[Literal["boolean", "number", "text"]]
    values: list[str]


class InfoKeyList(Answer):
    """The first 64 keys by name."""

    keys: list[InfoKeyView]

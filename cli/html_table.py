"""The table of pictures: one page that holds everything it shows, each query beside its hits."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from cli.console import plain
from cli.html_style import STYLE
from imagesearch.errors import InputError


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture's bytes and their media type."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Card:
    """One hit; without a picture a gap is shown in its place."""

    picture: Picture | None
    score: float
    milvus_id: int
    name: str
    label: str
    size: str


@dataclass(frozen=True, slots=True)
class Section:
    """One query and what was found for it, best first."""

    query: Picture | None
    name: str
    model: str
    cards: Sequence[Card]


def write_page(path: Path, sections: Sequence[Section]) -> None:
    """Write the page to the file, over what it held. Raises InputError when it cannot be written."""
    try:
        path.write_text(page(sections), encoding="utf-8")
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror}") from exc


def page(sections: Sequence[Section]) -> str:
    """Return the page: no script, nothing loaded from elsewhere, every word of others escaped.

    The policy in its head forbids all but its own style and pictures within it, should an escape ever be forgotten.
    """
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    models = ", ".join(sorted({section.model for section in sections}))
    queries = "1 query" if len(sections) == 1 else f"{len(sections)} queries"
    about = f"{queries}, embedded by {_text(models) or 'no model'}; scores are cosine similarities"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reverse image search: {queries}</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>Reverse image search</h1><p>{about}</p></header>
<main>
{"".join(map(_section, sections))}</main>
</body>
</html>
"""


def _section(section: Section) -> str:
    hits = "".join(_card(rank, card) for rank, card in enumerate(section.cards, start=1))
    found = f'<ol class="hits">\n{hits}</ol>' if hits else '<p class="empty">Nothing was found.</p>'
    return f"""<section>
<figure class="query">{_well(section.query, section.name)}
<figcaption><div class="kind">Query</div>{_name(section.name)}</figcaption></figure>
{found}
</section>
"""


def _card(rank: int, card: Card) -> str:
    label = f'<div class="label"><bdi>{_text(card.label)}</bdi></div>' if card.label else ""
    return f"""<li><figure>{_well(card.picture, card.name)}
<figcaption><div class="top"><span class="score">{card.score:.4f}</span><span class="rank">#{rank}</span></div>
<meter min="0" max="1" value="{max(0.0, card.score):.4f}"></meter>{label}
{_name(card.name)}
<div class="facts">{_text(card.size)}<br>id {card.milvus_id}</div></figcaption></figure></li>
"""


def _well(picture: Picture | None, name: str) -> str:
    if picture is None:
        return '<div class="well">no picture</div>'
    data = base64.b64encode(picture.data).decode()
    return f'<div class="well"><img alt="{_text(name)}" src="data:{_text(picture.media_type)};base64,{data}"></div>'


def _name(path: str) -> str:
    folder, slash, last = path.rpartition("/")
    above = f'<div class="folder"><bdi>{_text(folder + slash)}</bdi></div>' if slash else ""
    return f'<div class="name" title="{_text(path)}"><bdi>{_text(last)}</bdi></div>{above}'


def _text(words: str) -> str:
    return escape(plain(words), quote=True)

"""`imagesearch search`: finds the pictures nearest to yours, or to your words."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from rich.text import Text

from cli.console import Output, cell, plain, table
from cli.filter_words import read_filter_words
from cli.html_table import Card, Picture, Section, write_page
from cli.service import open_client
from config import Settings
from imagesearch.client import Client, SearchAnswer
from imagesearch.client.picture_file import read_picture
from imagesearch.errors import ImageError, InputError, SourceError
from imagesearch.images.thumbnail import thumbnail

# Sharp on screens of two pixels a point, in cards of 200 points.
THUMBNAIL_PX = 400


class Ways(TypedDict, total=False):
    """Which of the service's ways to search are wanted beside the plain one."""

    flips: bool
    group: bool
    exact: bool
    verify: bool | None


def run(
    settings: Settings,
    output: Output,
    patterns: Sequence[str],
    top_k: int,
    namespace: str,
    html: Path | None,
    filters: Sequence[str] = (),
    how: Ways | None = None,
    texts: Sequence[str] = (),
) -> int:
    """Search by each picture and each text and print what was found; returns 1 where a picture could not be searched by.

    Raises InputError for a name that leads to no file, for a filter that is none and where there is nothing to search by,
    NoTextSearch, StoreUnavailable.
    """
    if not patterns and not texts:
        raise InputError("name pictures to search by, or give words as --text")
    wanted = read_filter_words(filters)
    paths = [path for pattern in patterns for path in matching(pattern)]
    if html is not None and not html.absolute().parent.is_dir():
        raise InputError(f"{html}: its folder does not exist")
    sections = []
    failed = 0
    with open_client(settings) as client:
        for path in paths:
            try:
                data = read_picture(path, settings.images.max_bytes)
                answer = client.search(data, top_k, namespace, filter=wanted, **(how or Ways()))
            except (ImageError, SourceError) as exc:
                failed += 1
                output.record({"query": str(path), "error": {"code": exc.code, "detail": exc.detail}})
                output.say(f"{path}: {exc.detail} ({exc.code})", "red")
                continue
            _show(output, str(path), answer)
            if html is not None:
                sections.append(_section(client, str(path), _small(data, settings), answer))
        for text in texts:
            answer = client.search(None, top_k, namespace, text=text, filter=wanted, **(how or Ways()))
            _show(output, text, answer)
            if html is not None:
                sections.append(_section(client, text, None, answer))
    if html is not None:
        write_page(html, sections)
        output.say(f"pictures side by side: {html.absolute().as_uri()}")
    return 1 if failed else 0


def matching(pattern: str) -> list[Path]:
    """Return the files that an argument names, as it stands or as a glob, sorted. Raises InputError for none."""
    path = Path(pattern)
    if path.is_dir():
        raise InputError(f"{pattern} is a folder; name pictures, or a glob such as '{pattern.rstrip('/')}/*.jpg'")
    if path.exists():
        return [path]
    # Path.glob takes no absolute pattern.
    found = sorted(Path(match) for match in glob.glob(pattern, recursive=True) if Path(match).is_file())  # noqa: PTH207
    if not found:
        raise InputError(f"{pattern}: no file of this name")
    return found


def _show(output: Output, query: str, answer: SearchAnswer) -> None:
    output.record({"query": query, **answer.model_dump(mode="json")})
    # Only what was asked for takes a column of its own.
    views = any(hit.view != "original" for hit in answer.hits)
    copies = any(hit.same for hit in answer.hits)
    verified = any(hit.verified is not None for hit in answer.hits)
    more = [name for name, there in (("view", views), ("copies", copies), ("class", verified), ("probability", verified)) if there]
    numbers = ("rank", "score", "milvus_id", "size", "copies", "probability")
    hits = table("rank", "score", "milvus_id", "size", *more, "label", "image_path", numbers=numbers)
    for rank, hit in enumerate(answer.hits, start=1):
        size = f"{hit.width}x{hit.height}"
        probability = "" if hit.probability is None else f"{hit.probability:.4f}"
        told = {"view": hit.view, "copies": len(hit.same), "class": hit.kind or "", "probability": probability}
        extra = [told[name] for name in more]
        named = (hit.info.get("label"), hit.image_path)
        hits.add_row(*map(cell, (rank, f"{hit.score:.4f}", hit.milvus_id, size, *extra, *named)))
    output.show(Text(plain(f"{query}: {len(answer.hits)} found in {answer.timing_ms.total:.0f} ms"), "bold"))
    if answer.hits:
        output.show(hits)


def _section(client: Client, name: str, query: Picture | None, answer: SearchAnswer) -> Section:
    cards = [
        Card(
            picture=_picture_of(client, hit.milvus_id),
            score=hit.score,
            milvus_id=hit.milvus_id,
            name=hit.image_path or "",
            label=str(hit.info.get("label") or ""),
            size=f"{hit.width} x {hit.height}",
        )
        for hit in answer.hits
    ]
    return Section(query=query, name=name, model=answer.model, cards=cards)


def _small(data: bytes, settings: Settings) -> Picture | None:
    try:
        return Picture("image/webp", thumbnail(data, settings.images, THUMBNAIL_PX))
    except ImageError:
        # The service takes larger pictures than these settings do.
        return None


def _picture_of(client: Client, milvus_id: int) -> Picture | None:
    try:
        return Picture(*client.thumbnail(milvus_id, THUMBNAIL_PX))
    except (InputError, SourceError, ImageError):
        # Deleted since, or its file is gone: the page shows a gap.
        return None

"""The client of the HTTP service: `Client` and `AsyncClient`, what they are given, and what they give."""

from imagesearch.answers import (
    Added,
    Comparison,
    Health,
    HitView,
    LogEntry,
    PictureView,
    Readiness,
    Refused,
    SearchAnswer,
    SourceView,
    Stats,
)
from imagesearch.client.async_client import AsyncClient
from imagesearch.client.client import Client
from imagesearch.client.query import NewImage, PictureQuery, Region, WeightedQuery
from imagesearch.client.reading import Thumbnail
from imagesearch.client.retry import NEVER, Retry
from imagesearch.import_answers import Accepted, ImportItem, ImportView

__all__ = [
    "NEVER",
    "Accepted",
    "Added",
    "AsyncClient",
    "Client",
    "Comparison",
    "Health",
    "HitView",
    "ImportItem",
    "ImportView",
    "LogEntry",
    "NewImage",
    "PictureQuery",
    "PictureView",
    "Readiness",
    "Refused",
    "Region",
    "Retry",
    "SearchAnswer",
    "SourceView",
    "Stats",
    "Thumbnail",
    "WeightedQuery",
]

"""`imagesearch duplicates`: finds near-duplicates in the whole collection, and says which to keep."""

from __future__ import annotations

from dataclasses import asdict

from rich.filesize import decimal

from cli.console import Output, cell, table
from cli.schema import require_schema
from config import Settings
from jobs.duplicates import Wanted, duplicates
from jobs.duplication.cluster import Cluster

# A table is to be looked at; all of what was found is in the file and in the lines of JSON.
SHOWN = 50


def run(settings: Settings, output: Output, wanted: Wanted) -> int:
    """Print the clusters, of many the first ones, and the totals. Raises what the job raises."""
    require_schema(settings.sql)
    numbers = ("cluster", "probability", "milvus_id", "size")
    shown = table("cluster", "keep", "class", "probability", "milvus_id", "size", "image_path", numbers=numbers)

    def each(number: int, cluster: Cluster) -> None:
        output.record({"cluster": number, "pictures": list(cluster.lines())})
        if number > SHOWN:
            return
        for line in cluster.lines():
            likely = "" if line["probability"] is None else f"{line['probability']:.4f}"
            size = f"{line['width']}x{line['height']}"
            keep = "keep" if line["keep"] else ""
            shown.add_row(*map(cell, (number, keep, line["class"], likely, line["milvus_id"], size, line["image_path"])))

    with output.progress("pictures") as progress:
        task = progress.add_task("looking", total=None)
        totals = duplicates(settings, wanted, lambda done, total: progress.update(task, completed=done, total=total), each)
    output.record(asdict(totals))
    if totals.clusters:
        output.show(shown)
    if totals.clusters > SHOWN:
        output.say(f"and {totals.clusters - SHOWN} more clusters; --export FILE writes all", "dim")
    output.say(
        f"{totals.clusters} clusters among {totals.pictures} pictures: "
        f"{totals.copies} copies, {decimal(totals.spare_bytes)} beside what is to be kept"
    )
    if totals.unread:
        output.say(f"{totals.unread} pictures could not be read, and were held against none", "yellow")
    return 0

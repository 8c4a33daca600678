"""The `imagesearch` command: how each command is called; what it does lies in commands/."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import imports, keys
from cli.console import Output
from cli.edge import CommandEdge
from cli.options import Json, known_namespace
from imagesearch.types import DEFAULT_NAMESPACE

# Commands import their code when they are called: `--help` must not wait for Ray, Milvus's client and the rest.
app = typer.Typer(
    name="imagesearch",
    help="Reverse image search: give it a picture, it finds that picture and its kin.",
    cls=CommandEdge,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


app.add_typer(keys.app, name="keys")
app.add_typer(imports.app, name="imports")


Namespace = Annotated[
    str, typer.Option(help="The collection of pictures that is meant.", callback=known_namespace, show_default=True)
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="resnet50, vgg16, efficientnet_lite0, timm:NAME, clip:NAME/PRETRAINED, tiny; unless given, the settings'.",
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(metavar="W", help="package, download, random, a file or s3://bucket/key; the model's own, unless given."),
]
Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A folder, a picture, a 'glob', a URL, s3://bucket/prefix, or a CSV, JSONL, Parquet or webdataset tar.",
    ),
]


@app.callback()
def start() -> None:
    """Reverse image search: give it a picture, it finds that picture and its kin.

    Exit codes: 0 done, 1 some rows failed, 2 wrong use or settings, 3 a store or the cluster is not reachable.
    Settings: config/local.yaml, or the profile that IMAGESEARCH_PROFILE names, with IMAGESEARCH_* variables over it.
    """
    Output(as_json=False).log()


@app.command()
def up(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The service's port on 127.0.0.1; 8000 at first, then as before.")
    ] = None,
    model: Model = None,
    weights: Weights = None,
    as_json: Json = False,
) -> None:
    """Start the local stack: Redis, Milvus Lite, Ray and the service; what runs already is left as it is.

    A model that is named is the stack's from then on, after `down` as well, until another is named.
    """
    from cli.commands import stack as command
    from cli.load_with import Chosen
    from config import load_settings

    raise typer.Exit(command.up(load_settings(), Output(as_json), port, Chosen(model, weights)))


@app.command()
def down(as_json: Json = False) -> None:
    """Stop the local stack; pictures and vectors are kept."""
    from cli.commands import stack as command
    from config import load_settings

    raise typer.Exit(command.down(load_settings(), Output(as_json)))


@app.command()
def status(as_json: Json = False) -> None:
    """Tell what runs, whether the service is ready, and how many pictures it has; exit 3 unless it is ready."""
    from cli.commands import stack as command
    from config import load_settings

    raise typer.Exit(command.status(load_settings(), Output(as_json)))


@app.command()
def add(
    source: Source,
    namespace: Namespace = DEFAULT_NAMESPACE,
    as_json: Json = False,
) -> None:
    """Ask for pictures to be added; `load` then makes them searchable.

    A table of pictures (CSV, JSONL, Parquet) has a column image_path or path; its other columns are kept as info.
    On the local profile the service may read the added folder from then on (of a picture: its folder; of a glob: the
    folder before the first wildcard; of a table: the table's folder, if it names files there).
    """
    from cli.commands import add as command
    from config import load_settings

    raise typer.Exit(command.run(load_settings(), Output(as_json), source, namespace))


@app.command(name="import")
def import_(
    source: Source,
    namespace: Namespace = DEFAULT_NAMESPACE,
    model: Model = None,
    weights: Weights = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, max=4096, help="Pictures in a transaction and in a forward pass; the settings', unless given."),
    ] = None,
    no_load: Annotated[bool, typer.Option("--no-load", help="Only read the source; `load` then loads its pictures.")] = False,
    as_json: Json = False,
) -> None:
    """Add the pictures of a source and load them, with their progress; Ctrl-C pauses.

    Paths in a table are meant from the table's folder. With --model they are loaded into that model's own collection;
    the output says how to search it.
    """
    from cli.commands import import_source as command
    from cli.load_with import Chosen
    from config import load_settings

    chosen = Chosen(model, weights, batch_size)
    raise typer.Exit(command.run(load_settings(), Output(as_json), source, namespace, chosen, not no_load))


@app.command()
def load(
    follow: Annotated[bool, typer.Option("--follow", help="Go on with pictures as they are added, until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Load what was added: embed the pictures and make them searchable, as a job of the Ray cluster."""
    from cli.commands import load as command
    from config import load_settings

    raise typer.Exit(command.run(load_settings(), Output(as_json), follow))


@app.command()
def retry(
    import_id: Annotated[int | None, typer.Option(min=1, help="Only the rows of this import.")] = None,
    code: Annotated[str | None, typer.Option(help="Only rows that failed with this error code.")] = None,
    namespace: Annotated[
        str | None, typer.Option(help="Only the rows of this namespace; otherwise of all.", callback=known_namespace)
    ] = None,
    as_json: Json = False,
) -> None:
    """Put pictures that failed back among those that wait; `load` then tries them as if for the first time."""
    from cli.commands import retry as command
    from config import load_settings

    raise typer.Exit(command.run(load_settings(), Output(as_json), import_id, namespace, code))


@app.command()
def search(
    images: Annotated[list[str] | None, typer.Argument(metavar="IMAGE", help="Pictures, or 'globs' of them.")] = None,
    texts: Annotated[
        list[str] | None,
        typer.Option("--text", metavar="WORDS", help="What is on the pictures, for models of clip:NAME. Repeatable."),
    ] = None,
    top_k: Annotated[int, typer.Option(min=1, max=1000, help="How many to find for each.")] = 10,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page that shows each picture beside its hits.")] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter", metavar="KEY=VALUE", help="Only pictures of which this was said; also != > >= < <=, or JSON. Repeatable."
        ),
    ] = None,
    flips: Annotated[bool, typer.Option("--flips", help="Find it mirrored or turned, too.")] = False,
    group: Annotated[bool, typer.Option("--group", help="Show copies as one.")] = False,
    exact: Annotated[bool, typer.Option("--exact", help="Compare with every picture, one by one.")] = False,
    verify: Annotated[bool | None, typer.Option(help="Say of the first hits whether they are copies.")] = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    as_json: Json = False,
) -> None:
    """Find the pictures nearest to yours, or to your words."""
    from cli.commands import search as command
    from config import load_settings

    how = command.Ways(flips=flips, group=group, exact=exact, verify=verify)
    settings, output = load_settings(), Output(as_json)
    raise typer.Exit(command.run(settings, output, images or (), top_k, namespace, html, filters or (), how, texts or ()))


@app.command()
def audit(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs, and say how.")] = False,
    as_json: Json = False,
) -> None:
    """Compare SQL with Milvus, picture by picture; exit 1 where they differ."""
    from cli.commands import audit as command
    from config import load_settings

    raise typer.Exit(command.run(load_settings(), Output(as_json), repair))


@app.command()
def evaluate(
    sample: Annotated[int, typer.Option(min=1, help="Pictures, drawn by chance, to edit and search by.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Draws other pictures and other edits.")] = 0,
    namespace: Namespace = DEFAULT_NAMESPACE,
    label: Annotated[str | None, typer.Option(metavar="KEY", help="The key of info that says which pictures are alike.")] = None,
    false_rate: Annotated[float, typer.Option(min=0, max=1, help="The share of searches whose false hit may pass.")] = 0.01,
    actors: Annotated[int, typer.Option(min=0, help="Processes of the Ray cluster that ask; 0: this one.")] = 0,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with plots and the worst cases.")] = None,
    figures: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures, for --baseline of a later run.")] = None,
    baseline: Annotated[Path | None, typer.Option(metavar="FILE", help="Exit 1 where a figure is worse than in FILE.")] = None,
    tolerance: Annotated[float, typer.Option(min=0, max=1, help="How much worse a figure may be.")] = 0.01,
    verified: Annotated[bool, typer.Option("--verified", help="Ask with verify, too: many times the work.")] = False,
    as_json: Json = False,
) -> None:
    """Measure how well edited copies of your own pictures are found; exit 1 where it is worse than a baseline."""
    from cli.commands import evaluate as command
    from config import load_settings
    from jobs.evaluate import Wanted

    wanted = Wanted(sample, seed, namespace, label, false_rate, actors, html, figures, baseline, tolerance, verified)
    raise typer.Exit(command.run(load_settings(), Output(as_json), wanted))


@app.command()
def calibrate(
    index: Annotated[bool, typer.Option("--index", help="Measure how far the index has to look for a recall.")] = False,
    join: Annotated[bool, typer.Option("--join", help="Learn what tells copies from others; used where better.")] = False,
    queries: Annotated[int, typer.Option(min=1, help="Pictures to search the index by.")] = 100,
    top_k: Annotated[int, typer.Option(min=1, max=1000, help="Hits that the index is to find.")] = 10,
    sample: Annotated[int, typer.Option(min=1, help="Pictures to learn on; a third is held back to judge by.")] = 90,
    seed: Annotated[int, typer.Option(min=0, help="Draws other pictures to learn on.")] = 0,
    namespace: Namespace = DEFAULT_NAMESPACE,
    as_json: Json = False,
) -> None:
    """Fit searches to your own pictures: how far the index looks, what is called a copy; both where neither is named."""
    from cli.commands import calibrate as command
    from config import load_settings

    both = index == join
    wanted = command.Wanted(index or both, join or both, queries, top_k, sample, seed, namespace)
    raise typer.Exit(command.run(load_settings(), Output(as_json), wanted))


@app.command()
def duplicates(
    threshold: Annotated[float, typer.Option(min=0.5, max=1, help="How likely a copy of what is kept each is at least.")] = 0.9,
    export: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all clusters as a CSV.")] = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    neighbours: Annotated[int, typer.Option(min=1, max=1000, help="Nearest pictures that each is held against.")] = 10,
    actors: Annotated[int, typer.Option(min=0, help="Processes of the Ray cluster that look; 0: this one.")] = 0,
    last: Annotated[bool, typer.Option("--last", help="Show what the last run found, without looking again.")] = False,
    as_json: Json = False,
) -> None:
    """Find pictures that are copies of each other, and say which to keep; started again, it goes on where it was."""
    from cli.commands import duplicates as command
    from config import load_settings
    from jobs.duplicates import Wanted

    wanted = Wanted(namespace, threshold, neighbours, actors, last, export)
    raise typer.Exit(command.run(load_settings(), Output(as_json), wanted))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check everything that a load or a search needs, and say what to do; exit 3 where something fails."""
    from cli.commands import doctor as command
    from config import load_settings

    raise typer.Exit(command.run(load_settings(), Output(as_json)))


def main() -> None:
    """Run the command line and end the process with its exit code."""
    app()

"""How `imagesearch imports` is called."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import Output
from cli.options import Json, known_namespace

app = typer.Typer(help="Look at the service's imports, and steer them.", no_args_is_help=True)

ImportId = Annotated[int, typer.Argument(metavar="N", min=1, help="As `list` shows it, or the import printed it.")]


@app.command(name="list")
def listed(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 20,
    namespace: Annotated[
        str | None, typer.Option(help="Only those into this one; all, unless given.", callback=known_namespace)
    ] = None,
    as_json: Json = False,
) -> None:
    """List imports, the newest first."""
    from cli.commands import imports as command
    from config import load_settings

    raise typer.Exit(command.listed(load_settings(), Output(as_json), limit, namespace))


@app.command()
def show(import_id: ImportId, as_json: Json = False) -> None:
    """Tell how far an import is, and what went wrong first; exit 1 where something did."""
    from cli.commands import imports as command
    from config import load_settings

    raise typer.Exit(command.show(load_settings(), Output(as_json), import_id))


@app.command()
def pause(import_id: ImportId, as_json: Json = False) -> None:
    """Stop reading its source and loading its pictures, until it is resumed."""
    _turn(import_id, "pause", as_json)


@app.command()
def resume(import_id: ImportId, as_json: Json = False) -> None:
    """Have the service go on with an import that is paused, broke off or lost its reader."""
    _turn(import_id, "resume", as_json)


@app.command()
def cancel(import_id: ImportId, as_json: Json = False) -> None:
    """End it for good; what was loaded stays."""
    _turn(import_id, "cancel", as_json)


@app.command()
def errors(import_id: ImportId, as_json: Json = False) -> None:
    """Print its bad lines and failed pictures, as CSV whether or not --json is given."""
    from cli.commands import imports as command
    from config import load_settings

    raise typer.Exit(command.errors(load_settings(), Output(as_json), import_id))


def _turn(import_id: int, verb: str, as_json: bool) -> None:
    from cli.commands import imports as command
    from config import load_settings

    raise typer.Exit(command.turn(load_settings(), Output(as_json), import_id, verb))

"""How `imagesearch keys` is called."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import Output
from cli.options import Json, known_namespace
from imagesearch.keys import Role

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


def known_namespaces(values: list[str]) -> list[str]:
    """Refuse what no namespace is called. Raises typer.BadParameter."""
    for value in values:
        known_namespace(value)
    return values


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is.")],
    roles: Annotated[list[Role], typer.Option("--role", help="What it may do; may be given several times.")],
    namespaces: Annotated[
        list[str] | None, typer.Option("--namespace", help="What it may see; all, unless given.", callback=known_namespaces)
    ] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=1, max=1_000_000, help="Requests a minute; unbounded, unless given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it, this once."""
    from cli.commands import keys as command
    from config import load_settings

    raise typer.Exit(command.create(load_settings(), Output(as_json), name[:200], roles, namespaces or [], per_minute))


@app.command(name="list")
def listed(as_json: Json = False) -> None:
    """List the keys, without their secrets."""
    from cli.commands import keys as command
    from config import load_settings

    raise typer.Exit(command.listed(load_settings(), Output(as_json)))


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `list` shows it.")],
    as_json: Json = False,
) -> None:
    """Revoke a key, for ever."""
    from cli.commands import keys as command
    from config import load_settings

    raise typer.Exit(command.revoke(load_settings(), Output(as_json), key_id))

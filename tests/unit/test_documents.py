"""The documents say what is: every setting, error, command, job and manifest in them is compared with the code."""

import re
import tomllib
from pathlib import Path
from types import NoneType
from typing import Literal, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel, SecretStr
from typer.main import get_command

from cli.main import app
from config import Settings
from imagesearch.errors import ImageSearchError
from serve_app.problems import status_of

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
PLAIN_TYPES = {SecretStr: "secret text", Path: "path", str: "text", int: "integer", float: "number", bool: "true / false"}


def errors(kind=ImageSearchError):
    yield kind
    for one in kind.__subclasses__():
        yield from errors(one)


def rows_of(text):
    """The cells of every table's rows, without code marks."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")]


def section_type(annotation):
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def type_shown(annotation):
    inner = [one for one in get_args(annotation) if one is not NoneType]
    if get_origin(annotation) is Literal:
        return " / ".join(inner)
    if get_origin(annotation) is dict:
        return "mapping"
    if get_origin(annotation) is tuple:
        return f"list of {type_shown(inner[0])}"
    return type_shown(inner[0]) if inner else PLAIN_TYPES[annotation]


def default_shown(path, field):
    if path == "home":
        return "`.imagesearch`"
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return str(value).lower()
    return "empty" if value in ((), {}) else f"`{value}`"


def settings_shown():
    for name, field in Settings.model_fields.items():
        section = section_type(field.annotation)
        for path, one in (
            {f"{name}.{inner}": f for inner, f in section.model_fields.items()}.items() if section else [(name, field)]
        ):
            yield f"`{path}`", type_shown(one.annotation), default_shown(path, one)


def test_the_settings_document_has_every_setting_with_its_type_and_default():
    rows = rows_of((ROOT / "docs" / "settings.md").read_text())
    assert {tuple(row[:3]) for row in rows} == set(settings_shown())
    assert all(row[3] for row in rows)


def test_settings_that_the_readme_names_exist():
    known = {path.strip("`") for path, _, _ in settings_shown()}
    sections = {path.partition(".")[0] for path in known}
    named = set(re.findall(r"`([a-z0-9]+\.(?:[a-z0-9_]+))`", README))
    assert [name for name in named if name.partition(".")[0] in sections and name not in known] == []


def test_the_errors_document_has_every_code_with_its_status_and_whether_it_is_tried_again():
    rows = rows_of((ROOT / "docs" / "errors.md").read_text())
    real = {(f"`{kind.code}`", str(status_of(kind(""))), "yes" if kind.retriable else "no") for kind in errors()}
    assert {tuple(row[:3]) for row in rows} == real


def test_the_readme_gives_every_code_its_status():
    table = README.partition("\n## Errors\n")[2].partition("\n## ")[0]
    told = {}
    for codes, statuses, _ in rows_of(table):
        names, numbers = re.findall(r"`(\w+)`", codes), statuses.split(", ")
        told |= dict(zip(names, numbers * len(names) if len(numbers) == 1 else numbers, strict=True))
    assert told == {kind.code: str(status_of(kind(""))) for kind in errors()}


def test_every_command_and_make_target_is_in_the_readme():
    for command in get_command(app).commands:
        assert re.search(rf"`(imagesearch )?{command}\b", README), command
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in " ".join(targets).split():
        assert f"make {target}" in README, target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_jobs_that_a_document_names_exist(document):
    text = document.read_text()
    for command in re.findall(r"(?:`|bin/|^\$ )imagesearch ([a-z]+)", text, re.MULTILINE):
        assert command in get_command(app).commands
    for job in re.findall(r"python -m (?:jobs|cli)\.(\w+)", text):
        assert any((ROOT / package / f"{job}.py").exists() for package in ("jobs", "cli")), job


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_of_a_document_lead_somewhere(document):
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / link).exists(), link


def test_decisions_are_numbered_without_a_gap():
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_kuberay_deploys_the_capacity_of_serve_config():
    manifest = yaml.safe_load((ROOT / "deploy" / "kuberay.yaml").read_text())
    assert yaml.safe_load(manifest["spec"]["serveConfigV2"]) == yaml.safe_load((ROOT / "serve_config.yaml").read_text())


def test_ports_of_the_compose_file_are_reachable_from_this_machine_only():
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_variables_of_the_compose_file_are_settings():
    environment = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["x-imagesearch"]["environment"]
    known = {f"IMAGESEARCH_{path.strip('`').replace('.', '__').upper()}" for path, _, _ in settings_shown()}
    assert [name for name in environment if name.startswith("IMAGESEARCH_") and name not in known] == []


def test_the_image_is_built_of_all_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {name.removesuffix("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    let_in = {line[1:] for line in (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    assert packages <= let_in
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    assert {name for line in copied for name in line.split()} - {"."} <= let_in

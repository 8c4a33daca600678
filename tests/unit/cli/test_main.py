"""The command line: help for everything, exit codes as promised, never a traceback."""

import json
import subprocess
import sys

import pytest
from typer.main import get_command

from cli.main import app

COMMANDS = [
    "up",
    "down",
    "status",
    "add",
    "import",
    "load",
    "retry",
    "search",
    "audit",
    "evaluate",
    "calibrate",
    "duplicates",
    "doctor",
]


GROUPS = {"keys": ["create", "list", "revoke"], "imports": ["list", "show", "pause", "resume", "cancel", "errors"]}
EVERY = [[name] for name in COMMANDS] + [[group, name] for group, names in GROUPS.items() for name in names]


def test_there_are_exactly_the_commands_of_the_contract():
    every = get_command(app).commands
    assert {name for name in every if name not in GROUPS} == set(COMMANDS)
    assert {group: list(every[group].commands) for group in GROUPS} == GROUPS


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_and_every_parameter_of_it_has_help_and_json(words):
    command = get_command(app)
    for word in words:
        command = command.commands[word]
    name = " ".join(words)
    assert command.help
    assert "--json" in {option for parameter in command.params for option in parameter.opts}
    for parameter in command.params:
        assert getattr(parameter, "help", ""), f"{name} {parameter.name}"


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["add"],
        ["search"],
        ["search", "--top-k", "0", "x.jpg"],
        ["search", "--top-k", "1001", "x.jpg"],
        ["search", "--namespace", 'a" or "', "x.jpg"],
        ["add", "x", "--namespace", ""],
        ["up", "--port", "0"],
        ["retry", "--import-id", "0"],
        ["import"],
        ["import", "x", "--batch-size", "0"],
        ["import", "/etc", "--model", "none_of_them"],
        ["import", "/etc", "--model", "resnet50", "--weights", "/no/such/file"],
        ["imports", "show", "0"],
        ["imports", "list", "--namespace", "a b"],
        ["keys", "create", "me"],
        ["keys", "create", "me", "--role", "god"],
        ["keys", "create", "me", "--role", "add", "--namespace", "a b"],
        ["retry", "--namespace", "a b"],
        ["duplicates", "--threshold", "0.4"],
        ["search", "/no/such/file.jpg"],
        ["search", "/no/such/*.jpg"],
        ["search", "."],
        ["add", "https://example.com/cat.jpg"],
        ["add", "s3://bucket/cats"],
    ],
)
def test_wrong_use_is_exit_code_2(run, words):
    result = run(*words)
    assert result.exit_code == 2
    assert not result.stdout
    assert "Traceback" not in result.stderr


def test_settings_that_are_wrong_are_exit_code_2_and_named(run, monkeypatch):
    monkeypatch.setenv("IMAGESEARCH_HTTP__PORT", "many")
    result = run("status")
    assert result.exit_code == 2
    assert "IMAGESEARCH_HTTP__PORT" in result.stderr


def test_without_a_stack_every_command_that_needs_one_is_exit_code_3(run, tmp_path, picture):
    (tmp_path / "cat.png").write_bytes(picture())
    for words in (
        ["status"],
        ["load"],
        ["retry"],
        ["audit"],
        ["duplicates"],
        ["doctor"],
        ["add", tmp_path],
        ["search", tmp_path / "cat.png"],
    ):
        result = run(*words)
        assert result.exit_code == 3, words
        assert "imagesearch up" in result.output, words
        assert "Traceback" not in result.stderr


def test_an_error_is_one_line_on_stderr_with_its_code(run):
    result = run("load", "--json")
    assert not result.stdout
    assert result.stderr.startswith("error: no Ray cluster is known")
    assert result.stderr.endswith("(store_unavailable)\n")
    assert result.stderr.count("\n") == 1


def test_down_without_a_stack_is_no_error(run):
    result = run("down", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"stopped": []}


def test_a_profile_without_an_embedded_stack_is_not_started(run, tmp_path, monkeypatch):
    profile = tmp_path / "mine.yaml"
    profile.write_text("sql: {url: 'sqlite://'}\nmilvus: {uri: 'http://127.0.0.1:1'}\nblobs: {uri: /tmp}\n")
    monkeypatch.setenv("IMAGESEARCH_PROFILE", str(profile))
    assert run("up").exit_code == 2


def test_help_imports_neither_ray_nor_the_stores():
    heavy = ("ray", "torch", "pymilvus", "sqlalchemy", "boto3", "httpx")
    code = f"import sys; import cli.main; print([name for name in {heavy!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"

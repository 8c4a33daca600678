"""What is printed: nothing that strangers wrote moves the cursor or becomes markup."""

import json
from io import StringIO

import pytest
from rich.console import Console

from cli.console import Output, cell, plain, table

HOSTILE = "\x1b]0;title\x07 [red]red[/red] \u202e\ud800 \r\x9b2J"


def test_what_is_not_printable_is_written_out():
    assert plain("a\x1b[2Jb") == "a\\x1b[2Jb"
    assert plain(HOSTILE).isprintable()
    assert plain("Käse 🧀\n\t") == "Käse 🧀\n\t"
    assert plain("\x1b[36m(EmbedWorker pid=7)\x1b[0m warm\x1b[1;31mer") == "(EmbedWorker pid=7) warmer"


def test_a_cell_shows_markup_as_it_stands():
    shown = StringIO()
    rows = table("label")
    rows.add_row(cell(HOSTILE))
    Console(width=200, file=shown).print(rows)
    assert "[red]red[/red]" in shown.getvalue()
    assert "\x1b" not in shown.getvalue()


def test_a_record_is_one_line_of_ascii(capsys):
    Output(as_json=True).record({"label": HOSTILE})
    out = capsys.readouterr().out
    assert out.isascii()
    assert out.count("\n") == 1
    assert json.loads(out) == {"label": HOSTILE}


def test_json_and_tables_never_mix_on_stdout(capsys):
    for as_json in (True, False):
        output = Output(as_json)
        output.record({"a": 1})
        output.show(table("b"))
        output.say("words")
    assert capsys.readouterr().out.splitlines()[0] == '{"a": 1}'


@pytest.mark.parametrize("as_json", [True, False])
def test_words_go_to_stderr(capsys, as_json):
    Output(as_json).say("words \x1b[2J")
    captured = capsys.readouterr()
    assert captured.err == "words \\x1b[2J\n"
    assert not captured.out

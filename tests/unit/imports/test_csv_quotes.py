"""Quotes of a CSV: those that are meant, and stray ones."""

import pytest

from imagesearch.errors import BadLine, BadManifest
from imagesearch.imports.manifest import local_manifest
from imagesearch.imports.source import table
from imagesearch.types import AddRequest, Cursor


@pytest.fixture
def read(tmp_path):
    """Read a CSV of this text from a position on; returns (number, path and label, or what is wrong) of each line."""

    def read_it(text, position=0):
        file = tmp_path / "m.csv"
        file.write_text(text, newline="")
        lines = table(local_manifest(file, str(tmp_path)), "ns").lines(Cursor(position=position))
        return [(line.number, *_told(line.what)) for line in lines]

    return read_it


def _told(what):
    if isinstance(what, AddRequest):
        return what.image_path, what.info.get("label")
    assert isinstance(what, BadLine)
    return (what.detail,)


PATH_FAULT = "a line break in the path; is a quote missing?"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_stray_quote_spoils_its_line_only(read, end):
    text = 'id,path,label\n1,/a.jpg,cat\n2,"/b.jpg,dog\n3,/c.jpg,cat\n4,/d.jpg,cat\n'
    found = read(text.replace("\n", end))
    assert found == [(2, "/a.jpg", "cat"), (3, "a quote is never closed"), (4, "/c.jpg", "cat"), (5, "/d.jpg", "cat")]


def test_a_stray_quote_that_a_later_one_closes_takes_no_line_along(read):
    found = read('path,label\n"/a.jpg,x\n/b.jpg,x\n/c".jpg,x\n/d.jpg,x\n')
    assert found == [(2, PATH_FAULT), (3, "/b.jpg", "x"), (4, '/c".jpg', "x"), (5, "/d.jpg", "x")]


@pytest.mark.parametrize("name", ["a\nb.jpg", "a\rb.jpg", "a\r\nb.jpg", "a.jpg\n"])
def test_a_line_break_in_a_path_is_refused(read, name):
    first, *_, last = read(f'path,label\n"/{name}",x\n/c.jpg,y\n')
    assert first == (2, PATH_FAULT)
    assert last[1:] == ("/c.jpg", "y")


def test_line_breaks_in_other_values_are_meant(read):
    text = 'path,label\n/a.jpg,"one\ntwo\n\nthree"\n/b.jpg,"x\r\ny"\n"/c.jpg","say ""hi""\n"\n'
    whole = [(5, "/a.jpg", "one\ntwo\n\nthree"), (7, "/b.jpg", "x\r\ny"), (9, "/c.jpg", 'say "hi"\n')]
    assert read(text) == whole
    for position in range(4):
        assert read(text, position) == whole[position:]


def test_a_quote_that_ends_with_the_file_is_reported_and_so_is_each_line_behind_it(read):
    assert read('path,label\n/a.jpg,"one\n/b.jpg,x\n/c.jpg,y') == [
        (2, "a quote is never closed"),
        (3, "/b.jpg", "x"),
        (4, "/c.jpg", "y"),
    ]


def test_a_record_of_too_many_values_over_several_lines_gives_them_back(read):
    found = read('path,label\n/a.jpg,"x\n/b.jpg,y\n/c.jpg,"z",w\n/d.jpg,v\n')
    assert found == [(2, "more values than columns"), (3, "/b.jpg", "y"), (4, "more values than columns"), (5, "/d.jpg", "v")]


def test_reading_goes_on_the_same_behind_stray_quotes(read):
    text = "path,label\n" + '"/a.jpg,x\n/b.jpg,x\n/c.jpg,"y\nz"\n' * 5
    whole = read(text)
    assert len(whole) > 10
    for position in range(len(whole) + 1):
        assert read(text, position) == whole[position:]


def test_a_quote_in_the_header_that_is_never_closed_is_no_table_without_lines(read):
    with pytest.raises(BadManifest, match="never closed"):
        read('path,"label\n/a.jpg,x\n/b.jpg,x\n')


def test_lines_that_would_all_be_read_a_thousand_times_are_lost_with_the_one_that_took_them_and_counted(read):
    # Whether it begins within quotes or not, each of them ends within.
    count = 200_000
    found = read("path,label\n" + 'z",",q\n' * count)
    assert found[0] == (2, "not a line of a CSV: longer than 1 MiB")
    lost = [int(said.rpartition("; ")[2].split()[0]) for _, said in found if "more lines are lost with it" in said]
    assert lost
    assert len(found) + sum(lost) == count

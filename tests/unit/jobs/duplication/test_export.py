"""Which picture is kept, how clusters are told of, and a CSV that no stranger's path turns into a program."""

import csv
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from imagesearch.errors import InputError
from imagesearch.types import CatalogEntry, PictureFacts, PictureState, Source
from jobs.duplication.cluster import Cluster, Copy
from jobs.duplication.export import COLUMNS, exported
from jobs.duplication.keep import keep_order

DAY = datetime(2026, 1, 2, tzinfo=UTC)
FACTS = PictureFacts("0" * 64, 40, 30, "png", 100, "0" * 64)


def entry(milvus_id, *paths, first=1, **facts):
    sources = tuple(Source(path, {}, log_id, DAY) for log_id, path in enumerate(paths, first))
    return CatalogEntry(milvus_id, "default", replace(FACTS, **facts), PictureState.SEARCHABLE, DAY, sources)


def test_most_pixels_then_the_oldest_then_the_least_id_is_kept():
    large, old = entry(9, "/a", first=9, width=41), entry(8, "/b", "/c", first=1)
    young, younger = entry(2, "/d", first=3), entry(1, "/e", first=4)
    assert sorted([younger, young, old, large], key=keep_order) == [large, old, young, younger]
    assert sorted([entry(3), entry(2)], key=keep_order) == [entry(2), entry(3)]
    # Pixels count, not sides.
    assert sorted([entry(1, width=100, height=1), entry(2)], key=keep_order)[0].milvus_id == 2


CLUSTER = Cluster(
    entry(5, "/a.png", "/b.png", "/a.png"), (Copy(entry(6, '=cmd|" /C calc"!A0', "@c,\n.png", width=20), "edited", 0.98765),)
)


def test_each_place_is_a_line_and_the_same_bytes_elsewhere_are_exact():
    lines = list(CLUSTER.lines())
    assert [(line["milvus_id"], line["image_path"], line["keep"], line["class"], line["probability"]) for line in lines] == [
        (5, "/a.png", True, None, None),
        (5, "/b.png", False, "exact", 1.0),
        (6, '=cmd|" /C calc"!A0', False, "edited", 0.9877),
        (6, "@c,\n.png", False, "edited", 0.9877),
    ]
    assert CLUSTER.spare_bytes == 300


def test_a_spreadsheet_runs_nothing_of_it(tmp_path):
    path = tmp_path / "a.csv"
    with exported(path) as write:
        write(1, CLUSTER)
        write(2, Cluster(entry(7, "+1"), ()))
        # Until it is complete it is not there.
        assert not path.exists()
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == COLUMNS
    assert [line["image_path"] for line in lines] == ["/a.png", "/b.png", '\'=cmd|" /C calc"!A0', "'@c,\n.png", "'+1"]
    assert [(line["cluster"], line["keep"], line["class"]) for line in lines[::2]] == [
        ("1", "yes", ""),
        ("1", "no", "edited"),
        ("2", "yes", ""),
    ]
    assert not any(value.startswith(tuple("=+-@\t\r")) for line in lines for value in line.values())


def test_one_that_is_broken_off_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), exported(path) as write:
        write(1, CLUSTER)
        raise ZeroDivisionError
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_where_it_cannot_be_written_that_is_said(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(InputError, match="cannot be written"), exported(tmp_path / "a.csv") as write:
        write(1, CLUSTER)
    with exported(None) as write:
        write(1, CLUSTER)

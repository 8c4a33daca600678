"""Pictures named by a table."""

import datetime
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imagesearch.errors import BadLine, BadManifest, SourceInvalid, SourceUnavailable
from imagesearch.imports.manifest import local_manifest
from imagesearch.imports.parquet import ParquetTable
from imagesearch.imports.source import table
from imagesearch.imports.table import Table
from imagesearch.imports.text_lines import MAX_LINE_BYTES
from imagesearch.types import AddRequest, Cursor

START = Cursor()


def lines_of(path, cursor=START):
    return list(table(local_manifest(path, str(path.parent)), "ns").lines(cursor))


def read(path):
    lines = lines_of(path)
    good = [line.what for line in lines if isinstance(line.what, AddRequest)]
    return good, [line for line in lines if not isinstance(line.what, AddRequest)]


def test_a_csv_with_id_path_and_label_becomes_requests_with_info(tmp_path):
    file = tmp_path / "m.csv"
    file.write_text("id,path,label\n1,/a.jpg,cat\n2,sub/b.jpg,\n3,s3://b/c.jpg,dog\n")
    good, bad = read(file)
    assert bad == []
    assert [(one.image_path, one.info, one.namespace) for one in good] == [
        ("/a.jpg", {"id": "1", "label": "cat"}, "ns"),
        (str(tmp_path / "sub" / "b.jpg"), {"id": "2"}, "ns"),
        ("s3://b/c.jpg", {"id": "3", "label": "dog"}, "ns"),
    ]


def test_a_csv_with_a_byte_order_mark_and_quotes_is_read(tmp_path):
    file = tmp_path / "m.csv"
    file.write_bytes('\ufeffimage_path,label\r\n"/a, b.jpg","say ""hi"""\r\n'.encode())
    (one,), _ = read(file)
    assert (one.image_path, one.info) == ("/a, b.jpg", {"label": 'say "hi"'})


def test_a_bad_line_is_reported_with_its_number_and_its_neighbours_are_taken(tmp_path):
    file = tmp_path / "m.jsonl"
    file.write_text(
        '{"path": "/a.jpg"}\nnot json\n[1]\n{"label": "x"}\n{"path": 3}\n\n{"image_path": "/b.jpg", "n": NaN}\n{"path": "/c.jpg"}\n'
    )
    good, bad = read(file)
    assert [one.image_path for one in good] == ["/a.jpg", "/c.jpg"]
    assert [line.number for line in bad] == [2, 3, 4, 5, 7]
    assert all(isinstance(line.what, BadLine) for line in bad)


def test_a_csv_line_with_too_many_values_is_reported(tmp_path):
    file = tmp_path / "m.csv"
    file.write_text("path,label\n/a.jpg,x,y,z\n/b.jpg,x\n")
    good, bad = read(file)
    assert ([one.image_path for one in good], len(bad)) == (["/b.jpg"], 1)


def test_a_parquet_keeps_its_types_as_json(tmp_path):
    file = tmp_path / "m.parquet"
    rows = [{"path": "/a.jpg", "n": 1, "w": 0.5, "when": datetime.date(2026, 1, 2), "tags": ["x"]}, {"path": "/b.jpg", "n": 2}]
    pq.write_table(pa.Table.from_pylist(rows), file)
    good, bad = read(file)
    assert bad == []
    assert good[0].info == {"n": 1, "w": 0.5, "when": "2026-01-02", "tags": ["x"]}
    assert good[1].info == {"n": 2}


@pytest.mark.parametrize("name, text", [("m.csv", "a,b\n1,2\n"), ("m.csv", ""), ("m.parquet", "no parquet")])
def test_a_file_that_is_no_such_table_is_refused(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(BadManifest, match=name):
        read(file)


def test_a_column_that_is_no_text_spoils_its_line_only(tmp_path):
    file = tmp_path / "m.csv"
    file.write_bytes(b"path,label\n/a.jpg,caf\xe9\n/b\xff.jpg,x\n/c.jpg,y\n")
    good, bad = read(file)
    assert [one.image_path for one in good] == ["/c.jpg"]
    assert [(line.number, type(line.what)) for line in bad] == [(2, BadLine), (3, SourceInvalid)]


@pytest.mark.parametrize("path", ["ftp://x/a.jpg", "s3:///a", "/" + "x" * 5000, "/a\0b"])
def test_a_path_that_nothing_could_read_is_a_bad_line(tmp_path, path):
    file = tmp_path / "m.csv"
    file.write_text(f"path\n{path}\n/a.jpg\n")
    good, bad = read(file)
    assert [one.image_path for one in good] == ["/a.jpg"]
    assert [type(line.what) for line in bad] == [SourceInvalid]


@pytest.mark.parametrize(
    "info",
    [
        '{"a": 1e999}',
        '{"n": 99999999999999999999}',
        '{"t": "%s"}' % ("x" * 70_000),
        "[" * 20 + "]" * 20,
        # Deep enough for Python's own limit.
        "[" * 900 + "]" * 900,
        '{"d":' * 400 + "1" + "}" * 400,
        "[" * 100_000 + "]" * 100_000,
    ],
)
def test_info_that_no_store_takes_is_a_bad_line(tmp_path, info):
    file = tmp_path / "m.jsonl"
    file.write_text(f'{{"path": "/a.jpg", "more": {info}}}\n{{"path": "/b.jpg"}}\n')
    good, bad = read(file)
    assert ([one.image_path for one in good], [line.number for line in bad]) == (["/b.jpg"], [1])


def test_a_name_that_no_file_can_have_is_a_bad_line(tmp_path):
    file = tmp_path / "m.jsonl"
    file.write_text('{"path": "\\ud800/a.jpg"}\n{"path": "/b.jpg"}\n')
    good, bad = read(file)
    assert ([one.image_path for one in good], [type(line.what) for line in bad]) == (["/b.jpg"], [SourceInvalid])


@pytest.mark.parametrize("kind", [Table, ParquetTable])
def test_a_disk_that_fails_is_a_source_that_may_be_back(kind):
    # Linux: a file of which nobody can read the first bytes.
    manifest = replace(local_manifest(Path("/proc/self/mem"), "/"), size=1000)
    with pytest.raises(SourceUnavailable):
        list(kind(manifest, "ns").lines(START))


def test_a_quote_that_is_never_closed_spoils_what_it_swallows_and_no_more(tmp_path):
    file = tmp_path / "m.csv"
    file.write_text('path,label\n/a.jpg,x\n"/b.jpg,x\n' + "/c.jpg,yyyyyyyyyyyyyyy\n" * 20_000)
    good, bad = read(file)
    assert [line.number for line in bad] == [3]
    assert good[0].image_path == "/a.jpg"
    assert len(good) == 20_001


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl"])
def test_a_line_without_end_is_reported_and_takes_no_memory(tmp_path, name):
    file = tmp_path / name
    first, last = (
        ("path,label\n/a.jpg,x\n", "\n/b.jpg,y\n") if name == "m.csv" else ('{"path": "/a.jpg"}\n', '\n{"path": "/b.jpg"}\n')
    )
    file.write_text(first + "x" * (40 * MAX_LINE_BYTES) + last)
    tracemalloc.start()
    try:
        good, bad = read(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [one.image_path for one in good] == ["/a.jpg", "/b.jpg"]
    assert ["longer than 1 MiB" in line.what.detail for line in bad] == [True]
    assert peak < 16 * MAX_LINE_BYTES


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl", "m.parquet"])
def test_reading_goes_on_behind_what_was_read(tmp_path, name):
    file = tmp_path / name
    rows = [{"path": f"/{n}.jpg", "n": n} for n in range(50)]
    if name == "m.parquet":
        pq.write_table(pa.Table.from_pylist(rows), file, row_group_size=7)
    elif name == "m.csv":
        file.write_text("path,n\n" + "".join(f"/{n}.jpg,{n}\n\n" for n in range(50)))
    else:
        file.write_text("".join(f'{{"path": "/{n}.jpg", "n": {n}}}\n' for n in range(50)))
    whole = lines_of(file)
    for position in (0, 1, 6, 7, 8, 49, 50):
        assert lines_of(file, Cursor(position=position)) == whole[position:]


def test_a_parquet_says_how_many_rows_it_has_and_a_csv_is_estimated_by_its_bytes(tmp_path):
    pq.write_table(pa.Table.from_pylist([{"path": f"/{n}"} for n in range(30)]), tmp_path / "m.parquet")
    (tmp_path / "m.csv").write_text("path\n" + "".join(f"/{n:05}.jpg\n" for n in range(1000)))
    for name, exact, near in (("m.parquet", 30, 0), ("m.csv", 1000, 60)):
        reading = table(local_manifest(tmp_path / name, str(tmp_path)), "ns")
        assert reading.total(0) is None
        lines = reading.lines(Cursor())
        for _ in range(10):
            next(lines)
        assert abs(reading.total(10) - exact) <= near


def test_a_parquet_value_that_python_cannot_hold_spoils_its_row_only(tmp_path):
    times = pa.array([0, 2**60, 1], pa.timestamp("ms"))
    pq.write_table(pa.table({"path": ["/a", "/b", "/c"], "when": times}), tmp_path / "m.parquet")
    good, bad = read(tmp_path / "m.parquet")
    assert ([one.image_path for one in good], [line.number for line in bad]) == (["/a", "/c"], [2])


def test_a_parquet_that_breaks_off_gives_what_came_before(tmp_path):
    file = tmp_path / "m.parquet"
    pq.write_table(
        pa.table({"path": [f"/{n:06}" for n in range(5000)]}), file, row_group_size=1000, compression="none", use_dictionary=False
    )
    at = pq.ParquetFile(file).metadata.row_group(3).column(0).data_page_offset
    data = bytearray(file.read_bytes())
    data[at : at + 200] = b"\xff" * 200
    file.write_bytes(data)
    seen = []
    with pytest.raises(BadManifest):
        for line in table(local_manifest(file, str(tmp_path)), "ns").lines(Cursor()):
            seen.append(line)
    assert 2000 <= len(seen) <= 3000


READ_ALL = """
import resource, sys
from pathlib import Path
from imagesearch.imports.manifest import local_manifest
from imagesearch.imports.source import table
from imagesearch.types import Cursor
file, seen = Path(sys.argv[1]), 0
for seen, line in enumerate(table(local_manifest(file, str(file.parent)), "ns").lines(Cursor()), start=1):
    if seen == 10_000:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, seen)
"""


@pytest.mark.parametrize(("kind", "count"), [("csv", 1_000_000), ("jsonl", 200_000), ("parquet", 200_000)])
def test_a_million_lines_take_no_more_memory_than_ten_thousand(tmp_path, kind, count):
    file = tmp_path / f"m.{kind}"
    if kind == "parquet":
        # One row group, as some writers make it.
        pq.write_table(pa.table({"path": [f"/p/{n:07}.jpg" for n in range(count)], "id": range(count)}), file, row_group_size=count)
    else:
        line = "/p/{:07}.jpg,{}\n" if kind == "csv" else '{{"path": "/p/{:07}.jpg", "id": {}}}\n'
        with file.open("w") as out:
            out.write("path,id\n" if kind == "csv" else "")
            out.writelines(line.format(n, n) for n in range(count))
    done = subprocess.run([sys.executable, "-c", READ_ALL, file], capture_output=True, text=True, check=True, timeout=250)
    early, late, seen = map(int, done.stdout.split())
    assert seen == count
    assert late - early < 6 * 1024, "KiB"


def test_a_manifest_that_is_a_link_means_its_paths_from_where_it_was_named(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.csv").write_text("path\na.jpg\n../b.jpg\nsub/../c.jpg\n..\n")
    (tmp_path / "named").mkdir()
    manifest = local_manifest(tmp_path / "elsewhere" / "real.csv", str(tmp_path / "named"))
    paths = [line.what.image_path for line in table(manifest, "ns").lines(Cursor())]
    assert paths == [f"{tmp_path}/named/a.jpg", f"{tmp_path}/b.jpg", f"{tmp_path}/named/c.jpg", str(tmp_path)]

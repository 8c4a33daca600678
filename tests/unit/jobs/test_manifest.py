"""Pictures named by a table."""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imagesearch.errors import InputError
from imagesearch.types import AddRequest
from jobs.manifest import table


def read(path):
    lines = list(table(path, "ns"))
    return [one for one in lines if isinstance(one, AddRequest)], [one for one in lines if isinstance(one, InputError)]


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
    assert len(bad) == 5
    assert "line 2" in bad[0].detail


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
    with pytest.raises(InputError, match=name):
        read(file)


def test_a_csv_that_is_not_utf_8_is_refused(tmp_path):
    file = tmp_path / "m.csv"
    file.write_bytes(b"path\n/\xff.jpg\n")
    with pytest.raises(InputError, match="UTF-8"):
        read(file)

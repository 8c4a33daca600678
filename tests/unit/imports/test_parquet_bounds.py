"""Parquet files that are small and unfold to gigabytes: each is a fault of its import, within a bound of memory."""

import json
import subprocess
import sys

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imagesearch.imports.manifest import local_manifest
from imagesearch.imports.parquet_process import MAX_BYTES
from imagesearch.imports.source import table
from imagesearch.types import Cursor
from tests.fixtures.parquet_bombs import MIB, many_cells, one_cell, parquet

# In a process of its own, which tells its peak and that of the one that it starts: what came of the file, and the highest of both.
READ = """
import json, resource, sys
from pathlib import Path
from imagesearch.errors import ImageSearchError
from imagesearch.imports.manifest import local_manifest
from imagesearch.imports.source import table
from imagesearch.types import AddRequest, Cursor
file = Path(sys.argv[1])
said = {"good": 0, "bad": [], "code": None, "detail": ""}
try:
    for line in table(local_manifest(file, str(file.parent)), "ns").lines(Cursor()):
        if isinstance(line.what, AddRequest):
            said["good"] += 1
        else:
            said["bad"].append([line.number, line.what.code, line.what.detail])
except ImageSearchError as exc:
    said |= {"code": exc.code, "detail": exc.detail}
# Its own by /proc: what getrusage says of it began with the peak of the process that started it.
[own] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
said |= {"mib": int(own.split()[1]) // 1024, "child_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024}
print(json.dumps(said))
"""


def read(file):
    done = subprocess.run([sys.executable, "-c", READ, file], capture_output=True, text=True, check=True, timeout=250)
    said = json.loads(done.stdout)
    assert said["mib"] < 512
    assert said["child_mib"] < MAX_BYTES // MIB + 256
    return said


@pytest.fixture
def file(tmp_path):
    return tmp_path / "m.parquet"


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(many_cells(1900), id="a page that unfolds to nearly 2 GiB"),
        pytest.param(one_cell(1900), id="a single cell of nearly 2 GiB"),
        pytest.param(many_cells(1).claiming(2**31 - 1), id="a small page that says it were 2 GiB"),
    ],
)
def test_a_page_beyond_the_bound_breaks_the_import_off(file, page):
    file.write_bytes(parquet(page))
    assert file.stat().st_size < MIB
    said = read(file)
    assert (said["good"], said["code"]) == (0, "bad_manifest")
    assert "m.parquet takes more than 768 MiB" in said["detail"]


def test_a_page_that_unfolds_to_more_than_it_says_breaks_the_import_off(file):
    file.write_bytes(parquet(many_cells(1900).claiming(MIB)))
    said = read(file)
    assert (said["good"], said["code"]) == (0, "bad_manifest")


def test_a_cell_of_two_hundred_mebibytes_is_a_bad_line_and_its_neighbours_are_taken(file):
    file.write_bytes(parquet(one_cell(200)))
    said = read(file)
    assert (said["good"], said["code"]) == (2, None)
    assert said["bad"] == [[2, "bad_line", "longer than 1 MiB"]]


@pytest.mark.parametrize("kept", [True, False])
def test_a_long_text_that_a_million_rows_point_at_breaks_the_import_off(file, kept):
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 10**6, pa.int32()), pa.array(["x" * 2 * MIB]))
    # Read as the dictionary that it was, or as texts.
    pq.write_table(pa.table({"path": column}), file, store_schema=kept)
    assert file.stat().st_size < 4 * MIB
    said = read(file)
    assert said["code"] == "bad_manifest" or {code for _, code, _ in said["bad"]} == {"bad_line"}
    assert said["good"] == 0


def test_a_list_of_nothings_without_end_is_a_bad_line_or_breaks_the_import_off(file):
    nothings = pa.ListArray.from_arrays(pa.array([0, 2**23], pa.int32()), pa.nulls(2**23))
    pq.write_table(pa.table({"path": ["/a"], "what": nothings}), file)
    assert file.stat().st_size < MIB
    said = read(file)
    assert (said["good"], said["code"] == "bad_manifest" or bool(said["bad"])) == (0, True)


def test_a_footer_that_says_it_were_gigabytes_breaks_the_import_off(file):
    with file.open("wb") as out:
        out.write(b"PAR1")
        # Holes: it takes nothing of the disk.
        out.seek(3 * 2**30)
        out.write((2 * 2**30).to_bytes(4, "little") + b"PAR1")
    said = read(file)
    assert said["code"] == "bad_manifest"


def test_a_hundred_thousand_rows_are_read_within_the_bound(file):
    rows = range(100_000)
    texts = {"path": [f"/p/{n:06}.jpg" for n in rows], "caption": [f"{n} " + "word " * 40 for n in rows]}
    pq.write_table(pa.table(texts), file, row_group_size=50_000)
    said = read(file)
    assert (said["good"], said["bad"], said["code"]) == (100_000, [], None)
    # Of what reading may take, an ordinary file needs little.
    assert said["child_mib"] < 400


def test_no_process_is_left_when_the_reading_is_given_up(file):
    pq.write_table(pa.table({"path": [f"/{n}" for n in range(50_000)]}), file)
    lines = table(local_manifest(file, str(file.parent)), "ns").lines(Cursor())
    next(lines)
    assert children()
    lines.close()
    assert not children()


def children():
    """This process's own that unfold Parquet files."""
    return [child for child in psutil.Process().children() if any("parquet_process" in word for word in child.cmdline())]

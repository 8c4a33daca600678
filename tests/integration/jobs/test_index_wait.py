"""A load ends when what it wrote is in the index."""

import re

import pytest


@pytest.mark.timeout(300)
def test_a_load_says_done_once_every_vector_is_in_the_index(collection):
    collection.add(100)
    job = collection.job()
    assert job.report()["loaded"] == 100
    progress = collection.stores.index.progress()
    assert (progress.waiting, progress.built) == (0, True)
    assert re.search(r"the index is built, \d+\.\d s after the last row", job.log)
    # Nothing was written: nothing is waited for.
    collection.add(0)
    again = collection.job()
    assert again.report()["read"] == 0
    assert "the index is built" not in again.log


@pytest.mark.timeout(300)
def test_a_load_that_is_not_to_wait_leaves_the_last_vectors_where_they_are(collection):
    collection.add(100)
    job = collection.job(LOAD__INDEX_WAIT_S="0")
    assert job.report()["loaded"] == 100
    assert "the index is built" not in job.log
    assert collection.stores.index.progress().waiting > 0

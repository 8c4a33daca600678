"""Learned joins, on SQLite and on MariaDB."""

from datetime import UTC, datetime

from imagesearch.join import load_join, read_join, written
from imagesearch.stores.sql.joins import Joins
from imagesearch.types import LearnedJoin

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def test_the_newest_of_a_collection_is_told_with_its_version(database):
    joins = Joins(database)
    assert joins.newest("a") is None
    document = written(load_join())
    assert joins.add("a", LearnedJoin("{}", 20, 0.5, NOW)) == 1
    assert joins.add("b", LearnedJoin("{}", 20, 0.5, NOW)) == 1
    assert joins.add("a", LearnedJoin(document, 30, 0.25, NOW)) == 2
    assert joins.newest("a") == LearnedJoin(document, 30, 0.25, NOW, 2)
    assert (read_join(joins.newest("a").document).weights == load_join().weights).all()
    assert joins.newest("b").version == 1

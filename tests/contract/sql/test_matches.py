"""Filters on SQLite and on MariaDB: whatever was said of pictures and whatever is asked, SQL answers as Python would."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.sections import SqlSettings
from imagesearch.errors import InputError
from imagesearch.filters import compile_filter
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.catalog import Catalog
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.matches import Matches, _matching
from imagesearch.stores.sql.migrate import migrate
from imagesearch.stores.sql.verdicts import Found
from imagesearch.types import AddRequest, PictureFacts

NUMBERS = itertools.count()
HOSTILE = [
    "'",
    '"',
    "\\",
    "\\'",
    "%",
    "_",
    "a%",
    "\0",
    "\0a",
    "a",
    "a ",
    " a",
    "A",
    "ä",
    "日本",
    "🖼",
    "'; DROP TABLE image_info; --",
    "",
]
TEXTS = st.sampled_from([*HOSTILE, "x" * 511, "x" * 510 + "y", "1", "true", "0.1"])
LONG_TEXTS = st.sampled_from(["x" * 512, "x" * 511 + "y", "x" * 10_000, "日" * 300])
NUMERIC = st.sampled_from([0, -0.0, 0.0, 1, 1.0, -1, 0.1, 2**53, 2**53 + 1, 2.0**53, 2**63 - 1, 2.0**63, 1 - 2**63, 1e308, -5e-324])
VALUES = st.booleans() | NUMERIC | TEXTS
KEYS = st.sampled_from(["a", "a ", "A", "b", "'", "create time", "\0", "ключ"])
INFOS = st.dictionaries(KEYS, VALUES | LONG_TEXTS | st.none() | st.just(["a"]) | st.just({"a": "a"}), max_size=4)
SORTABLE = NUMERIC | TEXTS
TESTS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("eq", "ne"), VALUES)
    | dict.fromkeys(("gt", "gte", "lt", "lte"), SORTABLE)
    | {"in": st.lists(VALUES, max_size=3)},
).filter(bool)
FILTERS = st.dictionaries(KEYS, VALUES | TESTS, max_size=3)


def load(database, said, namespace, keys=()):
    """Load one picture for each list of infos, with a source for each of its infos; return their ids."""
    ledger = Ledger(database, keys)
    facts = [PictureFacts(f"{next(NUMBERS):064d}", 1, 1, "png", 1, "0" * 64) for _ in said]
    known = ledger.intern([(namespace, one) for one in facts])
    ids = [known[namespace, one.content_hash].milvus_id for one in facts]
    pairs = [(milvus_id, info) for milvus_id, infos in zip(ids, said, strict=True) for info in infos]
    rows = AddLog(database).append([AddRequest("/p", info, namespace) for _, info in pairs])
    ledger.commit([Found(row, milvus_id, True) for row, (milvus_id, _) in zip(rows, pairs, strict=True)], [], 5)
    return ids


def found(database, namespace, wanted, page=1000):
    return [one for ids in Matches(database).walk(namespace, compile_filter(wanted), page) for one in ids]


def kind(value):
    return (
        "bool"
        if isinstance(value, bool)
        else "text"
        if isinstance(value, str)
        else "number"
        if isinstance(value, int | float)
        else None
    )


def same(value, other):
    return kind(value) == kind(other) and value == other


OPERATORS = {
    "eq": same,
    "ne": lambda value, other: not same(value, other),
    "in": lambda value, others: any(same(value, one) for one in others),
    "gt": lambda value, other: kind(value) == kind(other) and value > other,
    "gte": lambda value, other: kind(value) == kind(other) and value >= other,
    "lt": lambda value, other: kind(value) == kind(other) and value < other,
    "lte": lambda value, other: kind(value) == kind(other) and value <= other,
}


def holds(value, test):
    """What a filter says of one value, written down without a thought of SQL."""
    tests = test if isinstance(test, dict) else {"eq": test}
    return kind(value) is not None and all(OPERATORS[name](value, other) for name, other in tests.items())


def matches(infos, wanted):
    return bool(infos) and any(all(holds(info.get(key), test) for key, test in wanted.items()) for info in infos)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(INFOS, min_size=1, max_size=3), min_size=1, max_size=8), st.lists(FILTERS, min_size=1, max_size=8))
def test_sql_finds_what_python_finds(database, said, filters):
    namespace = f"n{next(NUMBERS)}"
    ids = load(database, said, namespace)
    for wanted in filters:
        expected = [milvus_id for milvus_id, infos in zip(ids, said, strict=True) if matches(infos, wanted)]
        assert found(database, namespace, wanted) == expected, wanted
        confirmed = Matches(database).confirm(ids, compile_filter(wanted))
        assert confirmed.searchable == set(ids)
        assert confirmed.matching == set(expected), wanted


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 511])
def test_a_strange_text_is_found_by_itself_alone(database, text):
    said = [[{"label": one, one: True}] for one in (*HOSTILE, "x" * 511, "x" * 512)]
    ids = dict(zip((*HOSTILE, "x" * 511, "x" * 512), load(database, said, "n"), strict=True))
    assert found(database, "n", {"label": text}) == [ids[text]]
    assert found(database, "n", {"label": {"in": [text]}}) == [ids[text]]
    if len(text) < 100:
        assert found(database, "n", {text: True}) == [ids[text]]


def test_all_conditions_hold_for_one_and_the_same_source(database):
    split, whole = load(database, [[{"label": "cat", "size": 1}, {"label": "dog", "size": 2}], [{"label": "cat", "size": 2}]], "n")
    assert found(database, "n", {"label": "cat", "size": 2}) == [whole]
    assert found(database, "n", {"label": "cat"}) == [split, whole]
    assert Matches(database).confirm([split, whole], compile_filter({"label": "cat", "size": 2})).matching == {whole}


def test_values_of_other_types_differ_and_are_neither_more_nor_less(database):
    values = [True, False, -1, 0, 1, 2**53, 2**53 + 1, 2.0**53, "", "1", "true"]
    ids = dict(zip(map(repr, values), load(database, [[{"v": value}] for value in values], "n"), strict=True))
    for wanted, expected in {
        '{"gt": 0}': [1, 2**53, 2**53 + 1, 2.0**53],
        '{"lte": 0}': [-1, 0],
        '{"gte": ""}': ["", "1", "true"],
        '{"lt": "a"}': ["", "1"],
        "1": [1],
        '"1"': ["1"],
        "true": [True],
        "9007199254740993": [2**53 + 1],
        "9007199254740992": [2**53, 2.0**53],
        '{"ne": 1}': [value for value in values if value is True or value != 1],
    }.items():
        assert found(database, "n", {"v": json.loads(wanted)}) == sorted(ids[repr(value)] for value in expected), wanted


def test_a_missing_key_meets_no_condition_and_null_is_missing(database):
    there, _, _ = load(database, [[{"label": "cat"}], [{}], [{"label": None}]], "n")
    assert found(database, "n", {"label": {"ne": "dog"}}) == [there]
    assert found(database, "n", {"label": {"ne": 1}}) == [there]


def test_create_time_is_the_pictures_to_the_microsecond(database):
    ids = load(database, [[{"n": n}] for n in range(3)], "n")
    later = load(database, [[{"n": 0}]], "n")
    times = {one: Catalog(database).get(one).create_time for one in ids + later}
    first, last = times[ids[0]], times[later[0]]
    assert first < last
    for op, expected in {"eq": later, "ne": ids, "gt": [], "gte": later, "lt": ids, "lte": ids + later}.items():
        wanted = {"create_time": {op: last.isoformat()}}
        assert found(database, "n", wanted) == expected
        assert Matches(database).confirm(times, compile_filter(wanted)).matching == set(expected)
    between = {"gt": (first - timedelta(microseconds=1)).isoformat(), "lt": last.isoformat()}
    assert found(database, "n", {"create_time": between, "n": {"gte": 1}}) == ids[1:]
    assert found(database, "n", {"create_time": {"in": [first.isoformat()]}, "n": 0}) == ids[:1]


def test_namespaces_and_pictures_that_are_not_searchable_are_left_out(database):
    one, hidden = load(database, [[{"label": "cat"}]] * 2, "n")
    load(database, [[{"label": "cat"}]], "m")
    with database.write() as connection:
        connection.exec_driver_sql(f"UPDATE image_info SET state = 'deleted' WHERE milvus_id = {hidden}")
    assert found(database, "n", {"label": "cat"}) == [one]
    confirmed = Matches(database).confirm([one, hidden, 10**12], compile_filter({"label": "cat"}))
    assert (confirmed.searchable, confirmed.matching) == ({one}, {one})
    assert found(database, "nobody", {"label": "cat"}) == []


def test_a_walk_leaves_none_out_whatever_its_pages_and_windows(database, monkeypatch):
    said = [[{"n": n, "even": n % 2 == 0}, {"n": n, "even": n % 2 == 0}] for n in range(50)]
    ids = load(database, said, "n")
    for window, page in ((1, 1), (3, 2), (7, 100), (1000, 7)):
        monkeypatch.setattr("imagesearch.stores.sql.matches.WINDOW", window)
        assert found(database, "n", {"even": True}, page) == ids[::2]
        assert found(database, "n", {}, page) == ids
        assert all(len(part) <= page for part in Matches(database).walk("n", compile_filter({"n": {"gte": 0}}), page))


@pytest.mark.parametrize(
    ("wanted", "by"),
    [
        ({"label": {"ne": "x"}}, "(namespace=? AND name=?)"),
        ({"label": {"in": ["x", "y"]}}, "value=? AND milvus_id>?"),
        ({"n": {"gt": 1}, "label": "x"}, "value=? AND milvus_id>?"),
    ],
)
def test_sqlite_reads_what_was_said_before_the_pictures_and_named_values_first(tmp_path, wanted, by):
    settings = SqlSettings(url=f"sqlite:///{tmp_path}/plan.db")
    migrate(settings)
    database = Database(settings)
    query = _matching("n", compile_filter(wanted), 0, 10**6).compile(database.engine, compile_kwargs={"render_postcompile": True})
    with database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", tuple(query.params[key] for key in query.positiontup))
        first = plan.all()[0].detail
    database.close()
    # Without its statistics it has begun with the pictures, and read all that has the key anew for each: minutes.
    assert first.startswith("SEARCH said_0 USING COVERING INDEX") and by in first


def test_thousands_of_ids_are_confirmed_in_parts(database):
    ids = load(database, [[{"n": n}] for n in range(2500)], "n")
    assert Matches(database).confirm(ids, compile_filter({"n": {"lt": 1200}})).matching == set(ids[:1200])


def test_a_key_that_is_not_kept_is_refused_by_name_and_leaves_no_row(database):
    load(database, [[{"label": "cat", "size": 1}]], "n", keys=("label",))
    matches = Matches(database, ("label",))
    matches.check(compile_filter({"label": "cat", "create_time": {"gt": 0}}))
    with pytest.raises(InputError, match="size: not among the keys"):
        matches.check(compile_filter({"label": "cat", "size": 1}))
    assert found(database, "n", {"size": 1}) == []


def test_as_many_conditions_as_are_allowed_are_answered(database):
    info = {f"k{n}": n for n in range(16)}
    (one, *_) = load(database, [[info], [{**info, "k7": 0}]], "n")
    assert found(database, "n", info) == [one]
    assert Matches(database).confirm([one, one + 1], compile_filter(info)).matching == {one}

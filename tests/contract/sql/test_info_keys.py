"""The keys of info that filters can be built of, on SQLite and on MariaDB."""

from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.info_keys import MAX_KEYS, MAX_VALUES, InfoKeys
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.verdicts import Found
from imagesearch.types import AddRequest, InfoKey, PictureFacts


def load(database, *infos):
    """Load one picture with a source for each info."""
    ledger = Ledger(database)
    (one,) = ledger.intern([("default", PictureFacts("a" * 64, 1, 1, "png", 1, "0" * 64))]).values()
    rows = AddLog(database).append([AddRequest("/p", info) for info in infos])
    ledger.commit([Found(row, one.milvus_id, True) for row in rows], [], 5)


def test_each_key_has_all_kinds_of_its_values_and_its_texts(database):
    load(database, {"a": 1, "b": "x"}, {"a": True, "b": "ü"}, {"a": "one"})
    assert InfoKeys(database).of("default") == [
        InfoKey("a", ("boolean", "number", "text"), ("one",)),
        InfoKey("b", ("text",), ("x", "ü")),
    ]
    assert InfoKeys(database).of("other") == []


def test_more_texts_than_people_choose_from_are_not_named(database):
    load(database, *({"few": f"{n % MAX_VALUES:02}", "many": f"{n:02}"} for n in range(MAX_VALUES + 1)))
    few, many = InfoKeys(database).of("default")
    assert few.values == tuple(f"{n:02}" for n in range(MAX_VALUES))
    assert (many.kinds, many.values) == (("text",), ())


def test_a_text_that_is_kept_cut_is_not_named(database):
    load(database, {"long": "x" * 600}, {"long": "a"})
    assert InfoKeys(database).of("default") == [InfoKey("long", ("text",), ())]


def test_no_more_keys_than_people_choose_from(database):
    load(database, *({f"{n:03}-{part}": n for n in range(40)} for part in "ab"))
    assert len(InfoKeys(database).of("default")) == MAX_KEYS

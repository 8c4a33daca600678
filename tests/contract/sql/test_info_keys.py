"""The keys of info that filters can be built of, on SQLite and on MariaDB."""

from sqlalchemy import event

from config.sections import SqlSettings
from imagesearch.filters import MAX_KEY_BYTES
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.info_keys import MAX_KEYS, MAX_VALUES, InfoKeys
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.migrate import migrate
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


def test_a_name_of_the_greatest_length_and_the_empty_text_are_keys_like_others(database):
    names = ["k" * (MAX_KEY_BYTES - 1) + end for end in "xy"]
    load(database, {names[0]: 1, names[1]: ""})
    assert InfoKeys(database).of("default") == [InfoKey(names[0], ("number",), ()), InfoKey(names[1], ("text",), ())]


def test_however_many_keys_and_pictures_there_are_a_bounded_number_of_statements_is_asked(database):
    asked = []
    load(database, *({f"{key:02}": f"{n:02}" for key in range(MAX_KEYS)} for n in range(MAX_VALUES + 1)))
    event.listen(database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    keys = InfoKeys(database).of("default")
    assert [key.kinds for key in keys] == [("text",)] * MAX_KEYS
    # Another step is one key further, and one text further with all keys that are known by then.
    assert len(asked) <= MAX_KEYS + MAX_VALUES + 1


def test_mariadb_walks_through_no_rows_from_one_key_or_text_to_the_next(mariadb, mariadb_database):
    def rows_walked():
        ((_, walked),) = mariadb.execute("SHOW GLOBAL STATUS LIKE 'Handler_read_next'")
        return int(walked)

    settings = SqlSettings(url=mariadb_database)
    migrate(settings)
    database = Database(settings)
    load(database, *({"label": f"{n % 3}", "number": n} for n in range(400)))
    before = rows_walked()
    assert [key.values for key in InfoKeys(database).of("default")] == [("0", "1", "2"), ()]
    database.close()
    assert rows_walked() - before < 40

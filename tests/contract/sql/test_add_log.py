"""The add-log on SQLite and on MariaDB."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from imagesearch.errors import IdempotencyConflict, StoreUnavailable, UnknownLog
from imagesearch.types import AddRequest, LogState


def test_rows_come_back_in_the_order_of_the_requests(add_log):
    rows = add_log.append([AddRequest(f"/p/{n}.png", {"n": n}) for n in range(50)])
    assert [row.image_path for row in rows] == [f"/p/{n}.png" for n in range(50)]
    for row in rows:
        assert add_log.get(row.log_id) == row


def test_a_thousand_rows_with_and_without_keys_keep_their_order(add_log):
    requests = [AddRequest(f"/p/{n}", idempotency_key=f"k{n}" if n % 3 else None) for n in range(1000)]
    rows = add_log.append(requests)
    assert [row.image_path for row in rows] == [request.image_path for request in requests]
    assert len({row.log_id for row in rows}) == 1000
    for n in (0, 1, 500, 999):
        assert add_log.get(rows[n].log_id).image_path == f"/p/{n}"


def test_no_requests_are_no_rows(add_log):
    assert add_log.append([]) == []


def test_the_same_key_again_is_the_same_row(add_log):
    first = add_log.append([AddRequest("/a", {"x": 1, "y": 2}, idempotency_key="k")])
    again = add_log.append([AddRequest("/a", {"y": 2, "x": 1}, idempotency_key="k")])
    assert again == first


def test_a_key_used_for_another_request_is_a_conflict_and_its_neighbours_are_added(add_log):
    add_log.append([AddRequest("/a", idempotency_key="k")])
    conflict, good = add_log.append([AddRequest("/b", idempotency_key="k"), AddRequest("/c")])
    assert isinstance(conflict, IdempotencyConflict)
    assert good.image_path == "/c"


def test_the_same_key_twice_in_one_call_is_one_row(add_log):
    first, second = add_log.append([AddRequest("/a", idempotency_key="k")] * 2)
    assert first.log_id == second.log_id


def test_keys_of_two_namespaces_and_of_two_cases_do_not_meet(add_log):
    rows = add_log.append(
        [
            AddRequest("/a", idempotency_key="key"),
            AddRequest("/b", idempotency_key="KEY"),
            AddRequest("/c", namespace="other", idempotency_key="key"),
        ]
    )
    assert len({row.log_id for row in rows}) == 3


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE image_add_log; --",
        '" OR 1=1',
        "back\\slash\\",
        "per%cent %s %(x)s",
        ":name",
        "Grüße 日本 🖼️",
        "line\nbreak\ttab",
    ],
)
def test_quotes_and_strange_characters_are_kept_as_they_are(add_log, text):
    (row,) = add_log.append([AddRequest(f"/{text}", {text: [text, {"deep": text}]}, idempotency_key="k" + text[:5])])
    kept = add_log.get(row.log_id)
    assert kept.image_path == f"/{text}"
    assert kept.info == {text: [text, {"deep": text}]}


def test_an_unknown_log_id_is_said_to_be_so(add_log):
    with pytest.raises(UnknownLog):
        add_log.get(2**63 - 1)


def test_times_come_back_in_utc_to_the_microsecond(add_log):
    before = datetime.now(UTC)
    (row,) = add_log.append([AddRequest("/a")])
    kept = add_log.get(row.log_id).create_time
    assert kept == row.create_time
    assert before <= kept <= before + timedelta(minutes=1)


def test_the_backlog_counts_what_waits(add_log):
    assert add_log.backlog().oldest_pending_s is None
    add_log.append([AddRequest("/a"), AddRequest("/b")])
    backlog = add_log.backlog()
    assert (backlog.pending, backlog.failed) == (2, 0)
    assert backlog.oldest_pending_s >= 0


def test_many_writers_at_once_lose_nothing_and_double_no_key(add_log):
    def write(worker):
        return add_log.append(
            [AddRequest(f"/{worker}/{n}", idempotency_key=f"shared{n}" if n % 2 else None) for n in range(0, 20, 2)]
            + [AddRequest("/same", idempotency_key=f"k{n}") for n in range(20)]
        )

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(write, range(8)))
    keyed = [[row.log_id for row in rows[10:]] for rows in answers]
    assert all(ids == keyed[0] for ids in keyed)
    assert len({row.log_id for rows in answers for row in rows[:10]}) == 80
    assert all(row.state is LogState.PENDING for rows in answers for row in rows)


def test_a_database_that_is_away_is_named(sql_settings, tmp_path):
    from imagesearch.stores.sql.database import Database

    away = (
        "sqlite:////proc/nowhere/x.db" if "sqlite" in sql_settings.url.get_secret_value() else "mysql+pymysql://u:p@127.0.0.1:1/x"
    )
    if away.startswith("sqlite"):
        file = tmp_path / "folder.db"
        file.mkdir()
        away = f"sqlite:///{file}"
    database = Database(sql_settings.model_copy(update={"url": type(sql_settings.url)(away)}))
    with pytest.raises(StoreUnavailable) as caught:
        database.ping()
    assert caught.value.data["store"] == "sql"
    database.close()

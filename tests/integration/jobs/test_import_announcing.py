"""What an import adds is announced batch by batch, and never at the cost of the import."""

import pytest

from config.settings import Settings
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.migrate import migrate
from imagesearch.stores.sql.waiting import Waiting
from jobs.import_manifest import import_source
from tests.e2e.conftest import drawing
from tests.fixtures.kafka import listen_until


@pytest.fixture
def settings(tmp_path, kafka, kafka_topic):
    settings = Settings(
        profile="test",
        sql={"url": f"sqlite:///{tmp_path}/a.db"},
        milvus={"uri": "http://127.0.0.1:1"},
        blobs={"uri": str(tmp_path / "blobs")},
        imports={"batch_rows": 10},
        stream=kafka.settings(kafka_topic),
    )
    migrate(settings.sql)
    return settings


@pytest.fixture
def waiting(settings):
    database = Database(settings.sql)
    yield Waiting(database)
    database.close()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for n in range(35):
        (folder / f"{n}.png").write_bytes(drawing(f"announced-{n}"))
    return folder


def test_each_row_of_an_import_is_announced_once_and_what_is_known_is_not_announced_again(settings, waiting, folder, member):
    one = member()
    assert import_source(settings, str(folder)).added == 35
    first = waiting.fresh(0, None, 100)
    assert len(first) == 35
    listen_until(lambda: len(one.ids) >= 35, one)
    (folder / "more.png").write_bytes(drawing("announced-more"))
    assert import_source(settings, str(folder)).added == 1
    listen_until(lambda: len(one.ids) >= 36, one)
    one.listen(0.5)
    assert sorted(one.ids) == waiting.fresh(0, None, 100)


def test_an_import_ends_well_while_the_broker_is_down(settings, waiting, folder, kafka):
    hasty = settings.model_copy(update={"stream": settings.stream.model_copy(update={"close_s": 0.1})})
    kafka.stop()
    try:
        assert import_source(hasty, str(folder)).added == 35
    finally:
        kafka.start()
    assert len(waiting.fresh(0, None, 100)) == 35

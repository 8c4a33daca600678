"""The join is learned on a collection's own pictures: SQLite, vectors on Milvus Lite, the model `tiny`."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from cli.commands.calibrate import Wanted, run
from cli.console import Output
from config.settings import Settings
from imagesearch.errors import InputError
from imagesearch.join import Join, load_join, read_join, written
from imagesearch.stores.factory import open_stores
from imagesearch.types import LearnedJoin
from jobs.learning.in_force import in_force
from jobs.learning.learn import learn
from tests.fixtures.discs import discs

PICTURES = 18


@pytest.fixture
def settings(tmp_path, milvus_lite_uri):
    return Settings(
        sql={"url": f"sqlite:///{tmp_path}/a.db"},
        milvus={"uri": milvus_lite_uri, "hash_index": "FLAT"},
        blobs={"uri": str(tmp_path / "blobs")},
        model={"name": "tiny"},
        sources={"roots": [str(tmp_path)]},
    )


@pytest.fixture
def filled(settings, tmp_path):
    with discs(settings, tmp_path, PICTURES) as paths:
        yield paths


@pytest.fixture
def stores(settings, filled):
    stores = open_stores(settings)
    yield stores
    stores.close()


# Every copy of discs, which have no features to go by, is looked for in all ways.
@pytest.mark.timeout(900)
def test_what_is_better_on_other_pictures_is_kept_and_what_is_not_is_not(settings, stores, filled, capsys):
    collection = stores.fingerprint.collection
    assert (in_force(stores).weights == load_join().weights).all()
    # One that knows nothing: each class is as likely, whatever is seen.
    ignorant = Join(np.zeros_like(load_join().weights), np.zeros(4))
    stores.joins.add(collection, LearnedJoin(written(ignorant), 1, 1.0, datetime.now(UTC)))
    said = []
    filled[0].unlink()
    outcome = learn(settings, "default", 100, 0, lambda *done: said.append(done))
    assert outcome.version == 2
    assert outcome.unread == {"source_not_found": 1}
    assert outcome.pictures + outcome.judged == PICTURES - 1
    assert said[-1] == (PICTURES, PICTURES)
    assert outcome.in_force.loss == pytest.approx(np.log(4))
    assert outcome.learned.loss < 0.5
    assert outcome.learned.queries == 60 * outcome.judged
    assert outcome.learned.joined >= outcome.learned.embedding
    assert outcome.learned.false < 0.05
    kept = stores.joins.newest(collection)
    assert (kept.version, kept.pictures, kept.loss) == (2, outcome.judged, outcome.learned.loss)
    assert (read_join(kept.document).weights == in_force(stores).weights).all()
    # The same pictures teach the same: no better than what is in force.
    wanted = Wanted(index=True, join=True, queries=5, top_k=5, sample=100, seed=0, namespace="default")
    assert run(settings, Output(as_json=True), wanted) == 0
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"join"' in line]
    assert line["join"]["version"] is None
    assert line["join"]["in_force"] == line["join"]["learned"]
    assert stores.joins.newest(collection).version == 2


def test_too_few_pictures_teach_nothing(settings, stores):
    with pytest.raises(InputError, match="at least"):
        learn(settings, "default", 9, 0, lambda *_: None)
    with pytest.raises(InputError, match="0 pictures"):
        learn(settings, "empty", 9, 0, lambda *_: None)
    assert stores.joins.newest(stores.fingerprint.collection) is None

"""`imagesearch doctor`: a finding a line, each with what to do."""

import json

import numpy as np

from cli.checks import machine, stores
from cli.commands.doctor import CHECKS
from cli.finding import State, asked
from imagesearch.errors import StoreUnavailable
from imagesearch.images.s3 import S3
from imagesearch.models.load import fingerprint_of
from imagesearch.stores.milvus.index import MilvusIndex
from imagesearch.types import IndexRow


def test_a_question_is_timed_and_its_error_becomes_the_state_that_it_deserves():
    def fails():
        raise StoreUnavailable("away", store="redis")

    good = asked("sql", lambda: "answers", "look")
    assert (good.state, good.words, good.advice) == (State.OK, "answers", "")
    assert good.ms is not None
    ill = asked("redis", fails, "look", otherwise=State.WARN)
    assert (ill.state, ill.words, ill.advice) == (State.WARN, "away", "look")


def test_each_check_is_one_line_of_json(run):
    result = run("doctor", "--json")
    assert result.exit_code == 3
    findings = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(findings) == len(CHECKS)
    assert all(set(one) == {"name", "state", "words", "advice", "ms"} for one in findings)
    states = {one["name"]: one["state"] for one in findings}
    assert {name for name, state in states.items() if state == "fail"} == {"schema", "milvus", "vectors", "ray", "service"}
    assert states["redis"] == "warn"
    assert all(one["advice"] for one in findings if one["state"] != "ok")


def test_people_read_what_to_do_below_what_is_ill(run):
    shown = run("doctor").stdout
    assert "fail milvus" in shown
    assert "-> run `imagesearch up`" in shown


def test_a_database_that_is_migrated_is_well(migrated):
    assert stores.schema(migrated).state is State.OK


def test_a_full_disk_fails(settings, monkeypatch):
    monkeypatch.setattr(machine, "DISK_FAIL", 2**80)
    finding = machine.disk(settings)
    assert finding.state is State.FAIL
    assert "IMAGESEARCH_HOME" in finding.advice


def test_too_many_vectors_for_milvus_lite_are_told(settings, milvus_lite_uri, monkeypatch):
    settings = settings.model_copy(update={"milvus": settings.milvus.model_copy(update={"uri": milvus_lite_uri})})
    fingerprint, _ = fingerprint_of(settings.model, S3(settings.s3))
    index = MilvusIndex(settings.milvus, fingerprint)
    vectors = np.eye(2, fingerprint.dim, dtype=np.float32)
    index.upsert([IndexRow(1, "default", 0), IndexRow(2, "default", 0)], vectors)
    held = index.count()
    index.close()
    well = stores.vectors(settings)
    assert (well.state, well.words) == (State.OK, f"{held:,} in {fingerprint.collection}")
    monkeypatch.setattr(stores, "LITE_LIMIT", 1)
    ill = stores.vectors(settings)
    assert ill.state is State.WARN
    assert "IMAGESEARCH_MILVUS__URI" in ill.advice


def test_a_stream_is_asked_where_there_is_one(settings, kafka, kafka_topic):
    assert stores.stream(settings).state is State.OK
    well = stores.stream(settings.model_copy(update={"stream": kafka.settings(kafka_topic)}))
    assert (well.state, kafka_topic in well.words) == (State.OK, True)
    nowhere = kafka.settings(kafka_topic, servers=("127.0.0.1:1",), timeout_s=0.5)
    ill = stores.stream(settings.model_copy(update={"stream": nowhere}))
    assert ill.state is State.WARN
    assert "IMAGESEARCH_STREAM__SERVERS" in ill.advice

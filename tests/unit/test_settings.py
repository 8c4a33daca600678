"""Settings: read once, frozen, and wrong ones named."""

import pytest
from pydantic import ValidationError

from config import load_settings
from imagesearch.errors import ConfigError


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    import os

    for name in [name for name in os.environ if name.startswith("IMAGESEARCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("IMAGESEARCH_HOME", str(tmp_path))


def test_the_local_profile_needs_nothing_and_keeps_all_below_home(tmp_path):
    settings = load_settings()
    assert settings.sql.url.get_secret_value() == f"sqlite:///{tmp_path}/data/imagesearch.db"
    assert settings.blobs.uri == f"{tmp_path}/data/blobs"
    assert settings.http.host == "127.0.0.1"


def test_a_variable_wins_over_the_stacks_record_and_that_over_the_profile(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "settings.yaml").write_text("http: {port: 8111}\nmilvus: {uri: 'http://127.0.0.1:1'}\n")
    monkeypatch.setenv("IMAGESEARCH_MILVUS__URI", "http://127.0.0.1:2")
    settings = load_settings()
    assert (settings.http.port, settings.milvus.uri) == (8111, "http://127.0.0.1:2")


def test_what_the_cluster_profile_lacks_is_named_with_its_variable(monkeypatch):
    with pytest.raises(ConfigError, match=r"sql\.url \(IMAGESEARCH_SQL__URL\)"):
        load_settings("cluster")


def test_a_slip_of_the_pen_and_a_wrong_value_are_named_without_the_value(monkeypatch):
    monkeypatch.setenv("IMAGESEARCH_HTTP__PORT", "secret-like")
    monkeypatch.setenv("IMAGESEARCH_LOAD__BATCH_ROW", "3")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert "http.port" in caught.value.detail
    assert "load.batch_row" in caught.value.detail
    assert "secret-like" not in caught.value.detail


def test_a_profile_may_be_a_file_and_is_handed_on_by_its_whole_path(tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text("sql: {url: 'sqlite:///x.db'}\nmilvus: {uri: 'http://h'}\nblobs: {uri: '/b'}\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings("mine.yaml").profile == str(tmp_path / "mine.yaml")


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "\x00"])
def test_a_profile_that_is_no_mapping_is_refused_by_name(tmp_path, text):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"bad\.yaml"):
        load_settings(str(tmp_path / "bad.yaml"))


def test_a_profile_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        load_settings("nowhere")


def test_settings_are_frozen_and_passwords_do_not_show():
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.http = None
    assert "imagesearch.db" not in repr(settings)


def test_how_a_model_is_fed_is_its_own_affair_unless_set_within_bounds(monkeypatch):
    model = load_settings().model
    assert (model.pooling, model.resize, model.input_size) == (None, None, None)
    for name, value in (("POOLING", "avg"), ("RESIZE", "crop"), ("INPUT_SIZE", "160")):
        monkeypatch.setenv(f"IMAGESEARCH_MODEL__{name}", value)
    model = load_settings().model
    assert (model.pooling, model.resize, model.input_size) == ("avg", "crop", 160)
    for name, value in (("POOLING", "max"), ("RESIZE", "pad"), ("INPUT_SIZE", "31"), ("INPUT_SIZE", "1025")):
        with monkeypatch.context() as wrong:
            wrong.setenv(f"IMAGESEARCH_MODEL__{name}", value)
            with pytest.raises(ConfigError, match=rf"model\.{name.lower()}"):
                load_settings()


def test_a_stream_needs_servers_and_takes_its_options_as_json(monkeypatch):
    monkeypatch.setenv("IMAGESEARCH_STREAM__KIND", "kafka")
    with pytest.raises(ConfigError, match="IMAGESEARCH_STREAM__SERVERS"):
        load_settings()
    monkeypatch.setenv("IMAGESEARCH_STREAM__SERVERS", '["a:9092", "b:9092"]')
    monkeypatch.setenv("IMAGESEARCH_STREAM__OPTIONS", '{"security.protocol": "SASL_SSL", "socket.keepalive.enable": true}')
    monkeypatch.setenv("IMAGESEARCH_STREAM__SECRETS", '{"sasl.password": "secret-like"}')
    settings = load_settings()
    assert settings.stream.servers == ("a:9092", "b:9092")
    assert settings.stream.options == {"security.protocol": "SASL_SSL", "socket.keepalive.enable": True}
    assert settings.stream.secrets["sasl.password"].get_secret_value() == "secret-like"
    assert "secret-like" not in repr(settings)

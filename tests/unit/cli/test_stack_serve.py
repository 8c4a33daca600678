import socket

import pytest
import yaml

from cli.stack.serve import CONFIG, local_config, refuse_taken
from config import load_settings
from config.sections import ServeSettings
from imagesearch.errors import ConfigError


@pytest.fixture
def overriding(settings):
    return lambda deployments: settings.model_copy(update={"serve": ServeSettings(deployments=deployments)})


def deployment(config, name):
    (application,) = config["applications"]
    return next(one for one in application["deployments"] if one["name"] == name)


def test_the_service_listens_on_the_loopback_address_at_the_chosen_port(settings):
    config = local_config(settings, 8123)
    assert (config["http_options"]["host"], config["http_options"]["port"]) == ("127.0.0.1", 8123)


def test_the_application_reads_the_profile_of_who_deploys_it(settings):
    (application,) = local_config(settings, 8123)["applications"]
    assert application["args"]["profile"] == settings.profile
    assert application["args"]["cold"] == yaml.safe_load(CONFIG.read_text())["applications"][0]["args"]["cold"]


def test_another_model_makes_serve_build_anew(settings):
    other = settings.model_copy(update={"model": settings.model.model_copy(update={"name": "resnet50"})})
    arguments = [local_config(one, 8123)["applications"][0]["args"] for one in (settings, settings, other)]
    assert arguments[0] == arguments[1] != arguments[2]


def test_the_local_profile_asks_for_no_gpu_and_scales_nothing(settings, monkeypatch):
    monkeypatch.setenv("IMAGESEARCH_SERVE__EMBEDDER", "deployment")
    config = local_config(load_settings(), 8123)
    assert deployment(config, "Embedder")["ray_actor_options"]["num_gpus"] == 0
    for name in ("Embedder", "SearchIngress"):
        assert "autoscaling_config" not in deployment(config, name)


def test_an_ingress_that_embeds_itself_is_the_only_deployment(settings):
    (application,) = local_config(settings, 8123)["applications"]
    assert [one["name"] for one in application["deployments"]] == ["SearchIngress"]
    assert application["args"]["embedder"] == "ingress"


@pytest.mark.parametrize("variable", [("SERVE__EMBEDDER", "deployment"), ("SEARCH__COLD_START", "cpu")])
def test_whoever_asks_for_an_embedder_of_its_own_or_for_a_stand_in_has_one(variable, settings, monkeypatch):
    name, value = variable
    monkeypatch.setenv(f"IMAGESEARCH_{name}", value)
    (application,) = local_config(load_settings(), 8123)["applications"]
    assert [one["name"] for one in application["deployments"]] == ["SearchIngress", "Embedder"]
    assert "embedder" not in application["args"]


def test_what_is_not_overridden_stays_as_the_file_has_it(overriding):
    plain = deployment(local_config(overriding({}), 8123), "SearchIngress")
    changed = deployment(local_config(overriding({"SearchIngress": {"max_ongoing_requests": 3}}), 8123), "SearchIngress")
    assert changed == {**plain, "max_ongoing_requests": 3}


def test_a_deployment_that_the_file_does_not_have_is_named(overriding):
    with pytest.raises(ConfigError, match=r"'Embeder'; serve_config\.yaml has"):
        local_config(overriding({"Embeder": {"num_replicas": 2}}), 8123)


def test_the_file_itself_is_not_changed(settings):
    before = CONFIG.read_text()
    local_config(settings, 8123)
    assert CONFIG.read_text() == before
    assert yaml.safe_load(before)["applications"][0]["args"]["profile"] == "cluster"


def test_a_port_that_another_program_has_is_refused_with_the_way_out(nobody):
    refuse_taken(nobody)
    with socket.create_server(("127.0.0.1", 0)) as stranger, pytest.raises(ConfigError, match="PORT="):
        refuse_taken(stranger.getsockname()[1])

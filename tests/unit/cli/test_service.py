"""The client that commands get: of the service that the settings name, with their key."""

from pydantic import SecretStr

from cli.service import open_client


def test_an_ipv6_host_is_put_in_brackets(settings):
    http = settings.http.model_copy(update={"host": "::1", "port": 8000})
    with open_client(settings.model_copy(update={"http": http})) as client:
        assert client.base_url == "http://[::1]:8000"


def test_the_key_of_the_settings_is_shown(settings, service):
    service.says("/healthz", {"status": "ok"})
    http = settings.http.model_copy(update={"port": service.server_port})
    with open_client(settings.model_copy(update={"http": http, "api_key": SecretStr("isk_1")})) as client:
        assert client.health().status == "ok"
    assert service.headers[0]["authorization"] == "Bearer isk_1"

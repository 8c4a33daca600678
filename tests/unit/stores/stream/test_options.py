"""Which of librdkafka's options a client is opened with."""

from config.sections import StreamSettings
from imagesearch.stores.stream.options import client_options

SETTINGS = StreamSettings(
    kind="kafka",
    servers=("a:1", "b:2"),
    options={"security.protocol": "SASL_SSL", "sasl.username": "me", "linger.ms": 50, "enable.auto.commit": True},
    secrets={"sasl.password": "secret-like"},
)


def test_the_settings_win_over_defaults_and_what_is_needed_wins_over_the_settings():
    options = client_options(SETTINGS, {"linger.ms": 5, "acks": 1}, {"enable.auto.commit": False})
    assert options["bootstrap.servers"] == "a:1,b:2"
    assert (options["linger.ms"], options["acks"], options["enable.auto.commit"]) == (50, 1, False)
    assert (options["security.protocol"], options["sasl.username"]) == ("SASL_SSL", "me")


def test_a_secret_reaches_the_library_and_no_printout():
    assert client_options(SETTINGS, {}, {})["sasl.password"] == "secret-like"
    assert "secret-like" not in repr(SETTINGS)

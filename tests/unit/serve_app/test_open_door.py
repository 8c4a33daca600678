import pytest

from imagesearch.errors import ConfigError
from serve_app.open_door import refuse_open_door


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_on_loopback_no_key_is_needed(host):
    refuse_open_door(False, host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "192.168.1.5", "example.com", "", "localhost.example.com"])
def test_anywhere_else_the_service_does_not_start_without_keys(host):
    refuse_open_door(True, host)
    with pytest.raises(ConfigError, match="IMAGESEARCH_AUTH__KEYS"):
        refuse_open_door(False, host)

"""Refuses to serve strangers without keys: what counts is the address that Serve's proxies are really bound to."""

from __future__ import annotations

import ipaddress

from imagesearch.errors import ConfigError


def bound_host() -> str:
    """Return the address that the cluster's HTTP proxies listen on; Serve shows it to its own client only. Raises ConfigError."""
    # Here, so that judging an address needs no Ray.
    from ray.serve.context import _get_global_client

    client = _get_global_client()
    if client is None:
        raise ConfigError("this is not a process of a Ray Serve cluster")
    return str(client.http_config.host)


def refuse_open_door(keys: bool, host: str) -> None:
    """Raise ConfigError where no keys are asked for and the address is not a loopback one."""
    if not keys and not is_loopback(host):
        raise ConfigError(
            f"auth.keys is false and the service is bound to {host}: anyone who reaches it could add, search and delete. "
            "Set IMAGESEARCH_AUTH__KEYS=true and make keys with `imagesearch keys create`, or bind http_options.host to 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches the address; a name other than localhost may lead anywhere."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"

"""The two clients are one: the same calls, described once, and light to import."""

import inspect
import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import pytest

from imagesearch.client import AsyncClient, Client, calls
from imagesearch.client.call import Call


def described():
    """Every function that describes a call, by its name."""
    for module in iter_modules(calls.__path__, f"{calls.__name__}."):
        for name, one in vars(import_module(module.name)).items():
            if inspect.isfunction(one) and one.__module__ == module.name:
                yield name, one


@pytest.mark.parametrize(("name", "make"), list(described()), ids=lambda one: one if isinstance(one, str) else "")
def test_each_call_is_a_method_of_both_clients_with_its_words_and_parameters(name, make):
    for kind in (Client, AsyncClient):
        method = getattr(kind, name)
        assert inspect.getdoc(method) == inspect.getdoc(make)
        assert list(inspect.signature(method).parameters)[1:] == list(inspect.signature(make).parameters)
    assert inspect.signature(make).return_annotation.startswith(Call.__name__)


def test_no_client_has_a_call_that_the_other_lacks():
    closing = {"close", "aclose"}
    ours = [{name for name in vars(kind) if not name.startswith("_")} - closing for kind in (Client, AsyncClient)]
    assert ours[0] == ours[1]


def test_the_client_loads_nothing_of_the_services_inside():
    code = "import sys, imagesearch.client; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())
    assert "httpx" in loaded
    assert loaded & {"ray", "fastapi", "torch", "pymilvus", "sqlalchemy", "boto3", "PIL", "config"} == set()

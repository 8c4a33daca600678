"""Every benchmark finds what it is made of: they are run by hand, and some for an hour before they come to their last import."""

import importlib
import pkgutil

import pytest

import benchmarks

MODULES = sorted(module.name for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks."))


@pytest.mark.parametrize("name", MODULES)
def test_it_finds_what_it_is_made_of(name):
    importlib.import_module(name)

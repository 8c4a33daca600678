"""The repository guards itself: which way imports go, who speaks which driver, how long files get, how errors travel."""

import ast
import pickle
import re
from pathlib import Path

import pytest

from imagesearch import errors

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "imagesearch", "telemetry", "serve_app", "jobs", "cli")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

CORE = {"imagesearch.images", "imagesearch.models", "imagesearch.stores", "imagesearch.imports"}
INSIDE = {"config", "imagesearch.client", *CORE}

# What a package may not import, from DESIGN: imports go down only.
FORBIDDEN = {
    "imagesearch": {"ray", "fastapi", "starlette", "telemetry", "serve_app", "jobs", "cli"},
    "imagesearch/images": {"imagesearch.stores", "imagesearch.models"},
    "imagesearch/models": {"imagesearch.stores"},
    "imagesearch/types.py": {"config"},
    "imagesearch/errors/": {"config", "imagesearch.types", "imagesearch.ports", *CORE},
    "imagesearch/stores": {"imagesearch.imports"},
    # Who calls the service needs nothing of its inside, nor the service its callers.
    "imagesearch/client/": {"config", *CORE},
    "imagesearch/answers.py": INSIDE,
    "imagesearch/import_answers.py": INSIDE,
    "imagesearch/failure_answers.py": INSIDE,
    "imagesearch/info_answers.py": INSIDE,
    "imagesearch/ports.py": {"config", "imagesearch.stores", "imagesearch.models", "imagesearch.images"},
    "telemetry": {"serve_app", "jobs", "cli", "imagesearch.stores", "imagesearch.models", "imagesearch.images"},
    "serve_app": {"jobs", "cli", "imagesearch.client"},
    "jobs": {"serve_app", "cli"},
    "config": {"imagesearch.stores", "imagesearch.models", "imagesearch.images", "serve_app", "jobs", "cli"},
}
# A driver and the places that may speak it; the embedded stack asks its own servers whether they are ready.
DRIVERS = {
    "pymilvus": ("imagesearch/stores/milvus/", "cli/stack/"),
    "redis": ("imagesearch/stores/redis_", "cli/stack/"),
    "confluent_kafka": ("imagesearch/stores/stream/",),
    "boto3": ("imagesearch/images/s3.py",),
    "cv2": (
        "imagesearch/images/difference.py",
        "imagesearch/images/features.py",
        "imagesearch/images/agreement.py",
        "imagesearch/images/alignment.py",
        "imagesearch/images/featureless.py",
        "imagesearch/images/misfit.py",
        "imagesearch/images/overlap.py",
        "imagesearch/images/softness.py",
        "imagesearch/edits/",
    ),
    "sqlalchemy": ("imagesearch/stores/sql/",),
    "onnxruntime": ("imagesearch/models/runtimes/onnx_backbone.py",),
    # The doctor asks which device there is.
    "torch": ("imagesearch/models/", "cli/checks/machine.py"),
}


def imported(path):
    """The modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def below(name, module):
    return name == module or name.startswith(module + ".")


def error_classes(base=errors.ImageSearchError):
    yield base
    for one in base.__subclasses__():
        if one.__module__.startswith(errors.__name__):
            yield from error_classes(one)


@pytest.mark.parametrize("place", FORBIDDEN)
def test_imports_go_down_only(place):
    inside = [path for path in FILES if path.relative_to(ROOT).as_posix().startswith(place)]
    assert inside
    found = [(str(p), name) for p in inside for name in imported(p) for bad in FORBIDDEN[place] if below(name, bad)]
    assert found == []


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_is_spoken_in_its_own_place_only(driver):
    speakers = {p.relative_to(ROOT).as_posix() for p in FILES if any(below(name, driver) for name in imported(p))}
    assert speakers
    assert [one for one in speakers if not one.startswith(DRIVERS[driver])] == []


def test_only_composition_roots_read_settings():
    readers = {p.relative_to(ROOT).as_posix() for p in FILES if re.search(r"\bload_settings\(", p.read_text())}
    roots = (
        "config/",
        "cli/",
        "serve_app/app.py",
        "jobs/bulk_load.py",
        "jobs/stream_load.py",
        "jobs/import_manifest.py",
        "jobs/audit.py",
        "jobs/calibrate.py",
        "jobs/duplicates.py",
        "jobs/evaluate.py",
        "jobs/migrate.py",
    )
    assert [one for one in readers if not one.startswith(roots)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_says_what_it_is_for_and_stays_short(path):
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 300


def test_tests_stay_short_too():
    assert [str(path) for path in (ROOT / "tests").rglob("*.py") if len(path.read_text().splitlines()) > 300] == []


@pytest.mark.parametrize("kind", list(error_classes()), ids=lambda kind: kind.__name__)
def test_an_error_survives_a_process_border_with_its_data(kind):
    again = pickle.loads(pickle.dumps(kind("what happened", store="sql", row=3)))
    assert (type(again), again.detail, again.data, str(again)) == (
        kind,
        "what happened",
        {"store": "sql", "row": 3},
        "what happened",
    )


def test_error_codes_are_distinct():
    codes = [kind.code for kind in error_classes()]
    assert len(codes) == len(set(codes))

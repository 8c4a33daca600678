"""A Ray node for the jobs' own tests, joined by the process of the tests or by jobs that are processes of their own."""

import itertools
import os

import pytest

from config.settings import Settings
from jobs.cluster import connected
from tests.fixtures.ray import RayNode
from tests.integration.jobs.collection import Collection

NAMES = itertools.count()


@pytest.fixture(scope="session")
def ray_settings(tmp_path_factory):
    """Settings of a load that knows the node, and nothing else that exists."""
    home = tmp_path_factory.mktemp("ray_home")
    settings = Settings(
        profile="test",
        home=home,
        sql={"url": f"sqlite:///{home}/a.db"},
        milvus={"uri": "http://127.0.0.1:1"},
        blobs={"uri": str(home / "blobs")},
        model={"name": "tiny"},
    )
    node = RayNode(settings, {"RAY_AUTH_MODE": "disabled"})
    node.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setenv("RAY_AUTH_MODE", "disabled")
        yield settings.model_copy(update={"ray": settings.ray.model_copy(update={"address": node.address})})
    node.stop()


@pytest.fixture(scope="module")
def joined(ray_settings):
    """The settings, with this process as a driver of the node."""
    with connected(ray_settings):
        yield ray_settings


@pytest.fixture
def milvus(milvus_lite):
    """Where the vectors of a collection are."""
    return milvus_lite


@pytest.fixture
def collection(ray_settings, mariadb, redis_server, milvus, tmp_path):
    """A database on MariaDB of the test's own, a folder of pictures, and jobs that load them with the model `tiny`."""
    name = f"jobs_{next(NAMES)}"
    mariadb.execute(f"CREATE DATABASE {name}")
    profile = tmp_path / "profile.yaml"
    profile.write_text("sql: {}\nmilvus: {}\nblobs: {}\n")
    variables = {
        "PROFILE": profile,
        "HOME": ray_settings.home,
        "SQL__URL": mariadb.url(name),
        "SQL__CONNECT_TIMEOUT_S": "2",
        "MILVUS__URI": milvus.uri,
        "REDIS__URL": redis_server.url,
        "REDIS__LEASE_S": "2",
        "BLOBS__URI": tmp_path / "blobs",
        "SOURCES__ROOTS": f'["{tmp_path}"]',
        "MODEL__NAME": "tiny",
        "LOAD__BATCH_ROWS": "8",
        "LOAD__POLL_S": "0.2",
        "LOAD__EMBED_CPUS": "0.1",
        "LOAD__FETCH_CPUS": "0.1",
        "RAY__ADDRESS": ray_settings.ray.address,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IMAGESEARCH_", "RAY_"))}
    env = kept | {f"IMAGESEARCH_{name}": str(value) for name, value in variables.items()} | {"RAY_AUTH_MODE": "disabled"}
    with Collection(env, tmp_path) as collection:
        yield collection
    mariadb.execute(f"DROP DATABASE {name}")

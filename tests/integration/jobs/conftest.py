"""A Ray node for the jobs' own tests, joined by the process of the tests."""

import pytest

from config.settings import Settings
from jobs.cluster import connected
from tests.fixtures.ray import RayNode


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

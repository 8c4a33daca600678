"""The embedded stack, one for each module of tests."""

import os

import pytest
from ray._raylet import AuthenticationTokenLoader, Config

from cli.stack.ports import free_ports
from cli.stack.stack import down, up
from config import load_settings


@pytest.fixture(scope="module")
def stack(request, tmp_path_factory):
    """The settings that reach a running stack, with the smallest model and a home whose path is too long for Ray's sockets.

    A module's EMBEDDER says where it embeds, if not as the local profile does.
    """
    home = tmp_path_factory.mktemp("a_home_with_a_path_that_is_rather_long_for_a_socket")
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("IMAGESEARCH_")]:
            patch.delenv(name)
        patch.setenv("IMAGESEARCH_HOME", str(home))
        # Small batches and a short lease: an import takes long enough to be killed, and not long to be taken up again.
        patch.setenv("IMAGESEARCH_IMPORTS__BATCH_ROWS", "50")
        patch.setenv("IMAGESEARCH_IMPORTS__LEASE_S", "2")
        patch.setenv("IMAGESEARCH_SERVE__EMBEDDER", getattr(request.module, "EMBEDDER", ""))
        # A line for each request and each forward pass, for programs.
        patch.setenv("IMAGESEARCH_LOGS__FORMAT", "json")
        patch.setenv("IMAGESEARCH_LOGS__LEVEL", "DEBUG")
        try:
            yield up(load_settings(), free_ports(1)[0], model={"name": "tiny", "weights": "package"})
        finally:
            down(home)
    # The clients of this process showed the node's token; those of later tests have none.
    for name in set(os.environ) - set(before):
        del os.environ[name]
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()

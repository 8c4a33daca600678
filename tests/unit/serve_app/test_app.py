"""The Serve application: its builder, its options, and Ray's errors put into ours."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path

import numpy as np
import pytest
import yaml

from imagesearch.errors import EmbeddingFailed, ModelError, NoTextSearch, Overloaded, StoreUnavailable
from imagesearch.types import Embedded, Fingerprint
from telemetry.fields import logged_with

# Ray's own use of Pydantic is behind the times.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")

ROOT = Path(__file__).parents[3]
PIXELS = np.zeros((1, 2, 2, 3), np.uint8)
VECTORS = np.ones((1, 2), np.float32)
EMBEDDED = Embedded(VECTORS, "onnx", "cpu")


@pytest.fixture
def app():
    from serve_app import app

    return app


@pytest.fixture
def ray_errors():
    """Ray's kinds of errors, made as Ray makes them."""
    from ray.exceptions import ActorDiedError, RayTaskError
    from ray.serve.exceptions import BackPressureError

    def of_the_replica(cause):
        # What a caller gets has gone through a pickle, and is an instance of the cause's class too.
        return pickle.loads(pickle.dumps(RayTaskError("embed", "traceback", cause))).as_instanceof_cause()

    return {
        "bad picture": of_the_replica(EmbeddingFailed("no usable vector", row=0)),
        "no text tower": of_the_replica(NoTextSearch("tiny takes pictures only")),
        "broken device": of_the_replica(RuntimeError("CUDA error at 0xdead")),
        "full": BackPressureError(25, 24),
        "died": ActorDiedError(),
    }


class Handle:
    """Stands where Serve hands over a DeploymentHandle: gives the prepared answers one after the other."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.embed = self.embed_texts = self

    def remote(self, rows, caller):
        self.caller = caller
        return Response(self.answers.pop(0))


class Response:
    """A response that is an answer, an error, or never comes; remembers whether it was cancelled."""

    last = None

    def __init__(self, answer):
        self.answer = answer
        self.cancelled = False
        Response.last = self

    def __await__(self):
        if isinstance(self.answer, str):  # "never"
            yield from asyncio.Event().wait().__await__()
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def cancel(self):
        self.cancelled = True


@pytest.fixture
def embedder_of():
    from serve_app.handles import RemoteEmbedder

    return lambda *answers, timeout_s=30.0: RemoteEmbedder(Handle(*answers), Fingerprint("tiny", "none", "squash", 2), timeout_s)


def test_serve_hands_the_builder_typed_arguments(app):
    from ray.serve._private.api import call_user_app_builder_with_args_if_necessary as call

    seen = []

    def recording(args: app.AppArgs) -> object:
        seen.append(args)
        return app.build(args)

    recording.__annotations__ = app.build.__annotations__
    application = call(recording, {"profile": str(ROOT / "config" / "local.yaml")})
    assert seen == [app.AppArgs(profile=str(ROOT / "config" / "local.yaml"))]
    assert isinstance(seen[0], app.AppArgs)
    assert application._bound_deployment.name == "SearchIngress"


def test_a_stand_in_is_bound_only_where_the_settings_ask_for_one_and_takes_no_gpu(app, monkeypatch):
    args = app.AppArgs(profile=str(ROOT / "config" / "local.yaml"), cold=app.ColdArgs(num_cpus=0.2, max_batch_size=4))
    assert [one._bound_deployment.name for one in app.build(args)._bound_deployment.init_args[1:]] == ["Embedder"]
    monkeypatch.setenv("IMAGESEARCH_SEARCH__COLD_START", "cpu")
    _, embedder, cold = (getattr(one, "_bound_deployment", one) for one in app.build(args)._bound_deployment.init_args)
    assert (embedder.name, cold.name, cold.num_replicas) == ("Embedder", "ColdEmbedder", 1)
    assert (cold.ray_actor_options["num_cpus"], cold.ray_actor_options["num_gpus"]) == (0.2, 0)
    assert cold.user_config["max_batch_size"] == 4
    assert (embedder.init_args[0].model.device, cold.init_args[0].model.device) == ("auto", "cpu")


def test_an_ingress_that_embeds_itself_is_bound_to_nobody(app):
    args = app.AppArgs(profile=str(ROOT / "config" / "local.yaml"), embedder="ingress", embed_batch=4)
    bound = app.build(args)._bound_deployment
    assert (bound.name, len(bound.init_args), bound.init_kwargs) == ("SearchIngress", 1, {"embed_batch": 4})


def test_an_argument_that_the_builder_does_not_know_is_refused(app):
    from ray.serve._private.api import call_user_app_builder_with_args_if_necessary as call

    with pytest.raises(ValueError, match="replicas"):
        call(app.build, {"replicas": "3"})


def test_the_config_file_is_one_that_serve_takes_and_names_what_the_builder_binds(app):
    from ray.serve.schema import ServeDeploySchema

    config = ServeDeploySchema.model_validate(yaml.safe_load((ROOT / "serve_config.yaml").read_text()))
    [application] = config.applications
    assert (application.name, application.import_path) == ("imagesearch", "serve_app.app:build")
    assert app.AppArgs.model_validate(application.args).cold == app.ColdArgs()
    assert [deployment.name for deployment in application.deployments] == ["SearchIngress", "Embedder"]


def test_the_config_file_gives_the_embedder_options_that_it_knows():
    from serve_app.embedder import BatchOptions

    deployments = yaml.safe_load((ROOT / "serve_config.yaml").read_text())["applications"][0]["deployments"]
    [embedder] = [deployment for deployment in deployments if deployment["name"] == "Embedder"]
    assert BatchOptions.model_validate(embedder["user_config"]) == BatchOptions(max_batch_size=32, batch_wait_ms=0)


async def test_vectors_come_through_and_the_request_s_id_goes_along(embedder_of):
    embedder = embedder_of(EMBEDDED)
    with logged_with(request_id="abc-1"):
        assert await embedder.embed(PIXELS) is EMBEDDED
    assert embedder._handle.caller == {"request_id": "abc-1"}


async def test_vectors_of_texts_come_through_as_those_of_pictures_do(embedder_of, ray_errors):
    assert await embedder_of(ray_errors["died"], EMBEDDED).embed_texts(["a red car"]) is EMBEDDED
    with pytest.raises(NoTextSearch):
        await embedder_of(ray_errors["no text tower"]).embed_texts(["a red car"])
    with pytest.raises(Overloaded):
        await embedder_of(ray_errors["full"]).embed_texts(["a red car"])


async def test_the_encoders_own_error_comes_through_with_its_data(embedder_of, ray_errors):
    with pytest.raises(EmbeddingFailed) as caught:
        await embedder_of(ray_errors["bad picture"]).embed(PIXELS)
    assert type(caught.value) is EmbeddingFailed and caught.value.data == {"row": 0}


async def test_an_error_that_the_replica_did_not_expect_is_an_error_of_the_model(embedder_of, ray_errors):
    with pytest.raises(ModelError) as caught:
        await embedder_of(ray_errors["broken device"]).embed(PIXELS)
    assert "0xdead" not in caught.value.detail


async def test_a_full_queue_is_overload(embedder_of, ray_errors):
    with pytest.raises(Overloaded):
        await embedder_of(ray_errors["full"]).embed(PIXELS)


async def test_a_replica_that_died_under_the_call_is_asked_again_once(embedder_of, ray_errors):
    assert await embedder_of(ray_errors["died"], EMBEDDED).embed(PIXELS) is EMBEDDED
    with pytest.raises(StoreUnavailable) as caught:
        await embedder_of(ray_errors["died"], ray_errors["died"]).embed(PIXELS)
    assert caught.value.data["store"] == "embedder"


async def test_a_call_that_its_replica_cancelled_is_not_the_callers_own_end(embedder_of):
    assert await embedder_of(asyncio.CancelledError(), EMBEDDED).embed(PIXELS) is EMBEDDED


async def test_an_answer_that_does_not_come_in_time_is_not_waited_for_and_not_worked_on(embedder_of):
    with pytest.raises(StoreUnavailable) as caught:
        await embedder_of("never", timeout_s=0.05).embed(PIXELS)
    assert caught.value.data["store"] == "embedder"
    assert Response.last.cancelled


async def test_a_caller_that_hangs_up_takes_its_call_along(embedder_of):
    task = asyncio.create_task(embedder_of("never").embed(PIXELS))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert Response.last.cancelled

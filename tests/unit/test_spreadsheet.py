"""No stranger's text becomes a formula."""

import pytest

from imagesearch.spreadsheet import plain_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "\t=1", "\r=1", "\n=1"])
def test_what_would_be_a_formula_is_text(text):
    assert plain_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a=1", "/pictures/=1.png", "s3://bucket/-1"])
def test_any_other_text_stays_as_it_is(text):
    assert plain_cell(text) == text

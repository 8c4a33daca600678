"""The edge of the bulk load."""

import pytest

from jobs.bulk_load import main


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_below_one_is_wrong_use(capsys, limit):
    with pytest.raises(SystemExit) as ended:
        main(["--limit", limit])
    assert ended.value.code == 2
    assert "--limit" in capsys.readouterr().err

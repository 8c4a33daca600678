"""The limit of the jobs that load."""

import pytest

from jobs import bulk_load, stream_load


@pytest.mark.parametrize("job", [bulk_load, stream_load])
@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_below_one_is_wrong_use(capsys, job, limit):
    with pytest.raises(SystemExit) as ended:
        job.main(["--limit", limit])
    assert ended.value.code == 2
    assert "--limit" in capsys.readouterr().err

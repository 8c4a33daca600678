"""The edge of the job that imports."""

import pytest

from jobs.import_manifest import main


@pytest.mark.parametrize("namespace", ["", "a b", "../x", "-x", "x" * 65, "x\n"])
def test_what_no_namespace_is_called_is_wrong_use(capsys, tmp_path, namespace):
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), f"--namespace={namespace}"])
    assert ended.value.code == 2
    assert "--namespace" in capsys.readouterr().err

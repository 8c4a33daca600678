"""A folder of uploads whose disk is full: nothing is acknowledged that is not kept, and it goes on when there is room again."""

import os
import subprocess

import pytest

from config.sections import BlobSettings
from tests.fixtures.fresh_stores import fresh


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).returncode != 0:
        pytest.skip("only root can mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


async def test_adds_on_a_full_disk_are_refused_by_name_and_the_acknowledged_ones_are_all_there(
    open_service, milvus_lite_uri, small_disk, picture
):
    service = open_service(milvus_lite_uri, blobs=BlobSettings(uri=str(small_disk)))
    fresh(service.settings, service.stores.fingerprint.collection)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(40 << 10))
    acknowledged, refused = [], []
    for seed in range(12):
        answer = await service.add(picture(seed, side=900))
        (acknowledged if answer.status_code == 202 else refused).append((seed, answer))
    assert acknowledged
    assert refused
    for _, answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert "'blobs'" in answer.json()["detail"]
    assert service.stores.add_log.backlog().pending == len(acknowledged)
    # A path needs no room among the uploads.
    (service.folder / "a.png").write_bytes(picture(99))
    assert (await service.client.post("/v1/images", json={"image_path": str(service.folder / "a.png")})).status_code == 202

    service.load()
    for seed, answer in acknowledged:
        row = (await service.client.get(answer.json()["href"])).json()
        assert row["state"] == "loaded", row
        assert (await service.search(milvus_id=row["milvus_id"])).json()["hits"], seed
    ballast.unlink()
    assert (await service.add(picture(refused[0][0], side=900))).status_code == 202

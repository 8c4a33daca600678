"""Imports over HTTP: asked for, followed, steered, and what went wrong in them."""

import asyncio
import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config.sections import AuthSettings, ImportSettings
from imagesearch.errors import BadLine
from imagesearch.keys import Role
from imagesearch.stores.sql.import_work import Batch, ImportWork, LineFault
from imagesearch.stores.sql.migrate import migrate
from imagesearch.types import AddRequest, Cursor, ImportState

PATIENCE = 600


@pytest.fixture
def table(service, picture):
    """Write a CSV of so many pictures that are there, and return its path."""

    def write(count, name="m.csv", more=""):
        for n in range(count):
            (service.folder / f"{n}.png").write_bytes(picture(n))
        path = service.folder / name
        path.write_text("path,label,id\n" + "".join(f"{n}.png,label {n % 2},{n}\n" for n in range(count)) + more)
        return str(path)

    return write


async def ask(service, source, **fields):
    answer = await service.client.post("/v1/imports", json={"source": source, **fields})
    assert answer.status_code == 202, answer.text
    return answer.json()


async def until(service, href, so):
    for _ in range(PATIENCE):
        view = (await service.client.get(href)).json()
        if so(view):
            return view
        await asyncio.sleep(0.05)
    raise AssertionError(f"it did not come to that: {view}")


async def read(service, href):
    return await until(service, href, lambda view: view["state"] == "done")


async def test_an_import_is_accepted_read_loaded_and_counted(service, table):
    answer = await service.client.post("/v1/imports", json={"source": table(4, more="/gone.png,x,9\n,no path,10\n")})
    assert answer.status_code == 202
    body = answer.json()
    assert answer.headers["location"] == body["href"] == f"/v1/imports/{body['import_id']}"
    # Whoever was told of it finds it at once.
    assert (await service.client.get(body["href"])).json()["import_id"] == body["import_id"]
    view = await read(service, body["href"])
    assert view["lines"] == {"read": 6, "added": 5, "known": 0, "skipped": 1, "bad": 1}
    assert view["rows"] == {"pending": 5, "loaded": 0, "duplicate": 0, "failed": 0}
    assert (view["total_lines"], view["finished"], view["error"]) == (6, False, None)
    assert [(one["line"], one["code"]) for one in view["errors"]] == [(7, "bad_line")]
    (service.folder / "m.csv").unlink()
    again = (await service.client.get(body["href"])).json()
    assert again == view


async def test_its_pictures_are_loaded_and_the_last_ones_tell_the_speed(service, table):
    href = (await ask(service, table(3), namespace="cats"))["href"]
    await read(service, href)
    service.load()
    view = (await service.client.get(href)).json()
    assert (view["rows"]["loaded"], view["rows"]["pending"], view["finished"]) == (3, 0, True)
    assert view["images_per_s"] > 0
    assert view["eta_s"] is None
    page = (await service.client.get("/v1/images", params={"namespace": "cats"})).json()["images"]
    assert [one["info"] for one in page] == [{"label": f"label {n % 2}", "id": str(n)} for n in range(3)]


async def test_the_same_import_again_adds_nothing(service, table):
    for added, known in ((3, 0), (0, 3)):
        view = await read(service, (await ask(service, table(3)))["href"])
        assert (view["lines"]["added"], view["lines"]["known"]) == (added, known)


async def test_an_import_that_is_asked_for_again_under_its_key_is_the_same_one(service, table):
    source = table(3)
    first = await ask(service, source, namespace="cats", idempotency_key="k")
    view = await read(service, first["href"])
    (service.folder / "m.csv").unlink()
    answer = await service.client.post("/v1/imports", json={"source": source, "namespace": "cats", "idempotency_key": "k"})
    assert (answer.status_code, answer.headers["location"]) == (202, first["href"])
    assert answer.json() == {**first, "state": "done"}
    assert [one["import_id"] for one in (await service.client.get("/v1/imports")).json()["imports"]] == [first["import_id"]]
    assert (await service.client.get(first["href"])).json() == view


async def test_another_source_under_the_same_key_is_refused_and_another_namespace_is_another_import(service, table):
    source, other = table(1), table(2, "other.csv")
    first = await ask(service, source, idempotency_key="k")
    answer = await service.client.post("/v1/imports", json={"source": other, "idempotency_key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert (await ask(service, other, idempotency_key="k", namespace="cats"))["import_id"] != first["import_id"]
    assert len((await service.client.get("/v1/imports")).json()["imports"]) == 2


async def test_a_refused_import_leaves_its_key_free(service, table):
    refused = await service.client.post("/v1/imports", json={"source": f"{service.folder}/m.csv", "idempotency_key": "k"})
    assert refused.status_code == 404
    await ask(service, table(1), idempotency_key="k")


async def test_ten_who_ask_at_once_under_one_key_get_one_import(service, table):
    source = table(1)
    every = await asyncio.gather(*(ask(service, source, idempotency_key="k") for _ in range(10)))
    assert len({one["import_id"] for one in every}) == 1
    assert (await read(service, every[0]["href"]))["lines"]["added"] == 1


@pytest.mark.parametrize(
    ("source", "status", "code"),
    [
        ("/etc", 403, "source_forbidden"),
        ("/etc/*.conf", 403, "source_forbidden"),
        ("{folder}/../test.db", 403, "source_forbidden"),
        ("{folder}/link", 403, "source_forbidden"),
        ("{folder}/link/x.csv", 403, "source_forbidden"),
        ("s3://bucket/prefix", 403, "source_forbidden"),
        ("s3://bucket/m.csv", 403, "source_forbidden"),
        ("https://example.com/m.csv", 403, "source_forbidden"),
        ("{folder}/none.csv", 404, "source_not_found"),
        ("pictures", 422, "source_invalid"),
        ("", 422, "invalid_request"),
        ("/" + "x" * 5000, 422, "invalid_request"),
        (7, 422, "invalid_request"),
    ],
)
async def test_a_source_that_may_not_be_read_is_refused_and_nothing_is_recorded(service, source, status, code):
    (service.folder / "link").symlink_to("/etc")
    source = source.format(folder=service.folder) if isinstance(source, str) else source
    answer = await service.client.post("/v1/imports", json={"source": source})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await service.client.get("/v1/imports")).json()["imports"] == []


@pytest.mark.parametrize(
    "body",
    [{}, {"source": "/a", "sauce": 1}, {"source": "/a", "namespace": "no/no"}, {"source": "/a", "idempotency_key": "k k"}, []],
)
async def test_a_body_that_is_not_right_is_refused(service, body):
    answer = await service.client.post("/v1/imports", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_imports_are_listed_newest_first_in_pages(service, table):
    source = table(1)
    numbers = [(await ask(service, source, namespace="ab"[n % 2]))["import_id"] for n in range(5)]
    seen, href = [], "/v1/imports?limit=2"
    while href:
        page = (await service.client.get(href)).json()
        seen += [one["import_id"] for one in page["imports"]]
        href = page["next"]
    assert seen == numbers[::-1]
    page = (await service.client.get("/v1/imports?limit=1&namespace=b")).json()
    assert [one["import_id"] for one in page["imports"]] == [numbers[3]]
    page = (await service.client.get(page["next"])).json()
    assert ([one["import_id"] for one in page["imports"]], page["next"]) == ([numbers[1]], None)


async def test_a_paused_import_waits_and_goes_on_when_it_is_resumed(service, table):
    href = (await ask(service, table(3)))["href"]
    await read(service, href)
    answer = await service.client.post(f"{href}:pause")
    assert (answer.status_code, answer.json()["state"]) == (200, "paused")
    service.load()
    assert (await service.client.get(href)).json()["rows"]["pending"] == 3
    assert (await service.client.post(f"{href}:resume")).json()["state"] == "done"
    service.load()
    assert (await service.client.get(href)).json()["rows"]["loaded"] == 3
    for turn in ("pause", "resume", "cancel"):
        answer = await service.client.post(f"{href}:{turn}")
        assert (answer.status_code, answer.json()["code"]) == (409, "import_conflict")


async def test_a_cancelled_import_is_over_and_its_rows_say_why(service, table):
    href = (await ask(service, table(3)))["href"]
    await read(service, href)
    assert (await service.client.post(f"{href}:cancel")).json()["state"] == "cancelled"
    view = (await service.client.get(href)).json()
    assert (view["state"], view["finished"], view["rows"]["failed"], view["rows"]["pending"]) == ("cancelled", True, 3, 0)
    assert {one["code"] for one in view["errors"]} == {"import_cancelled"}
    assert (await service.client.post(f"{href}:resume")).status_code == 409
    entry = (await service.client.get(f"/v1/add-log/{view['errors'][0]['log_id']}")).json()
    assert (entry["state"], entry["error"]["code"]) == ("failed", "import_cancelled")


async def test_a_source_that_breaks_off_is_failed_and_resumed_once_it_is_mended(service, table):
    broken = service.folder / "m.parquet"
    broken.write_text("no parquet")
    href = (await ask(service, str(broken)))["href"]
    view = await until(service, href, lambda view: view["state"] == "failed")
    assert view["error"]["code"] == "bad_manifest"
    assert "m.parquet" in view["error"]["detail"]
    assert view["finished"]
    broken.unlink()
    table(2)
    pq.write_table(pa.table({"path": ["0.png", "1.png"]}), broken)
    assert (await service.client.post(f"{href}:resume")).status_code == 200
    view = await read(service, href)
    assert (view["lines"]["added"], view["error"]) == (2, None)


@pytest.mark.parametrize("call", ["", "/errors.csv", ":pause", ":resume", ":cancel"])
async def test_an_unknown_import_is_a_404(service, call):
    send = service.client.post if call.startswith(":") else service.client.get
    for number, status, code in ((2**40, 404, "unknown_import"), ("x", 422, "invalid_request")):
        answer = await send(f"/v1/imports/{number}{call}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_errors_are_downloaded_as_a_csv_in_which_nothing_is_a_formula(service):
    work = ImportWork(service.stores.database)
    number = service.stores.imports.create("default", "/x", owner="me").import_id
    places = ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "\r=x", "\uff1d1", 'plain, with "quotes"\nand a line']
    for start in range(0, 3500, 500):
        bad = [LineFault(line, places[line % 8], BadLine(f"={line}")) for line in range(start, start + 500)]
        requests = [AddRequest("/p", idempotency_key="p")] if start == 0 else []
        assert work.record(number, "me", Batch(start, Cursor("v", start + 500), requests, 500, bad))
    work.end(number, "me")
    service.stores.imports.cancel(number)
    service.stores.imports.fail_waiting(number)
    answer = await service.client.get(f"/v1/imports/{number}/errors.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == ["line", "log_id", "image_path", "code", "detail"]
    assert [int(row[0]) for row in rows[:-1]] == list(range(3500))
    assert rows[-1][0] == "" and rows[-1][2:4] == ["/p", "import_cancelled"]
    assert [row[2] for row in rows[:8]] == [*(f"'{place}" for place in places[:7]), places[7]]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


async def test_an_import_that_lost_its_reader_is_taken_up_by_whoever_looks(open_service, milvus_lite_uri):
    service = open_service(milvus_lite_uri, imports=ImportSettings(lease_s=1.0))
    migrate(service.settings.sql)
    async with service.client:
        (service.folder / "m.csv").write_text("path\n/a.jpg\n")
        number = service.stores.imports.create("default", f"{service.folder}/m.csv", owner="died").import_id
        view = await until(service, f"/v1/imports/{number}", lambda view: view["state"] == "done")
        assert view["lines"]["added"] == 1


async def test_a_key_sees_the_imports_of_its_namespaces_only(open_service, milvus_lite_uri):
    service = open_service(milvus_lite_uri, auth=AuthSettings(keys=True))
    migrate(service.settings.sql)
    (service.folder / "m.csv").write_text("path\n/a.jpg\n")

    def key(*roles, namespaces=None):
        _, text = service.stores.keys.create("k", set(roles), namespaces)
        return {"Authorization": f"Bearer {text}"}

    async with service.client:
        cats = key(Role.ADD, namespaces=["cats"])
        body = {"source": f"{service.folder}/m.csv", "namespace": "cats"}
        post, get = service.client.post, service.client.get
        assert (await post("/v1/imports", json=body)).status_code == 401
        assert (await post("/v1/imports", json=body, headers=key(Role.SEARCH))).status_code == 403
        assert (await post("/v1/imports", json={**body, "namespace": "dogs"}, headers=cats)).status_code == 403
        mine = (await post("/v1/imports", json=body, headers=cats)).json()
        other = (await post("/v1/imports", json={**body, "namespace": "dogs"}, headers=key(Role.ADMIN))).json()
        assert [one["import_id"] for one in (await get("/v1/imports", headers=cats)).json()["imports"]] == [mine["import_id"]]
        assert (await get("/v1/imports?namespace=dogs", headers=cats)).status_code == 403
        assert (await get(mine["href"], headers=cats)).status_code == 200
        for call in ("", "/errors.csv"):
            assert (await get(f"{other['href']}{call}", headers=cats)).status_code == 404
        for turn in ("pause", "resume", "cancel"):
            assert (await post(f"{other['href']}:{turn}", headers=cats)).status_code == 404
        assert service.stores.imports.get(other["import_id"]).state is not ImportState.CANCELLED

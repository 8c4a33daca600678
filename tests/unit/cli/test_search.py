"""`imagesearch search`: tables, lines of JSON and the page, over a service that says what the test wants."""

import json

import pytest


@pytest.fixture
def searchable(service, monkeypatch, home):
    monkeypatch.setenv("IMAGESEARCH_HTTP__PORT", str(service.server_port))
    return service


@pytest.fixture
def cat(tmp_path, picture):
    file = tmp_path / "cat.png"
    file.write_bytes(picture())
    return file


def test_hits_are_a_table(run, searchable, cat, found, hit):
    searchable.says("/v1/search", found(hit(7, 0.98765, label="tabby"), hit(8, -0.1, None)))
    result = run("search", cat)
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()[-2:]] == [
        ["1", "0.9877", "7", "40x30", "tabby", "/pictures/cat.jpg"],
        ["2", "-0.1000", "8", "40x30"],
    ]


def test_json_is_one_line_a_query(run, searchable, cat, found, hit):
    searchable.says("/v1/search", found(hit()))
    result = run("search", cat, cat, "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["query"], line["hits"][0]["milvus_id"]) for line in lines] == [(str(cat), 7)] * 2


def test_top_k_and_namespace_reach_the_service(run, searchable, cat, found):
    searchable.says("/v1/search", found())
    run("search", cat, "--top-k", "3", "--namespace", "cats")
    assert b'name="top_k"\r\n\r\n3\r\n' in searchable.seen[0][2]
    assert b'name="namespace"\r\n\r\ncats\r\n' in searchable.seen[0][2]


def test_ways_to_search_reach_the_service_and_what_they_found_has_columns(run, searchable, cat, found, hit):
    searchable.says(
        "/v1/search", found({**hit(7), "view": "mirrored", "same": [8, 9]}, {**hit(10), "view": "original", "same": []})
    )
    result = run("search", cat, "--flips", "--group", "--exact")
    for name in (b"flips", b"group", b"exact"):
        assert b'name="%s"\r\n\r\ntrue\r\n' % name in searchable.seen[0][2]
    first, second = (line.split() for line in result.stdout.splitlines()[-2:])
    assert first[4:6] == ["mirrored", "2"] and second[4:6] == ["original", "0"]
    run("search", cat)
    assert b'name="flips"' not in searchable.seen[1][2]


def test_verified_hits_say_what_they_are(run, searchable, cat, found, hit):
    overlap = {"query": 100.0, "target": 25.0}
    verified = {
        "inliers": 40,
        "pairs": 50,
        "agreement": 0.9,
        "mirrored": False,
        "overlap": overlap,
        "area": {"query": [], "target": []},
    }
    copy = {**hit(7), "verified": verified, "class": "edited", "probability": 0.98765}
    searchable.says("/v1/search", found(copy, hit(8)))
    result = run("search", cat, "--verify")
    assert b'name="verify"\r\n\r\ntrue\r\n' in searchable.seen[0][2]
    first, second = (line.split() for line in result.stdout.splitlines()[-2:])
    assert first[4:6] == ["edited", "0.9877"]
    assert not {"edited", "similar"} & set(second) and "probability" in result.stdout
    run("search", cat, "--no-verify")
    assert b'name="verify"\r\n\r\nfalse\r\n' in searchable.seen[1][2]
    plain = run("search", cat)
    assert b'name="verify"' not in searchable.seen[2][2]
    assert plain.exit_code == 0


def test_filters_reach_the_service_as_one(run, searchable, cat, found):
    searchable.says("/v1/search", found())
    assert run("search", cat, "--filter", "label=cat", "--filter", "size>=3").exit_code == 0
    assert b'name="filter"\r\n\r\n{"label": {"eq": "cat"}, "size": {"gte": 3}}\r\n' in searchable.seen[0][2]


def test_a_filter_that_is_none_is_wrong_use_and_asks_nothing(run, searchable, cat):
    result = run("search", cat, "--filter", "label")
    assert result.exit_code == 2
    assert "KEY=VALUE" in result.stderr
    assert not searchable.seen


def test_a_glob_in_quotes_is_every_file_that_it_matches(run, searchable, cat, picture, found):
    searchable.says("/v1/search", found())
    (cat.parent / "[1].png").write_bytes(picture())
    result = run("search", f"{cat.parent}/*.png", "--json")
    assert [json.loads(line)["query"] for line in result.stdout.splitlines()] == [str(cat.parent / "[1].png"), str(cat)]
    # A name that is there is that name, whatever wildcards it holds.
    assert run("search", cat.parent / "[1].png", "--json").exit_code == 0


def test_one_bad_picture_does_not_keep_the_others_from_being_searched_by(run, searchable, cat, found):
    searchable.says("/v1/search", found())
    (cat.parent / "a.png").touch()
    result = run("search", f"{cat.parent}/*.png", "--json")
    assert result.exit_code == 1
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["error"]["code"] == "empty_image"
    assert second["hits"] == []


@pytest.mark.parametrize(
    ("status", "code", "exit_code"), [(415, "not_an_image", 1), (404, "unknown_namespace", 2), (503, "store_unavailable", 3)]
)
def test_what_the_service_refuses_decides_the_exit_code(run, searchable, cat, status, code, exit_code):
    searchable.refuses("/v1/search", status, code, "because", wait="0")
    result = run("search", cat)
    assert result.exit_code == exit_code
    assert f"because ({code})" in result.stderr


def test_hostile_words_of_the_service_do_not_reach_the_terminal(run, searchable, cat, found, hit):
    searchable.says("/v1/search", found(hit(image_path="/\x1b[2J/x.jpg", label="[bold]\x9b")))
    result = run("search", cat)
    assert "\x1b" not in result.output
    assert "\x9b" not in result.output
    assert "[bold]" in result.stdout


def test_the_page_shows_the_query_beside_its_hits(run, searchable, cat, picture, found, hit):
    searchable.says("/v1/search", found(hit(7), hit(8)))
    searchable.says("/v1/images/7/thumbnail", picture(kind="WEBP"), media_type="image/webp")
    searchable.refuses("/v1/images/8/thumbnail", 404, "unknown_image")
    result = run("search", cat, cat, "--html", cat.parent / "page.html")
    assert result.exit_code == 0
    page = (cat.parent / "page.html").read_text()
    assert page.count("data:image/webp") == 4
    assert page.count("no picture") == 2


def test_a_page_without_a_folder_is_refused_before_anything_is_asked(run, searchable, cat):
    assert run("search", cat, "--html", cat.parent / "none" / "page.html").exit_code == 2
    assert not searchable.seen


def test_words_are_searched_by_as_pictures_are(run, searchable, cat, found, hit, tmp_path):
    searchable.says("/v1/search", found(hit(7, 0.25, label="tabby")))
    searchable.refuses("/v1/images/7/thumbnail", 404, "unknown_image")
    page = tmp_path / "hits.html"
    words = ("--text", "a red car", "--text", "a dog")
    result = run("search", cat, *words, "--top-k", "3", "--filter", "label=tabby", "--exact", "--html", page)
    assert result.exit_code == 0
    assert "a red car: 1 found" in result.stdout and "a dog: 1 found" in result.stdout
    asked = [json.loads(body) for _, path, body in searchable.seen if path == "/v1/search" and body.startswith(b"{")]
    rest = {"top_k": 3, "offset": 0, "min_score": -1.0, "namespace": "default", "exact": True}
    rest["filter"] = {"label": {"eq": "tabby"}}
    assert asked == [{"text": "a red car"} | rest, {"text": "a dog"} | rest]
    assert "a red car" in page.read_text()


def test_words_alone_are_enough_and_nothing_at_all_is_wrong_use(run, searchable, found):
    searchable.says("/v1/search", found())
    result = run("search", "--text", "a dog", "--json")
    assert json.loads(result.stdout)["query"] == "a dog"
    nothing = run("search")
    assert nothing.exit_code == 2
    assert "--text" in nothing.stderr


def test_a_model_that_takes_no_words_is_told(run, searchable):
    searchable.refuses("/v1/search", 422, "no_text_search")
    result = run("search", "--text", "a dog")
    assert result.exit_code == 2
    assert "no_text_search" in result.stderr

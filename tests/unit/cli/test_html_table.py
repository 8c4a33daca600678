"""The page of pictures: whole in itself, and nothing in it that strangers wrote is more than text."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from cli.html_style import STYLE
from cli.html_table import Card, Picture, Section, page, write_page
from imagesearch.errors import InputError

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>' onload='x \x1b[2J \u202e \ud800 &lt; </title></style>"
TAGS = "html head meta title style body header h1 p main section figure figcaption div bdi img ol li span meter br"


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data + " "


@pytest.fixture
def hostile():
    card = Card(picture=Picture("image/webp", b"bytes"), score=0.5, milvus_id=7, name=HOSTILE, label=HOSTILE, size=HOSTILE)
    return page([Section(query=Picture(HOSTILE, b"bytes"), name=HOSTILE, model=HOSTILE, cards=[card])])


def test_hostile_names_labels_and_types_add_no_tag_and_no_attribute(hostile):
    for tag, attributes in Reader(hostile).tags:
        assert tag in TAGS.split()
        assert not [name for name in attributes if name.startswith("on") or name in ("href", "style")]


def test_every_picture_lies_in_the_page(hostile):
    sources = [attributes["src"] for tag, attributes in Reader(hostile).tags if tag == "img"]
    assert len(sources) == 2
    assert all(source.startswith("data:") for source in sources)
    assert sources[1] == "data:image/webp;base64," + base64.b64encode(b"bytes").decode()
    assert "http://" not in hostile
    assert "https://" not in hostile


def test_what_strangers_wrote_is_shown_as_they_wrote_it(hostile):
    assert "<script>alert(1)</script>" in Reader(hostile).text
    assert "\x1b" not in hostile
    hostile.encode("utf-8")


def test_the_policy_allows_this_style_and_no_script(hostile):
    policy = next(a["content"] for _, a in Reader(hostile).tags if a.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "script" not in policy
    assert re.search("<style>(.*)</style>", hostile, re.DOTALL)[1] == STYLE


def test_light_and_dark_follow_the_reader():
    assert "color-scheme: light dark" in STYLE
    assert "prefers-color-scheme: dark" in STYLE


def test_hits_stand_in_order_with_rank_score_and_place():
    cards = [Card(None, score, milvus_id, f"/a/b/{milvus_id}.jpg", "", "4 x 3") for milvus_id, score in ((5, 0.9), (4, -0.25))]
    shown = Reader(page([Section(None, "/q.jpg", "m", cards)]))
    words = " ".join(shown.text.split())
    assert words.index("0.9000 #1 5.jpg /a/b/") < words.index("-0.2500 #2 4.jpg /a/b/")
    # A bar has no length below nothing.
    assert [a["value"] for tag, a in shown.tags if tag == "meter"] == ["0.9000", "0.0000"]
    assert words.count("no picture") == 3


def test_a_query_without_hits_says_so():
    assert "Nothing was found" in page([Section(None, "/q.jpg", "m", [])])


def test_a_page_that_cannot_be_written_is_wrong_use(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_page(tmp_path, [])

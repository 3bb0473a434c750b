"""Facets: byte positions, and what is a link, a handle, a tag."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.bluesky.richtext import Segment, facets, on_letters, segments, spans

GOLDEN = "Здраво @kupac.bsky.social 👋 https://ex.org/a #poruka"
WORDS = st.sampled_from(
    [
        "здраво",
        "👩‍👩‍👧",
        "مرحبا",
        "žaba",
        "@lea.test",
        "@nope",
        "https://ex.org/a?b=č",
        "www.acme.example",
        "#шлюз",
        "#7",
    ]
)
TEXTS = st.lists(WORDS | st.text(max_size=6), max_size=12).map(" ".join) | st.text()


def test_the_vector_of_the_documents() -> None:
    assert facets(spans(GOLDEN), {"kupac.bsky.social": "did:plc:kupac"}) == [
        {
            "index": {"byteStart": 13, "byteEnd": 31},
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:kupac"}],
        },
        {
            "index": {"byteStart": 37, "byteEnd": 53},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://ex.org/a"}],
        },
        {
            "index": {"byteStart": 54, "byteEnd": 61},
            "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "poruka"}],
        },
    ]


def test_a_handle_nobody_knows_stays_text() -> None:
    assert facets(spans("@nobody.test, hello"), {}) == []


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("See https://ex.org/a.", ["https://ex.org/a"]),
        ("See https://ex.org/a/?", ["https://ex.org/a/"]),
        ("(https://ex.org/a)", ["https://ex.org/a"]),
        ("https://en.example/wiki/Boot_(shoe)", ["https://en.example/wiki/Boot_(shoe)"]),
        ("(https://en.example/wiki/Boot_(shoe)).", ["https://en.example/wiki/Boot_(shoe)"]),
        ("„https://ex.org/a“", ["https://ex.org/a"]),
        ("انظر https://ex.org/a؟", ["https://ex.org/a"]),
        ("www.acme.example/x", ["https://www.acme.example/x"]),
        ("https://ex.org/a,https://ex.org/b", ["https://ex.org/a,https://ex.org/b"]),
        ("https://", []),
        ("www.", []),
        ("mail me@ex.org", []),
        ("xhttps://ex.org", []),
        ("https://[::1", []),
    ],
)
def test_links(text: str, links: list[str]) -> None:
    assert [span.value for span in spans(text) if span.kind == "link"] == links


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("@lea.test.", ["lea.test"]),
        ("(@lea-marn.bsky.social)", ["lea-marn.bsky.social"]),
        ("hi @lea.test, @omar.test!", ["lea.test", "omar.test"]),
        ("me@lea.test", []),
        ("@lea", []),
        ("@-lea.test", []),
        ("@lea.1", []),
    ],
)
def test_handles(text: str, handles: list[str]) -> None:
    assert [span.value for span in spans(text) if span.kind == "mention"] == handles


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#škornji!", ["škornji"]),
        ("#2026 #7", []),
        ("# #", []),
        ("a#b", []),
        ("#" + "a" * 64, ["a" * 64]),
        ("#" + "a" * 65, []),
        ("#المقاس #гутал", ["المقاس", "гутал"]),
    ],
)
def test_tags(text: str, tags: list[str]) -> None:
    assert [span.value for span in spans(text) if span.kind == "tag"] == tags


@given(TEXTS)
def test_positions_lie_between_letters_and_enclose_what_they_mean(text: str) -> None:
    raw = text.encode()
    end_of_last = 0
    for span in spans(text):
        assert on_letters(raw, span.start, span.end)
        assert span.start >= end_of_last
        end_of_last = span.end
        shown = raw[span.start : span.end].decode()
        prefix = {"mention": "@", "link": "", "tag": shown[0]}[span.kind]
        assert shown == prefix + span.value or f"https://{shown}" == span.value


@given(TEXTS)
def test_cutting_at_the_facets_loses_nothing(text: str) -> None:
    found = spans(text)
    known = {span.value: f"did:plc:{span.value}" for span in found if span.kind == "mention"}
    cut = segments(text, facets(found, known))
    assert "".join(piece.text for piece in cut) == text
    meant = [(piece.kind, piece.value) for piece in cut if piece.kind != "text"]
    assert meant == [(span.kind, known.get(span.value, span.value)) for span in found]


@given(st.text(), st.lists(st.tuples(st.integers(-3, 40), st.integers(-3, 40))))
def test_any_positions_of_others_are_survived(text: str, places: list[tuple[int, int]]) -> None:
    given_facets = [
        {
            "index": {"byteStart": start, "byteEnd": end},
            "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "x"}],
        }
        for start, end in places
    ]
    assert "".join(piece.text for piece in segments(text, given_facets)) == text


def test_a_facet_inside_a_letter_is_left_out() -> None:
    inside = {
        "index": {"byteStart": 1, "byteEnd": 2},
        "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "x"}],
    }
    assert segments("čas", [inside]) == [Segment("čas")]

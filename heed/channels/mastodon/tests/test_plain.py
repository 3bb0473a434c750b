"""HTML to text, and the length of a text as a server counts it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.mastodon.plain import counted, names_in, plain, without_address

CARD = (
    '<span class="h-card" translate="no"><a href="https://mastodon.example/@acme" class="u-url mention">'
    "@<span>acme</span></a></span>"
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>ena<br>dva</p><p>tri</p>", "ena\ndva\n\ntri"),
        ("<p>ena<br/>dva</p>", "ena\ndva"),
        (f"<p>{CARD} živjo</p>", "@acme živjo"),
        ("<p>a &amp; b &lt;c&gt; &#39;d&#39; 👟</p>", "a & b <c> 'd' 👟"),
        (
            '<p>Glej <a href="https://acme.example/a/very/long/way"><span class="invisible">https://</span>'
            '<span class="ellipsis">acme.example/a/very</span><span class="invisible">/long/way</span></a>',
            "Glej https://acme.example/a/very/long/way",
        ),
        ('<a href="https://acme.example/">acme.example</a>', "https://acme.example/"),
        ('<a href="https://oto.example/x">acme.example</a>', "acme.example (https://oto.example/x)"),
        ('<a href="javascript:alert(1)">tukaj</a>', "tukaj"),
        (
            '<a href="https://m.example/tags/zima" class="mention hashtag">#<span>zima</span></a>',
            "#zima",
        ),
        ('<p class="quote-inline">RE: <a href="https://m.example/1">x</a></p><p>res je</p>', "res je"),
        ("<ul><li>ena</li><li>dva</li></ul>", "- ena\n- dva"),
        ("<pre><code>a\n  b</code></pre>", "a\nb"),
        ("<p>a</p>\n\n\n<p>b</p>", "a\n\nb"),
        ("<script>alert(1)</script><p>b</p>", "b"),
        ("<p>un<b>closed <i>tags", "unclosed tags"),
        ('<p>kdo <img alt=":blob:" src="x"> je</p>', "kdo :blob: je"),
        ("", ""),
        ("no tags at all", "no tags at all"),
    ],
)
def test_the_words_of_a_status(html: str, text: str) -> None:
    assert plain(html) == text


def test_a_tower_of_elements_costs_little() -> None:
    assert plain("<p><b>x" * 20_000 + "</i>" * 20_000).count("x") == 20_000


@given(st.text())
def test_any_text_can_be_read(html: str) -> None:
    assert isinstance(plain(html), str)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("@acme kje je?", "kje je?"),
        ("@acme, kje je?", "kje je?"),
        ("@Acme\n\nkje je?", "kje je?"),
        ("@acme@mastodon.example kje?", "kje?"),
        ("@acme @oto kje?", "@oto kje?"),
        ("@oto @acme kje?", "@oto @acme kje?"),
        ("kje @acme?", "kje @acme?"),
        ("@acmeshoes kje?", "@acmeshoes kje?"),
        ("@acme", "@acme"),
    ],
)
def test_the_address_is_left_away(text: str, left: str) -> None:
    assert without_address(text, {"acme", "acme@mastodon.example"}) == left


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("živjo", 5),
        ("👟", 1),
        ("https://a.si", 23),
        ("glej https://acme.example/" + "x" * 80, 28),
        ("@lea_marn hej", 13),
        ("@omar_badr@social.example hej", 14),
        ("pišite na ana@acme.example", 26),
    ],
)
def test_the_length_as_a_server_counts(text: str, length: int) -> None:
    assert counted(text, 23) == length


def test_who_is_named() -> None:
    text = "Živjo @Lea_Marn, @omar_badr@social.example. ana@acme.example https://x.example/@tuya"
    assert names_in(text) == {"lea_marn", "omar_badr@social.example"}

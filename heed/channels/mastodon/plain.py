"""From the HTML of a status to plain text, and how long a text is for a server."""

from __future__ import annotations

import re
from collections.abc import Collection
from html.parser import HTMLParser

_PARAGRAPHS = frozenset({"p", "div", "blockquote", "pre", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"})
_VOID = frozenset({"br", "img", "hr", "wbr", "input"})
_NAMED = frozenset({"mention", "hashtag"})
_UNSEEN = frozenset({"script", "style", "template"})
_DEEPEST = 100
"""Elements within elements, beyond which only the words count: nobody writes such a thing in earnest."""

_ADDRESS = re.compile(r"\s*@([\w.-]+(?:@[\w.:-]+)?)[,:]?(?=\s|$)")
_URL = re.compile(r"https?://\S+")
_NAMED_IN = re.compile(r"(?<![\w@/])@([\w.-]*\w(?:@[\w.-]*\w)?)")
_QUIET = "@\u200b"
"""An @ with a space of no width behind it: a server takes what follows for no name."""
_FAR_MENTION = re.compile(r"(?<![\w@/])@([\w.-]+)@[\w.-]+\w")


def plain(html: str) -> str:
    """The words of a status. A link reads as its address; where the words shown are other than the
    address, both stand."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


def without_address(text: str, names: Collection[str]) -> str:
    """The text without the names it begins with, as far as they are among `names` (lower case): they
    say whom it is for. A text of nothing else stays as it is."""
    rest = text
    while (found := _ADDRESS.match(rest)) and found[1].casefold() in names:
        rest = rest[found.end() :]
    return rest.strip() or text


def counted(text: str, per_url: int) -> int:
    """The length as a server counts it: every link the same, of a far-away name only its first part."""
    near = _FAR_MENTION.sub(r"@\1", text)
    links = _URL.findall(near)
    return len(_URL.sub("", near)) + per_url * len(links)


def names_in(text: str) -> set[str]:
    """The names a text mentions, lower case, without the @ before them."""
    return {name.casefold() for name in _NAMED_IN.findall(text)}


def naming_only(text: str, names: Collection[str]) -> str:
    """The text in which only these (lower case) are named: other names read the same and call nobody."""
    return _NAMED_IN.sub(
        lambda found: found[0] if found[1].casefold() in names else f"{_QUIET}{found[1]}", text
    )


def as_typed(text: str) -> str:
    """The text without what `naming_only` put into it."""
    return text.replace(_QUIET, "@")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._link: tuple[str, list[str]] | None = None
        self._open: list[tuple[str, bool]] = []
        """The elements open now, and whether what stands inside is not shown."""

    def text(self) -> str:
        self._end_link()
        lines = "".join(self._out).replace("\xa0", " ").split("\n")
        return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in lines)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        classes = set(known.get("class", "").split())
        if tag == "br":
            self._say("\n")
            return
        if tag in _VOID:
            self._say(known.get("alt", "") if tag == "img" else "")
            return
        # The words "RE: address" stand in for a quote where it cannot be shown; we show it.
        hidden = self._hidden or tag in _UNSEEN or "quote-inline" in classes
        if len(self._open) < _DEEPEST:
            self._open.append((tag, hidden))
        if tag in _PARAGRAPHS:
            self._break("\n\n")
        elif tag == "li":
            self._break("\n")
            self._say("- ")
        elif tag == "a" and not hidden:
            self._end_link()
            self._link = ("" if classes & _NAMED else known.get("href", ""), [])

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._end_link()
        if tag in _PARAGRAPHS:
            self._break("\n\n")
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == tag:
                del self._open[at:]
                return

    def handle_data(self, data: str) -> None:
        self._say(data if self._inside("pre") else re.sub(r"[ \t\r\n]+", " ", data))

    @property
    def _hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def _inside(self, tag: str) -> bool:
        return any(name == tag for name, _ in self._open)

    def _say(self, words: str) -> None:
        if self._hidden or not words:
            return
        (self._link[1] if self._link else self._out).append(words)

    def _break(self, lines: str) -> None:
        if self._out and not self._hidden:
            self._out.append(lines)

    def _end_link(self) -> None:
        """A link's words are cut and hidden in pieces to look short: whole, they are its address."""
        if self._link is None:
            return
        (href, words), self._link = self._link, None
        shown = "".join(words).strip()
        if not href or not href.startswith(("http://", "https://")) or shown == href:
            self._out.append(shown)
        elif not shown or shown.rstrip("/") in (href.rstrip("/"), href.partition("://")[2].rstrip("/")):
            self._out.append(href)
        else:
            self._out.append(f"{shown} ({href})")

"""HTML mails as plain text, without the quotation of earlier mail."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

from heed.channels.email import quotes

_MOST = 400_000
"""Letters that are read: a stranger's page may be made to keep a parser busy."""

_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "pre", "table"})
_LINES = frozenset(
    {"address", "article", "center", "div", "dd", "dt", "footer", "header", "hr", "li", "section"}
)
_BLOCKS = _SPACED | _LINES | {"tr"}
_SILENT = frozenset({"head", "script", "style", "title", "template", "noscript", "select", "object"})
_EMPTY = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)

_QUOTE_CLASSES = frozenset(
    {
        "gmail_quote",
        "gmail_quote_container",
        "gmail_attr",
        "protonmail_quote",
        "yahoo_quoted",
        "moz-cite-prefix",
        "outlookmessageheader",
        "zmail_extra",
        "mailquote",
    }
)
_REST_IDS = frozenset(
    {"appendonsend", "divrplyfwdmsg", "olk_src_body_section", "mail-editor-reference-message-container"}
)
"""From here on everything is the earlier mail: it stands beside these, not inside."""

_OUTLOOK_LINE = re.compile(r"border-top:\s*solid\s*#(e1e1e1|b5c4df)", re.IGNORECASE)


@dataclass
class Plain:
    """`whole` is all the text, `fresh` what is new in it. `quoted_pictures` are the content ids shown only in
    a quotation of earlier mail."""

    whole: str
    fresh: str
    quoted_pictures: set[str] = field(default_factory=set)


def plain(html: str) -> Plain:
    """The text of an HTML mail."""
    reader = _Reader()
    reader.feed(html[:_MOST])
    reader.close()
    return reader.told()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, bool]] = []
        self._counts: Counter[str] = Counter()
        self._silent = 0
        self._pieces: list[str] = []
        self._line_ends = 2
        self._cut: int | None = None
        self._cut_ends: int | None = None
        self._inside = 0
        self._links: list[tuple[str, int]] = []
        self._cids: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        if tag in _SILENT:
            self._silent += 1
        begins = not self._inside and _is_quote(tag, facts)
        if begins:
            self._begin_quote()
        self._begin_line(tag)
        match tag:
            case "br":
                self._pieces.append("\n")
                self._line_ends += 1
            case "li":
                self._say("- ")
            case "td" | "th":
                self._pieces.append(" ")
            case "a":
                self._links.append((facts.get("href", ""), len(self._pieces)))
            case "img" if facts.get("src", "").lower().startswith("cid:"):
                self._cids.append((len(self._pieces), facts["src"][4:]))
        if facts.get("id", "").lower() in _REST_IDS or _OUTLOOK_LINE.search(facts.get("style", "")):
            self._cut = len(self._pieces) if self._cut is None else self._cut
            self._cut_ends = None
            self._inside = 1 << 30  # until the end
        if tag not in _EMPTY:
            self._open.append((tag, begins))
            self._counts[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if tag == "a" and self._links:
            self._name_link(*self._links.pop())
        self._begin_line(tag)
        while self._counts[tag]:
            name, began = self._open.pop()
            self._counts[name] -= 1
            if began:
                self._inside -= 1
                self._cut_ends = len(self._pieces)
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._say(data if self._counts["pre"] else re.sub(r"[ \t\r\n\f]+", " ", data))

    def told(self) -> Plain:
        whole = _tidied("".join(self._pieces))
        if self._cut is None:
            return Plain(whole, quotes.fresh(whole))
        above = _tidied("".join(self._pieces[: self._cut]))
        quoted = _tidied("".join(self._pieces[self._cut : self._cut_ends]))
        below = "" if self._cut_ends is None else _tidied("".join(self._pieces[self._cut_ends :]))
        if not above or (below and not quotes.is_signature(below)) or _was_passed_on(above, quoted):
            # Nothing would remain, the answer stands between the lines, or it was passed on to us.
            return Plain(whole, whole)
        pictures = {cid for place, cid in self._cids if place <= self._cut}
        return Plain(whole, quotes.fresh(above), {cid for _, cid in self._cids} - pictures)

    def _say(self, words: str) -> None:
        self._pieces.append(words)
        if words.strip():
            self._line_ends = 0

    def _begin_line(self, tag: str) -> None:
        """Blocks begin and end on lines of their own, some with an empty one between."""
        wanted = 2 if tag in _SPACED else 1 if tag in _BLOCKS else 0
        if self._line_ends < wanted:
            self._pieces.append("\n" * (wanted - self._line_ends))
            self._line_ends = wanted

    def _begin_quote(self) -> None:
        self._inside += 1
        if self._cut is None:
            self._cut = len(self._pieces)

    def _name_link(self, address: str, begun: int) -> None:
        words = "".join(self._pieces[begun:]).strip()
        shown = address.removeprefix("mailto:")
        if address.startswith(("http://", "https://")) and words and not _same_place(words, shown):
            self._pieces.append(f" ({shown})")


def _is_quote(tag: str, facts: dict[str, str]) -> bool:
    classes = {name.lower() for name in facts.get("class", "").split()}
    return bool(classes & _QUOTE_CLASSES) or (tag == "blockquote" and facts.get("type", "").lower() == "cite")


def _was_passed_on(above: str, quoted: str) -> bool:
    """By the lines around the mark; in a language we do not know, by its dashes."""
    first = quoted.split("\n")[0]
    if quotes.tells_of_passing_on(above.split("\n")[-1]) or quotes.tells_of_passing_on(first):
        return True
    return bool(re.match(r"\W*-{5,}", first)) and not quotes.tells_of_quoting(first)


def _same_place(words: str, address: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"^https?://(www\.)?", "", text.strip().lower()).rstrip("/")

    return bare(words) == bare(address)


def _tidied(text: str) -> str:
    text = text.replace("\xa0", " ").replace("\u200b", "").replace("\ufeff", "")
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

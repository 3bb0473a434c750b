"""Letters out of bytes: the names and charsets that mail programs have used over forty years."""

from __future__ import annotations

import codecs
import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value, getaddresses, quote
from functools import lru_cache
from typing import Any, NamedTuple

_ALIASES = {
    "iso-2022-jp": "iso2022_jp_ext",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "iso-8859-1": "cp1252",  # what is called Latin-1 is Windows' own as a rule
    "iso-8859-8-i": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
}
_NO_CHARSETS = ("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape")
"""Python decodes by these names too, and may fail at anything."""


_QUOTED = re.compile(r'"[^"]*"')
_EDGE = re.compile(r'"[^"]*"|[<>,;]')
_IN_BRACKETS = re.compile(r"<\s*[^<>\s@]+@[^<>\s]+\s*>")

_WORD = r"=\?[^?\s]*\?[bq]\?[ -~]*?\?="
_ENCODED = re.compile(rf"{_WORD}(?:\s*{_WORD})*", re.IGNORECASE)

_LONGEST = 20_000
"""Letters of a header that are read."""


class Address(NamedTuple):
    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def decoded(content: bytes, charset: str | None) -> str:
    """The text of these bytes. Never fails: what cannot be read becomes a question mark. Who says nothing, or
    ASCII, and means neither that nor UTF-8, means Windows' own."""
    said = _known(charset)
    for name in (said, "utf-8"):
        if name:
            try:
                return content.decode(name)
            except UnicodeError:
                continue
    return content.decode("cp1252" if said in (None, "ascii") else said, "replace")


def header(message: Message, name: str) -> str:
    """A header's text on one line, decoded; empty when there is none."""
    return unfolded(_words(raw_header(message, name)))


def addresses(message: Message, *names: str) -> list[Address]:
    """The addresses in these headers, lower case, without what is none."""
    head = _head(message)
    return [
        address
        for name in names
        for value in head.get(name.lower(), ())
        for address in _addresses_in(unfolded(_text(value)[:_LONGEST]))
    ]


@lru_cache(maxsize=2000)
def _addresses_in(text: str) -> tuple[Address, ...]:
    """A letter is asked for the same addresses many times, and reading them is half of what it costs."""
    return tuple(
        Address(unfolded(_words(person)), address.strip().lower())
        for person, address in getaddresses([_with_quoted_names(text)])
        if "@" in address
    )


def _with_quoted_names(text: str) -> str:
    """A name with an @ in it must be quoted and often is not: `Ana @ Acme <ana@mail.example>` would be two
    addresses."""
    if text.count("@") <= text.count("<"):
        return text
    pieces: list[str] = []
    start = end = 0
    for found in _EDGE.finditer(text):
        if found[0].startswith('"'):
            continue
        name = text[start : found.start()]
        if found[0] == "<" and "@" in _QUOTED.sub("", name) and _IN_BRACKETS.match(text, found.start()):
            pieces += [text[end:start], f' "{quote(name.strip())}" ']
            end = found.start()
        start = found.end()
    return "".join([*pieces, text[end:]])


def file_name(part: Message) -> str:
    """The name a file was sent under (RFC 2231 or 2047), without folders."""
    given = param(part, "filename", "Content-Disposition") or param(part, "name")
    if not given:
        return ""
    name = _text(collapse_rfc2231_value(given)) if isinstance(given, tuple) else _words(_text(given))
    return re.split(r"[/\\]", unfolded(name))[-1][:200]


def charset_of(part: Message) -> str | None:
    given = param(part, "charset")
    if isinstance(given, tuple):
        given = given[2]
    return str(given).strip("\"' ") if given else None


def content_of(part: Message) -> bytes:
    """The content of a part, decoded from base64 and the like."""
    bare = Message()  # without the charset, which Python may fail at
    bare["Content-Transfer-Encoding"] = header(part, "Content-Transfer-Encoding")
    bare.set_payload(letters_of(part) or "")
    payload = bare.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def letters_of(part: Message) -> str | None:
    """The content of a part as it stands in the mail; None where it has parts of its own. Python's own way to
    it decodes by whatever charset is named."""
    payload = part.__dict__.get("_payload")
    return payload if isinstance(payload, str) else None


def param(part: Message, name: str, header: str = "Content-Type") -> Any:
    """A parameter of a header as Python reads it, None where there is none. Most have none, and reading them
    is dear: it is only done where the name stands there."""
    if not any(name in value.lower() for value in _head(part).get(header.lower(), ())):
        return None
    return part.get_param(name, None, header)


def kind_of(part: Message) -> str:
    """What it holds, such as `text/plain`. A part is asked for it many times."""
    kept: str | None = part.__dict__.get(_KIND)
    if kept is None:
        kept = part.__dict__[_KIND] = part.get_content_type()
    return kept


def raw_header(message: Message, name: str) -> str:
    for value in _head(message).get(name.lower(), ()):
        return _text(value)[:_LONGEST]
    return ""


def _head(message: Message) -> dict[str, list[str]]:
    """The headers by their names in lower case, as they stand in the mail. A mail is asked for dozens, so
    they are laid out once and kept with it: nobody changes a mail that came."""
    kept: dict[str, list[str]] | None = message.__dict__.get(_KEPT)
    if kept is None:
        kept = message.__dict__[_KEPT] = {}
        for name, value in message.raw_items():
            kept.setdefault(name.lower(), []).append(str(value))
    return kept


_KEPT = "_heed_head"
_KIND = "_heed_kind"


def unfolded(text: str) -> str:
    return " ".join(text.split())


def _text(value: str) -> str:
    """Bytes above 127 that stand in a header as they are: UTF-8 today, Windows' own before."""
    if value.isascii():
        return value
    return decoded(value.encode("utf-8", "surrogateescape"), "utf-8")


def _words(text: str) -> str:
    """A header's text with its encoded words (RFC 2047) decoded. What stands beside them stays as it is."""
    if "=?" not in text or "?=" not in text:
        return text
    return _ENCODED.sub(lambda found: _spoken(found[0]), text)


def _spoken(encoded: str) -> str:
    """What encoded words that stand together say: a letter may lie in two of them."""
    try:
        pieces = decode_header(unfolded(encoded))
    except (HeaderParseError, ValueError):
        return encoded
    return "".join(piece if isinstance(piece, str) else decoded(piece, charset) for piece, charset in pieces)


@lru_cache(maxsize=200)
def _known(charset: str | None) -> str | None:
    name = (charset or "").strip().lower()
    name = _ALIASES.get(name, name)
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    return info.name if info._is_text_encoding and info.name not in _NO_CHARSETS else None

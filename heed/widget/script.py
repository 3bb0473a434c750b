"""The one script of the chat: code, style, words and the account's look in a file."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path

from heed.channels.mailboxes import can_send
from heed.channels.models import Account
from heed.widget.look import look_of
from heed.widget.verbs import FILE_BYTES, MOST_TEXT
from heed.widget.words import words

HERE = Path(__file__).parent / "script"


def script(account: Account, language: str) -> bytes:
    """What `/widget/<key>.js` serves: the words are in the browser's language, and the page may ask for
    those of another."""
    look = look_of(account)
    facts = {
        "name": look.name,
        "hello": look.greeting,
        "colour": look.colour,
        "ink": look.ink,
        "position": look.position,
        "mail": can_send(account),
        "bytes": FILE_BYTES,
        "text": MOST_TEXT,
        "langs": [*words()],
        "lang": language,
        "words": words()[language],
    }
    head = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return f"(async(C,S)=>{{{_code()}}})({head},{json.dumps(_style())});\n".encode()


def etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:24]}"'


@cache
def _code() -> str:
    """The code without comments and needless spaces; in its lines it can still be read."""
    lines = (line.strip() for line in (HERE / "chat.js").read_text("utf-8").splitlines())
    kept = (line for line in lines if line and not line.startswith("//"))
    tight = _ENDS.sub("", _shortened("\n".join(_TOKENS.sub(_tight, line) for line in kept)))
    return _FOLDS.sub("", tight)


_ENDS = re.compile(r";(?=\n[A-Za-z}]|\})")
"""A line or a brace ends a statement as well."""
_FOLDS = re.compile(r"(?<=[{,(])\n|\n(?=[})\]])")
"""Within brackets a line may go on."""
_TOKENS = re.compile(
    r"""
    (?P<kept> "(?:\\.|[^"\\])*" | `(?:\\.|[^`\\])*`
        | (?<=[(,=:])\s?/(?![/*])(?:\\.|\[(?:\\.|[^\]])*\]|[^/\\])+/[a-z]* )
    | /\*.*?\*/ | (?P<let>\bconst\b) | [ ]*(?P<sign>[{}()\[\];,:?=<>&|!*+]|=>)[ ]*
    """,
    re.VERBOSE,
)
"""What is in quotes or is a pattern stays; around signs no space is needed; `let` is as good as `const`."""


def _tight(found: re.Match[str]) -> str:
    return found["kept"] or found["sign"] or ("let" if found["let"] else "")


_OWN = (
    "--surface",
    "--paper",
    "--line",
    "--edge",
    "--ink-2",
    "--ink",
    "--wash",
    "--focus",
    "--brand-ink",
    "--brand",
    "--rule",
)
_SHORT = {name: f"--{letter}" for name, letter in zip(_OWN, "abcdefghijk", strict=True)}
_SHORT |= {  # the chat is written in lines, never in columns
    "inline-size": "width",
    "block-size": "height",
    "border-block-start": "border-top",
    "inset-block-start": "top",
    "inset-block-end": "bottom",
    "margin-block-start": "margin-top",
    "margin-block-end": "margin-bottom",
}
_LONG = re.compile("|".join(rf"{name}\b" for name in _SHORT))


def _shortened(text: str) -> str:
    return _LONG.sub(lambda found: _SHORT[found[0]], text)


@cache
def _style() -> str:
    """The style without comments and needless spaces, its names short."""
    text = re.sub(r"/\*.*?\*/", "", (HERE / "chat.css").read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    text = _shortened(text)
    return re.sub(r" ?([{};,]) ?", r"\1", text).replace(": ", ":").replace(";}", "}").strip()

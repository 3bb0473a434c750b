"""Mail that no person wrote just now (RFC 3834 and what programs do instead): shown, and never answered
by a machine, or two machines would write to each other for ever. What we write by ourselves says so, too."""

from __future__ import annotations

import re

from heed.channels.email import words
from heed.channels.email.letter import Letter

LOOP = "X-Heed-Loop"
"""Names the mailbox whose machine wrote it: so we know our own, whichever way it came back."""

FAILED = "X-Failed-Recipients"
"""Names those whom a mail of ours did not reach."""

_BULK = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_PRESENT = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "List-Id",
    "List-Unsubscribe",
    LOOP,
)
_SITE = re.compile(r"(no-?_?\.?reply|do-?not-?reply|wordpress)([+=.-].*)?@")
_MAIL_SERVER = re.compile(r"(mailer-daemon|postmaster|mail-daemon|bounces?)([+=.-].*)?@")
_POSTMASTER = "postmaster@"
_SUPPRESS = re.compile(r"\b(all|autoreply|oof)\b", re.IGNORECASE)


def marks_of(address: str) -> dict[str, str]:
    """The headers by which others know what the machine of this mailbox wrote, and do not answer it."""
    return {
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "Precedence": "bulk",
        LOOP: address,
    }


def is_automatic(letter: Letter, *, form: bool = False) -> bool:
    """Whether a machine wrote it, by any of the signs machines give. That a `form` has no sender one could
    answer is none: a person filled it in."""
    if is_marked(letter) or _SUPPRESS.search(words.header(letter.message, "X-Auto-Response-Suppress")):
        return True
    return not form and is_nobodys(letter)


def is_marked(letter: Letter) -> bool:
    """Whether it says itself that a machine sent it: a notice, a newsletter, an answer given by itself. Who
    merely wants no such answers says nothing of the kind."""
    message = letter.message
    if is_sent_by_machine(letter):
        return True
    if {words.header(message, name).lower() for name in ("Precedence", "X-Precedence")} & _BULK:
        return True
    return any(words.raw_header(message, name).strip() for name in _PRESENT)


def is_nobodys(letter: Letter) -> bool:
    """Whether it is sent in a name that reaches no person."""
    senders = [each.address for each in words.addresses(letter.message, "From")]
    if letter.ids("In-Reply-To"):  # in small firms a person reads that mail, and answers in that name
        senders = [each for each in senders if not each.startswith(_POSTMASTER)]
    return any(map(is_nobody, senders))


def is_sent_by_machine(letter: Letter) -> bool:
    """Whether it left a mail server or a program by itself: what people write never says so, not even what
    they pass on of such a mail."""
    message = letter.message
    submitted = words.header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    return (
        (submitted not in ("", "no"))
        or words.kind_of(message) == "multipart/report"
        or words.raw_header(message, "Return-Path").strip() == "<>"
        or bool(words.raw_header(message, FAILED).strip())
    )


def is_nobody(address: str) -> bool:
    """Whether what is sent to an address like this reaches no person."""
    return is_sites(address) or bool(_MAIL_SERVER.match(address))


def is_sites(address: str) -> bool:
    """Whether sites send in a name like this, among other things what somebody wrote into a form."""
    return bool(_SITE.match(address))

"""Where an account's mail servers are, and what they mean when they say no."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from uuid import UUID

from heed.channels.base import AccountRecord, Reason, Refusal, SessionExpired, is_yes
from heed.lib import clock
from heed.lib.http import Response, Token

SENT = "\\Sent"
"""The mailbox where sent mail lies, whatever it is called there."""

ALMOST_OVER = timedelta(seconds=120)
"""A token this near to its end is renewed before it is used."""

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_WAIT = re.compile(
    r"(?:in|after|for|retry)\D{0,20}?(?:(\d+):(\d\d)(?::(\d\d))?|(\d{1,5})\s*(s|sec\w*|m|min\w*)?\b)",
    re.IGNORECASE,
)
_NAME = r"\[[0-9a-fA-F:.]+\]|[^\s/\\:@?#\[\]]+"
_HOST = re.compile(rf"(?P<name>{_NAME})(:(?P<port>[^:]*))?", re.IGNORECASE)
PORT = r"\d{1,5}"
IMAP_SERVER, SMTP_SERVER = (rf"({wire}s?://)?({_NAME})(:{PORT})?/*" for wire in ("imap", "smtp"))
"""The shapes of what is entered for a server; what two fields say together `mailbox` and `outgoing` judge."""

_WORD = re.compile(r"heed\.([0-9a-z-]{1,60})\.[0-9a-f]{16}@", re.IGNORECASE)
_KEY = re.compile(r"heed\.([0-9a-f-]{36})@", re.IGNORECASE)


def address_of(account: AccountRecord) -> str:
    return account.credentials.get("address", "").strip().lower()


def is_by_token(account: AccountRecord) -> bool:
    """Whether the mailbox is opened with a token that is renewed, and not with a password."""
    return bool(account.credentials.get("refresh_token"))


def login_of(account: AccountRecord) -> tuple[str, str]:
    """Name and password or token. Raises `SessionExpired` when the token ends or there is none yet."""
    given = account.credentials
    user = given.get("user") or given.get("address", "")
    if not is_by_token(account):
        return user, given.get("password", "")
    token, ends = account.session.get("access_token", ""), account.session.get("expires_at", "")
    if not token or (ends and clock.from_iso(ends) - ALMOST_OVER <= clock.now()):
        raise SessionExpired
    return user, Token(token)


def mark_of(account: AccountRecord) -> str:
    """Tells this mailbox from every other: numbers of mails mean something in one only, and look the same in
    another, often down to the UIDVALIDITY. It is made of whose it is and on which server it lies."""
    given = account.credentials
    user = (given.get("user") or given.get("address", "")).strip().casefold()
    host = given.get("imap_host", "").strip().rpartition("://")[2].strip("/").casefold()
    found = _HOST.fullmatch(host)
    return sha256(f"{user} {found['name'] if found else host}".encode()).hexdigest()[:12]


def mailbox(account: AccountRecord, name: str = "", place: str = "") -> str:
    """The address of a mailbox, or of what lies in it. Raises `Refusal`."""
    server = _server(account, "imap", usual=993, open_ports=(143,))
    return f"{server}/{quote(name, safe='')}{place}"


def outgoing(account: AccountRecord) -> str:
    """The address mail is handed over at. Raises `Refusal`."""
    return _server(account, "smtp", usual=587, open_ports=(25, 587, 2525))


def message_id(key: str, account: AccountRecord) -> str:
    """The Message-ID of an answer: the same at every attempt. Its key is a secret of ours until it is
    sent, so nobody can write himself into a conversation with a guessed one."""
    return f"heed.{key}@{_domain(account)}"


def key_of(id: str) -> str:
    """The key of the answer that has this Message-ID; empty when it is none of ours."""
    found = _KEY.match(id)
    try:
        return str(UUID(found[1])) if found else ""
    except ValueError:
        return ""


def has_words(account: AccountRecord) -> bool:
    """Whether mail with a word after a plus sign in the address reaches the mailbox, as the admin says. Where
    it does not, every answer to such an address would come back to the customer."""
    return is_yes(account.credentials.get("plus", ""))


def with_word(word: str, account: AccountRecord) -> str:
    """The account's address with a word after a plus sign."""
    name, _, domain = address_of(account).rpartition("@")
    return f"{name}+{word}@{domain}"


def id_with_word(word: str, key: str, account: AccountRecord) -> str:
    """A Message-ID by which answers name the word: the same at every attempt."""
    return f"heed.{word}.{sha256(key.encode()).hexdigest()[:16]}@{_domain(account)}"


def _domain(account: AccountRecord) -> str:
    """The account's domain in the letters that every server searches for."""
    try:
        return address_of(account).rpartition("@")[2].encode("idna").decode() or "localhost"
    except UnicodeError:
        return "localhost"


def word_in(id: str) -> str:
    """The word in a Message-ID, empty where it has none."""
    found = _WORD.match(id)
    return found[1] if found else ""


def is_own(address: str, account: AccountRecord) -> bool:
    """Whether an address is the account's, perhaps with a word after a plus sign."""
    name, _, domain = address.lower().rpartition("@")
    return f"{name.partition('+')[0]}@{domain}" == address_of(account) or address.lower() == address_of(
        account
    )


def refuse_mailbox(response: Response, account: AccountRecord) -> Mapping[str, Any]:
    """The answer of a mailbox. Raises `Refusal`, and `SessionExpired` where a token was refused."""
    match response.status:
        case 200:
            return response.record
        case 401 if is_by_token(account):
            raise SessionExpired(f"IMAP {_said(response)}")
        case 401:
            raise Refusal("sign_in_again", code="IMAP", detail=_said(response), field="password")
        case 404:
            raise Refusal("gone", code="IMAP", detail=_said(response))
    raise Refusal("network_down", retry=True, code="IMAP", detail=_said(response))


def refuse_mail(response: Response, account: AccountRecord, *, with_files: bool = False) -> None:
    """Raise what a mail server means by its code (RFC 5321) and status (RFC 3463); `SessionExpired` where
    a token was refused."""
    code, words, stage = response.status, _said(response), response.headers.get("stage", "")
    if 200 <= code < 300:
        return
    status = (_STATUS.search(words) or [""])[0]
    reason, retry = _meaning(code, status, stage, with_files=with_files)
    if reason == "sign_in_again" and is_by_token(account):
        raise SessionExpired(f"{code} {words}")
    after = _seconds(words) if reason == "slow_down" else None
    raise Refusal(reason, retry=retry, after=after, code=f"{code} {status}".strip(), detail=words)


def _meaning(code: int, status: str, stage: str, *, with_files: bool) -> tuple[Reason, bool]:
    """The reason, and whether to try again."""
    if stage == "login" and code in (530, 534, 535, 538):
        return "sign_in_again", False
    if code < 500:
        return "slow_down", True
    if stage == "scripts" or status == "5.6.7":
        return "script_refused", False
    if (code == 552 and status != "5.2.2") or status in ("5.3.4", "5.2.3"):
        return ("file_refused" if with_files else "too_long"), False
    if status.startswith("5.7") or stage == "from":
        return "not_allowed", False
    if stage == "to" or status == "5.2.2":
        return "unreachable", False
    return ("network_down", True) if stage in ("greeting", "login") else ("bad_request", False)


def _seconds(words: str) -> float | None:
    """The wait that greylisting servers write into their words."""
    found = _WAIT.search(words)
    if found is None:
        return None
    if found[1]:
        parts = [int(each) for each in found.groups()[:3] if each is not None]
        return float(sum(part * 60**place for place, part in enumerate(reversed(parts))))
    return float(found[4]) * (60 if (found[5] or "").lower().startswith("m") else 1)


def _said(response: Response) -> str:
    return " ".join(response.body.decode("utf-8", "replace").split())[:400]


def _server(account: AccountRecord, wire: str, *, usual: int, open_ports: tuple[int, ...]) -> str:
    """`wire` in the open until STARTTLS on the ports where that is usual, else inside TLS from the start.
    `imap://` or `smtps://` before the host says which, on any port, which may stand behind the host, too."""
    scheme, _, place = account.credentials.get(f"{wire}_host", "").strip().rpartition("://")
    entered = account.credentials.get(f"{wire}_port", "").strip()
    found = _HOST.fullmatch(place.strip("/"))
    beside = (found["port"] or "") if found else ""
    port = _port(entered or beside or str(usual))
    two = bool(entered and beside) and _port(beside) != port
    if found is None or not port or two or scheme not in ("", wire, f"{wire}s"):
        shown = place[:200] if beside and not entered else f"{place[:200] or '?'}:{entered[:20] or usual}"
        raise Refusal("wrong_server", detail=f"{shown} ({wire.upper()})", field=f"{wire}_host")
    scheme = scheme or (wire if port in open_ports else f"{wire}s")
    return f"{scheme}://{found['name']}:{port}"


def _port(entered: str) -> int:
    """The port that was entered, in the digits of any script; 0 where it is none."""
    number = int(entered) if entered.isdecimal() and len(entered) <= 5 else 0
    return number if number < 65536 else 0

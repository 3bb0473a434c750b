"""IMAP: mailboxes, what lies in them, and word of what comes into them."""

from __future__ import annotations

import base64
import imaplib
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import unquote

import orjson
from imapclient import IMAPClient
from imapclient.exceptions import LoginError
from imapclient.imapclient import SENT

from heed.lib.http import ANSWER_LIMIT, Request, Response, Token, TooLarge, Unreachable
from heed.lib.mail_line import FAILURES, TIMEOUT, Place, all_of, cut_after, seconds_for

_SENT = "\\Sent"
_RENEW_IDLE = 9 * 60
"""Seconds after which IDLE is asked for again. Servers end it after 29 minutes, routers much earlier."""

_LOOK_EVERY = 30.0
"""Seconds between questions where the server has no IDLE."""

LATER = re.compile(
    rb"\[(SERVERBUG|LIMIT|INUSE|OVERQUOTA)\]|internal error|system error|too many|try again|unavailable"
    rb"|throttl|temporar|not connected",
    re.IGNORECASE,
)
"""Words of a server that may let us in later, or open a mailbox. Servers have more such words than anybody
knows: of messages none of them is believed."""

_MOST_REFUSED = 3
"""Messages that a server may refuse within one request."""

_MOST_LOOKED_AT = 50
_MOST_PROOFS = 3
"""Among how many of the newest another message is looked for that is given out, and how many are tried."""

_MOVED = re.compile(rb"\[EXPUNGEISSUED\]", re.IGNORECASE)
_FACTS = ("FLAGS", "INTERNALDATE", "RFC822.SIZE")


Farewells = Mapping[int, Sequence[bytes]]
"""With what words a server hung up when it was asked for a message, each time; 0 stands for several."""


class Farewell(imaplib.IMAP4.abort):
    """The server said good-bye in place of a message, as Dovecot does when it cannot read one."""

    def __init__(self, uid: int, words: bytes) -> None:
        super().__init__(f"good-bye at {uid}")
        self.uid, self.words = uid, words


class _Imap(imaplib.IMAP4):
    """The protocol over a line that was connected to already."""

    def __init__(self, line: socket.socket, host: str) -> None:
        self._line = line
        super().__init__(host)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self._line


class Mailboxes(IMAPClient):  # type: ignore[misc]  # the library is not typed
    """A signed-in connection to an IMAP server."""

    def __init__(self, line: socket.socket, place: Place) -> None:
        self._line = line
        self._sent: str | None = None
        super().__init__(place.host, place.port, ssl=False, timeout=TIMEOUT)
        self.normalise_times = False

    def _create_IMAP4(self) -> _Imap:  # noqa: N802 - the library's name
        return _Imap(self._line, self.host)

    @contextmanager
    def ends(self, total: float) -> Iterator[None]:
        with cut_after(total, self.socket):
            yield

    def hang_up(self) -> None:
        with suppress(*FAILURES):
            self.socket().settimeout(2)
            self.logout()
        with suppress(*FAILURES):
            self._line.close()

    def sign_in(self, user: str, password: str) -> None:
        """Raises `LoginError` for a refusal only: the library also calls a broken line one."""
        try:
            if isinstance(password, Token):
                self.oauth2_login(user, password)
            elif (user + password).isascii():
                self.login(user, password)
            elif self.has_capability("AUTH=PLAIN"):
                self.plain_login(user, password)
            else:
                raise LoginError("the server takes names and passwords in ASCII only")
        except LoginError as error:
            if isinstance(error.__context__, imaplib.IMAP4.abort):
                raise error.__context__ from None
            raise

    def select(self, name: str) -> dict[bytes, Any] | None:
        """Open a mailbox, for reading only; None when there is none of this name."""
        try:
            found: dict[bytes, Any] = self.select_folder(self._named(name), readonly=True)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            if name.upper() == "INBOX" or LATER.search(str(error).encode()):
                raise  # everybody has an INBOX: this one just cannot be opened now
            return None
        return found

    def answer(self, path: str, request: Request, limit: int, farewells: Farewells) -> Response:
        name, uidvalidity, uid, section = _address(path)
        params = request.params
        if not name:
            return _json(
                {"capabilities": sorted(each.decode("ascii", "replace") for each in self.capabilities())}
            )
        if request.method == "POST":
            return self._put(name, request.content or b"")
        opened = self.select(name)
        if opened is None or uidvalidity not in ("", str(opened.get(b"UIDVALIDITY", ""))):
            return Response(404, {}, b"")
        if uid:
            return self._part(uid, section, limit)
        if "header" in params:
            return self._found(all_of(params["header"]), str(params.get("value", "")))
        return _json(self._news(opened, {key: str(value) for key, value in params.items()}, farewells))

    def _named(self, name: str) -> str:
        if name != _SENT:
            return name
        if self._sent is None:
            self._sent = str(self.find_special_folder(SENT) or "Sent")
        return self._sent

    def _put(self, name: str, content: bytes) -> Response:
        try:
            self.socket().settimeout(TIMEOUT + seconds_for(content))
            self.append(self._named(name), content, flags=[rb"\Seen"])
            self.socket().settimeout(TIMEOUT)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            return Response(404, {}, str(error).encode())
        return Response(200, {}, b"")

    def _found(self, headers: list[str], value: str) -> Response:
        found: set[int] = set()
        for header in headers:
            found.update(self.search(["HEADER", header, value]))
        return _json({"uids": sorted(found)})

    def _part(self, uid: int, section: str, limit: int) -> Response:
        size = self.fetch([uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE")
        if size is None:
            return Response(404, {}, b"")
        if size > 2 * limit:
            raise TooLarge(f"more than {limit} bytes")
        if not section:
            return Response(200, {}, self._body(uid, ""))
        # The headers of a message that has only one part are its own.
        head = self._body(uid, f"{section}.MIME") or self._body(uid, "HEADER")
        content = decoded(message_from_bytes(head), self._body(uid, section))
        if len(content) > limit:
            raise TooLarge(f"more than {limit} bytes")
        return Response(200, {}, content) if content else Response(404, {}, b"")

    def _body(self, uid: int, section: str, most: int | None = None) -> bytes:
        wanted = f"BODY.PEEK[{section}]" + (f"<0.{most}>" if most is not None else "")
        values = self.fetch([uid], [wanted]).get(uid, {})
        return next((value or b"" for name, value in values.items() if name.startswith(b"BODY[")), b"")

    def _news(self, opened: dict[bytes, Any], params: dict[str, str], farewells: Farewells) -> dict[str, Any]:
        """The mail after `after`, oldest first, as much as goes into one answer."""
        uidvalidity, following = str(opened.get(b"UIDVALIDITY", "")), int(opened.get(b"UIDNEXT", 0))
        page: dict[str, Any] = {
            "uidvalidity": uidvalidity,
            "uidnext": following,
            "messages": [],
            "more": False,
        }
        if not params.get("uidvalidity"):
            return page
        after = int(params.get("after") or 0)
        behind = 0 < following <= after  # one that was made anew may have the old UIDVALIDITY
        same = params["uidvalidity"] == uidvalidity and not behind
        waiting = [int(uid) for uid in params.get("waiting", "").split(",") if uid] if same else []
        uids = self._after(after if same else 0, following)
        if uids and (not same or params.get("again")):
            uids = sorted(set(uids) & set(self.search(["SINCE", _day(params.get("since", ""))])))
        if not uids and not waiting:
            return page
        if same and after:
            page["last"] = base64.b64encode(self._head_of(after, farewells)).decode()
        limit, most = int(params.get("limit") or 20), int(params.get("most") or ANSWER_LIMIT)
        messages, full = self._messages([*waiting, *uids[:limit]], most, farewells)
        if messages and all("refused" in each for each in messages):
            refused = {int(each["uid"]) for each in messages}
            self._see_that_it_gives(int(opened.get(b"EXISTS", 0)), refused, farewells)
        page["messages"] = messages
        page["more"] = full or len(uids) > limit
        return page

    def _head_of(self, uid: int, farewells: Farewells) -> bytes:
        """The headers of one message; none where it is not there, or not given out."""
        with _noted(uid, {}):
            if len(farewells.get(uid, ())) < 2:
                return self._body(uid, "HEADER")
        return b""

    def _messages(
        self, uids: list[int], most: int, farewells: Farewells
    ) -> tuple[list[dict[str, Any]], bool]:
        """Those of them that are still there, and whether the rest is for another answer. One that the server
        does not give out has its words in place of its own: it must not keep back all that came after it."""
        refused = {uid: said[-1] for uid, said in farewells.items() if uid and len(said) > 1}
        known = self._facts([uid for uid in uids if uid not in refused], singly=0 in farewells)
        found: list[dict[str, Any]] = []
        given, told_no, room = False, 0, ANSWER_LIMIT
        for uid in uids:
            facts: dict[bytes, Any] = {}
            if uid not in refused:
                with _noted(uid, refused):
                    facts = known.get(uid, {}) if known is not None else self._facts_of(uid)
                    size = int(facts.get(b"RFC822.SIZE", 0))
                    room -= min(size, most)
                    if room < 0 and given:
                        return found, True
                    raw = self._body(uid, "", most if size > most else None) if facts else b""
                    if raw or (facts and not size):  # else it was moved away meanwhile
                        found.append(_message(uid, facts, size, most, raw))
                        given = True
            if uid in refused:
                words = refused[uid].decode("utf-8", "replace")[:300]
                found.append({**_message(uid, facts, 0, -1, b""), "refused": words or "no"})
                told_no += 1
            if told_no == _MOST_REFUSED:
                return found, uid != uids[-1]
        return found, False

    def _facts(self, uids: list[int], *, singly: bool) -> dict[int, dict[bytes, Any]] | None:
        """What is known of each. Because of one a server may refuse to tell of several, or hang up: then each
        has to be asked for `singly`, and this is None."""
        if not singly:
            with _noted(0, {}):
                return self.fetch(uids, _FACTS) if uids else {}
        return None

    def _facts_of(self, uid: int) -> dict[bytes, Any]:
        return self.fetch([uid], _FACTS).get(uid, {})

    def _see_that_it_gives(self, exists: int, refused: set[int], farewells: Farewells) -> None:
        """Of all that was asked for it gave nothing. Raises when it does not give out others either: then the
        trouble is its own, whatever it says; so it is, too, where it refused several and has no others."""
        newest = self.search(f"{max(1, exists - _MOST_LOOKED_AT)}:{exists}") if exists else []
        others = sorted(set(newest) - refused, reverse=True)[:_MOST_PROOFS]
        for uid in others:
            with _noted(uid, {}):
                if len(farewells.get(uid, ())) < 2 and self._body(uid, "", 1):
                    return
        if others or len(refused) > 1:
            raise imaplib.IMAP4.error("nothing is given out")

    def _after(self, last: int, following: int) -> list[int]:
        if following and following <= last + 1:
            return []
        # "n:*" gives the last one even when it lies before n.
        return sorted(uid for uid in self.search(["UID", f"{last + 1}:*"]) if uid > last)

    def fetch(self, uids: list[int], wanted: Iterable[str]) -> dict[int, dict[bytes, Any]]:
        """As the library's, but nothing stays of what was said before a refusal. Raises `Farewell`."""
        try:
            return dict(super().fetch(uids, wanted))
        except imaplib.IMAP4.error as error:
            said = self._imap.untagged_responses
            said.pop("FETCH", None)
            if isinstance(error, imaplib.IMAP4.abort) and said.get("BYE"):
                raise Farewell(uids[0] if len(uids) == 1 else 0, said["BYE"][-1]) from error
            raise

    def changes(self, ended: Callable[[], bool]) -> Iterator[None]:
        """Yield whenever something came into the open mailbox."""
        if not self.has_capability("IDLE"):
            yield from self._asked_for(ended)
            return
        while not ended():
            self.idle()
            yield from self._pushed(ended)
            _, rest = self.idle_done()
            if _tells_of_mail(rest):
                yield

    def _pushed(self, ended: Callable[[], bool], wait: float = 5.0) -> Iterator[None]:
        until = time.monotonic() + _RENEW_IDLE
        while not ended() and time.monotonic() < until:
            began = time.monotonic()
            pause = min(wait, max(0.05, until - began))
            told = self.idle_check(timeout=pause)
            if not told and time.monotonic() - began < pause / 2:
                raise imaplib.IMAP4.abort("the line was closed")
            if any(isinstance(each, tuple) and each[0] == b"BYE" for each in told):
                raise imaplib.IMAP4.abort("the server says good-bye")
            if _tells_of_mail(told):
                yield

    def _poll_socket(self, sock: socket.socket, timeout: float | None = None) -> Any:
        """What came together with the answer before has left the line already, or lies inside TLS."""
        with suppress(OSError):
            if self._imap.file.peek(1):
                return True
        return super()._poll_socket(sock, timeout)

    def _asked_for(self, ended: Callable[[], bool]) -> Iterator[None]:
        while not ended():
            until = time.monotonic() + _LOOK_EVERY
            while not ended() and time.monotonic() < until:
                time.sleep(0.5)
            _, told = self.noop()
            if _tells_of_mail(told):
                yield


def decoded(head: Message, content: bytes) -> bytes:
    """The content of a part by what its headers say of how it was encoded."""
    part = Message()
    part["Content-Transfer-Encoding"] = str(head.get("Content-Transfer-Encoding", ""))
    part.set_payload(content.decode("ascii", "surrogateescape"))
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else content


def _message(uid: int, facts: dict[bytes, Any], size: int, most: int, raw: bytes) -> dict[str, Any]:
    at = facts.get(b"INTERNALDATE")
    return {
        "uid": uid,
        "flags": [flag.decode("ascii", "replace") for flag in facts.get(b"FLAGS", ())],
        "internaldate": at.isoformat() if isinstance(at, datetime) else "",
        "size": size,
        "whole": size <= most,
        "raw": base64.b64encode(raw).decode(),
    }


@contextmanager
def _noted(uid: int, refused: dict[int, bytes]) -> Iterator[None]:
    """Put it down when the server refuses what is asked of it there. That the line breaks is no refusal, nor
    that the message is not there any more."""
    try:
        yield
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        words = str(error).encode()
        if not _MOVED.search(words):
            refused[uid] = words


def _tells_of_mail(told: Iterable[Any]) -> bool:
    return any(
        isinstance(each, tuple) and len(each) > 1 and each[1] in (b"EXISTS", b"RECENT") for each in told
    )


def mailbox_of(path: str) -> str:
    return _address(path)[0]


_ADDRESS = re.compile(
    r"/(?P<name>[^;]*?)(;UIDVALIDITY=(?P<uidvalidity>\d+))?(/;UID=(?P<uid>\d+))?(/;SECTION=(?P<section>[\d.]+))?"
)


def _address(path: str) -> tuple[str, str, int, str]:
    """Mailbox, its generation, a message's number and a part's, as far as the path names them."""
    found = _ADDRESS.fullmatch(path or "/")
    if found is None:
        raise Unreachable("not an address of a mailbox")
    uid = int(found["uid"] or 0)
    return unquote(found["name"]), found["uidvalidity"] or "", uid, found["section"] or ""


def _day(since: str) -> date:
    """The day before: servers compare days of their own zone."""
    try:
        return datetime.fromisoformat(since).date() - timedelta(days=1)
    except ValueError:
        return date.today() - timedelta(days=14)


def _json(value: dict[str, Any]) -> Response:
    return Response(200, {}, orjson.dumps(value))

"""As much of IMAP as a desk needs."""

from __future__ import annotations

import re
import select
from collections.abc import Iterator
from datetime import date, datetime
from email import message_from_bytes

from heed.sandbox.networks.email.mailroom import Box, Cut, Mail
from heed.sandbox.networks.email.sections import section
from heed.sandbox.networks.email.servers import Session, plain

_WRONG = "NO [AUTHENTICATIONFAILED] Invalid credentials"
_IDLE_LOOKS = 0.05


class ImapSession(Session):
    def talk(self) -> None:
        self.signed_in = False
        self.box: Box | None = None
        self.told = 0
        idle = " IDLE" if self.room.can_idle else ""
        self.abilities = f"IMAP4rev1{idle} UIDPLUS SPECIAL-USE AUTH=PLAIN AUTH=XOAUTH2"
        self.say(f"* OK [CAPABILITY {self.abilities}] ready")
        while True:
            words = self._command()
            if len(words) < 2:
                self.say("* BAD What?")
                continue
            tag, verb = words[0], words[1].upper()
            self.say(f"{tag} {self._answer(tag, verb, words[2:])}")
            if verb == "LOGOUT":
                return

    def _command(self) -> list[str]:
        """A command's words; a literal among them is asked for and read."""
        line = self.line()
        while literal := re.search(r"\{(\d+)\}$", line):
            self.say("+ go on")
            content = self.rfile.read(int(literal[1])).decode("latin-1")
            self._literal = content
            line = line[: literal.start()] + " LITERAL" + self.line()
        return [_unquoted(word) for word in re.findall(r'"(?:[^"\\]|\\.)*"|\([^)]*\)|\S+', line)]

    def _answer(self, tag: str, verb: str, words: list[str]) -> str:
        if verb == "UID" and words:
            verb, words = f"UID {words[0].upper()}", words[1:]
        match verb:
            case "CAPABILITY":
                self.say(f"* CAPABILITY {self.abilities}")
            case "NOOP":
                self._tell_count()
            case "LOGOUT":
                self.say("* BYE")
            case "LOGIN" if len(words) == 2 and self.room.admits(*words):
                self.signed_in = True
            case "LOGIN":
                return _WRONG
            case "AUTHENTICATE" if words[:1] == ["XOAUTH2"]:
                return self._by_token()
            case "AUTHENTICATE" if words[:1] == ["PLAIN"]:
                return self._by_password()
            case _ if not self.signed_in:
                return "NO Sign in first"
            case "LIST":
                for name, box in self.room.boxes.items():
                    self.say(f'* LIST ({box.use}) "/" "{name}"')
            case "SELECT" | "EXAMINE":
                return self._open(words[0])
            case "APPEND":
                return self._append(words)
            case "IDLE":
                return self._idle()
            case "UID SEARCH" if self.box:
                self.say("* SEARCH" + "".join(f" {mail.uid}" for mail in _searched(self.box, words)))
            case "UID FETCH" if self.box:
                return self._fetch(self.box, words)
            case _:
                return "BAD Unknown"
        return "OK done"

    def _by_token(self) -> str:
        self.say("+ ")
        self.signed_in = self.has_token(self.line())
        if self.signed_in:
            return "OK done"
        self.say("+ eyJzdGF0dXMiOiI0MDEifQ==")
        self.line()
        return "NO [AUTHENTICATIONFAILED] Token not accepted"

    def _by_password(self) -> str:
        self.say("+ ")
        self.signed_in = self.room.admits(*plain(self.line()))
        return "OK done" if self.signed_in else _WRONG

    def _open(self, name: str) -> str:
        self.box = self.room.boxes.get(name)
        if self.box is None:
            return "NO [NONEXISTENT] No such mailbox"
        self._tell_count()
        self.say(f"* OK [UIDVALIDITY {self.box.uidvalidity}] .", f"* OK [UIDNEXT {self.box.following}] .")
        return "OK [READ-ONLY] opened"

    def _tell_count(self) -> None:
        if self.box is not None:
            self.told = len(self.box.mails)
            self.say(f"* {len(self.box.mails)} EXISTS", "* 0 RECENT")

    def _append(self, words: list[str]) -> str:
        box = self.room.boxes.get(words[0])
        if box is None:
            return "NO [TRYCREATE] No such mailbox"
        box.put(self._literal.encode("latin-1"), self.room.now(), "\\Seen")
        return "OK appended"

    def _idle(self) -> str:
        self.say("+ idling")
        while not select.select([self.connection], [], [], _IDLE_LOOKS)[0]:
            if self.box and len(self.box.mails) != self.told:
                self._tell_count()
        self.line()
        return "OK idle ended"

    def _fetch(self, box: Box, words: list[str]) -> str:
        wanted = " ".join(words[1:]).strip("()")
        for number, mail in enumerate(list(box.mails), 1):
            if not _in_set(mail.uid, words[0], box.following - 1):
                continue
            if mail.refused and "BODY" in wanted:
                if mail.refused.startswith("* BYE"):
                    self.say(mail.refused)
                    raise Cut
                return f"NO {mail.refused}"
            self.wfile.write(f"* {number} FETCH (UID {mail.uid}".encode())
            if "FLAGS" in wanted:
                self.wfile.write(f" FLAGS ({' '.join(sorted(mail.flags))})".encode())
            if "INTERNALDATE" in wanted:
                self.wfile.write(f' INTERNALDATE "{mail.at:%d-%b-%Y %H:%M:%S %z}"'.encode())
            if "RFC822.SIZE" in wanted:
                self.wfile.write(f" RFC822.SIZE {len(mail.raw)}".encode())
            if body := re.search(r"BODY\.PEEK\[([^\]]*)\](?:<(\d+)\.(\d+)>)?", wanted):
                start = f"<{body[2]}>" if body[2] else ""
                content = section(mail.raw, body[1])
                if body[2]:
                    content = content[int(body[2]) : int(body[2]) + int(body[3])]
                self.wfile.write(f" BODY[{body[1]}]{start} {{{len(content)}}}\r\n".encode() + content)
            self.wfile.write(b")\r\n")
            if mail.leaving:
                box.mails.remove(mail)
        self.wfile.flush()
        return "OK done"


def _searched(box: Box, words: list[str]) -> Iterator[Mail]:
    for mail in box.mails:
        left = list(words)
        fits = True
        while left and fits:
            match left.pop(0).upper():
                case "UID":
                    fits = _in_set(mail.uid, left.pop(0), box.following - 1)
                case "SINCE":
                    fits = mail.at.date() >= _day(left.pop(0))
                case "HEADER":
                    name, value = left.pop(0), left.pop(0)
                    fits = value.lower() in str(message_from_bytes(mail.raw).get(name, "")).lower()
        if fits:
            yield mail


def _in_set(uid: int, wanted: str, last: int) -> bool:
    for piece in wanted.split(","):
        first, _, end = piece.partition(":")
        ends = [last if each == "*" else int(each) for each in (first, end or first)]
        if min(ends) <= uid <= max(ends):
            return True
    return False


def _day(text: str) -> date:
    return datetime.strptime(f"{text} +0000", "%d-%b-%Y %z").date()


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word

"""As much of SMTP as a desk needs."""

from __future__ import annotations

import re

from heed.sandbox.networks.email.mailroom import Cut, Nonsense, Said
from heed.sandbox.networks.email.sections import section
from heed.sandbox.networks.email.servers import Session, plain

_WHICH_LETTERS: Said = 553, "5.6.7 Non-ASCII addresses not permitted"


class SmtpSession(Session):
    def talk(self) -> None:
        self.signed_in = not self.room.asks_for_password
        self.sender, self.receivers = "", list[str]()
        self.all_scripts = False
        self.say("220 mail.example ESMTP")
        while True:
            line = self.line()
            verb = line.split(" ")[0].upper()
            if verb == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            if verb == "EHLO":
                size, scripts = f"250-SIZE {self.room.largest}", ["250-SMTPUTF8"] * self.room.all_scripts
                self.say("250-mail.example", size, *scripts, "250-AUTH PLAIN XOAUTH2", "250 8BITMIME")
            elif verb == "DATA":
                self._data()
            else:
                code, words = self._answer(verb, line)
                self.say(f"{code} {words}")

    def _answer(self, verb: str, line: str) -> Said:
        match verb:
            case "HELO" | "NOOP" | "RSET":
                return 250, "2.0.0 Ok"
            case "AUTH":
                return self._auth(line)
            case "MAIL" if not self.signed_in:
                return 530, "5.7.0 Authentication required"
            case "MAIL":
                self.sender, self.receivers = _bracketed(line), []
                self.all_scripts = self.room.all_scripts and "SMTPUTF8" in line
                if not (self.all_scripts or line.isascii()):
                    return _WHICH_LETTERS
                size = re.search(r"size=(\d+)", line, re.IGNORECASE)
                if size and int(size[1]) > self.room.largest:
                    return 552, "5.3.4 Message size exceeds fixed limit"
                return 250, "2.1.0 Ok"
            case "RCPT" if not (self.all_scripts or line.isascii()):
                return _WHICH_LETTERS
            case "RCPT":
                said = self.room.receives(_bracketed(line).lower())
                if said[0] == 250:
                    self.receivers.append(_bracketed(line).lower())
                return said
        return 502, "5.5.2 Command not recognized"

    def _auth(self, line: str) -> Said:
        _, by_token, told = line.partition("XOAUTH2 ")
        if by_token:
            self.signed_in = self.has_token(told)
            if not self.signed_in:
                self.say("334 eyJzdGF0dXMiOiI0MDEifQ==")
                self.line()
            return (235, "2.7.0 Accepted") if self.signed_in else (535, "5.7.8 Token not accepted")
        self.signed_in = self.room.admits(*plain(line.partition("PLAIN ")[2]))
        return (235, "2.7.0 Authentication successful") if self.signed_in else (535, "5.7.8 Wrong password")

    def _data(self) -> None:
        if not self.receivers:
            self.say("503 5.5.1 Need RCPT")
            return
        self.say("354 End data with <CR><LF>.<CR><LF>")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        if not line:
            raise Cut
        content = b"".join(lines)
        if not (self.all_scripts or section(content, "HEADER").isascii()):
            self.say("{} {}".format(*_WHICH_LETTERS))
            return
        try:
            code, words = self.room.takes(self.sender, self.receivers, content)
        except Nonsense as nonsense:
            self.say(str(nonsense))
            return
        self.say(f"{code} {words}")


def _bracketed(line: str) -> str:
    found = re.search(r"<([^>]*)>", line)
    return found[1] if found else ""

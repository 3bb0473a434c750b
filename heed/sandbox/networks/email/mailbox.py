"""The company's mailbox as its servers see it, and what customers do with their mail programs."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from email.message import EmailMessage
from time import sleep
from typing import Any

from django.utils.translation import gettext as _

from heed.lib.text import first_words
from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, Person, person_named
from heed.sandbox.frame import (
    Call,
    ChatView,
    DemoAccount,
    Line,
    PlayError,
    Recorded,
    Reply,
    Sandbox,
    Scene,
    Simulator,
)
from heed.sandbox.networks.email import letters
from heed.sandbox.networks.email.imap import ImapSession
from heed.sandbox.networks.email.letters import Entry
from heed.sandbox.networks.email.mailroom import Box, Cut, Mailroom, Nonsense, Said
from heed.sandbox.networks.email.playing import MORE
from heed.sandbox.networks.email.servers import MailServer
from heed.sandbox.networks.email.smtp import SmtpSession
from heed.sandbox.networks.email.tokens import Tokens

ADDRESS = "help@acme.example"
LARGEST = 20 * 1024 * 1024
SOON = 7
"""Seconds a greylisting server asks to wait."""


@dataclass(slots=True)
class Correspondent:
    """A customer's mailbox. `gone`: it does not exist any more, `shut`: its server refuses at once;
    `grey`: it takes nothing at the first attempt; `away`: it answers by itself, and says so; `robot`: it
    answers everything by itself, and does not say so; `forgetful`: its program never says what it answers."""

    person: Person
    address: str
    entries: list[Entry] = field(default_factory=list)
    gone: bool = False
    shut: bool = False
    grey: bool = False
    away: bool = False
    robot: bool = False
    forgetful: bool = False


class Email(Simulator):
    name = "email"
    label = "E-mail"
    short = "@"
    colour = "#5b5f97"
    offers = frozenset({"message"})
    more = MORE

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.address = ADDRESS
        everybody = [Correspondent(person, address_of(person)) for person in (*CUSTOMERS, OUTSIDER)]
        self.people = {one.address: one for one in everybody}
        self.tokens = Tokens()
        self.saves_sent = False
        self.room = Mailroom(self._admits, self._takes, self._receives, self.clock.now, LARGEST)
        self.room.admits_token = self._admits_token
        self.room.boxes = {"INBOX": Box(self._new_uidvalidity()), "Sent": Box(1, use="\\Sent")}
        self.smtp = MailServer(SmtpSession, self.room, sandbox.beside(1))
        self.imap = MailServer(ImapSession, self.room, sandbox.beside(2))

    def start(self) -> None:
        self.smtp.start()
        self.imap.start()

    def stop(self) -> None:
        self.smtp.stop()
        self.imap.stop()

    def accounts(self) -> list[DemoAccount]:
        credentials = {
            "address": self.address,
            "name": COMPANY,
            "password": self.ids.stable("email", "password", size=16),
            "imap_host": "imap://127.0.0.1",
            "imap_port": str(self.imap.port),
            "smtp_host": "smtp://127.0.0.1",
            "smtp_port": str(self.smtp.port),
        }
        return [DemoAccount(f"{COMPANY} by e-mail", self.address, credentials)]

    def answer(self, call: Call) -> Reply:
        """Only the sign-in without a password is here."""
        match call.method, call.path:
            case "GET", "/authorize":
                return self.tokens.consent(call, self.ids.name())
            case "POST", "/token":
                return self.tokens.give(call, self.ids.name())
        return Reply(404, "Mail goes over its own two ports.")

    # ------------------------------------------------------------------- the servers' side

    def _admits(self, user: str, password: str) -> bool:
        return not self.tokens.revoked and (user, password) == (
            self.address,
            self.accounts()[0].credentials["password"],
        )

    def _admits_token(self, user: str, token: str) -> bool:
        return not self.tokens.revoked and bool(token) and (user, token) == (self.address, self.tokens.now)

    def _receives(self, address: str) -> Said:
        """Whether the other side's server takes mail for this address at all."""
        found = self.people.get(address)
        if found is not None and found.shut:
            return 550, "5.1.1 No such user here"
        if found is not None and found.grey:
            found.grey = False
            return 451, f"4.7.1 Greylisted, please try again in {SOON} seconds"
        return 250, "2.1.5 Ok"

    def _takes(self, sender: str, receivers: list[str], content: bytes) -> Said:
        fault = self.sandbox.faults.for_call(self.name, "POST", "/smtp")
        if fault is not None:
            sleep(fault.delay)
        if fault is not None and fault.drop == "before":
            self._record(content, 0)
            raise Cut
        if fault is not None and fault.status:
            self._record(content, fault.status)
            return _troubled(fault.status, dict(fault.headers), fault.body)
        with self.lock:
            for receiver in receivers:
                self._deliver(sender, receiver, content)
            self.changed()
        self._record(content, 0 if fault is not None and fault.drop else 250)
        if fault is not None and fault.drop == "after":
            raise Cut
        return 250, "2.0.0 Ok: queued"

    def _record(self, content: bytes, status: int) -> None:
        self.sandbox.requests.append(Recorded(self.name, Call("POST", "/smtp", body=content), status))

    def _deliver(self, sender: str, receiver: str, content: bytes) -> None:
        if self.saves_sent:
            self.room.boxes["Sent"].put(content, self.clock.now(), "\\Seen")
        found = self.people.get(receiver)
        if found is None or found.gone:
            if sender:  # nothing comes back to nobody (RFC 5321, 4.5.5)
                edge, name = self.ids.name("edge"), self.ids.name()
                self._arrive(letters.bounce(content, receiver, self.address, edge, name))
            return
        found.entries.append(self._entry(content, ours=True))
        if found.away and sender and not letters.is_automatic(content):
            self._arrive(self._away(found, content))
        if found.robot:
            self._write(found.person.key, "We got your message.", "", [])

    def _arrive(self, raw: bytes) -> None:
        self.room.boxes["INBOX"].put(raw, self.clock.now())

    # ---------------------------------------------------------------------- customers

    def play_message(
        self, person: str, text: str = "", picture: str = "", subject: str = "", cc: str = ""
    ) -> dict[str, Any]:
        """Write a mail, perhaps with a copy to another customer; once the company has written, as an
        answer that quotes it."""
        if not text.strip() and not picture:
            raise PlayError(_("Write something first."))
        return self._write(person, text, subject, self._files(picture), cc)

    def play_file(self, person: str, name: str, content: str, text: str = "") -> dict[str, Any]:
        """Write a mail with a file of these words."""
        return self._write(person, text, "", [(name, "application/octet-stream", content.encode())])

    def play_raw(self, content: str) -> dict[str, Any]:
        """Put a mail into the company's mailbox as it is, in base64."""
        self._arrive(base64.b64decode(content))
        return {}

    def play_move(self, person: str, address: str = "") -> dict[str, Any]:
        """The customer has another address from now on, in whatever script."""
        one = self._one(person)
        address = address or f"{one.person.handle}@moved-{len(one.address)}.example"
        del self.people[one.address]
        one.address = address
        self.people[address] = one
        return {}

    def play_leave(self, person: str) -> dict[str, Any]:
        """The customer's mailbox is closed: what is sent there comes back."""
        self._one(person).gone = True
        return {}

    def play_join(self, person: str) -> dict[str, Any]:
        one = self._one(person)
        one.gone = one.shut = False
        return {}

    def play_shut(self, person: str) -> dict[str, Any]:
        """The customer's server refuses mail at once."""
        self._one(person).shut = True
        return {}

    def play_greylist(self, person: str) -> dict[str, Any]:
        """The customer's server takes no mail at the next attempt."""
        self._one(person).grey = True
        return {}

    def play_away(self, person: str, on: bool = True) -> dict[str, Any]:
        """The customer's program answers mail by itself, as RFC 3834 wants it: no machine, and saying so."""
        self._one(person).away = on
        return {}

    def play_robot(self, person: str, on: bool = True) -> dict[str, Any]:
        """The customer's program answers every mail by itself, whoever wrote it, and does not say so."""
        self._one(person).robot = on
        return {}

    def play_forget(self, person: str, on: bool = True) -> dict[str, Any]:
        """The customer's program says nowhere which mail it answers."""
        self._one(person).forgetful = on
        return {}

    def play_save_sent(self, on: bool = True) -> dict[str, Any]:
        """The company's server lays what is sent into the mailbox for that by itself."""
        self.saves_sent = on
        return {}

    def play_answer_elsewhere(self, person: str, text: str, to: str = "") -> dict[str, Any]:
        """Somebody answers the customer's last mail, or the one with this id, from a mail program."""
        one = self._one(person)
        theirs = [entry for entry in one.entries if not entry.ours]
        mail = self._letter((COMPANY, self.address), one.address, "Re: Acme", text)
        last = theirs[-1].id if theirs else "<before@mail.example>"
        mail["In-Reply-To"] = f"<{to}>" if to else last
        one.entries.append(self._entry(mail.as_bytes(), ours=True))
        self.room.boxes["Sent"].put(mail.as_bytes(), self.clock.now(), "\\Seen")
        return {"id": str(mail["Message-ID"]).strip("<>")}

    def play_renumber(self) -> dict[str, Any]:
        """The mailbox is made anew from a copy: same mails, other numbers."""
        old = self.room.boxes["INBOX"]
        new = Box(old.uidvalidity + 1, following=old.following + 100)
        for mail in old.mails:
            new.put(mail.raw, mail.at, *mail.flags)
        self.room.boxes["INBOX"] = new
        return {"uidvalidity": new.uidvalidity}

    def play_damage(
        self, hangs_up: bool = False, words: str = "[SERVERBUG] Internal error"
    ) -> dict[str, Any]:
        """The last mail in the company's mailbox is damaged: its server cannot give it out, and says so in
        these words or hangs up."""
        last = self.room.boxes["INBOX"].mails[-1]
        last.refused = "* BYE FETCH failed: Internal error occurred." if hangs_up else words
        return {}

    def play_sort_away(self) -> dict[str, Any]:
        """A filter of the company's moves its last mail to another mailbox as soon as somebody looks."""
        self.room.boxes["INBOX"].mails[-1].leaving = True
        return {}

    def play_hang_up(self) -> dict[str, Any]:
        """All lines break."""
        self.room.hang_up()
        return {}

    def play_refuse_consent(self, on: bool = True) -> dict[str, Any]:
        """The mailbox's owner says no on the consent page from now on."""
        self.tokens.willing = not on
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The password is void from now on, and so is every token; who is signed in is thrown out."""
        self.tokens.revoked = True
        self.room.hang_up()
        return {}

    # ------------------------------------------------------------------- what one sees

    def scene(self, person: str) -> Scene:
        lines = [
            Line(
                id=entry.id.strip("<>"),
                author=COMPANY if entry.ours else person_named(person).name,
                text=entry.text,
                at=entry.at,
                ours=entry.ours,
                mine=not entry.ours,
                picture=entry.picture,
                files=entry.files,
            )
            for entry in self._one(person).entries
        ]
        return Scene(chats=[ChatView(id=person, title=self.accounts()[0].name, lines=lines)])

    def seen(self) -> dict[str, Any]:
        return {
            one.person.key: [
                {"raw": entry.raw.decode("utf-8", "replace"), "text": entry.text}
                for entry in one.entries
                if entry.ours
            ]
            for one in self.people.values()
        }

    # ------------------------------------------------------------------------- inside

    def _one(self, person: str) -> Correspondent:
        return next(one for one in self.people.values() if one.person == person_named(person))

    def _write(
        self, person: str, text: str, subject: str, files: list[tuple[str, str, bytes]], cc: str = ""
    ) -> dict[str, Any]:
        one = self._one(person)
        answered = next((entry for entry in reversed(one.entries) if entry.ours), None)
        said, to = text, self.address
        if answered is not None:
            subject = subject or letters.subject_of_answer(answered)
            said = letters.quoting(text, one.person, answered, f"{COMPANY} <{ADDRESS}>")
            to = letters.where_to_answer(answered) or self.address
        mail = self._letter((one.person.name, one.address), to, subject or first_words(text, 50), said)
        if cc:
            mail["Cc"] = self._one(cc).address
        if answered is not None and not one.forgetful:
            letters.say_what_it_answers(mail, answered)
        for name, mime, content in files:
            main, _slash, sub = mime.partition("/")
            mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
        raw = mail.as_bytes()
        one.entries.append(self._entry(raw, ours=False, text=text))
        self._arrive(raw)
        return {"id": str(mail["Message-ID"]).strip("<>")}

    def _letter(self, sender: tuple[str, str], receiver: str, subject: str, text: str) -> EmailMessage:
        return letters.letter(sender, receiver, subject, text, self.clock.now(), self.ids.name())

    def _entry(self, raw: bytes, *, ours: bool, text: str | None = None) -> Entry:
        return letters.entry_of(raw, self.clock.now(), self.keep, ours=ours, text=text)

    def _files(self, picture: str) -> list[tuple[str, str, bytes]]:
        url = self.picture(picture)
        if not url:
            return []
        if not url.startswith(self.url):
            raise PlayError(_("Choose a picture of your own."))
        kept = self.kept(url.removeprefix(self.url))
        return [(url.rpartition("/")[2], kept.headers["Content-Type"], kept.content())]

    def _away(self, one: Correspondent, content: bytes) -> bytes:
        subject, text = letters.away(content, one.person.language)
        mail = self._letter((one.person.name, one.address), self.address, subject, text)
        letters.say_that_no_person_wrote(mail, content)
        return mail.as_bytes()

    def _new_uidvalidity(self) -> int:
        """Another one at every start: the mails of an earlier run are not there any more."""
        return self.ids.number() // 1_000_000 % 2**32


def address_of(person: Person) -> str:
    return f"{person.handle}@mail.example"


def _troubled(status: int, headers: dict[str, str], body: Any) -> Said:
    """What a mail server says on a day as bad as this one of an HTTP server."""
    if status == 429:
        return 451, f"4.7.1 Too many messages, please try again in {headers.get('Retry-After', SOON)} seconds"
    if status == 503:
        return 421, "4.3.2 Service shutting down"
    raise Nonsense(body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body))

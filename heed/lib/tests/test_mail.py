"""Mail servers as requests and answers: servers of the tests' own, good and bad."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from heed.lib import imap, mail
from heed.lib.http import AddressRefused, AnswerLost, Request, Response, TooLarge, Unreachable
from heed.lib.mail import MailClient

LOGIN = ("acme", 's e"c\\ret')
SAY_HELLO = "220 here\r\n"
TAKES: dict[str, str | None] = {
    "QUIT": None,
    "EHLO": "250-here\r\n250 SIZE 900\r\n",
    "MAIL": "250 ok\r\n",
    "RCPT": "250 ok\r\n",
    "DATA": "354 go\r\n",
}


class Scripted:
    """A server that answers each line by its first word; `None` closes the line."""

    def __init__(
        self, greeting: str, answers: Mapping[str, str | None], tls: ssl.SSLContext | None = None
    ) -> None:
        self.lines: list[str] = []
        self._greeting, self._answers, self._tls = greeting, answers, tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        try:
            if self._tls is not None:
                line = self._tls.wrap_socket(line, server_side=True)
            with line, line.makefile("r", newline="") as heard, line.makefile("w", newline="") as said:
                self._answer(heard, said)
        except OSError:
            return

    def _answer(self, heard: Any, said: Any) -> None:
        self._write(said, self._greeting)
        for got in heard:
            self.lines.append(got.rstrip("\r\n"))
            words = got.split()
            tag, verb = (words[0], " ".join(words[1:3])) if "*" in self._answers else ("", (words or [""])[0])
            found = next(
                (answer for key, answer in self._answers.items() if verb.upper().startswith(key)), ""
            )
            if found is None:
                return
            self._write(said, found.replace("TAG", tag))

    def _write(self, file: Any, text: str) -> None:
        file.write(text)
        file.flush()


@contextmanager
def server(
    greeting: str, answers: Mapping[str, str | None], tls: ssl.SSLContext | None = None
) -> Iterator[Scripted]:
    running = Scripted(greeting, answers, tls)
    try:
        yield running
    finally:
        running.close()


def posted(
    answers: Mapping[str, str | None], greeting: str = SAY_HELLO, content: bytes = b"hi", **facts: Any
) -> Response:
    with server(greeting, answers) as running:
        request = Request(
            "POST",
            f"smtp://127.0.0.1:{running.port}",
            params={"from": "a@acme.example", "to": ["b@mail.example"]},
            content=content,
            decisive=True,
            **facts,
        )
        return MailClient({"127.0.0.1"}, total=120).send(request)


def test_a_mail_is_handed_over() -> None:
    response = posted({**TAKES, ".": "250 2.0.0 queued\r\n"})
    assert (response.status, response.headers["stage"], response.body) == (250, "data", b"2.0.0 queued")


@pytest.mark.parametrize(
    ("spoilt", "status", "stage"),
    [
        ({"MAIL": "552 5.3.4 too big\r\n"}, 552, "from"),
        ({"RCPT": "451 4.7.1 later\r\n"}, 451, "to"),
        ({"DATA": "554 no\r\n"}, 554, "data"),
        ({".": "550 5.7.1 spam\r\n"}, 550, "data"),
    ],
)
def test_a_no_says_at_what(spoilt: dict[str, str | None], status: int, stage: str) -> None:
    response = posted({**TAKES, ".": "250 ok\r\n", **spoilt})
    assert (response.status, response.headers["stage"]) == (status, stage)


def test_a_server_that_is_busy_says_so_first() -> None:
    response = posted(TAKES, greeting="421 4.3.2 too many\r\n")
    assert (response.status, response.headers["stage"]) == (421, "greeting")


@pytest.mark.parametrize("answer", [None, "<html>oops</html>\r\n", "999 what\r\n"])
def test_after_the_last_dot_nobody_knows(answer: str | None) -> None:
    with pytest.raises(AnswerLost):
        posted({**TAKES, ".": answer})


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_before_it_nothing_happened(step: str) -> None:
    with pytest.raises(Unreachable):
        posted({**TAKES, step: None})


def test_a_slow_server_is_left_in_time() -> None:
    with server(SAY_HELLO, TAKES) as running:
        place = f"smtp://127.0.0.1:{running.port}"
        silent = Request("POST", place, params={"from": "a@b.example", "to": "b@c.example"}, content=b"x")
        with pytest.raises(AnswerLost):
            MailClient({"127.0.0.1"}, total=3).send(silent)


def test_dots_and_line_ends_arrive_as_they_were() -> None:
    with server(SAY_HELLO, {**TAKES, "..": "", ".": "250 ok\r\n"}) as running:
        request = Request(
            "POST",
            f"smtp://127.0.0.1:{running.port}",
            params={"from": "a@b.example", "to": "b@c.example"},
            content=b"one\n..two\r\n.three",
        )
        MailClient({"127.0.0.1"}).send(request)
        assert running.lines[running.lines.index("DATA") + 1 :][:4] == ["one", "...two", "..three", "."]


def test_addresses_of_all_scripts_need_a_server_that_knows_them() -> None:
    response = posted({**TAKES, ".": "250 ok\r\n"}, login=None)
    assert response.status == 250
    with server(SAY_HELLO, TAKES) as running:
        request = Request(
            "POST",
            f"smtp://127.0.0.1:{running.port}",
            params={"from": "a@b.example", "to": "žiga@c.example"},
            content=b"",
        )
        response = MailClient({"127.0.0.1"}).send(request)
        assert (response.status, response.headers["stage"]) == (553, "scripts")


# ------------------------------------------------------------------------------- the guard


@pytest.mark.parametrize("scheme", mail.SCHEMES)
def test_private_servers_must_be_named(scheme: str) -> None:
    with pytest.raises(AddressRefused):
        MailClient().send(Request("GET", f"{scheme}://127.0.0.1:2/INBOX"))
    with pytest.raises(Unreachable):
        MailClient({"127.0.0.1"}).send(Request("GET", f"{scheme}://127.0.0.1:1/INBOX"))


@pytest.mark.parametrize(
    "url", ["imap://", "imap://127.0.0.1:x/", "pop3://127.0.0.1/", "imap://127.0.0.1:1/a;b=c;d"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(Unreachable):
        MailClient({"127.0.0.1"}).send(Request("GET", url))


def test_no_password_goes_in_the_clear_to_a_public_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "is_allowed", lambda *_: True)  # 127.0.0.1 now counts as public
    for scheme, greeting, answers in (
        ("smtp", SAY_HELLO, {**TAKES, "AUTH": "235 ok\r\n"}),
        ("imap", "* OK here\r\n", {"*": None, "CAPABILITY": "* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"}),
    ):
        with server(greeting, answers) as running:
            with pytest.raises(Unreachable, match="encryption"):
                MailClient({"127.0.0.1"}).send(
                    Request("GET", f"{scheme}://127.0.0.1:{running.port}/", login=LOGIN)
                )
            assert not [line for line in running.lines if "LOGIN" in line or "AUTH" in line]


def test_certificates_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = authority(tmp_path)
    with server(SAY_HELLO, TAKES, tls=context) as running:
        request = Request("GET", f"smtps://localhost:{running.port}")
        with pytest.raises(Unreachable, match="SSLCertVerificationError"):
            MailClient({"localhost"}).send(request)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert MailClient({"localhost"}).send(request).headers["size"] == "900"
        other = Request("GET", f"smtps://127.0.0.1:{running.port}")
        with pytest.raises(Unreachable, match="SSLCertVerificationError"):
            MailClient({"127.0.0.1"}).send(other)


def authority(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A certificate for `localhost` that only its own file vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = folder / "key.pem"
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, secret)
    return context, path


# ------------------------------------------------------------------------------------ IMAP

IMAP: dict[str, str | None] = {
    "*": None,
    "CAPABILITY": "* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n",
    "LOGIN": "TAG OK in\r\n",
    "LOGOUT": "* BYE\r\nTAG OK done\r\n",
    "NOOP": "TAG OK done\r\n",
    "EXAMINE": "* 3 EXISTS\r\n* OK [UIDVALIDITY 9] .\r\n* OK [UIDNEXT 8] .\r\nTAG OK opened\r\n",
    "UID SEARCH": "* SEARCH 7\r\nTAG OK done\r\n",
    "UID FETCH": '* 3 FETCH (UID 7 FLAGS (\\Seen) INTERNALDATE "20-Nov-2026 10:30:00 +0100" RFC822.SIZE 2'
    " BODY[] {2}\r\nhi)\r\nTAG OK done\r\n",
}


def looked(params: dict[str, str], client: MailClient | None = None, **spoilt: str | None) -> Response:
    with server(
        "* OK here\r\n", {**IMAP, **{key.replace("_", " "): value for key, value in spoilt.items()}}
    ) as running:
        request = Request("GET", f"imap://127.0.0.1:{running.port}/INBOX", params=params, login=LOGIN)
        return (client or MailClient({"127.0.0.1"}, total=120)).send(request)


def test_where_a_mailbox_stands() -> None:
    assert looked({}).record == {"uidvalidity": "9", "uidnext": 8, "messages": [], "more": False}


def test_new_mail() -> None:
    (found,) = looked({"uidvalidity": "9", "after": "6"}).record["messages"]
    assert found == {
        "uid": 7,
        "flags": ["\\Seen"],
        "internaldate": "2026-11-20T10:30:00+01:00",
        "size": 2,
        "whole": True,
        "raw": "aGk=",
    }


@pytest.mark.parametrize("no", ["NO Message is corrupt", "BAD Cannot parse"])
def test_a_mail_that_is_refused_has_its_place(no: str) -> None:
    (found,) = looked({"uidvalidity": "9", "after": "6"}, UID_FETCH=f"TAG {no}\r\n").record["messages"]
    assert (found["uid"], found["raw"], found["whole"]) == (7, "", False)
    assert no.partition(" ")[2] in found["refused"]


def test_a_mail_that_was_moved_away_is_left_out() -> None:
    gone = '* 3 FETCH (UID 7 RFC822.SIZE 2 INTERNALDATE "20-Nov-2026 10:30:00 +0100")\r\nTAG OK done\r\n'
    for said in (gone, "TAG NO [EXPUNGEISSUED] Some messages no longer exist\r\n"):
        assert looked({"uidvalidity": "9", "after": "6"}, UID_FETCH=said).record["messages"] == []


@pytest.mark.parametrize("no", ["NO [UNAVAILABLE] later", "BAD User is authenticated but not connected."])
def test_a_server_in_trouble_is_asked_again(no: str) -> None:
    with pytest.raises(AnswerLost):
        looked(
            {"uidvalidity": "9", "after": "5"},
            UID_SEARCH="* SEARCH 6 7\r\nTAG OK done\r\n",
            UID_FETCH=f"TAG {no}\r\n",
        )


def test_a_mail_that_was_refused_can_be_asked_for_again() -> None:
    (found,) = looked({"uidvalidity": "9", "after": "7", "waiting": "7"}).record["messages"]
    assert found["raw"] == "aGk="
    assert looked({"uidvalidity": "8", "after": "7", "waiting": "3"}).record["messages"][0]["uid"] == 7


def test_the_last_mail_is_not_new_again() -> None:
    assert looked({"uidvalidity": "9", "after": "7"}).record["messages"] == []
    more = "* 3 EXISTS\r\n* OK [UIDVALIDITY 9] .\r\nTAG OK opened\r\n"  # a server that tells no UIDNEXT
    assert looked({"uidvalidity": "9", "after": "7"}, EXAMINE=more).record["messages"] == []


def test_numbers_that_would_be_given_out_again_are_of_a_mailbox_made_anew() -> None:
    """Under the old UIDVALIDITY, too: the next one is never below one that was given out."""
    (found,) = looked({"uidvalidity": "9", "after": "8", "since": "2026-11-20T10:00:00+00:00"}).record[
        "messages"
    ]
    assert found["uid"] == 7


def test_a_wrong_password_and_a_busy_server() -> None:
    assert looked({}, LOGIN="TAG NO [AUTHENTICATIONFAILED] no\r\n").status == 401
    assert looked({}, LOGIN="TAG NO [UNAVAILABLE] later\r\n").status == 503
    assert looked({}, LOGIN="TAG NO Too many simultaneous connections\r\n").status == 503


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", "Invalid credentials (Failure)"),
        ("[ALERT] App password required: it's a new rule", "App password required: it's a new rule"),
        ("Prijava ni uspela: napačno geslo", "Prijava ni uspela: napačno geslo"),
        ("[AUTHENTICATIONFAILED]", "[AUTHENTICATIONFAILED]"),
    ],
)
def test_a_refused_sign_in_is_told_in_the_servers_words(said: str, words: str) -> None:
    assert looked({}, LOGIN=f"TAG NO {said}\r\n").body.decode() == words


def test_no_such_mailbox() -> None:
    gone = {**IMAP, "EXAMINE": "TAG NO [NONEXISTENT] none\r\n"}
    with server("* OK here\r\n", gone) as running:
        client = MailClient({"127.0.0.1"})
        other = Request("GET", f"imap://127.0.0.1:{running.port}/Archive", login=LOGIN)
        assert client.send(other).status == 404
        with pytest.raises(AnswerLost):  # everybody has an INBOX
            client.send(replace(other, url=other.url.replace("Archive", "INBOX")))


def test_a_line_that_breaks() -> None:
    with pytest.raises(AnswerLost):
        looked({}, EXAMINE=None)
    with pytest.raises(Unreachable):
        looked({}, LOGIN=None)


def test_what_is_too_large_is_left_there() -> None:
    with server(
        "* OK here\r\n", IMAP | {"UID FETCH": "* 3 FETCH (UID 7 RFC822.SIZE 9000)\r\nTAG OK done\r\n"}
    ) as running:
        place = f"imap://127.0.0.1:{running.port}/INBOX;UIDVALIDITY=9/;UID=7/;SECTION=2"
        with pytest.raises(TooLarge):
            MailClient({"127.0.0.1"}).send(Request("GET", place, login=LOGIN), limit=100)


def test_a_connection_serves_many_questions() -> None:
    with server("* OK here\r\n", IMAP) as running:
        client = MailClient({"127.0.0.1"})
        for login in (LOGIN, LOGIN, ("other", "word")):
            client.send(Request("GET", f"imap://127.0.0.1:{running.port}/INBOX", login=login))
        assert sum("LOGIN" in line for line in running.lines) == 2
        client.close()


def watched(answers: Mapping[str, str | None], ended: Callable[[], bool], times: int) -> None:
    with server("* OK here\r\n", answers) as running:
        heard = MailClient({"127.0.0.1"}).watch(f"imap://127.0.0.1:{running.port}/INBOX", LOGIN, ended)
        for _ in range(times):
            next(heard)
        next(heard, None)


def test_an_ear_that_is_not_let_in() -> None:
    with pytest.raises(Unreachable):
        watched({**IMAP, "LOGIN": "TAG NO [AUTHENTICATIONFAILED] no\r\n"}, lambda: False, 1)


def test_without_idle_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "_LOOK_EVERY", 0.05)
    calls = iter(range(1000))
    watched({**IMAP, "NOOP": "* 4 EXISTS\r\nTAG OK done\r\n"}, lambda: next(calls) > 8, 3)


def test_a_server_that_says_good_bye(monkeypatch: pytest.MonkeyPatch) -> None:
    idle: dict[str, str | None] = {"CAPABILITY": "* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK done\r\n"}
    with pytest.raises(AnswerLost):
        watched({**IMAP, **idle, "IDLE": "+ go\r\n* BYE closing\r\n"}, lambda: False, 1)

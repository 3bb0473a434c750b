"""What people enter for a mail server and its port."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heed.channels.base import Refusal
from heed.channels.email.calls import mailbox, outgoing
from heed.channels.email.tests.sample import ACCOUNT


def at(host: str, port: str = "", wire: str = "imap") -> str:
    """Where Heed goes with this."""
    held = {**ACCOUNT.credentials, f"{wire}_host": host, f"{wire}_port": port}
    account = replace(ACCOUNT, credentials=held)
    return mailbox(account).removesuffix("/") if wire == "imap" else outgoing(account)


@pytest.mark.parametrize(
    ("host", "port", "goes"),
    [
        ("imap.gmail.com", "", "imaps://imap.gmail.com:993"),
        ("imap.gmail.com/", "", "imaps://imap.gmail.com:993"),
        ("imap.gmail.com:993", "", "imaps://imap.gmail.com:993"),
        ("imap.gmail.com:993", "0993", "imaps://imap.gmail.com:993"),
        ("imap.gmail.com:143", "", "imap://imap.gmail.com:143"),
        ("imaps://imap.gmail.com:143/", "", "imaps://imap.gmail.com:143"),
        ("imap.gmail.com", "\u0669\u0669\u0663", "imaps://imap.gmail.com:993"),
        ("imap.gmail.com:\u0669\u0669\u0663", "", "imaps://imap.gmail.com:993"),
        ("[2001:db8::7]:993", "", "imaps://[2001:db8::7]:993"),
        ("po\u0161ta.example", "", "imaps://po\u0161ta.example:993"),
    ],
)
def test_what_is_meant_is_understood(host: str, port: str, goes: str) -> None:
    assert at(host, port) == goes


def test_a_port_behind_the_outgoing_server_says_how_it_is_encrypted() -> None:
    assert at("smtp.gmail.com:465", wire="smtp") == "smtps://smtp.gmail.com:465"
    assert at("smtp.gmail.com:587", wire="smtp") == "smtp://smtp.gmail.com:587"


@pytest.mark.parametrize(
    ("host", "port", "named"),
    [
        ("", "", "?:993"),
        ("imap.gmail.com/INBOX", "", "imap.gmail.com/INBOX:993"),
        ("imap.gmail. com", "", "imap.gmail. com:993"),
        ("help@acme.example", "", "help@acme.example:993"),
        ("imap.gmail.com", "99\u00b3", "imap.gmail.com:99\u00b3"),
        ("imap.gmail.com", "9" * 5000, f"imap.gmail.com:{'9' * 20}"),
        ("imap.gmail.com", "65536", "imap.gmail.com:65536"),
        ("imap.gmail.com", "0", "imap.gmail.com:0"),
        ("imap.gmail.com:imap", "", "imap.gmail.com:imap"),
        ("imap.gmail.com:993", "143", "imap.gmail.com:993:143"),
        ("2001:db8::7", "", "2001:db8::7:993"),
        ("https://imap.gmail.com", "", "imap.gmail.com:993"),
    ],
)
def test_what_can_be_none_is_named(host: str, port: str, named: str) -> None:
    with pytest.raises(Refusal) as refused:
        at(host, port)
    assert (refused.value.reason, refused.value.detail) == ("wrong_server", f"{named} (IMAP)")

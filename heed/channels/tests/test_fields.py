"""What the fields of the networks take, found out without asking anybody."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from heed.channels import verbs
from heed.channels.base import CredentialField, as_kept, misfit_of
from heed.channels.models import Account
from heed.channels.registry import network_named, networks
from heed.channels.tests.pigeon import jobs_waiting
from heed.channels.verbs import CannotConnect
from heed.sandbox.frame import Sandbox

TOKEN = "1234567890:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
SHOP = {"secret": "a-secret-for-the-acme-shop-2026"}


def field_of(name: str) -> CredentialField:
    network, _, field = name.partition(".")
    return next(each for each in network_named(network).fields if each.name == field)


@pytest.mark.parametrize(
    ("name", "entered", "kept"),
    [
        ("telegram.bot_token", f" {TOKEN} ", TOKEN),
        ("line.channel_id", "2000000001", "2000000001"),
        ("email.imap_host", "imaps://imap.gmail.com:993/", "imaps://imap.gmail.com:993/"),
        ("email.imap_host", "[2001:db8::7]", "[2001:db8::7]"),
        ("email.smtp_host", "po\u0161ta.example", "po\u0161ta.example"),
        ("email.imap_port", "\u0669\u0669\u0663", "\u0669\u0669\u0663"),
        ("email.plus", "True", "yes"),
        ("email.plus", "no", ""),
        ("site.colour", "0A6B74", "#0a6b74"),
        ("site.colour", "#abc", "#aabbcc"),
        ("site.colour", " ", ""),
        ("site.position", "Start", "start"),
        (
            "site.origins",
            "https://a.example http://b.example:8080/",
            "https://a.example http://b.example:8080/",
        ),
        ("x.access_level", "Partner", "enterprise"),
        ("wechat.app_id", "wx0123456789abcdef", "wx0123456789abcdef"),
    ],
)
def test_what_is_kept(name: str, entered: str, kept: str) -> None:
    assert as_kept(field_of(name), entered) == kept


@pytest.mark.parametrize(
    ("name", "entered"),
    [
        ("telegram.bot_token", TOKEN.partition(":")[2]),
        ("line.channel_id", "U00000000000000000000000000000000"),
        ("line.channel_secret", "short"),
        ("whatsapp.phone_number_id", "+386 40 123 456"),
        ("facebook.page_id", "acme.shoes"),
        ("instagram.app_id", "acme"),
        ("wechat.token", "a b"),
        ("wechat.aes_key", "x" * 42),
        ("email.address", "acme.example"),
        ("email.imap_host", "imap.gmail.com/INBOX"),
        ("email.imap_host", "https://imap.gmail.com"),
        ("email.imap_host", "smtp://mail.acme.example"),
        ("email.smtp_host", "help@acme.example"),
        ("email.smtp_port", "mail"),
        ("email.token_url", "login.example"),
        ("email.plus", "perhaps"),
        ("site.secret", "too-short"),
        ("site.callback_url", "ftp://shop.example"),
        ("site.colour", "teal"),
        ("site.position", "left"),
        ("site.origins", "shop.example"),
        ("site.origins", "https://shop.example/path"),
        ("x.access_level", "much"),
    ],
)
def test_what_cannot_be(name: str, entered: str) -> None:
    assert as_kept(field_of(name), entered) is None
    with translation.override("sl"):
        assert str(misfit_of(field_of(name))).endswith(".")


def test_every_field_says_what_is_wrong_and_every_choice_what_is_usual() -> None:
    for network in networks().values():
        for field in network.fields:
            assert bool(field.shape) == bool(field.misfit), f"{network.name}.{field.name}"
            assert bool(field.options) == (field.kind == "choice")
            if field.usual:
                assert as_kept(field, field.usual) == field.usual
            if field.kind == "choice":
                assert field.usual in [each.value for each in field.options]


def test_the_demo_enters_what_fits() -> None:
    """What the simulators hand out is made like the real thing."""
    with Sandbox(seed=1) as sandbox:
        made = {name: simulator.accounts() for name, simulator in sandbox.simulators.items()}
    for name, accounts in made.items():
        fields = {field.name: field for field in network_named(name).fields}
        for account in accounts:
            for held, value in account.credentials.items():
                assert as_kept(fields[held], value) is not None, f"{name}.{held}"


def connect(network: str, credentials: dict[str, str], **more: Any) -> Account:
    return verbs.connect(network, "Acme", "", credentials, **more)


@pytest.mark.django_db
class TestConnecting:
    @pytest.mark.parametrize(
        ("network", "given", "field"),
        [
            ("telegram", {"bot_token": "7:abc"}, "bot_token"),
            ("site", SHOP | {"colour": "teal"}, "colour"),
            ("site", {"secret": "too-short"}, "secret"),
        ],
    )
    def test_keeps_nothing_that_cannot_be(self, network: str, given: dict[str, str], field: str) -> None:
        with pytest.raises(CannotConnect) as refused:
            connect(network, given)
        assert refused.value.field == field
        assert (Account.objects.count(), jobs_waiting()) == (0, [])

    def test_keeps_what_is_meant(self) -> None:
        held = connect("site", SHOP | {"colour": "0A6B74", "position": "START"}).credentials
        assert held == SHOP | {"colour": "#0a6b74", "position": "start"}

    def test_makes_up_a_secret_that_nobody_entered(self) -> None:
        one, other = connect("site", {"secret": ""}), connect("site", {})
        assert verbs.made_up(one, {"secret": ""}, {}) == one.credentials
        assert len(one.credentials["secret"]) >= 24
        assert one.credentials != other.credentials

    def test_and_leaves_one_that_somebody_did(self) -> None:
        made = connect("site", SHOP)
        assert made.credentials == SHOP
        assert verbs.made_up(made, SHOP, {}) == {}
        verbs.reconnect(made, {"secret": ""})
        assert made.credentials == SHOP
        assert verbs.made_up(made, {"secret": ""}, SHOP) == {}

    def test_what_is_held_already_stays_though_it_could_not_be_entered_now(self) -> None:
        account = connect("site", SHOP)
        account.credentials = SHOP | {"colour": "red"}
        account.save()
        verbs.reconnect(account, {"colour": "red", "chat_name": "Acme"})
        assert account.credentials == SHOP | {"colour": "red", "chat_name": "Acme"}
        with pytest.raises(CannotConnect):
            verbs.reconnect(account, {"colour": "blue"})

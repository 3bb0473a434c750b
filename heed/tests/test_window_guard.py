"""The guard and the networks agree: what it allows is taken, what it refuses never leaves Heed.

Each row brings an account of one network into a state and asks. What is allowed is sent through
outbox and adapter to the simulator, and the customer sees it. What is refused makes no request at
all, neither by the verbs nor for an answer that was queued before. Past the guard, `network` says
with which reason the network (or its adapter) would have refused; "" where it takes or cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from heed.accounts.models import User
from heed.accounts.verbs import ensure_person
from heed.channels.base import FilledTemplate, Visibility
from heed.channels.models import Account
from heed.channels.registry import networks
from heed.inbox import outbox, verbs
from heed.inbox.models import Message
from heed.sandbox import Sandbox
from heed.sandbox.networks.instagram import Instagram
from heed.sandbox.tests.receiver import Receiver
from heed.tests.shop import CUSTOMER, File, Shop, open_shop

pytestmark = pytest.mark.django_db

MEGABYTE = 1024 * 1024
FAMILY = "👨‍👩‍👧‍👦"
SCRIPT = "ᠮ"  # a letter of the vertical Mongolian script
COMBINED = "e\u0301"
Bring = Callable[[Shop], None]


# ------------------------------------------------------------------------------- the states


def private(shop: Shop) -> None:
    shop.writes("private")


def public(shop: Shop) -> None:
    shop.writes("public")


def after(hours: float, asked: Bring = private, minutes: float = 0) -> Bring:
    def bring(shop: Shop) -> None:
        asked(shop)
        shop.later(hours=hours, minutes=minutes)

    return bring


def then(asked: Bring, *verbs_: str, **facts: Any) -> Bring:
    """After the question something happens at the network, which Heed hears of."""

    def bring(shop: Shop) -> None:
        asked(shop)
        for verb in verbs_:
            shop.play(verb, **facts)
        shop.gather()

    return bring


def clicked(before: Bring = lambda shop: None) -> Bring:
    """WeChat's customer chooses from the menu, perhaps after all else."""

    def bring(shop: Shop) -> None:
        before(shop)
        shop.later(seconds=2)
        shop.play("click", person=CUSTOMER)
        shop.gather()

    return bring


def signed_out(shop: Shop) -> None:
    private(shop)
    shop.play("revoke")
    shop.check()


def answered_before(times: int, way: Visibility = "private", asked: Bring = private) -> Bring:
    def bring(shop: Shop) -> None:
        asked(shop)
        shop.later(seconds=5)
        for number in range(times):
            assert shop.answer(way, f"Pogledam {number}.").state != "failed"

    return bring


def and_again(bring_before: Bring) -> Bring:
    """The customer writes once more."""

    def bring(shop: Shop) -> None:
        bring_before(shop)
        shop.later(seconds=5)
        shop.play("message", person=CUSTOMER, text="Ste še tam?")
        shop.gather()

    return bring


def found_by_search(shop: Shop) -> None:
    """X's customer talks of us without naming us."""
    words = {**shop.account.credentials, "listen_for": "acme"}
    shop.account.credentials = words
    shop.account.save()
    shop.check()
    shop.gather()
    shop.play("say", person=CUSTOMER, text="acme shoes are late again")
    shop.later(minutes=30)
    shop.gather()


def business(shop: Shop) -> None:
    """Telegram's customer writes to the owner's own account, which the bot may answer for."""
    shop.play("business_connect")
    shop.play("business_message", person=CUSTOMER, text="Ste še odprti?")
    shop.gather()


def mute_business(shop: Shop) -> None:
    """The owner lets the bot see the chats, and write in none."""
    shop.play("business_connect", can_reply=False)
    shop.gather()
    shop.check()
    shop.play("business_message", person=CUSTOMER, text="Ste še odprti?")
    shop.gather()


def level(name: str, asked: Bring) -> Bring:
    def bring(shop: Shop) -> None:
        shop.account.credentials = {**shop.account.credentials, "access_level": name}
        shop.account.save()
        shop.play("level", level=name)
        shop.check()
        asked(shop)

    return bring


def human_agent(asked: Bring) -> Bring:
    """Meta approved the feature Human Agent."""

    def bring(shop: Shop) -> None:
        shop.play("grant", name="human_agent")
        shop.account.credentials = {**shop.account.credentials, "human_agent": "yes"}
        shop.account.save()
        shop.check()
        asked(shop)

    return bring


def commented_again(shop: Shop) -> None:
    """After a private reply the customer wrote privately; that has closed, and they comment once more."""
    answered_before(1, asked=public)(shop)
    shop.later(seconds=5)
    shop.play("message", person=CUSTOMER, text="Hvala!")
    shop.gather()
    shop.later(hours=25)
    shop.play("comment", person=CUSTOMER, text="Zadrga se spet zatika.")
    shop.gather()
    assert len({message.ticket_id for message in Message.objects.all()}) == 1


def mentioned(shop: Shop) -> None:
    """Instagram's customer names us under their own post; only Facebook Login hears of it."""
    assert isinstance(shop.simulator, Instagram)
    shop.account.credentials = {**shop.simulator.by_facebook().credentials}
    shop.account.save()
    shop.check()
    shop.simulator.account_fields = []
    shop.play("mention", person=CUSTOMER, text="@acme.shoes poglejte")
    shop.gather()


def mentioned_elsewhere(shop: Shop) -> None:
    """Facebook's customer names us in a post of their own."""
    shop.play("mention", person=CUSTOMER, text="@Acme poglejte")
    shop.gather()


def broadcast(shop: Shop) -> None:
    """Instagram's customer comments while we are live."""
    shop.play("broadcast")
    shop.play("comment", person=CUSTOMER, text="Kdaj?", live=True)
    shop.gather()


def unreachable_from_outside(shop: Shop) -> None:
    """The network is the public one, and our own address is not."""
    private(shop)
    Account.objects.filter(pk=shop.account.pk).update(base_url="https://api.network.com")


# --------------------------------------------------------------------------------- the table


@dataclass(frozen=True)
class Case:
    """`refused` is the reason of a way that is closed, or what is wrong with the answer itself:
    `too_long`, `file_refused`, `no_quote`; "" when all is well."""

    network: str
    state: str
    bring: Bring
    way: Visibility = "private"
    text: str = "Pogledam takoj."
    files: tuple[File, ...] = ()
    refused: str = ""
    network_says: str = ""
    quote: bool = False
    template: FilledTemplate | None = None
    late: str = ""

    def __str__(self) -> str:
        return f"{self.network}: {self.state}"


def lengths(
    network: str, way: Visibility, script: str, fits: str, over: str = "a", says: str = "too_long"
) -> list[Case]:
    """Exactly at the limit, and one more."""
    bring = public if way == "public" else private
    at_limit = Case(network, f"{way}, {script} at the limit", bring, way, fits)
    return [at_limit, replace(at_limit, state=f"{way}, {script} one over", text=fits + over,
                              refused="too_long", network_says=says)]  # fmt: skip


LENGTHS = [
    *lengths("facebook", "private", "Cyrillic", "ж" * 2000),
    *lengths("facebook", "public", "Arabic", "ش" * 8000, "ش"),
    *lengths("instagram", "private", "Cyrillic", "ө" * 500),
    *lengths("instagram", "private", "emoji", "👟" * 250, "👟"),
    *lengths("instagram", "public", "Arabic", "ش" * 300),
    *lengths("whatsapp", "private", "emoji", "👟" * 4096, "👟"),
    *lengths("viber", "private", "Mongolian", "ү" * 7000),
    *lengths("telegram", "private", "emoji", "👟" * 2048),
    *lengths("telegram", "private", "Arabic", "ش" * 4096, "ش"),
    *lengths("line", "private", "emoji", "👟" * 2500),
    *lengths("wechat", "private", "Mongolian", "ү" * 1024),
    *lengths("wechat", "private", "vertical Mongolian", SCRIPT * 682 + "aa"),
    *lengths("x", "public", "Cyrillic", "ж" * 280, "ж"),
    *lengths("x", "public", "emoji families", FAMILY * 140),
    *lengths("x", "public", "vertical Mongolian", SCRIPT * 140, SCRIPT),
    *lengths("x", "private", "Arabic", "ش" * 10_000),
    *lengths("bluesky", "public", "combined letters", COMBINED * 300, COMBINED),
    *lengths("bluesky", "public", "vertical Mongolian", SCRIPT * 300),
    *lengths("bluesky", "public", "emoji families by their bytes", FAMILY * 120, says="too_long"),
    *lengths("bluesky", "private", "combined letters", COMBINED * 1000, COMBINED),
    *lengths("mastodon", "public", "emoji", "👟" * 468, says=""),
    *lengths("mastodon", "private", "Cyrillic", "ж" * 468, says=""),
    *lengths("email", "private", "Arabic", "ش" * 50_000, says=""),
    *lengths("site", "private", "emoji", "👟" * 8000),
]

FACEBOOK = [
    Case("facebook", "the window is about to close", after(23, minutes=59)),
    Case("facebook", "the window has just closed", after(24, minutes=1), refused="outside_window",
         network_says="outside_window"),
    Case("facebook", "late, with the human-agent tag", human_agent(after(24, minutes=1)), late="human_agent"),
    Case("facebook", "at the end of the late way", human_agent(after(167, minutes=58)), late="human_agent"),
    Case("facebook", "after the late way", human_agent(after(168, minutes=1)), refused="outside_window",
         network_says="outside_window"),
    Case("facebook", "a comment after a year", after(24 * 365, public), "public"),
    Case("facebook", "the first private reply", public),
    Case("facebook", "a second private reply", answered_before(1, asked=public), refused="already_done",
         network_says="not_privately"),
    Case("facebook", "a private reply on the seventh day", after(167, public)),
    Case("facebook", "a private reply after seven days", after(169, public), refused="outside_window",
         network_says="outside_window"),
    Case("facebook", "a private reply to a new comment", commented_again),
    Case("facebook", "a second private reply to a new comment", answered_before(1, asked=commented_again),
         refused="outside_window", network_says="outside_window"),
    Case("facebook", "a private reply to a mention", mentioned_elsewhere, refused="not_allowed",
         network_says="not_privately"),
    Case("facebook", "a private reply with a file", public, text="", files=(File("png"),),
         refused="file_refused"),
    Case("facebook", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("facebook", "a picture as large as may be", private, text="", files=(File("png", 8 * MEGABYTE),)),
    Case("facebook", "a picture one byte larger", private, text="", files=(File("png", 8 * MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("facebook", "words and a picture in Messenger", private, files=(File("png"),),
         refused="file_refused"),
    Case("facebook", "words and a picture in a comment", public, "public", files=(File("png"),)),
    Case("facebook", "two pictures in a comment", public, "public", files=(File("png"), File("jpg")),
         refused="file_refused"),
    Case("facebook", "a quote", public, "public", quote=True, refused="no_quote"),
]  # fmt: skip

INSTAGRAM = [
    Case("instagram", "the window is about to close", after(23, minutes=59)),
    Case("instagram", "the window has just closed", after(24, minutes=1), refused="outside_window",
         network_says="outside_window"),
    Case("instagram", "late, with the human-agent tag", human_agent(after(24, minutes=1)),
         late="human_agent"),
    Case("instagram", "after the late way", human_agent(after(168, minutes=1)), refused="outside_window",
         network_says="outside_window"),
    Case("instagram", "the first private reply", public),
    Case("instagram", "a second private reply", answered_before(1, asked=public), refused="already_done",
         network_says="outside_window"),
    Case("instagram", "a private reply to a new comment", commented_again),
    Case("instagram", "a second private reply to a new comment", answered_before(1, asked=commented_again),
         refused="outside_window", network_says="outside_window"),
    Case("instagram", "a private reply to a mention", mentioned, refused="not_allowed",
         network_says="not_privately"),
    Case("instagram", "a private reply during the broadcast", after(3, broadcast)),
    Case("instagram", "a private reply after the broadcast", then(after(4, broadcast, minutes=1),
         "broadcast", on=False), refused="outside_window", network_says="outside_window"),
    Case("instagram", "a private reply after seven days", after(169, public), refused="outside_window",
         network_says="outside_window"),
    Case("instagram", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("instagram", "a picture", private, text="", files=(File("png"),)),
    Case("instagram", "a picture without a public address", unreachable_from_outside, text="",
         files=(File("png"),), refused="file_refused"),
    Case("instagram", "a picture one byte too large", private, text="",
         files=(File("png", 8 * MEGABYTE + 1),), refused="file_refused", network_says="file_refused"),
    Case("instagram", "a picture in a comment", public, "public", text="", files=(File("png"),),
         refused="file_refused", network_says="file_refused"),
    Case("instagram", "a kind of file it does not take", private, text="", files=(File("zip"),),
         refused="file_refused"),
]  # fmt: skip

WHATSAPP = [
    Case("whatsapp", "the window is about to close", after(23, minutes=59)),
    Case("whatsapp", "the window has just closed", after(24, minutes=1), refused="outside_window",
         network_says="outside_window"),
    Case("whatsapp", "the customer wrote again", and_again(after(30))),
    Case("whatsapp", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("whatsapp", "a picture as large as may be", private, files=(File("png", 5 * MEGABYTE),)),
    Case("whatsapp", "a picture one byte larger", private, files=(File("png", 5 * MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("whatsapp", "a picture with the longest text", private, text="ж" * 4096, files=(File("png"),)),
    Case("whatsapp", "two pictures", private, files=(File("png"), File("jpg")), refused="file_refused",
         network_says="file_refused"),
    Case("whatsapp", "a kind of file it does not take", private, files=(File("gif"),),
         refused="file_refused", network_says="bad_request"),
]  # fmt: skip

VIBER = [
    Case("viber", "a year later", after(24 * 365)),
    Case("viber", "unsubscribed", then(private, "leave", person=CUSTOMER), refused="unreachable",
         network_says="unreachable"),
    Case("viber", "subscribed again", and_again(then(private, "leave", person=CUSTOMER))),
    Case("viber", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("viber", "a picture as large as may be", private, files=(File("png", MEGABYTE),)),
    Case("viber", "a picture one byte larger", private, files=(File("png", MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("viber", "a picture without a public address", unreachable_from_outside, files=(File("png"),),
         refused="file_refused"),
    Case("viber", "two pictures", private, files=(File("png"), File("jpg")), refused="file_refused",
         network_says="file_refused"),
    Case("viber", "a picture with the longest text", private, text="ү" * 7000, files=(File("png"),)),
]  # fmt: skip

TELEGRAM = [
    Case("telegram", "a year later", after(24 * 365)),
    Case("telegram", "blocked by the customer", then(private, "leave", person=CUSTOMER),
         refused="unreachable", network_says="unreachable"),
    Case("telegram", "unblocked again",
         then(after(0, then(private, "leave", person=CUSTOMER), minutes=1), "join", person=CUSTOMER)),
    Case("telegram", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("telegram", "ten pictures with the longest text", private, text="ж" * 4096,
         files=(File("png"),) * 10),
    Case("telegram", "a business chat about to close", after(23, business, minutes=59)),
    Case("telegram", "a business chat just closed", after(24, business, minutes=1),
         refused="outside_window", network_says="outside_window"),
    Case("telegram", "a business chat whose owner lets nobody answer", mute_business,
         refused="not_allowed", network_says="not_allowed"),
    Case("telegram", "eleven pictures", private, files=(File("png"),) * 11, refused="file_refused"),
    Case("telegram", "a picture above the size of photos", private,
         files=(File("png", 10 * MEGABYTE + 1),)),
]  # fmt: skip

LINE = [
    Case("line", "a year later", after(24 * 365)),
    Case("line", "blocked by the customer", then(private, "leave", person=CUSTOMER),
         refused="unreachable"),
    Case("line", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("line", "a picture", private, files=(File("png", MEGABYTE),)),
    Case("line", "a picture one byte too large", private, files=(File("png", MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("line", "a picture without a public address", unreachable_from_outside, files=(File("png"),),
         refused="file_refused"),
    Case("line", "four pictures and words", private, files=(File("png"),) * 4),
    Case("line", "five pictures and words", private, files=(File("png"),) * 5, refused="file_refused",
         network_says="file_refused"),
    Case("line", "a kind of file it does not take", private, files=(File("pdf"),), refused="file_refused",
         network_says="file_refused"),
]  # fmt: skip

WECHAT = [
    Case("wechat", "a choice from the menu", clicked()),
    Case("wechat", "a choice from the menu after the window", clicked(after(49))),
    Case("wechat", "a choice from the menu with all five messages sent", clicked(answered_before(5))),
    Case("wechat", "a minute after the choice", after(0, clicked(), minutes=1.1), refused="outside_window",
         network_says="outside_window"),
    Case("wechat", "three messages after the choice", answered_before(3, asked=clicked()),
         refused="outside_window", network_says="used_up"),
    Case("wechat", "the window is about to close", after(47, minutes=59)),
    Case("wechat", "the window has just closed", after(48, minutes=1), refused="outside_window",
         network_says="outside_window"),
    Case("wechat", "the last of five messages", answered_before(4)),
    Case("wechat", "all five messages sent", answered_before(5), refused="used_up",
         network_says="used_up"),
    Case("wechat", "five more when the customer wrote again", and_again(answered_before(5))),
    Case("wechat", "no longer followed", then(private, "leave", person=CUSTOMER), refused="unreachable",
         network_says="outside_window"),
    Case("wechat", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("wechat", "a picture alone", private, text="", files=(File("png"),)),
    Case("wechat", "a picture with words", private, files=(File("png"),), refused="file_refused",
         network_says="file_refused"),
    Case("wechat", "a voice message one byte too large", private, text="",
         files=(File("mp3", 2 * MEGABYTE + 1),), refused="file_refused", network_says="file_refused"),
]  # fmt: skip

X = [
    Case("x", "self-serve, mentioned", level("self_serve", public), "public"),
    Case("x", "self-serve, not mentioned", level("self_serve", found_by_search), "public",
         refused="not_allowed", network_says="not_allowed"),
    Case("x", "enterprise, not mentioned", level("enterprise", found_by_search), "public"),
    Case("x", "self-serve, a quote", level("self_serve", public), "public", quote=True, refused="no_quote",
         network_says="not_allowed"),
    Case("x", "enterprise, a quote", level("enterprise", public), "public", quote=True),
    Case("x", "a direct message after a year", after(24 * 365)),
    Case("x", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("x", "four pictures", public, "public", files=(File("png"),) * 4),
    Case("x", "five pictures", public, "public", files=(File("png"),) * 5, refused="file_refused",
         network_says="file_refused"),
    Case("x", "a picture as large as may be", public, "public", files=(File("png", 5 * MEGABYTE),)),
    Case("x", "a picture one byte larger", public, "public", files=(File("png", 5 * MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("x", "a picture beside a video", public, "public", files=(File("png"), File("mp4")),
         refused="file_refused", network_says="file_refused"),
    Case("x", "two pictures in a message", private, files=(File("png"), File("png")), refused="file_refused",
         network_says="file_refused"),
]  # fmt: skip

BLUESKY = [
    Case("bluesky", "a year later", after(24 * 365, public), "public"),
    Case("bluesky", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("bluesky", "four pictures", public, "public", files=(File("png"),) * 4),
    Case("bluesky", "five pictures", public, "public", files=(File("png"),) * 5, refused="file_refused",
         network_says="file_refused"),
    Case("bluesky", "a picture one byte too large", public, "public", files=(File("png", 2_000_001),),
         refused="file_refused", network_says="file_refused"),
    Case("bluesky", "a picture in a message", private, files=(File("png"),), refused="file_refused",
         network_says="file_refused"),
    Case("bluesky", "a private reply to who never wrote privately", public),
]  # fmt: skip

MASTODON = [
    Case("mastodon", "a year later", after(24 * 365, public), "public"),
    Case("mastodon", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("mastodon", "four pictures", public, "public", files=(File("png"),) * 4),
    Case("mastodon", "five pictures", public, "public", files=(File("png"),) * 5, refused="file_refused",
         network_says="file_refused"),
    Case("mastodon", "a picture beside a video", public, "public", files=(File("png"), File("mp4")),
         refused="file_refused", network_says="file_refused"),
    Case("mastodon", "a quote", public, "public", quote=True),
]  # fmt: skip

EMAIL = [
    Case("email", "a year later", after(24 * 365)),
    Case("email", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("email", "a file of any kind", private, files=(File("zip"), File("pdf"))),
    Case("email", "a file that makes the mail too large", private, files=(File("zip", 15 * MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("email", "eleven files", private, files=(File("pdf"),) * 11, refused="file_refused"),
]  # fmt: skip

SITE = [
    Case("site", "a year later", after(24 * 365)),
    Case("site", "a file", private, files=(File("pdf"),)),
]  # fmt: skip

CASES = [
    *LENGTHS, *FACEBOOK, *INSTAGRAM, *WHATSAPP, *VIBER, *TELEGRAM, *LINE, *WECHAT, *X, *BLUESKY, *MASTODON,
    *EMAIL, *SITE,
]  # fmt: skip
OF_THE_ANSWER = ("too_long", "file_refused", "no_quote")
"""Refusals that do not close the way: another answer could be sent."""


@pytest.fixture
def ana() -> User:
    return ensure_person("ana@acme.example", "Ana Kovač")


@pytest.fixture
def shop(case: Case, ana: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver())
        sandbox = stack.enter_context(Sandbox(seed=1))
        opened = open_shop(case.network, sandbox, receiver, ana, stack, settings, monkeypatch)
        assert opened.account.state == "connected", opened.account.problem_detail
        case.bring(opened)
        yield opened


def test_every_network_is_in_the_table() -> None:
    assert {case.network for case in CASES} == set(networks())
    assert len(CASES) >= 60
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", [case for case in CASES if not case.refused], ids=str)
def test_what_is_allowed_is_taken(shop: Shop, case: Case) -> None:
    way = shop.way(case.way)
    assert (way.allowed, str(way.sentence)) == (True, "")
    assert (way.late.name if way.late else "") == case.late
    message = shop.answer(case.way, case.text, case.files, quote=case.quote, template=case.template)
    assert (message.state, message.reason, message.detail) in [
        (state, "", "") for state in ("sent", "delivered", "seen")
    ]
    if case.quote:
        assert message.text in str(shop.simulator.seen())
    elif message.text:
        assert shop.shown(message.text) == 1
    assert shop.shown_files() >= bool(case.files)


@pytest.mark.parametrize("case", [case for case in CASES if case.refused], ids=str)
def test_what_is_refused_never_leaves(shop: Shop, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    way = shop.way(case.way)
    closed = case.refused not in OF_THE_ANSWER
    assert (way.allowed, way.reason) == ((False, case.refused) if closed else (True, None))
    assert bool(str(way.sentence)) is closed
    made = len(shop.requests)
    with pytest.raises(verbs.CannotAnswer) as caught:
        shop.answer(case.way, case.text, case.files, quote=case.quote, template=case.template)
    assert str(caught.value.sentence)
    if closed:
        waited = shop.queued(case.way, case.text, case.files)
        outbox.send_next(waited.ticket_id)
        waited.refresh_from_db()
        assert (waited.state, waited.reason) == ("failed", case.refused)
        waited.delete()
    assert shop.requests[made:] == []
    if case.network_says:
        assert _said_past_the_guard(shop, case, monkeypatch) == ("failed", case.network_says)


TEMPLATES = [
    (FilledTemplate("order_update", "en", ("Lea", "88140")), "Hello Lea, your order 88140 is on its way."),
    (FilledTemplate("we_are_back", "sl"), ""),
    (FilledTemplate("visit", "en", ("Lea", "Monday")), "Hello Lea, we see you on Monday."),
    (FilledTemplate("order_update", "en", ("Lea",)), None),
    (FilledTemplate("order_update", "en", ("Lea", " ")), None),
    (FilledTemplate("order_update", "de", ("Lea", "88140")), None),
    (FilledTemplate("summer_sale", "en"), None),
]
"""A filled template and what the customer then sees; None for one that is not approved or not filled."""


@pytest.mark.parametrize("case", [Case("whatsapp", "after the window", after(24 * 30))], ids=str)
@pytest.mark.parametrize(("filled", "shown"), TEMPLATES, ids=lambda value: getattr(value, "name", None))
def test_templates_after_the_window(
    shop: Shop, case: Case, filled: FilledTemplate, shown: str | None
) -> None:
    way = shop.way("private")
    assert (way.allowed, way.reason, bool(way.templates)) == (False, "outside_window", True)
    made = len(shop.requests)
    if shown is None:
        with pytest.raises(verbs.CannotAnswer, match="template"):
            shop.answer("private", "", template=filled)
        assert shop.requests[made:] == []
        return
    message = shop.answer("private", "", template=filled)
    assert (message.state, message.reason) == ("delivered", "")
    assert shop.shown(message.text) == 1
    assert shown in message.text


def _said_past_the_guard(shop: Shop, case: Case, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """What becomes of the answer when nobody asks the guard."""
    monkeypatch.setattr(outbox, "_closed_meanwhile", lambda message: None)
    Message.objects.filter(state="failed").delete()
    manner = {"quote": True, "chosen": True} if case.quote else {}
    forced = shop.send(shop.queued(case.way, case.text, case.files, **manner))
    return forced.state, forced.reason

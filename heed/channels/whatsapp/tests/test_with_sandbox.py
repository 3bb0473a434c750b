"""The adapter against the sandbox's WhatsApp, over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import pytest

from heed.channels.base import (
    AccountChanged,
    AccountStale,
    Answer,
    Broken,
    Echo,
    FilledTemplate,
    IdentityChanged,
    IdentitySeen,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    OutgoingFile,
    ReactionChanged,
    Receipt,
    Refusal,
    Target,
)
from heed.channels.tests.contract import Desk
from heed.channels.whatsapp.adapter import network
from heed.lib.http import AnswerLost, Request
from heed.sandbox.frame import Fault, Line
from heed.sandbox.networks.whatsapp import WhatsApp

News = TypeVar("News", bound=Inbound)
PICTURE = OutgoingFile("boot.png", "image/png", b"\x89PNG boot", "")
SOUND = OutgoingFile("hi.ogg", "audio/ogg", b"OggS hi", "")
INVOICE = OutgoingFile("račun.pdf", "application/pdf", b"%PDF bill", "")
HOURS = 3600


@pytest.fixture
def whatsapp(desk: Desk) -> WhatsApp:
    simulator = desk.simulator
    assert isinstance(simulator, WhatsApp)
    return simulator


def news(desk: Desk, kind: type[News]) -> list[News]:
    found = desk.gather()
    assert not [each for each in found if isinstance(each, Broken)]
    return [each for each in found if isinstance(each, kind)]


def only(desk: Desk, kind: type[News]) -> News:
    (found,) = news(desk, kind)
    return found


def test_what_meta_says_of_another_business_account_is_not_ours(desk: Desk, whatsapp: WhatsApp) -> None:
    """One app, one address: the news of both business accounts comes to it."""
    second = whatsapp.second()
    other = replace(desk.record, external_id=second.external_id, credentials=second.credentials)
    checked = desk.run(lambda _: network.check(other))
    other = replace(other, handle=checked.handle)
    whatsapp.do("say_of_account", event="DISABLED_UPDATE", ban="DISABLE", second=True)
    whatsapp.do("say_of_account", event="ACCOUNT_RESTRICTION", phone=other.handle, second=True)
    told = news(desk, AccountChanged)
    assert [each.problem for each in told] == ["account_blocked", ""]
    assert all(each.owner in network.known_as(other) for each in told)
    assert not any(each.owner in network.known_as(desk.record) for each in told)


def lines(desk: Desk) -> list[Line]:
    return list(desk.simulator.scene("lea").lines())


def answer(desk: Desk, text: str = "Na poti je.", *files: OutgoingFile) -> Answer:
    return replace(desk.answer_to(desk.customer_writes("private", "Kje je paket?"), text), files=files)


def target(message: MessageReceived) -> Target:
    return Target(message.external_id, "private", message.kind, "", message.refs, at=message.at)


def act(desk: Desk, action: Any, message: MessageReceived) -> None:
    assert message.author is not None
    person = message.author.external_id
    desk.run(lambda record: network.act(record, action, target(message), person, "🎉"))


def test_connecting_points_the_webhook_here(desk: Desk, whatsapp: WhatsApp) -> None:
    assert whatsapp.hook_url == desk.receiver.url
    assert whatsapp.subscribed
    assert [hook.method for hook in desk.receiver.hooks] == ["GET"]


def test_a_picture_is_fetched_with_our_token_from_an_address_that_dies(
    desk: Desk, whatsapp: WhatsApp
) -> None:
    whatsapp.do("message", person="lea", text="raztrgan", picture="boot")
    (attachment,) = only(desk, MessageReceived).attachments
    source = desk.run(lambda record: network.media(record, attachment.url))
    fetched = desk.client.send(Request("GET", source.url, headers=source.headers))
    assert fetched.body.startswith(b"\x89PNG")
    assert desk.client.send(Request("GET", source.url)).status == 401
    whatsapp.clock.move(301)
    assert desk.client.send(Request("GET", source.url, headers=source.headers)).status == 404
    again = desk.run(lambda record: network.media(record, attachment.url))
    assert desk.client.send(Request("GET", again.url, headers=again.headers)).body == fetched.body


def test_a_template_that_meta_paused_is_told_and_no_longer_listed(desk: Desk, whatsapp: WhatsApp) -> None:
    assert "visit" in [each.name for each in desk.run(network.templates)]
    whatsapp.do("pause", template="visit")
    assert only(desk, AccountStale)
    assert "visit" not in [each.name for each in desk.run(network.templates)]


@pytest.mark.parametrize(
    ("file", "text", "shown"),
    [
        (PICTURE, "Tukaj.", [("Tukaj.", True)]),
        (PICTURE, "", [("", True)]),
        (INVOICE, "Račun.", [("Račun.", True)]),
        (SOUND, "Poslušajte.", [("", True), ("Poslušajte.", False)]),
    ],
)
def test_files(desk: Desk, file: OutgoingFile, text: str, shown: list[tuple[str, bool]]) -> None:
    desk.send(answer(desk, text, file))
    ours = [line for line in lines(desk) if line.ours]
    assert [(line.text, bool(line.picture or line.files)) for line in ours] == shown


def test_an_answer_quotes_what_it_answers(desk: Desk, whatsapp: WhatsApp) -> None:
    wanted = replace(answer(desk), chosen=True)
    desk.send(wanted)
    assert wanted.to is not None
    assert whatsapp.seen()["lea"][0]["context"] == wanted.to.external_id


def test_a_template_is_taken_after_the_window(desk: Desk, whatsapp: WhatsApp) -> None:
    wanted = answer(desk)
    whatsapp.clock.move(25 * 3600)
    can = desk.run(network.templates)
    assert [(each.name, each.blanks) for each in can] == [
        ("order_update", 2),
        ("we_are_back", 0),
        ("visit", 2),
    ]
    desk.send(replace(wanted, template=FilledTemplate("order_update", "en", ("Lea", "88140"))))
    assert desk.times_seen("Hello Lea, your order 88140 is on its way.\nAcme") == 1
    assert not [each for each in news(desk, Receipt) if each.state == "failed"]
    with pytest.raises(Refusal):
        desk.send(replace(wanted, template=FilledTemplate("order_update", "en", ("Lea",))))
    with pytest.raises(Refusal):
        desk.send(replace(wanted, template=FilledTemplate("sale", "en")))


def test_check_subscribes_again_and_names_what_is_missing(desk: Desk, whatsapp: WhatsApp) -> None:
    whatsapp.do("unsubscribe")
    assert desk.run(network.check).missing == ()
    assert whatsapp.subscribed
    whatsapp.do("grant", name="whatsapp_business_messaging", on=False)
    assert desk.run(network.check).missing == ("whatsapp_business_messaging",)


def test_receipts(desk: Desk, whatsapp: WhatsApp) -> None:
    sent = desk.send(answer(desk))
    desk.gather()
    whatsapp.do("read", person="lea")
    receipts = news(desk, Receipt)
    assert [(each.state, each.external_ids) for each in receipts] == [
        ("delivered", (sent.external_id,)),
        ("seen", (sent.external_id,)),
    ]


def test_receipts_out_of_order(desk: Desk, whatsapp: WhatsApp) -> None:
    desk.send(answer(desk))
    whatsapp.do("read", person="lea")
    assert [each.state for each in news(desk, Receipt)] == ["seen", "delivered"]
    assert [line.state for line in lines(desk) if line.ours] == ["seen"]


def test_a_lost_answer_is_proved_by_its_status(desk: Desk) -> None:
    wanted = answer(desk)
    with pytest.raises(AnswerLost):
        desk.send(wanted, desk.spoil_the_decisive_call(Fault("*", drop="after")))
    echoes = news(desk, Echo)
    assert {each.key for each in echoes} == {wanted.key}
    assert {each.external_id for each in echoes} == {line.id for line in lines(desk) if line.ours}


def test_a_status_may_come_before_the_answer(desk: Desk, whatsapp: WhatsApp) -> None:
    whatsapp.do("hurry")
    wanted = answer(desk)
    sent = desk.send(wanted)
    assert (news(desk, Echo)[0].external_id, news(desk, Echo)[0].key) == (sent.external_id, wanted.key)


def test_a_closed_window_is_told_afterwards(desk: Desk, whatsapp: WhatsApp) -> None:
    wanted = answer(desk)
    whatsapp.clock.move(25 * HOURS)
    sent = desk.send(wanted)
    receipt = only(desk, Receipt)
    assert (receipt.state, receipt.external_ids) == ("failed", (sent.external_id,))
    assert (receipt.reason, receipt.code) == ("outside_window", "131047")
    assert not news(desk, Echo)
    assert desk.times_seen(wanted.text) == 0


@pytest.mark.parametrize(
    ("code", "reason"),
    [(131026, "unreachable"), (131049, "unreachable"), (131053, "file_refused"), (999, "bad_request")],
)
def test_other_failures_afterwards(desk: Desk, whatsapp: WhatsApp, code: int, reason: str) -> None:
    whatsapp.do("fail", code=code)
    desk.send(answer(desk))
    receipt = only(desk, Receipt)
    assert (receipt.reason, receipt.code) == (reason, str(code))


@pytest.mark.parametrize("code", [130429, 131056, 80007])
def test_too_many(desk: Desk, whatsapp: WhatsApp, code: int) -> None:
    wanted = answer(desk)
    whatsapp.do("throttle", code=code, minutes=3)
    with pytest.raises(Refusal) as caught:
        desk.send(wanted)
    assert (caught.value.reason, caught.value.retry, caught.value.after) == ("slow_down", True, 180)
    assert desk.times_seen(wanted.text) == 0


def test_a_hidden_number_is_answered_by_the_other_id(desk: Desk, whatsapp: WhatsApp) -> None:
    whatsapp.do("hide_number", person="lea")
    message = desk.customer_writes("private", "Kje je paket?")
    assert message.author is not None
    assert (message.author.external_id, message.author.handle) == (whatsapp.user_id("lea"), "lea.marn")
    desk.send(desk.answer_to(message, "Na poti je."))
    assert desk.times_seen("Na poti je.") == 1
    assert [each.state for each in news(desk, Receipt)] == ["delivered"]


def test_the_id_stays_when_the_number_is_hidden(desk: Desk, whatsapp: WhatsApp) -> None:
    before = desk.customer_writes("private", "ena").author
    whatsapp.do("hide_number", person="lea")
    after = desk.customer_writes("private", "dva").author
    assert before is not None
    assert after is not None
    assert before.external_id == after.external_id
    assert before.handle == f"+{whatsapp.wa_id('lea')}"


def test_a_new_number_is_said_and_the_old_id_reaches_nobody(desk: Desk, whatsapp: WhatsApp) -> None:
    wanted = answer(desk)
    change = whatsapp.do("change_number", person="lea")
    told = news(desk, IdentityChanged)
    assert change["previous"] in [each.previous for each in told]
    assert {each.person.external_id for each in told} == {change["current"]}
    assert {each.person.also for each in told} == {whatsapp.wa_id("lea")}
    desk.send(wanted)
    receipt = only(desk, Receipt)
    assert (receipt.reason, receipt.code) == ("unreachable", "131026")


def test_edits_removals_and_reactions(desk: Desk, whatsapp: WhatsApp) -> None:
    message = desk.customer_writes("private", "Kje je paket?")
    whatsapp.do("edit", person="lea", id=message.external_id, text="Kje je paket 88141?")
    whatsapp.do("react", person="lea", id=message.external_id)
    whatsapp.do("react", person="lea", id=message.external_id, on=False)
    whatsapp.do("remove", person="lea", id=message.external_id)
    assert only(desk, MessageEdited).text == "Kje je paket 88141?"
    reactions = news(desk, ReactionChanged)
    assert [(each.reaction, each.on) for each in reactions] == [("👍", True), ("", False)]
    assert only(desk, MessageRemoved).external_id == message.external_id


def test_a_like_from_us_and_back(desk: Desk) -> None:
    message = desk.customer_writes("private", "Hvala!")
    act(desk, "react", message)
    assert [line.liked for line in lines(desk)] == [True]
    act(desk, "unreact", message)
    assert [line.liked for line in lines(desk)] == [False]


def test_read_and_typing_are_shown(desk: Desk, whatsapp: WhatsApp) -> None:
    message = desk.customer_writes("private", "Halo?")
    act(desk, "seen", message)
    assert [line.state for line in lines(desk)] == ["seen"]
    assert not whatsapp.chats["lea"].company_types
    act(desk, "typing", message)
    assert whatsapp.chats["lea"].company_types


def test_written_on_the_company_s_phone(desk: Desk, whatsapp: WhatsApp) -> None:
    whatsapp.do("phone", person="lea", text="Kličem vas.")
    echo = only(desk, Echo)
    assert echo.person is not None
    assert (echo.text, echo.key, echo.person.external_id) == ("Kličem vas.", "", whatsapp.user_id("lea"))


def test_opening_the_chat_is_no_message(desk: Desk, whatsapp: WhatsApp) -> None:
    whatsapp.do("open", person="lea")
    assert only(desk, IdentitySeen).person.name == "Lea Marn"
    assert not news(desk, MessageReceived)


def test_a_batch_of_several_entries(desk: Desk, whatsapp: WhatsApp) -> None:
    whatsapp.do("batch")
    for person, text in (("lea", "ena"), ("omar", "اثنان"), ("tuya", "гурав")):
        whatsapp.do("message", person=person, text=text)
    whatsapp.do("batch", on=False)
    assert [each.text for each in news(desk, MessageReceived)] == ["ena", "اثنان", "гурав"]
    assert len([hook for hook in desk.receiver.hooks if hook.method == "POST"]) == 1


def test_a_forged_signature_is_refused(desk: Desk, whatsapp: WhatsApp) -> None:
    whatsapp.hooks.waits = (0.0,)
    desk.sandbox.fault("whatsapp", Fault("hook", hook="bad_signature", times=1))
    whatsapp.do("message", person="lea", text="hej")
    assert [each.text for each in news(desk, MessageReceived)] == ["hej"]
    assert len([hook for hook in desk.receiver.hooks if hook.method == "POST"]) == 2

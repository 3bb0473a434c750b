"""Connecting to the sandbox's Facebook, and what comes from there, over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from heed.channels.base import (
    TAKEN_OVER,
    AuthorFound,
    Broken,
    Echo,
    IdentitySeen,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    PostSeen,
    PostStale,
    ReactionChanged,
    Refusal,
    Wanted,
)
from heed.channels.facebook.adapter import network
from heed.channels.meta.tests.desk import answer_to, hand_back, news, only, our_lines
from heed.channels.tests.contract import Desk
from heed.lib.http import Request
from heed.sandbox.frame import Fault
from heed.sandbox.networks.facebook import Facebook


def test_connecting_subscribes_the_page_and_sets_the_webhook(desk: Desk, facebook: Facebook) -> None:
    assert facebook.hook_url == desk.receiver.url
    assert {"feed", "mention", "messages", "message_echoes", "message_reads"} <= set(facebook.subscribed)
    (handshake,) = desk.receiver.hooks
    assert handshake.method == "GET"
    assert handshake.query["hub.mode"] == "subscribe"


def test_wrong_app_secret_is_told(desk: Desk) -> None:
    desk.record = replace(desk.record, credentials={**desk.record.credentials, "app_secret": "x" * 32})
    with pytest.raises(Refusal) as caught:
        desk.run(network.check)
    assert caught.value.reason == "not_configured"


def test_token_of_another_page(desk: Desk) -> None:
    desk.record = replace(desk.record, external_id="448")
    with pytest.raises(Refusal) as caught:
        desk.run(network.check)
    assert caught.value.reason == "not_configured"


@pytest.mark.parametrize("verb", ["revoke", "expire_token"])
def test_dead_token(desk: Desk, verb: str) -> None:
    desk.simulator.do(verb)
    with pytest.raises(Refusal) as caught:
        desk.run(network.check)
    assert (caught.value.reason, caught.value.retry) == ("sign_in_again", False)


def test_check_subscribes_again_and_names_what_is_missing(desk: Desk, facebook: Facebook) -> None:
    desk.record = replace(desk.record, facts=desk.run(network.check).facts)
    facebook.do("unsubscribe")
    checked = desk.run(network.check)
    assert checked.missing == ()
    assert {"feed", "messages"} <= set(checked.lost)
    assert "feed" in facebook.subscribed
    facebook.do("grant", name="pages_messaging", on=False)
    assert desk.run(network.check).missing == ("pages_messaging",)
    facebook.do("grant", name="pages_manage_metadata", on=False)
    facebook.do("unsubscribe")
    with pytest.raises(Refusal, match="pages_manage_metadata"):
        desk.run(network.check)


def test_signing_in(desk: Desk, facebook: Facebook) -> None:
    assert network.oauth is not None
    oauth, record = network.oauth, replace(desk.record, external_id="")
    record = replace(record, credentials={**record.credentials, "app_id": facebook.app, "page_token": ""})
    begun = desk.run(lambda _: oauth.begin(record, "https://desk.acme.example/back", "s1"))
    answer = desk.client.send(Request("GET", begun.url))
    query = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert query["state"] == "s1"
    back = "https://desk.acme.example/back"
    given = desk.run(lambda _: oauth.finish(record, {}, query, back))
    assert given == {"page_token": facebook.token}
    with pytest.raises(Refusal):
        desk.run(lambda _: oauth.finish(record, {}, query, back))


def test_comment_and_reply(desk: Desk) -> None:
    post = desk.simulator.do("post", text="Triglav", picture="boot")["id"]
    comment = desk.simulator.do("comment", person="lea", text="Kje je? 😀 a/b", picture="box")["id"]
    reply = desk.simulator.do("comment", person="omar", text="أين؟", parent=comment)["id"]
    seen = only(desk, PostSeen)
    assert (seen.external_id, seen.text) == (post, "Triglav")
    assert seen.picture_url
    first, second = news(desk, MessageReceived)
    assert (first.external_id, first.kind, first.post, first.parent) == (comment, "comment", post, "")
    assert first.text == "Kje je? 😀 a/b"
    assert first.author is not None
    assert first.author.name == "Lea Marn"
    assert (second.external_id, second.kind, second.parent) == (reply, "reply", comment)
    (picture,) = first.attachments
    fetched = desk.client.send(Request("GET", picture.url))
    assert fetched.body.startswith(b"\x89PNG")


def test_edit_and_removal(desk: Desk) -> None:
    comment = desk.simulator.do("comment", person="lea", text="Kje je?")["id"]
    desk.simulator.do("edit", person="lea", id=comment, text="Kje je paket?")
    desk.simulator.do("remove", person="lea", id=comment)
    assert (only(desk, MessageEdited).external_id, only(desk, MessageEdited).text) == (
        comment,
        "Kje je paket?",
    )
    assert only(desk, MessageRemoved).external_id == comment


def test_visitor_post(desk: Desk) -> None:
    post = desk.simulator.do("visitor_post", person="lea", text="Brez vezalk", picture="box")["id"]
    message = only(desk, MessageReceived)
    assert (message.external_id, message.post, message.kind) == (post, post, "visitor_post")
    assert len(message.attachments) == 1
    sent = desk.send(answer_to(desk, message))
    assert [line.id for line in our_lines(desk)] == [sent.external_id]


def test_mention(desk: Desk) -> None:
    desk.simulator.do("mention", person="lea", text="@Acme zamuja")
    message = only(desk, MessageReceived)
    assert (message.kind, message.text) == ("mention", "@Acme zamuja")
    desk.send(answer_to(desk, message, "Oprostite."))
    assert desk.times_seen("Oprostite.") == 1


def test_nameless_mention_is_looked_up(desk: Desk) -> None:
    desk.simulator.do("mention_in_comment", person="sam", text="@Acme what now")
    message = only(desk, MessageReceived)
    assert message.author is None
    wanted = Wanted("message", message.external_id, message.refs)
    (found,) = desk.run(lambda record: network.look_up(record, wanted))
    assert isinstance(found, AuthorFound)
    assert found.author.name == "Sam Cole"


def test_reactions_and_shares(desk: Desk) -> None:
    post = desk.simulator.do("post", text="Triglav", likes=4)["id"]
    comment = desk.simulator.do("comment", person="lea", text="Lepi")["id"]
    desk.simulator.do("react", person="omar", id=comment, reaction="love")
    desk.simulator.do("react", person="omar", id=comment, reaction="love", on=False)
    desk.simulator.do("react", person="lea", id=post)
    desk.simulator.do("share", person="lea")
    on, off = news(desk, ReactionChanged)
    assert (on.target, on.reaction, on.on, off.on) == (comment, "love", True, False)
    assert [stale.external_id for stale in news(desk, PostStale)] == [post, post, post]
    (seen,) = desk.run(lambda record: network.look_up(record, Wanted("post", post)))
    assert isinstance(seen, PostSeen)
    assert (seen.likes, seen.comments, seen.shares) == (5, 1, 1)
    assert seen.author is not None
    assert seen.author.external_id == desk.record.external_id


def test_messages_of_many_kinds(desk: Desk) -> None:
    play = desk.simulator.do
    text = play("message", person="lea", text="Živjo")["id"]
    play("message", person="lea", picture="boot")
    play("raw", person="lea", message={"text": "Red", "quick_reply": {"payload": "PICK_RED"}})
    play("postback", person="lea", title="Začni", payload="GET_STARTED")
    play("referral", person="lea")
    play("react", person="lea", id=text, reaction="love")
    play("edit", person="lea", id=text, text="Živjo!")
    play("remove", person="lea", id=text)
    hello, picture, quick, button = news(desk, MessageReceived)
    assert (hello.external_id, hello.text) == (text, "Živjo")
    assert picture.attachments[0].kind == "image"
    assert quick.refs == {"quick_reply": "PICK_RED"}
    assert (button.kind, button.text) == ("postback", "Začni")
    assert only(desk, ReactionChanged).reaction == "❤️"
    assert only(desk, MessageEdited).text == "Živjo!"
    assert only(desk, MessageRemoved).external_id == text
    assert hello.author is not None
    (person,) = news(desk, IdentitySeen)
    assert person.person == hello.author


def test_profile(desk: Desk) -> None:
    desk.simulator.do("message", person="lea", text="Živjo")
    message = only(desk, MessageReceived)
    assert message.author is not None
    psid = message.author.external_id
    (seen,) = desk.run(lambda record: network.look_up(record, Wanted("person", psid)))
    assert isinstance(seen, IdentitySeen)
    assert seen.person.name == "Lea Marn"


def test_a_commenter_has_no_messenger_profile(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    assert message.author is not None
    wanted = Wanted("person", message.author.external_id)
    assert desk.run(lambda record: network.look_up(record, wanted)) == []


def test_standby(desk: Desk) -> None:
    desk.simulator.do("hand_over")
    message = desk.customer_writes("private", "Živjo")
    assert message.kind == "standby"
    sent = desk.send(answer_to(desk, message, "Prevzamem."))
    assert sent.external_id
    assert desk.times_seen("Prevzamem.") == 1
    assert desk.customer_writes("private", "Hvala").kind == "message"


def test_thread_handed_back(desk: Desk) -> None:
    desk.simulator.do("hand_over")
    message = desk.customer_writes("private", "Živjo")
    sent = desk.send(answer_to(desk, message, "Prevzamem."))
    assert sent.refs == {TAKEN_OVER: True}
    hand_back(desk, message)
    assert desk.customer_writes("private", "Hvala").kind == "standby"


def test_thread_passed_to_us(desk: Desk) -> None:
    desk.simulator.do("hand_over")
    desk.customer_writes("private", "Živjo")
    desk.simulator.do("hand_over", on=False)
    assert not news(desk, NotUnderstood)
    assert desk.customer_writes("private", "Ste tam?").kind == "message"


def test_a_machine_s_answer_is_no_answer(desk: Desk) -> None:
    desk.connect()
    desk.record = replace(desk.record, facts=desk.run(network.check).facts)
    desk.customer_writes("private", "Živjo")
    desk.simulator.do("bot", person="lea", text="Zaprto.")
    desk.simulator.do("outside", person="lea", text="Zdravo, Lea.")
    assert [(each.text, each.automatic) for each in news(desk, Echo)] == [
        ("Zaprto.", True),
        ("Zdravo, Lea.", False),
    ]


def test_batch_of_everything(desk: Desk) -> None:
    play = desk.simulator.do
    play("post", text="Triglav")
    desk.gather()
    desk.news.clear()
    play("gather")
    comments = [play("comment", person="lea", text=f"{n}")["id"] for n in range(3)]
    messages = [play("message", person="omar", text=f"{n}")["id"] for n in range(2)]
    last = play("comment", person="sam", text="zadnji")["id"]
    play("gather", on=False)
    assert [each.external_id for each in news(desk, MessageReceived)] == [*comments, *messages, last]
    assert len([hook for hook in desk.receiver.hooks if b'"0"' in hook.body and b"zadnji" in hook.body]) == 1


def test_odd_deliveries(desk: Desk) -> None:
    page = desk.record.external_id
    item = {
        "field": "feed",
        "value": {"item": "status", "post_id": "1_2", "verb": "add", "from": {"id": "7"}},
    }
    desk.simulator.do(
        "deliver", body={"object": "page", "entry": [{"id": "0", "time": 1, "changes": [item]}]}
    )
    desk.simulator.do(
        "deliver",
        body={"object": "page", "entry": [{"id": page, "time": 1, "changes": [{"field": "moon"}, 7]}]},
    )
    assert [each.what for each in news(desk, NotUnderstood)] == [
        "test event of Meta's dashboard",
        "changes moon",
    ]
    assert len(news(desk, Broken)) == 1


def test_wrongly_signed_delivery_is_refused_and_comes_again(desk: Desk, facebook: Facebook) -> None:
    facebook.hooks.waits = (0.01,)
    desk.sandbox.fault("facebook", Fault("hook", hook="bad_signature"))
    desk.simulator.do("message", person="lea", text="Živjo")
    assert len(news(desk, MessageReceived)) == 1
    assert len([hook for hook in desk.receiver.hooks if hook.method == "POST"]) == 2

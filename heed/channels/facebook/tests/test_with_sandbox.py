"""The adapter against the sandbox's Facebook, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from heed.channels.base import (
    Answer,
    AuthorFound,
    Broken,
    CannotTell,
    Echo,
    HiddenChanged,
    IdentitySeen,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    NotThere,
    NotUnderstood,
    OutgoingFile,
    PostSeen,
    PostStale,
    ReactionChanged,
    Receipt,
    Refusal,
    Sent,
    Target,
    Wanted,
)
from heed.channels.facebook.adapter import network
from heed.channels.tests.contract import Desk
from heed.lib import clock
from heed.lib.http import AnswerLost, Request
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, Line
from heed.sandbox.networks.facebook import Facebook
from heed.sandbox.tests.receiver import Receiver

News = TypeVar("News", bound=Inbound)
PICTURE = OutgoingFile("boot.png", "image/png", b"\x89PNG boot", "https://desk.acme.example/f/1")
INVOICE = OutgoingFile("račun.pdf", "application/pdf", b"%PDF bill", "https://desk.acme.example/f/2")


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        desk = Desk(network, sandbox, receiver)
        desk.connect()
        yield desk


@pytest.fixture
def facebook(desk: Desk) -> Facebook:
    simulator = desk.simulator
    assert isinstance(simulator, Facebook)
    return simulator


def news(desk: Desk, kind: type[News]) -> list[News]:
    return [each for each in desk.gather() if isinstance(each, kind)]


def only(desk: Desk, kind: type[News]) -> News:
    (found,) = news(desk, kind)
    return found


def as_target(message: MessageReceived) -> Target:
    return Target(
        message.external_id, message.visibility, message.kind, message.post, message.refs, at=message.at
    )


def answer_to(desk: Desk, message: MessageReceived, text: str = "Na poti je.", **changes: Any) -> Answer:
    return replace(desk.answer_to(message, text), **changes)


def private_reply_to(desk: Desk, message: MessageReceived, text: str = "Povejte mi številko.") -> Answer:
    return answer_to(desk, message, text, visibility="private", person="")


def refused(desk: Desk, answer: Answer) -> Refusal:
    with pytest.raises(Refusal) as caught:
        desk.send(answer)
    return caught.value


def our_lines(desk: Desk) -> list[Line]:
    return [line for line in desk.simulator.scene("lea").lines() if line.ours]


# ------------------------------------------------------------------------------ connecting


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


# -------------------------------------------------------------------------------- public news


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


# ------------------------------------------------------------------------------- private news


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


def test_check_subscribes_again_and_names_what_is_missing(desk: Desk, facebook: Facebook) -> None:
    facebook.do("unsubscribe")
    assert desk.run(network.check).missing == ()
    assert "feed" in facebook.subscribed
    facebook.do("grant", name="pages_messaging", on=False)
    assert desk.run(network.check).missing == ("pages_messaging",)
    facebook.do("grant", name="pages_manage_metadata", on=False)
    with pytest.raises(Refusal, match="pages_manage_metadata"):
        desk.run(network.check)


def test_review_and_answer(desk: Desk) -> None:
    desk.simulator.do("review", person="lea", text="Lepi čevlji", stars=4)
    message = desk.message("Lepi čevlji")
    assert (message.kind, message.text, message.post) == (
        "review",
        "★★★★☆\nLepi čevlji",
        message.external_id,
    )
    desk.send(answer_to(desk, message, "Hvala!"))
    assert desk.times_seen("Hvala!") == 1
    assert refused(desk, private_reply_to(desk, message)).reason == "not_allowed"


def test_sticker_under_a_post(desk: Desk) -> None:
    desk.simulator.do("sticker", person="lea")
    (attachment,) = only(desk, MessageReceived).attachments
    source = desk.run(lambda record: network.media(record, attachment.url))
    assert source.url.startswith("http")


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


def test_missed_news_is_read_back(desk: Desk, facebook: Facebook) -> None:
    old = desk.customer_writes("public", "Pred izpadom")
    url, facebook.hook_url = facebook.hook_url, ""
    facebook.clock.move(timedelta(hours=40).total_seconds())
    since = facebook.clock.now().replace(microsecond=0)
    play = facebook.do
    comment = play("comment", person="lea", text="Med izpadom", parent=old.external_id)["id"]
    posted = play("visitor_post", person="omar", text="Kdaj odprete?", picture="boot")["id"]
    play("message", person="lea", text="Ste tam?", picture="boot")
    play("outside", person="lea", text="Smo.")
    desk.sandbox.settle()
    facebook.hook_url = url
    cursor: dict[str, Any] = {"since": since.isoformat()}
    found: list[Any] = []
    more = True
    while more:
        page = desk.run(partial(network.backfill, cursor=cursor))
        found += [each for body in page.bodies for each in network.read(body, desk.record)]
        cursor, more = dict(page.cursor), page.more
    told = {each.external_id: each for each in found if isinstance(each, MessageReceived)}
    assert {each.text for each in told.values()} == {"Med izpadom", "Kdaj odprete?", "Ste tam?", ""}
    assert (told[comment].kind, told[comment].parent) == ("reply", old.external_id)
    assert told[posted].kind == "visitor_post"
    (picture,) = [each for each in told.values() if not each.text]
    assert picture.attachments
    assert [each.text for each in found if isinstance(each, Echo)] == ["Smo."]


def test_late_answer_by_a_person(desk: Desk, facebook: Facebook) -> None:
    message = desk.customer_writes("private", "Živjo")
    facebook.clock.move(timedelta(days=3).total_seconds())
    late = answer_to(desk, message, "Oprostite.", late="human_agent")
    assert refused(desk, late).reason == "outside_window"
    facebook.do("grant", name="human_agent")
    desk.send(late)
    facebook.clock.move(timedelta(days=5).total_seconds())
    assert refused(desk, late).reason == "outside_window"


def test_answer_to_a_chosen_message(desk: Desk) -> None:
    first = desk.customer_writes("private", "Prvo")
    desk.customer_writes("private", "Drugo")
    desk.send(answer_to(desk, first, "Na prvo.", chosen=True))
    (echo,) = [each for each in news(desk, Echo) if each.text == "Na prvo."]
    assert echo.parent == first.external_id


def test_edit_of_our_comment(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    sent = desk.send(answer_to(desk, message, "Na pti."))
    ours = replace(as_target(message), external_id=sent.external_id, ours=True)
    desk.run(lambda record: network.act(record, "edit", ours, "", "Na poti."))
    assert (desk.times_seen("Na poti."), desk.times_seen("Na pti.")) == (1, 0)


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


# ---------------------------------------------------------------------------------- answering


def test_answer_to_a_reply_hangs_under_its_comment(desk: Desk) -> None:
    comment = desk.simulator.do("comment", person="lea", text="Kje je?")["id"]
    desk.simulator.do("comment", person="lea", text="Halo?", parent=comment)
    _, reply = news(desk, MessageReceived)
    sent = desk.send(answer_to(desk, reply))
    echo = only(desk, Echo)
    assert (echo.external_id, echo.parent, echo.text) == (sent.external_id, comment, "Na poti je.")


def test_picture_under_a_comment(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kakšni so?")
    desk.send(answer_to(desk, message, files=(PICTURE,)))
    (line,) = our_lines(desk)
    assert line.text == "Na poti je."
    assert desk.client.send(Request("GET", line.picture)).body == PICTURE.content


def test_files_in_messenger(desk: Desk) -> None:
    message = desk.customer_writes("private", "Račun, prosim")
    sent = desk.send(answer_to(desk, message, files=(PICTURE, INVOICE)))
    picture, invoice, text = our_lines(desk)
    assert (sent.external_id, sent.more) == (text.id, (picture.id, invoice.id))
    assert desk.client.send(Request("GET", picture.picture)).body == PICTURE.content
    assert desk.client.send(Request("GET", invoice.files[0])).body == INVOICE.content
    assert {echo.key for echo in news(desk, Echo)} == {"0f8fad5b-d9cb-469f-a165-70867728950e"}


def test_echo_before_the_answer(desk: Desk) -> None:
    message = desk.customer_writes("private", "Kje je?")
    desk.simulator.do("hurry")
    sent = desk.send(answer_to(desk, message))
    assert message.author is not None
    echo = only(desk, Echo)
    assert (echo.external_id, echo.person) == (sent.external_id, message.author)
    assert echo.key == "0f8fad5b-d9cb-469f-a165-70867728950e"


def test_answers_given_outside(desk: Desk) -> None:
    message = desk.customer_writes("private", "Kje je?")
    comment = desk.customer_writes("public", "Halo?")
    desk.simulator.do("outside", person="lea", text="Iz pisarne")
    desk.simulator.do("outside", id=comment.external_id, text="S telefona")
    private, public = news(desk, Echo)
    assert (private.text, private.key, private.person) == ("Iz pisarne", "", message.author)
    assert (public.text, public.parent) == ("S telefona", comment.external_id)


def test_receipts(desk: Desk) -> None:
    sent = desk.send(answer_to(desk, desk.customer_writes("private", "Kje je?")))
    desk.gather()
    desk.simulator.do("read", person="lea")
    delivered, seen = news(desk, Receipt)
    assert (delivered.state, delivered.external_ids) == ("delivered", (sent.external_id,))
    assert seen.state == "seen"
    assert seen.watermark is not None
    assert seen.person == sent.person


def test_private_reply_once(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    sent = desk.send(private_reply_to(desk, message))
    assert message.author is not None
    assert sent.person not in ("", message.author.external_id)
    assert desk.times_seen("Povejte mi številko.") == 1
    assert refused(desk, private_reply_to(desk, message)).reason == "already_done"


def test_after_a_private_reply_the_customer_is_next(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    sent = desk.send(private_reply_to(desk, message))
    written = desk.customer_writes("private", "88140")
    assert written.author is not None
    assert written.author.external_id == sent.person
    desk.send(answer_to(desk, written))
    assert desk.times_seen("Na poti je.") == 1


def test_second_private_message_before_the_customer_answers(desk: Desk) -> None:
    sent = desk.send(private_reply_to(desk, desk.customer_writes("public", "Kje je?")))
    again = Answer("k", "private", "Halo?", sent.person, None)
    assert refused(desk, again).reason == "outside_window"


def test_late_private_reply(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    desk.sandbox.clock.move(timedelta(days=7, minutes=1).total_seconds())
    assert refused(desk, private_reply_to(desk, message)).reason == "outside_window"


def test_closed_window(desk: Desk) -> None:
    message = desk.customer_writes("private", "Kje je?")
    desk.sandbox.clock.move(timedelta(hours=24, minutes=1).total_seconds())
    refusal = refused(desk, answer_to(desk, message))
    assert (refusal.reason, refusal.retry, refusal.code) == ("outside_window", False, "10/2018278")


@pytest.mark.parametrize(("visibility", "most"), [("public", 8000), ("private", 2000)])
def test_too_long(desk: Desk, visibility: Any, most: int) -> None:
    message = desk.customer_writes(visibility, "Kje je?")
    assert refused(desk, answer_to(desk, message, "ž" * (most + 1))).reason == "too_long"


def test_file_too_large(desk: Desk) -> None:
    message = desk.customer_writes("private", "Kje je?")
    large = replace(PICTURE, content=b"x" * (8 * 1024 * 1024 + 1))
    assert refused(desk, answer_to(desk, message, files=(large,))).reason == "file_refused"


def test_comment_is_gone(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    desk.simulator.do("remove", person="lea", id=message.external_id)
    assert refused(desk, answer_to(desk, message)).reason == "gone"


def test_blocked_by_the_customer(desk: Desk) -> None:
    message = desk.customer_writes("private", "Kje je?")
    desk.simulator.do("leave", person="lea")
    assert refused(desk, answer_to(desk, message)).reason == "unreachable"


@pytest.mark.parametrize("code", [4, 613, 80001, 80006])
def test_rate_limit(desk: Desk, code: int) -> None:
    message = desk.customer_writes("private", "Kje je?")
    desk.simulator.do("throttle", code=code, minutes=3)
    refusal = refused(desk, answer_to(desk, message))
    assert (refusal.reason, refusal.retry, refusal.after) == ("slow_down", True, 180)
    desk.send(answer_to(desk, message))
    assert desk.times_seen("Na poti je.") == 1


# --------------------------------------------------------------------------- what became of it


def lose(desk: Desk, answer: Answer, drop: Any) -> None:
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop=drop)))


def find(desk: Desk, answer: Answer) -> Any:
    return desk.run(lambda record: network.find(record, answer))


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_found_after_the_line_broke(desk: Desk, visibility: Any) -> None:
    answer = answer_to(desk, desk.customer_writes(visibility, "Kje je?"))
    lose(desk, answer, "after")
    found = find(desk, answer)
    assert isinstance(found, Sent)
    assert [line.id for line in our_lines(desk)] == [found.external_id]


def test_private_reply_found_after_the_line_broke(desk: Desk, facebook: Facebook) -> None:
    answer = private_reply_to(desk, desk.customer_writes("public", "Kje je?"))
    lose(desk, answer, "after")
    found = find(desk, answer)
    assert isinstance(found, Sent)
    assert (found.external_id, found.person) == (our_lines(desk)[0].id, facebook.psid("lea"))


@pytest.mark.parametrize(("visibility", "verdict"), [("public", NotThere()), ("private", CannotTell())])
def test_absence(desk: Desk, visibility: Any, verdict: Any) -> None:
    answer = answer_to(desk, desk.customer_writes(visibility, "Kje je?"))
    lose(desk, answer, "before")
    early = find(desk, answer)
    assert isinstance(early, CannotTell)
    assert early.ask_again
    with clock.moved(timedelta(seconds=61)):
        assert find(desk, answer) == verdict


def test_the_same_words_of_yesterday_do_not_count(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    desk.send(answer_to(desk, message))
    with clock.moved(timedelta(days=1)):
        today = answer_to(desk, message)
        assert find(desk, replace(today, started=clock.now() - timedelta(seconds=61))) == NotThere()


def test_found_among_many_comments(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    answer = answer_to(desk, message)
    lose(desk, answer, "after")
    for number in range(120):
        desk.simulator.do("comment", person="omar", text=f"{number}", parent=message.external_id)
    assert isinstance(find(desk, answer), Sent)
    pages = [each for each in desk.simulator.requests if each.call.path.endswith("/comments")]
    assert len([each for each in pages if each.call.method == "GET"]) == 3


# ----------------------------------------------------------------------------------- actions


def act(desk: Desk, action: Any, message: MessageReceived) -> None:
    person = message.author.external_id if message.author else ""
    desk.run(lambda record: network.act(record, action, as_target(message), person, "👍"))


def test_like_and_unlike(desk: Desk) -> None:
    message = desk.customer_writes("public", "Hvala!")
    act(desk, "like", message)
    act(desk, "like", message)
    assert desk.simulator.seen()["liked"] == [message.external_id]
    act(desk, "unlike", message)
    assert desk.simulator.seen()["liked"] == []
    ours = [
        each for each in news(desk, ReactionChanged) if each.author.external_id == desk.record.external_id
    ]
    assert [each.on for each in ours] == [True, False]


def test_hide_and_unhide(desk: Desk) -> None:
    message = desk.customer_writes("public", "Grdo!")
    act(desk, "hide", message)
    assert desk.simulator.seen()["hidden"] == [message.external_id]
    assert "Grdo!" not in [line.text for line in desk.simulator.scene("omar").lines()]
    assert "Grdo!" in [line.text for line in desk.simulator.scene("lea").lines()]
    act(desk, "unhide", message)
    assert [each.hidden for each in news(desk, HiddenChanged)] == [True, False]


def test_delete(desk: Desk) -> None:
    message = desk.customer_writes("public", "Grdo!")
    act(desk, "delete", message)
    act(desk, "delete", message)
    assert only(desk, MessageRemoved).external_id == message.external_id


def test_seen_typing_and_a_like_in_messenger(desk: Desk) -> None:
    message = desk.customer_writes("private", "Hvala!")
    for action in ("seen", "typing", "react"):
        act(desk, action, message)
    assert [line.liked for line in desk.simulator.scene("lea").lines() if line.mine] == [True]
    act(desk, "unreact", message)
    assert [line.liked for line in desk.simulator.scene("lea").lines() if line.mine] == [False]

"""The adapter against the sandbox's Instagram, over real HTTP, by either login."""

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
    IdentitySeen,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    NotThere,
    NotUnderstood,
    OutgoingFile,
    Person,
    PostSeen,
    ReactionChanged,
    Receipt,
    Refusal,
    Sent,
    Target,
    Wanted,
)
from heed.channels.instagram.adapter import network
from heed.channels.tests.contract import Desk
from heed.lib import clock
from heed.lib.http import AnswerLost, Request
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault
from heed.sandbox.networks.instagram import Instagram
from heed.sandbox.tests.receiver import Receiver

News = TypeVar("News", bound=Inbound)
PICTURE = OutgoingFile("boot.png", "image/png", b"\x89PNG boot", "https://desk.acme.example/f/1")
DAY = 24 * 60 * 60


@pytest.fixture(params=["instagram", "facebook"])
def login(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(login: str) -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        desk = Desk(network, sandbox, receiver)
        if login == "facebook":
            desk.record = replace(desk.record, credentials=simulator_of(desk).by_facebook().credentials)
        desk.connect()
        yield desk


@pytest.fixture
def instagram(desk: Desk) -> Instagram:
    return simulator_of(desk)


def simulator_of(desk: Desk) -> Instagram:
    simulator = desk.simulator
    assert isinstance(simulator, Instagram)
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
    return answer_to(desk, message, text, visibility="private")


def refused(desk: Desk, answer: Answer) -> Refusal:
    with pytest.raises(Refusal) as caught:
        desk.send(answer)
    return caught.value


def commented(desk: Desk, text: str = "Kje je paket?") -> MessageReceived:
    return desk.customer_writes("public", text)


def written(desk: Desk, text: str = "Kje je paket?") -> MessageReceived:
    return desk.customer_writes("private", text)


# ------------------------------------------------------------------------------ connecting


def test_connecting_subscribes_and_sets_the_webhook(desk: Desk, instagram: Instagram, login: str) -> None:
    assert instagram.hook_url == desk.receiver.url
    (handshake,) = desk.receiver.hooks
    assert handshake.query["hub.mode"] == "subscribe"
    fields = instagram.account_fields if login == "instagram" else instagram.app_fields
    assert {"comments", "messages", "messaging_seen", "live_comments"} <= set(fields)
    assert bool(instagram.page_fields) == (login == "facebook")


def test_what_the_page_was_subscribed_to_stays(desk: Desk, instagram: Instagram, login: str) -> None:
    instagram.page_fields = ["mention"]
    desk.run(network.check)
    assert ("feed" in instagram.page_fields) == (login == "facebook")
    assert "mention" in instagram.page_fields


def test_without_the_app_s_id_the_address_is_pasted(desk: Desk, instagram: Instagram) -> None:
    instagram.hook_url = ""
    credentials = {key: value for key, value in desk.record.credentials.items() if key != "app_id"}
    desk.record = replace(desk.record, credentials=credentials)
    desk.run(network.check)
    assert instagram.hook_url == ""
    instagram.do("callback", url=desk.receiver.url)
    assert instagram.hook_url == desk.receiver.url


def test_token_of_another_account(desk: Desk) -> None:
    desk.record = replace(desk.record, external_id="17841")
    with pytest.raises(Refusal) as caught:
        desk.run(network.check)
    assert caught.value.reason == "not_configured"


@pytest.mark.parametrize("verb", ["revoke", "expire_token"])
def test_dead_token(desk: Desk, verb: str) -> None:
    desk.simulator.do(verb)
    with pytest.raises(Refusal) as caught:
        desk.run(network.check)
    assert (caught.value.reason, caught.value.retry) == ("sign_in_again", False)


def test_the_token_is_kept_alive(desk: Desk, login: str) -> None:
    """Connected for a hundred days; Instagram's own token would have died after sixty."""
    for days in (25, 50, 75, 100):
        with clock.moved(timedelta(days=days)):
            desk.run(network.check)
    refreshed = [each for each in desk.simulator.requests if "refresh" in each.call.path]
    assert len(refreshed) == (3 if login == "instagram" else 0)


def test_a_token_made_just_now(desk: Desk) -> None:
    desk.simulator.do("young_token")
    desk.record = replace(desk.record, session={})
    assert desk.run(network.check).handle == "acme"


# -------------------------------------------------------------------------------- public news


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("keys", ["id", "comment_id", "id comment_id"])
def test_comment_and_reply_in_every_shape(desk: Desk, flat: bool, keys: str) -> None:
    desk.simulator.do("shape", flat=flat, keys=keys)
    post = desk.simulator.do("post", text="Triglav", picture="boot")["id"]
    comment = desk.simulator.do("comment", person="lea", text="Kje je? 😀 a/b")["id"]
    reply = desk.simulator.do("comment", person="omar", text="أين؟", parent=comment)["id"]
    first, second = news(desk, MessageReceived)
    assert (first.external_id, first.kind, first.post, first.parent) == (comment, "comment", post, "")
    assert first.text == "Kje je? 😀 a/b"
    assert first.author is not None
    assert first.author.handle == "lea.marn"
    assert (second.external_id, second.kind, second.parent) == (reply, "reply", comment)


def test_a_batch(desk: Desk) -> None:
    desk.simulator.do("gather")
    desk.simulator.do("comment", person="lea", text="Ena")
    desk.simulator.do("message", person="omar", text="اثنان")
    desk.simulator.do("gather", on=False)
    assert [each.text for each in news(desk, MessageReceived)] == ["Ena", "اثنان"]


def test_a_mention(desk: Desk, login: str) -> None:
    """Facebook Login names ids only, the rest is looked up; Instagram Login sends a comment."""
    desk.simulator.do("mention", person="lea", text="@acme lepi so")
    message = only(desk, MessageReceived)
    if login == "facebook":
        assert (message.kind, message.author, message.text) == ("mention", None, "")
        wanted = Wanted("message", message.external_id, message.refs)
        found, words, post = desk.run(lambda record: network.look_up(record, wanted))
        assert isinstance(found, AuthorFound)
        assert found.author.handle == "lea.marn"
        assert isinstance(words, MessageEdited)
        assert words.text == "@acme lepi so"
        assert isinstance(post, PostSeen)
        assert post.external_id == message.post
    else:
        assert message.text == "@acme lepi so"
    desk.send(answer_to(desk, message, "Hvala!"))
    assert desk.times_seen("Hvala!") == 1


def test_a_mention_in_a_caption(desk: Desk, login: str) -> None:
    desk.simulator.do("mention_in_caption", person="lea", text="Nove @acme")
    if login == "instagram":
        assert not news(desk, MessageReceived)
        return
    message = only(desk, MessageReceived)
    wanted = Wanted("message", message.external_id, message.refs)
    found, words, _post = desk.run(lambda record: network.look_up(record, wanted))
    lea = Person("@lea.marn", handle="lea.marn")
    assert found == AuthorFound(external_id=message.external_id, author=lea)
    assert isinstance(words, MessageEdited)
    assert words.text == "Nove @acme"
    desk.send(answer_to(desk, message, "Lepo!"))
    assert desk.times_seen("Lepo!") == 1


def test_a_post_is_looked_up(desk: Desk) -> None:
    desk.simulator.do("post", text="Triglav", picture="boot", likes=12)
    desk.simulator.do("comment", person="lea", text="Lepi")
    message = desk.message("Lepi")
    (seen,) = desk.run(lambda record: network.look_up(record, Wanted("post", message.post)))
    assert isinstance(seen, PostSeen)
    assert (seen.text, seen.likes, seen.comments) == ("Triglav", 12, 1)
    assert seen.picture_url
    assert seen.author is not None
    assert seen.author.external_id == desk.record.external_id


def test_a_person_is_known_once_they_wrote_privately(desk: Desk) -> None:
    comment = commented(desk)
    assert comment.author is not None
    wanted = Wanted("person", comment.author.external_id)
    assert desk.run(lambda record: network.look_up(record, wanted)) == []
    written(desk)
    (seen,) = desk.run(lambda record: network.look_up(record, wanted))
    assert isinstance(seen, IdentitySeen)
    assert (seen.person.name, seen.person.handle) == ("Lea Marn", "lea.marn")


# -------------------------------------------------------------------------- writing publicly


def test_our_reply_comes_back_as_an_echo(desk: Desk) -> None:
    comment = commented(desk)
    sent = desk.send(answer_to(desk, comment))
    echo = only(desk, Echo)
    assert (echo.external_id, echo.text, echo.parent) == (
        sent.external_id,
        "Na poti je.",
        comment.external_id,
    )
    assert len(news(desk, MessageReceived)) == 1


def test_a_reply_to_a_reply_hangs_under_the_comment(desk: Desk) -> None:
    comment = commented(desk)
    desk.simulator.do("comment", person="lea", text="Halo?", parent=comment.external_id)
    sent = desk.send(answer_to(desk, desk.message("Halo?")))
    assert sent.refs["top"] == comment.external_id
    assert desk.times_seen("Na poti je.") == 1


def test_a_comment_that_is_gone(desk: Desk) -> None:
    comment = commented(desk)
    desk.simulator.do("remove", person="lea", id=comment.external_id)
    assert refused(desk, answer_to(desk, comment)).reason == "gone"


def test_too_long_a_comment(desk: Desk) -> None:
    assert refused(desk, answer_to(desk, commented(desk), "ž" * 301)).reason == "too_long"


def test_hide_show_delete(desk: Desk, instagram: Instagram) -> None:
    comment = as_target(commented(desk))
    desk.run(lambda record: network.act(record, "hide", comment, ""))
    assert instagram.seen()["hidden"] == [comment.external_id]
    assert comment.external_id not in [line.id for line in instagram.scene("omar").lines()]
    desk.run(lambda record: network.act(record, "unhide", comment, ""))
    assert instagram.seen()["hidden"] == []
    for _each in range(2):
        desk.run(lambda record: network.act(record, "delete", comment, ""))
    assert instagram.items[comment.external_id].removed


def test_lost_reply_is_found(desk: Desk) -> None:
    answer = answer_to(desk, commented(desk))
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="after")))
    found = desk.run(lambda record: network.find(record, answer))
    assert isinstance(found, Sent)
    assert found.external_id == only(desk, Echo).external_id


def test_reply_that_never_arrived_is_proven_absent(desk: Desk) -> None:
    comment = commented(desk)
    for number in range(60):
        desk.simulator.do("comment", person="omar", text=f"{number}", parent=comment.external_id)
    answer = answer_to(desk, comment)
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="before")))
    look = desk.run(lambda record: network.find(record, answer))
    assert look == CannotTell(ask_again=15)
    with clock.moved(timedelta(seconds=61)):
        assert desk.run(lambda record: network.find(record, answer)) == NotThere()


# ------------------------------------------------------------------------------ private news


def test_a_story_s_mention_and_answer(desk: Desk) -> None:
    desk.simulator.do("story_mention", person="lea")
    desk.simulator.do("story_reply", person="lea", text="Lepo!")
    mention, reply = news(desk, MessageReceived)
    assert (mention.kind, mention.visibility, len(mention.attachments)) == ("mention", "private", 1)
    assert (reply.text, reply.attachments[0].name) == ("Lepo!", "story")


def test_a_shared_post_comes_once(desk: Desk) -> None:
    desk.simulator.do("share", person="lea")
    (attachment,) = only(desk, MessageReceived).attachments
    assert attachment.name == "The autumn shoes are here."


def test_edit_unsend_reaction_postback(desk: Desk) -> None:
    id = desk.simulator.do("message", person="lea", text="Živjo")["id"]
    desk.simulator.do("edit", person="lea", id=id, text="Zdravo")
    desk.simulator.do("remove", person="lea", id=id)
    desk.simulator.do("postback", person="lea", title="Velikosti?", payload="SIZES")
    desk.simulator.do("referral", person="lea")
    assert (only(desk, MessageEdited).external_id, only(desk, MessageEdited).text) == (id, "Zdravo")
    assert only(desk, MessageRemoved).external_id == id
    assert [each.kind for each in news(desk, MessageReceived)] == ["message", "postback"]
    assert only(desk, IdentitySeen).person == only_author(desk)


def only_author(desk: Desk) -> Any:
    (author,) = {each.author for each in news(desk, MessageReceived)}
    return author


def test_reactions_and_seen(desk: Desk) -> None:
    sent = desk.send(answer_to(desk, written(desk)))
    desk.simulator.do("react", person="lea", id=sent.external_id)
    desk.simulator.do("react", person="lea", id=sent.external_id, on=False)
    desk.simulator.do("read", person="lea")
    first, second = news(desk, ReactionChanged)
    assert (first.target, first.reaction, first.on) == (sent.external_id, "❤️", True)
    assert (second.target, second.on) == (sent.external_id, False)
    receipt = only(desk, Receipt)
    assert (receipt.state, receipt.external_ids) == ("seen", (sent.external_id,))


def test_while_another_app_has_the_conversation(desk: Desk) -> None:
    desk.simulator.do("hand_over")
    message = written(desk)
    assert message.kind == "standby"
    desk.send(answer_to(desk, message, "Prevzamem."))
    assert desk.times_seen("Prevzamem.") == 1
    assert written(desk, "Hvala").kind == "message"


def test_missing_permissions_are_named(desk: Desk, instagram: Instagram, login: str) -> None:
    instagram.do("grant", name="pages_messaging", on=False)
    assert desk.run(network.check).missing == (("pages_messaging",) if login == "facebook" else ())


def test_signing_in(desk: Desk, instagram: Instagram, login: str) -> None:
    assert network.oauth is not None
    oauth, back = network.oauth, "https://desk.acme.example/back"
    token = desk.record.credentials["access_token"]
    record = replace(desk.record, credentials={**desk.record.credentials, "access_token": ""})
    begun = desk.run(lambda _: oauth.begin(record, back, "s1"))
    location = desk.client.send(Request("GET", begun.url)).headers["location"]
    query = dict(parse_qsl(urlsplit(location).query))
    assert query["state"] == "s1"
    assert desk.run(lambda _: oauth.finish(record, {}, query, back)) == {"access_token": token}
    with pytest.raises(Refusal):
        desk.run(lambda _: oauth.finish(record, {}, query, back))


def test_missed_news_is_read_back(desk: Desk, instagram: Instagram) -> None:
    old = commented(desk, "Pred izpadom")
    instagram.clock.move(40 * 3600)
    since = instagram.clock.now().replace(microsecond=0)
    instagram.batch = []
    comment = instagram.do("comment", person="lea", text="Med izpadom", parent=old.external_id)["id"]
    instagram.do("message", person="omar", text="Ste tam?", picture="boot")
    instagram.do("outside", person="omar", text="Smo.")
    found: list[Inbound] = []
    cursor: dict[str, Any] = {"since": since.isoformat()}
    more = True
    while more:
        page = desk.run(partial(network.backfill, cursor=cursor))
        found += [each for body in page.bodies for each in network.read(body, desk.record)]
        cursor, more = dict(page.cursor), page.more
    told = {each.external_id: each for each in found if isinstance(each, MessageReceived)}
    assert sorted(each.text for each in told.values()) == ["", "Med izpadom", "Ste tam?"]
    reply = told[comment]
    assert (reply.kind, reply.parent, reply.post) == ("reply", old.external_id, old.post)
    assert since <= reply.at
    assert [each.text for each in found if isinstance(each, Echo)] == ["Smo."]


def test_late_answer_by_a_person(desk: Desk, instagram: Instagram) -> None:
    message = written(desk)
    instagram.clock.move(3 * 24 * 3600)
    desk.send(answer_to(desk, message, "Oprostite.", late="human_agent"))
    assert desk.times_seen("Oprostite.") == 1


def test_answer_to_a_chosen_message(desk: Desk) -> None:
    first = written(desk, "Prvo")
    written(desk, "Drugo")
    desk.send(answer_to(desk, first, "Na prvo.", chosen=True))
    assert {each.parent for each in news(desk, Echo) if each.text == "Na prvo."} == {first.external_id}


def test_unknown_broken_and_test_deliveries(desk: Desk) -> None:
    ig = desk.record.external_id
    test = {"id": "0", "time": 1, "changes": [{"field": "messages", "value": {}}]}
    odd = {"id": ig, "time": 1, "changes": [{"field": "moon"}, {"field": "comments", "value": {}}]}
    desk.simulator.do("deliver", body={"object": "instagram", "entry": [test, odd]})
    assert len(news(desk, NotUnderstood)) == 2
    assert len(news(desk, Broken)) == 1


# ------------------------------------------------------------------------- writing privately


@pytest.mark.parametrize("hurries", [False, True])
def test_our_message_comes_back_as_an_echo(desk: Desk, hurries: bool) -> None:
    desk.simulator.do("hurry", on=hurries)
    message = written(desk)
    sent = desk.send(answer_to(desk, message))
    echo = only(desk, Echo)
    assert (echo.external_id, echo.text, echo.person) == (sent.external_id, "Na poti je.", message.author)


def test_an_answer_given_in_the_app(desk: Desk) -> None:
    message = written(desk)
    desk.simulator.do("outside", person="lea", text="Odgovorila Maja.")
    assert (only(desk, Echo).text, only(desk, Echo).person) == ("Odgovorila Maja.", message.author)


def test_a_picture(desk: Desk, instagram: Instagram) -> None:
    sent = desk.send(answer_to(desk, written(desk), "", files=(PICTURE,)))
    (picture,) = instagram.seen()["messages"]
    assert (picture["id"], picture["files"]) == (sent.external_id, [PICTURE.url])
    (attachment,) = only(desk, Echo).attachments
    assert (attachment.kind, attachment.url) == ("image", PICTURE.url)


def test_a_thousand_bytes_and_no_more(desk: Desk) -> None:
    assert refused(desk, answer_to(desk, written(desk), "ж" * 501)).reason == "too_long"


def test_after_a_day_the_window_is_closed(desk: Desk) -> None:
    message = written(desk)
    desk.sandbox.clock.move(DAY + 60)
    refusal = refused(desk, answer_to(desk, message))
    assert (refusal.reason, refusal.retry, refusal.code) == ("outside_window", False, "10/2534022")


def test_somebody_who_blocked_us(desk: Desk) -> None:
    message = written(desk)
    desk.simulator.do("leave", person="lea")
    assert refused(desk, answer_to(desk, message)).reason == "unreachable"


def test_a_private_reply_goes_once(desk: Desk) -> None:
    comment = commented(desk)
    sent = desk.send(private_reply_to(desk, comment))
    assert comment.author is not None
    assert sent.person == comment.author.external_id
    assert desk.times_seen("Povejte mi številko.") == 1
    assert refused(desk, private_reply_to(desk, comment, "Še enkrat.")).reason == "outside_window"
    # It opens no window of its own: the customer has to answer.
    follow_up = replace(private_reply_to(desk, comment, "In še to."), to=None)
    assert refused(desk, follow_up).reason == "outside_window"
    desk.simulator.do("message", person="lea", text="88140")
    desk.send(follow_up)
    assert desk.times_seen("In še to.") == 1


def test_a_private_reply_after_a_week(desk: Desk) -> None:
    comment = commented(desk)
    desk.sandbox.clock.move(7 * DAY + 60)
    assert refused(desk, private_reply_to(desk, comment)).reason == "outside_window"


def test_a_private_reply_under_a_broadcast(desk: Desk) -> None:
    desk.simulator.do("broadcast")
    desk.simulator.do("comment", person="lea", text="Kdaj?", live=True)
    desk.simulator.do("comment", person="omar", text="متى؟", live=True)
    first, second = news(desk, MessageReceived)
    assert first.refs["live"] is True
    desk.send(private_reply_to(desk, first))
    desk.simulator.do("broadcast", on=False)
    assert refused(desk, private_reply_to(desk, second)).reason == "outside_window"


@pytest.mark.parametrize("private_reply", [False, True])
def test_lost_message_is_found_in_the_conversation(desk: Desk, private_reply: bool) -> None:
    answer = private_reply_to(desk, commented(desk)) if private_reply else answer_to(desk, written(desk))
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="after")))
    found = desk.run(lambda record: network.find(record, answer))
    assert isinstance(found, Sent)
    assert (found.external_id, found.person) == (only(desk, Echo).external_id, answer.person)


def test_absence_of_a_message_is_never_proven(desk: Desk) -> None:
    answer = answer_to(desk, written(desk))
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="before")))
    with clock.moved(timedelta(seconds=61)):
        assert desk.run(lambda record: network.find(record, answer)) == CannotTell()


def test_presence_and_love(desk: Desk, instagram: Instagram) -> None:
    message = written(desk)
    assert message.author is not None
    person, target = message.author.external_id, as_target(message)
    for action in network.capabilities.on_private:
        desk.run(lambda record, action=action: network.act(record, action, target, person))  # type: ignore[misc]
    desk.run(lambda record: network.act(record, "like", target, person))
    assert instagram.scene("lea").chats[0].lines[0].liked


def test_the_wait_that_meta_asks_for(desk: Desk) -> None:
    answer = answer_to(desk, written(desk))
    desk.simulator.do("throttle", minutes=3)
    refusal = refused(desk, answer)
    assert (refusal.reason, refusal.retry, refusal.after) == ("slow_down", True, 180)


def test_connected_by_both_logins_everything_comes_twice_alike(desk: Desk, instagram: Instagram) -> None:
    """The same message by its id: the inbox keeps it once."""
    mine = desk.record
    for account in (instagram.accounts()[0], instagram.by_facebook()):
        desk.record = replace(mine, credentials=account.credentials, session={})
        desk.run(network.check)
    desk.simulator.do("message", person="lea", text="Dvakrat")
    first, second = (each for each in news(desk, MessageReceived) if each.text == "Dvakrat")
    assert first == second

"""Connecting to the sandbox's Instagram, and what comes from there, over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from heed.channels.base import (
    AuthorFound,
    Broken,
    IdentitySeen,
    KindFound,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    PostSeen,
    ReactionChanged,
    Receipt,
    Refusal,
    Wanted,
    WordsFound,
)
from heed.channels.instagram.adapter import network
from heed.channels.meta.tests.desk import answer_to, hand_back, news, only
from heed.channels.tests.contract import Desk, target_of
from heed.lib import clock
from heed.lib.http import Request
from heed.sandbox.networks.instagram import Instagram


def commented(desk: Desk, text: str = "Kje je paket?") -> MessageReceived:
    return desk.customer_writes("public", text)


def written(desk: Desk, text: str = "Kje je paket?") -> MessageReceived:
    return desk.customer_writes("private", text)


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


def test_missing_permissions_are_named(desk: Desk, instagram: Instagram, login: str) -> None:
    instagram.do("grant", name="pages_messaging", on=False)
    instagram.do("grant", name="instagram_business_manage_messages", on=False)
    by_login = {"facebook": "pages_messaging", "instagram": "instagram_business_manage_messages"}
    assert desk.run(network.check).missing == (by_login[login],)


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
    desk.record = replace(desk.record, handle="acme")
    desk.simulator.do("mention", person="lea", text="@acme lepi so")
    message = only(desk, MessageReceived)
    if login == "facebook":
        assert (message.kind, message.author, message.text) == ("mention", None, "")
        wanted = Wanted("message", message.external_id, message.refs)
        found, words, post = desk.run(lambda record: network.look_up(record, wanted))
        assert isinstance(found, AuthorFound)
        assert found.author.handle == "lea.marn"
        assert isinstance(words, WordsFound)
        assert words.text == "@acme lepi so"
        assert isinstance(post, PostSeen)
        assert post.external_id == message.post
    else:
        assert (message.kind, message.text) == ("comment", "@acme lepi so")
        found, _author, words, post = desk.run(
            lambda record: network.look_up(record, Wanted("message", message.external_id, message.refs))
        )
        assert isinstance(found, KindFound)
        message = replace(message, kind=found.kind, refs={**message.refs, **found.refs})
        assert isinstance(post, PostSeen)
        assert post.external_id == message.post
    assert message.kind == "mention"
    for action in ("hide", "delete"):
        with pytest.raises(Refusal, match="somebody else's post"):
            desk.act(action, target_of(message), "")
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
    assert isinstance(words, WordsFound)
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


def test_a_story_s_mention_and_answer(desk: Desk) -> None:
    desk.simulator.do("story_mention", person="lea")
    desk.simulator.do("story_reply", person="lea", text="Lepo!")
    mention, reply = news(desk, MessageReceived)
    assert (mention.kind, mention.visibility, len(mention.attachments)) == ("story_mention", "private", 1)
    assert (reply.kind, reply.text, reply.attachments[0].kind) == ("story_reply", "Lepo!", "story")


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
    hand_back(desk, message)
    assert written(desk, "Še to").kind == "standby"


def test_unknown_broken_and_test_deliveries(desk: Desk) -> None:
    ig = desk.record.external_id
    test = {"id": "0", "time": 1, "changes": [{"field": "messages", "value": {}}]}
    odd = {"id": ig, "time": 1, "changes": [{"field": "moon"}, {"field": "comments", "value": {}}]}
    desk.simulator.do("deliver", body={"object": "instagram", "entry": [test, odd]})
    assert len(news(desk, NotUnderstood)) == 2
    assert len(news(desk, Broken)) == 1

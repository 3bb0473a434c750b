"""The adapter against the simulator over real HTTP, beyond what every network is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from heed.channels.base import (
    AccountChanged,
    Answer,
    CannotTell,
    Echo,
    IdentitySeen,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    OutgoingFile,
    PostSeen,
    ReactionChanged,
    Receipt,
    Refusal,
    Sent,
    Target,
    Wanted,
)
from heed.channels.tests.contract import NETWORKS, Desk, target_of
from heed.channels.x import signin
from heed.lib.http import AnswerLost
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault
from heed.sandbox.networks.x import X
from heed.sandbox.tests.receiver import Receiver

network = NETWORKS["x"]
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 50


@pytest.fixture
def bare() -> Iterator[Desk]:
    """A desk that is not connected yet."""
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        yield Desk(network, sandbox, receiver)


@pytest.fixture
def desk(bare: Desk) -> Desk:
    """A desk that knows what its check learned, so it is told and asks for nothing."""
    learn(bare)
    return bare


@pytest.fixture
def x(bare: Desk) -> X:
    assert isinstance(bare.simulator, X)
    return bare.simulator


@pytest.fixture
def polled(bare: Desk, x: X) -> Desk:
    """A desk whose app may have no webhooks; own words count as settled at once."""
    x.most_webhooks = 0
    learn(bare)
    return bare


def learn(desk: Desk, **credentials: str) -> dict[str, Any]:
    desk.record = replace(desk.record, credentials={**desk.record.credentials, **credentials})
    checked = desk.run(network.check)
    facts = dict(checked.facts)
    desk.record = replace(desk.record, external_id=checked.external_id, handle=checked.handle, facts=facts)
    return facts


def consented(url: str) -> dict[str, str]:
    """What X sends the admin back with, who agreed."""
    back = urlsplit(httpx.get(url).headers["location"])
    return {name: values[0] for name, values in parse_qs(back.query).items()}


def news(desk: Desk, kind: type[Any]) -> list[Any]:
    return [each for each in desk.gather() if isinstance(each, kind)]


def again(desk: Desk) -> list[Any]:
    """What polling finds once every list's turn has come again."""
    desk.cursor = {
        name: {key: value for key, value in kept.items() if key != "next"}
        for name, kept in desk.cursor.items()
    }
    return desk.gather()


def only(desk: Desk, kind: type[Any]) -> Any:
    (found,) = news(desk, kind)
    return found


def mentioned(desk: Desk, text: str = "Kje je moj paket?") -> MessageReceived:
    desk.simulator.do("mention", person="lea", text=text)
    return desk.message(text)


class TestConnecting:
    def test_the_webhook_and_all_subscriptions(self, desk: Desk, x: X) -> None:
        assert desk.record.facts["webhooks"] is True
        (webhook,) = x.seen()["webhooks"]
        assert (webhook["url"], webhook["valid"]) == (desk.receiver.url, True)
        assert set(x.seen()["subscriptions"]) == set(desk.record.facts["hears"])

    @pytest.mark.parametrize("shape", ["list", "one", "inside"])
    def test_checking_again_changes_nothing(self, bare: Desk, x: X, shape: str) -> None:
        x.shape = shape
        facts = learn(bare)
        before = x.seen()
        assert learn(bare) == facts
        assert x.seen() == before

    @pytest.mark.parametrize("named", [True, False])
    def test_only_what_was_taken_from_us_counts_as_lost(self, desk: Desk, x: X, named: bool) -> None:
        x.names_webhooks = named
        assert desk.run(network.check).lost == ()
        x.do("unsubscribe", event="post.delete")
        assert desk.run(network.check).lost == ("post.delete",)
        assert "post.delete" in x.seen()["subscriptions"]

    def test_a_webhook_that_fell_asleep_is_woken(self, desk: Desk, x: X) -> None:
        right, desk.receiver.answer = desk.receiver.answer, lambda hook: (200, b"{}")
        assert x.do("crc") == {"valid": [False]}
        x.do("mention", person="lea", text="Halo?")
        assert news(desk, MessageReceived) == []
        desk.receiver.answer = right
        assert learn(desk)["webhooks"] is True
        x.do("mention", person="lea", text="Je kdo tam?")
        assert desk.message("Je kdo tam?")

    def test_while_the_webhook_cannot_be_proven_it_is_polled(self, desk: Desk, x: X) -> None:
        desk.receiver.answer = lambda hook: (200, b"{}")
        x.do("crc")
        assert learn(desk)["webhooks"] is False
        x.do("mention", person="lea", text="Halo?")
        assert desk.message("Halo?")

    def test_signing_in(self, bare: Desk, x: X) -> None:
        sign = signin.SignIn()
        redirect = "https://desk.example.org/back"
        begun = bare.run(lambda record: sign.begin(record, redirect, "state-7"))
        answer = httpx.get(begun.url)
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
        }
        assert query["state"] == "state-7"
        given = bare.run(lambda record: sign.finish(record, begun.keep, query, redirect))
        bare.record = replace(bare.record, credentials={**bare.record.credentials, **given})
        assert bare.run(network.check).handle == "acme"
        with pytest.raises(Refusal):  # a code is good once
            bare.run(lambda record: sign.finish(record, begun.keep, query, redirect))

    def test_a_code_with_another_verifier(self, bare: Desk) -> None:
        sign = signin.SignIn()
        redirect = "https://desk.example.org/back"
        begun = bare.run(lambda record: sign.begin(record, redirect, "s"))
        answer = httpx.get(begun.url)
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
        }
        with pytest.raises(Refusal) as caught:
            bare.run(
                lambda record: sign.finish(record, {"verifier": "v"}, query, "https://desk.example.org/back")
            )
        assert caught.value.reason == "sign_in_again"

    def test_renewing_spends_the_refresh_token(self, desk: Desk, x: X) -> None:
        first = desk.record
        x.do("expire_token")
        message = mentioned(desk)
        assert desk.send(desk.answer_to(message, "Na poti je."))
        assert desk.record.session["refresh_token"] != first.credentials["refresh_token"]
        with pytest.raises(Refusal) as caught:
            desk.run(lambda record: network.renew(first))
        assert caught.value.reason == "sign_in_again"
        x.do("expire_token")
        assert desk.run(network.check).handle == "acme"

    def test_keys_that_never_end(self, bare: Desk, x: X) -> None:
        """X gives private events to OAuth 2 only: with such keys it is asked instead."""
        facts = learn(bare, access_token="7-token", token_secret=x.token_secret)
        assert (facts["webhooks"], facts["messages"]) == (False, True)
        assert bare.run(network.check).missing == ()
        x.do("message", person="lea", text="Halo & dober dan?")
        message = bare.message("Halo & dober dan?")
        bare.send(bare.answer_to(message, "Zdravo, čšž!"))
        assert bare.times_seen("Zdravo, čšž!") == 1
        x.do("message", person="lea", text="Slika", picture="boot")
        again(bare)
        (attachment,) = bare.message("Slika").attachments
        source = bare.run(lambda record: network.media(record, attachment.url))
        assert bare.client.fetch(
            source.url, hosts=[urlsplit(x.url).netloc], limit=10**6, headers=source.headers
        ).body.startswith(b"\x89PNG")

    def test_access_taken_back(self, desk: Desk, x: X) -> None:
        desk.gather()  # so that its lists rest
        x.do("revoke")
        assert only(desk, AccountChanged).problem == "sign_in_again"

    def test_no_credit(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        x.do("credit", on=False)
        with pytest.raises(Refusal) as caught:
            desk.send(desk.answer_to(message, "Na poti je."))
        assert caught.value.reason == "account_blocked"


@pytest.mark.parametrize("spelling", ["tweet", "post", "older"])
@pytest.mark.parametrize("includes", [True, False])
class TestEverySpelling:
    @pytest.fixture
    def desk(self, desk: Desk, x: X, spelling: str, includes: bool) -> Desk:
        x.do("spelling", spelling=spelling)
        x.do("includes", on=includes)
        return desk

    def test_a_conversation(self, desk: Desk, x: X) -> None:
        post = x.do("post", text="Zimska kolekcija je tu.")
        x.do("comment", person="lea", text="Kje je 38? Glej https://acme.example/38 & 39")
        message = desk.message("Kje je 38?")
        assert message.text == "Kje je 38? Glej https://acme.example/38 & 39"
        assert (message.kind, message.post, message.parent) == ("comment", post["id"], post["id"])
        assert message.author is not None
        assert message.author.external_id == x.user_id("lea")
        assert message.refs["summoned"] is True
        sent = desk.send(desk.answer_to(message, "Kmalu https://acme.example/kmalu."))
        echo = next(each for each in news(desk, Echo) if each.external_id == sent.external_id)
        assert (echo.text, echo.parent) == ("Kmalu https://acme.example/kmalu.", message.external_id)
        x.do("comment", person="lea", text="Hvala!", parent=sent.external_id)
        thanks = desk.message("Hvala!")
        assert (thanks.text, thanks.parent) == ("Hvala!", sent.external_id)

    def test_a_message_and_its_picture(self, desk: Desk, x: X) -> None:
        x.do("message", person="omar", text="متى تفتحون <الجمعة>؟", picture="boot")
        message = desk.message("متى")
        assert message.text == "متى تفتحون <الجمعة>؟"
        (attachment,) = message.attachments
        assert attachment.url.startswith("media:")
        source = desk.run(lambda record: network.media(record, attachment.url))
        host = urlsplit(x.url).netloc
        fetched = desk.client.fetch(source.url, hosts=[host], limit=10**6, headers=source.headers)
        assert fetched.body.startswith(b"\x89PNG")
        desk.send(desk.answer_to(message, "10:00"))
        assert [each.text for each in news(desk, Echo)] == ["10:00"]

    def test_what_we_delete_on_x(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        made = x.do("answer_elsewhere", text="Napaka", parent=message.external_id)
        assert only(desk, Echo).external_id == made["id"]
        x.do("delete_elsewhere", id=made["id"])
        assert only(desk, MessageRemoved).external_id == made["id"]


class TestBeingTold:
    def test_one_post_under_two_kinds_of_events(self, desk: Desk, x: X) -> None:
        x.do("post", text="Zimska kolekcija je tu.")
        x.do("comment", person="lea", text="@acme kje je 38?")
        first, second = news(desk, MessageReceived)
        assert first == second
        assert first.text == "@acme kje je 38?"

    def test_the_ids_of_events_may_be_negative(self, desk: Desk, x: X) -> None:
        x.do("message", person="lea", text="Halo?")
        desk.gather()
        assert b'"event_uuid": "-' in desk.receiver.hooks[-1].body

    def test_a_quote(self, desk: Desk, x: X) -> None:
        post = x.do("post", text="Zimska kolekcija je tu.")
        x.do("quote", person="sam", text="Finally!")
        quote = desk.message("Finally!")
        assert (quote.kind, quote.text) == ("quote", "Finally!")
        assert quote.attachments[-1].url.endswith(post["id"])

    def test_likes_and_reading(self, desk: Desk, x: X) -> None:
        post = x.do("post", text="Zimska kolekcija je tu.")
        x.clock.move(3600)
        x.do("react", person="lea", id=post["id"])
        like = only(desk, ReactionChanged)
        assert (like.target, like.author.external_id) == (post["id"], x.user_id("lea"))
        assert like.at > x.clock.now() - timedelta(minutes=1)
        x.do("message", person="lea", text="Halo?")
        desk.send(desk.answer_to(desk.message("Halo?"), "Zdravo."))
        x.do("read", person="lea")
        assert only(desk, Receipt).person == x.user_id("lea")

    def test_an_edit_keeps_the_message(self, desk: Desk, x: X) -> None:
        message = mentioned(desk, "@acme kje je 88140?")
        x.do("edit", person="lea", id=message.external_id, text="@acme kje je 88141?")
        edit = only(desk, MessageEdited)
        assert (edit.external_id, edit.text) == (message.external_id, "@acme kje je 88141?")

    def test_an_encrypted_message_is_noticed(self, desk: Desk, x: X) -> None:
        x.do("encrypted", person="lea")
        message = only(desk, MessageReceived)
        assert (message.text, message.attachments[0].url) == ("", "https://x.com/messages")
        assert not message.opens_window

    def test_a_removed_mention_is_found_by_looking(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        x.do("remove", person="lea", id=message.external_id)
        wanted = Wanted("message", message.external_id)
        (removed,) = desk.run(lambda record: network.look_up(record, wanted))
        assert isinstance(removed, MessageRemoved)

    def test_a_person_and_a_post_are_looked_up(self, desk: Desk, x: X) -> None:
        post = x.do("post", text="Zimska kolekcija je tu.", likes=7)
        (seen,) = desk.run(lambda record: network.look_up(record, Wanted("post", post["id"])))
        assert isinstance(seen, PostSeen)
        assert (seen.text, seen.likes) == ("Zimska kolekcija je tu.", 7)
        wanted = Wanted("person", x.user_id("lea"))
        (found,) = desk.run(lambda record: network.look_up(record, wanted))
        assert isinstance(found, IdentitySeen)
        assert found.person.name == "Lea Marn"


class TestPolling:
    def test_all_that_customers_write(self, polled: Desk, x: X) -> None:
        assert polled.record.facts["webhooks"] is False
        x.do("post", text="Zimska kolekcija je tu.")
        x.do("mention", person="lea", text="Kje je paket?")
        x.do("comment", person="omar", text="هل يتوفر؟")
        x.do("quote", person="sam", text="Finally!")
        x.do("message", person="tuya", text="Сайн байна уу", picture="box")
        x.do("say", person="jan", text="Danes sije sonce.")
        found = {each.text: each for each in news(polled, MessageReceived)}
        assert set(found) == {"@acme Kje je paket?", "هل يتوفر؟", "Finally!", "Сайн байна уу"}
        assert found["Finally!"].kind == "quote"
        assert found["Сайн байна уу"].attachments[0].url.startswith("media:")

    def test_nothing_comes_twice(self, polled: Desk, x: X) -> None:
        x.do("mention", person="lea", text="Kje je paket?")
        x.do("message", person="lea", text="Halo?")
        assert len(news(polled, MessageReceived)) == 2
        again(polled)
        x.do("mention", person="lea", text="Še vedno čakam.")
        again(polled)
        texts = [each.text for each in polled.news if isinstance(each, MessageReceived)]
        assert sorted(texts) == ["@acme Kje je paket?", "@acme Še vedno čakam.", "Halo?"]

    def test_more_than_a_page(self, polled: Desk, x: X) -> None:
        for number in range(120):
            x.do("mention", person="lea", text=f"Vprašanje {number}")
        texts = [each.text for each in news(polled, MessageReceived)]
        assert texts == [f"@acme Vprašanje {number}" for number in range(120)]

    def test_words_to_listen_for(self, desk: Desk, x: X) -> None:
        learn(desk, listen_for='"zimski čevlji" OR acme')
        x.do("say", person="jan", text="Kdo pozna dobre Acme čevlje?")
        x.do("say", person="jan", text="Danes sije sonce.")
        found = only(desk, MessageReceived)
        assert (found.kind, found.refs["summoned"]) == ("mention", False)

    def test_what_was_missed_is_read(self, desk: Desk, x: X) -> None:
        since = x.clock.now().isoformat()
        desk.sandbox.fault("x", Fault("hook", hook="lose", times=-1))
        x.do("mention", person="lea", text="Kje je paket?")
        x.do("message", person="lea", text="Halo?")
        assert news(desk, MessageReceived) == []
        found = desk.run(lambda record: network.backfill(record, {"since": since}))
        read = [each for body in found.bodies for each in network.read(body, desk.record)]
        assert {each.text for each in read if isinstance(each, MessageReceived)} == {
            "@acme Kje je paket?",
            "Halo?",
        }


class TestAnswering:
    def test_a_quote_of_ours(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        sent = desk.send(replace(desk.answer_to(message, "Poglejte!"), quote=True))
        assert [each["quoted"] for each in x.seen()["posts"]] == [message.external_id]
        assert only(desk, Echo).external_id == sent.external_id

    def test_pictures_and_a_video(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        picture = OutgoingFile("boot.png", "image/png", PNG, "")
        told = replace(picture, alt="Škorenj z zadrgo")
        desk.send(replace(desk.answer_to(message, "Tako."), files=(told, picture)))
        assert x.seen()["posts"][-1]["files"] == 2
        assert x.seen()["posts"][-1]["alts"] == ["Škorenj z zadrgo", ""]
        video = OutgoingFile("zip.mp4", "video/mp4", b"v" * 100, "")
        desk.send(replace(desk.answer_to(message, ""), files=(video,)))
        assert x.seen()["posts"][-1]["files"] == 1
        x.do("message", person="lea", text="Slika?")
        private = desk.answer_to(desk.message("Slika?"), "Tu je.")
        desk.send(replace(private, files=(picture,)))
        assert x.seen()["messages"][-1]["file"] is True

    def test_a_lost_answer_with_a_file_is_found(self, desk: Desk, x: X) -> None:
        x.do("message", person="lea", text="Slika?")
        picture = OutgoingFile("boot.png", "image/png", PNG, "")
        answer = replace(desk.answer_to(desk.message("Slika?"), "Tu je."), files=(picture,))
        with pytest.raises(AnswerLost):
            desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="after")))
        found = desk.run(lambda record: network.find(record, answer))
        assert isinstance(found, Sent)
        assert found.external_id == x.seen()["messages"][-1]["id"]

    @pytest.mark.parametrize(
        "words", ["Poglejte acme.com/vračila & pišite.", "Z\u030cal ne. https://acme.com/"]
    )
    def test_a_lost_private_answer_is_found_whatever_x_made_of_its_words(
        self, desk: Desk, x: X, words: str
    ) -> None:
        x.do("message", person="lea", text="Halo?")
        answer = desk.answer_to(desk.message("Halo?"), words)
        with pytest.raises(AnswerLost):
            desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="after")))
        found = desk.run(lambda record: network.find(record, answer))
        assert isinstance(found, Sent)
        assert found.external_id == x.seen()["messages"][-1]["id"]

    def test_sent_again_after_a_lost_answer_is_found_not_doubled(self, desk: Desk) -> None:
        answer = desk.answer_to(mentioned(desk), "Na poti je.")
        with pytest.raises(AnswerLost):
            desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="after")))
        assert isinstance(desk.send(answer), Sent)
        assert desk.times_seen("Na poti je.") == 1

    def test_a_repeat_is_refused(self, desk: Desk) -> None:
        answer = desk.answer_to(mentioned(desk), "Na poti je.")
        first = desk.send(answer)
        taken = replace(answer, taken=frozenset({first.external_id}))
        with pytest.raises(Refusal) as caught:
            desk.send(taken)
        assert caught.value.reason == "duplicate"

    def test_nothing_was_sent(self, desk: Desk) -> None:
        answer = desk.answer_to(mentioned(desk), "Na poti je.")
        assert isinstance(desk.run(lambda record: network.find(record, answer)), CannotTell)

    def test_the_answered_post_is_gone(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        x.do("remove", person="lea", id=message.external_id)
        with pytest.raises(Refusal) as caught:
            desk.send(desk.answer_to(message, "Na poti je."))
        assert caught.value.reason == "gone"

    def test_who_takes_no_messages(self, desk: Desk, x: X) -> None:
        x.do("message", person="lea", text="Halo?")
        message = desk.message("Halo?")
        x.do("leave", person="lea")
        with pytest.raises(Refusal) as caught:
            desk.send(desk.answer_to(message, "Zdravo."))
        assert caught.value.reason == "unreachable"

    def test_fifteen_messages_in_a_quarter_of_an_hour(self, desk: Desk, x: X) -> None:
        x.do("message", person="lea", text="Halo?")
        message = desk.message("Halo?")
        for number in range(15):
            desk.send(desk.answer_to(message, f"Zdravo {number}"))
        with pytest.raises(Refusal) as caught:
            desk.send(desk.answer_to(message, "Zdravo še enkrat"))
        assert (caught.value.reason, caught.value.retry) == ("slow_down", True)
        assert caught.value.after is not None
        assert 800 < caught.value.after <= 901
        x.clock.move(901)
        desk.send(desk.answer_to(message, "Zdravo še enkrat"))

    def test_repost_and_delete_a_message(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        target = desk.act("repost", target_of(message), "")
        assert x.seen()["reposts"] == [message.external_id]
        desk.act("unrepost", target, "")
        assert x.seen()["reposts"] == []
        x.do("message", person="lea", text="Halo?")
        sent = desk.send(desk.answer_to(desk.message("Halo?"), "Zdrvao."))
        desk.act("delete", Target(sent.external_id, "private", "message", "", {}, ours=True), "")
        assert x.seen()["messages"] == []


class TestSelfServe:
    @pytest.fixture
    def desk(self, bare: Desk, x: X) -> Desk:
        x.do("level", level="self_serve")
        learn(bare, access_level="")
        return bare

    def test_what_capabilities_say_is_what_x_does(self, desk: Desk, x: X) -> None:
        can = network.able(desk.record.facts)
        message = target_of(mentioned(desk))
        with pytest.raises(Refusal) as caught:
            desk.act("like", message, "")
        assert "like" not in can.on_theirs
        assert caught.value.reason == "not_allowed"
        desk.act("repost", message, "")
        assert "repost" in can.on_theirs

    def test_who_summoned_us_is_answered(self, desk: Desk, x: X) -> None:
        x.do("post", text="Zimska kolekcija je tu.")
        x.do("quote", person="sam", text="Finally!")
        desk.send(desk.answer_to(desk.message("Finally!"), "Indeed!"))
        x.do("comment", person="lea", text="Kje je 38?")
        desk.send(desk.answer_to(desk.message("Kje je 38?"), "Kmalu."))
        desk.send(desk.answer_to(mentioned(desk), "Na poti je."))
        assert len([each for each in x.seen()["posts"] if each["parent"]]) == 3

    def test_nobody_else_is(self, desk: Desk, x: X) -> None:
        learn(desk, listen_for="acme")
        x.do("say", person="jan", text="Kdo pozna Acme?")
        message = desk.message("Kdo pozna Acme?")
        answer = desk.answer_to(message, "Mi!")
        with pytest.raises(Refusal) as caught:
            desk.send(answer)
        assert (caught.value.reason, caught.value.code) == ("not_allowed", "not-summoned")
        with pytest.raises(Refusal) as caught:  # and X says the same when it is asked
            desk.send(without_knowing(answer))
        assert (caught.value.reason, caught.value.code) == ("not_allowed", "403")


def without_knowing(answer: Answer) -> Answer:
    """The answer as if nobody knew whether its author summoned us."""
    assert answer.to is not None
    return replace(answer, to=replace(answer.to, refs={}))

"""What X delivers, in each of its spellings."""

from __future__ import annotations

import pytest

from heed.sandbox.frame import Fault
from heed.sandbox.networks.x import SIGNATURE, X
from heed.sandbox.tests.receiver import Receiver
from heed.sandbox.tests.x.calls import LEA_SAYS, events, kinds, signature


class TestDeliveries:
    def test_one_post_under_two_kinds(self, told: X, receiver: Receiver) -> None:
        told.do("post", text="Zimska kolekcija je tu.")
        told.do("comment", person="lea", text="@acme kje je 38?")
        assert kinds(told, receiver) == ["post.create", "post.mention.create", "post.reply.create"]
        mention, reply = (each["data"] for each in events(told, receiver)[1:])
        assert mention["payload"] == reply["payload"]
        assert mention["event_uuid"] == mention["payload"]["id"]
        assert reply["event_uuid"].startswith("-")

    def test_names_before_a_reply_are_no_mention(self, told: X, receiver: Receiver) -> None:
        told.do("post", text="Zimska kolekcija je tu.")
        told.do("comment", person="lea", text="Kje je 38?")
        assert kinds(told, receiver) == ["post.create", "post.reply.create"]
        payload = events(told, receiver)[-1]["data"]["payload"]
        assert payload["text"] == "@acme Kje je 38?"
        assert payload["display_text_range"][0] == 6

    def test_a_reply_to_somebody_else_is_not_told(self, told: X, receiver: Receiver) -> None:
        told.do("post", text="Zimska kolekcija je tu.")
        question = told.do("comment", person="lea", text="Kje je 38?")
        told.do("comment", person="sam", text="Same here", parent=question["id"])
        assert len(events(told, receiver)) == 2

    def test_ids_beyond_javascript(self, told: X) -> None:
        assert int(told.do("mention", **LEA_SAYS)["id"]) > 2**53
        assert int(told.user_id("lea")) > 2**53

    @pytest.mark.parametrize(
        ("spelling", "references"), [("tweet", "referenced_tweets"), ("post", "referenced_posts")]
    )
    def test_both_spellings(self, told: X, receiver: Receiver, spelling: str, references: str) -> None:
        told.do("spelling", spelling=spelling)
        told.do("post", text="Zimska kolekcija je tu.")
        told.do("comment", person="lea", text="Kje je 38?")
        event = events(told, receiver)[-1]["data"]
        assert event["payload"][references][0]["type"] == "replied_to"
        assert list(event["includes"]) == ["users", f"{spelling}s"]

    def test_the_generation_before(self, told: X, receiver: Receiver) -> None:
        told.do("spelling", spelling="older")
        told.do("mention", **LEA_SAYS)
        told.do("message", **LEA_SAYS)
        post, message = events(told, receiver)
        assert post["for_user_id"] == message["for_user_id"] == told.us
        assert post["tweet_create_events"][0]["user"]["screen_name"] == "lea_marn"
        assert message["users"][told.user_id("lea")]["screen_name"] == "lea_marn"

    def test_without_includes(self, told: X, receiver: Receiver) -> None:
        told.do("includes", on=False)
        told.do("mention", **LEA_SAYS)
        assert events(told, receiver)[0]["data"]["includes"] == {}

    def test_a_message_in_its_old_shape(self, told: X, receiver: Receiver) -> None:
        told.do("message", person="lea", text="Slika", picture="boot")
        (event,) = events(told, receiver)
        (message,) = event["data"]["payload"]["direct_message_events"]
        data = message["message_create"]["message_data"]
        assert data["text"].endswith(data["attachment"]["media"]["url"])
        assert event["data"]["payload"]["users"][told.user_id("lea")]["data"]["username"] == "lea_marn"

    def test_a_deletion_wraps_its_people(self, told: X, receiver: Receiver) -> None:
        made = told.do("post", text="Napaka")
        told.do("delete_elsewhere", id=made["id"])
        event = events(told, receiver)[-1]["data"]
        assert event["payload"] == {"id": made["id"], "author_id": told.us}
        assert event["includes"]["users"][0]["data"]["username"] == "acme"

    def test_a_spoilt_signature(self, told: X, receiver: Receiver) -> None:
        told.sandbox.fault("x", Fault("hook", hook="bad_signature"))
        told.do("mention", **LEA_SAYS)
        told.sandbox.settle()
        hook = receiver.hooks[-1]
        assert hook.headers[SIGNATURE] != signature(told, hook.body)

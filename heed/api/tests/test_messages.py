"""Messages of a ticket over the API: read, written, acted on."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from heed.accounts.models import User
from heed.api.tests.conftest import Caller, Desk
from heed.inbox.models import Message, Reaction, Revision
from heed.lib import clock


class TestMessages:
    def test_a_long_thread_comes_in_pages(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        for number in range(4):
            desk.message(ticket, f"No. {number}")
        whole = call("GET", f"tickets/{ticket.pk}/messages").json
        assert (len(whole["items"]), whole["next"]) == (5, "")
        found: list[int] = []
        sizes: list[int] = []
        after = ""
        while not sizes or after:
            page = call("GET", f"tickets/{ticket.pk}/messages?limit=2&after={after}").json
            found += [item["id"] for item in page["items"]]
            sizes.append(len(page["items"]))
            after = page["next"]
        assert found == [item["id"] for item in whole["items"]]
        assert sizes == [2, 2, 1]
        assert call("GET", f"tickets/{ticket.pk}/messages?after=zzz").status == 422

    def test_the_thread_in_the_networks_order(self, call: Caller, desk: Desk, maja: User) -> None:
        ticket = desk.ticket()
        start = clock.now()
        late = desk.message(ticket, "late", at=start + timedelta(minutes=2))
        early = desk.message(ticket, "early", at=start + timedelta(minutes=1))
        Reaction.objects.create(
            account=desk.account, target=late.external_id, author_external_id="x", reaction="like", at=start
        )
        told = call("GET", f"tickets/{ticket.pk}/messages").json["items"]
        assert [each["text"] for each in told] == ["Where is my parcel?", "early", "late"]
        assert (told[1]["external_id"], told[2]["likes"]) == (early.external_id, 1)
        assert call("GET", f"messages/{told[2]['id']}").json["likes"] == 1
        assert told[1]["author"] == {
            "type": "customer",
            "name": "Lea Marn",
            "handle": "@lea",
            "external_id": "u-lea",
            "email": "",
        }
        assert clock.from_iso(told[1]["at"]) == early.at

    def test_what_was_edited_and_removed_shows_as_such(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        now = clock.now()
        then = now - timedelta(minutes=1)
        message = desk.message(ticket, "new words", at=then, edited_at=now, removed_at=now)
        Revision.objects.create(message=message, at=then, text="old words")
        Revision.objects.create(message=message, at=now, text="new words")
        told = call("GET", f"messages/{message.pk}").json
        assert (told["edited"], told["removed"], told["text"]) == (True, True, "new words")
        assert [each["text"] for each in told["earlier"]] == ["old words"]

    def test_an_answer_is_queued_as_ours(self, call: Caller, desk: Desk, maja: User) -> None:
        ticket = desk.ticket()
        answer = call(
            "POST", f"tickets/{ticket.pk}/messages", {"text": "On its way.", "visibility": "public"}
        )
        assert answer.status == 201
        told = answer.json
        assert (told["direction"], told["visibility"], told["state"]) == ("out", "public", "queued")
        assert told["author"]["email"] == "maja@acme.example"
        assert call("GET", f"tickets/{ticket.pk}").json["unanswered"] is True

    def test_send_and_mark_answered(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        body = {"text": "On its way.", "visibility": "public", "mark_answered": True}
        call("POST", f"tickets/{ticket.pk}/messages", body)
        assert call("GET", f"tickets/{ticket.pk}").json["unanswered"] is False

    def test_the_same_key_is_the_same_message(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        body = {"text": "On its way.", "visibility": "public", "key": str(uuid4())}
        first = call("POST", f"tickets/{ticket.pk}/messages", body)
        Message.objects.filter(pk=first.json["id"]).update(external_id="m9", state="sent")
        Reaction.objects.create(
            account=desk.account, target="m9", author_external_id="x", reaction="like", at=clock.now()
        )
        second = call("POST", f"tickets/{ticket.pk}/messages", body)
        assert (first.json["likes"], second.json["likes"]) == (0, 1)
        assert second.json == call("GET", f"messages/{first.json['id']}").json
        assert ticket.messages.filter(direction="out").count() == 1

    def test_answering_a_chosen_message(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        first = ticket.messages.get()
        desk.message(ticket, "And the second one?")
        body = {"text": "Here.", "visibility": "public", "to": first.pk}
        assert call("POST", f"tickets/{ticket.pk}/messages", body).json["answers"] == first.pk

    def test_a_note_marks_answered_only_for_who_may_answer(
        self, call_as_ana: Caller, desk: Desk, ana: User
    ) -> None:
        ticket = desk.ticket()
        ana.grants.update(role="publisher")
        body = {"text": "Seen.", "visibility": "note", "mark_answered": True}
        assert call_as_ana("POST", f"tickets/{ticket.pk}/messages", body).status == 403
        ticket.refresh_from_db()
        assert (ticket.unanswered, ticket.messages.count()) == (True, 1)
        body["mark_answered"] = False
        assert call_as_ana("POST", f"tickets/{ticket.pk}/messages", body).status == 201

    def test_a_note_stays_inside(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        told = call("POST", f"tickets/{ticket.pk}/messages", {"text": "Batch 7.", "visibility": "note"}).json
        assert (told["visibility"], told["state"]) == ("note", "noted")

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ({"text": "x" * 21, "visibility": "public"}, "over the network's limit"),
            ({"text": "", "visibility": "public"}, "Write something"),
            ({"text": "Hi", "visibility": "private"}, "Answer publicly"),
            ({"text": "Hi", "visibility": "loud"}, "'public', 'private' or 'note'"),
            ({"text": "Hi"}, "“visibility” is missing"),
            ({"text": 5, "visibility": "public"}, "“text” must be a text"),
            ({"text": "Hi", "visibility": "public", "key": "again"}, "UUID"),
            ({"text": "Hi", "visibility": "public", "to": 999999}, "not in this ticket"),
            ({"text": "Hi", "visibility": "note", "attachments": [1]}, "only text"),
        ],
    )
    def test_what_cannot_be_sent_is_said(
        self, call: Caller, desk: Desk, body: dict[str, object], says: str
    ) -> None:
        ticket = desk.ticket()
        answer = call("POST", f"tickets/{ticket.pk}/messages", body)
        assert answer.status == 422
        assert says in answer.json["detail"]
        assert not ticket.messages.filter(direction="out").exists()

    def test_how_it_can_be_answered(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket(kind="private")
        ways = call("GET", f"tickets/{ticket.pk}/possible").json
        assert ways["private"]["allowed"] is True
        assert clock.from_iso(ways["private"]["closes_at"]) == ticket.last_at + timedelta(days=1)
        assert ways["public"]["allowed"] is False
        assert ways["public"]["sentence"]

    def test_a_failed_answer_says_why_and_the_way_out(self, call: Caller, desk: Desk, maja: User) -> None:
        ticket = desk.ticket()
        message = desk.message(
            ticket, "Hi", direction="out", author=maja, state="failed", reason="too_long", external_id=""
        )
        told = call("GET", f"messages/{message.pk}").json
        assert (told["state"], told["reason"]) == ("failed", "too_long")
        assert told["sentence"]
        assert told["way_out"]

    def test_acting_on_a_message(self, call: Caller, desk: Desk) -> None:
        message = desk.ticket().messages.get()
        assert call("POST", f"messages/{message.pk}/actions", {"action": "like"}).status == 202
        for action, says in [("delete", "only who wrote this"), ("shout", "'like', 'unlike'")]:
            answer = call("POST", f"messages/{message.pk}/actions", {"action": action})
            assert answer.status == 422
            assert says in answer.json["detail"]

    def test_settling_an_unknown_answer(self, call: Caller, desk: Desk, maja: User) -> None:
        ticket = desk.ticket()
        message = desk.message(ticket, "Hi", direction="out", author=maja, state="unknown", external_id="")
        assert call("POST", f"messages/{message.pk}/settle", {"outcome": "sent"}).json["state"] == "sent"
        again = call("POST", f"messages/{message.pk}/settle", {"outcome": "resend"})
        assert again.status == 422
        assert Message.objects.get(pk=message.pk).state == "sent"

    def test_a_message_that_is_not_there(self, call: Caller) -> None:
        for method, path, body in [
            ("GET", "messages/99", None),
            ("POST", "messages/99/actions", {"action": "like"}),
            ("POST", "messages/99/settle", {"outcome": "sent"}),
        ]:
            answer = call(method, path, body)
            assert (answer.status, answer.json["type"]) == (404, "urn:heed:no-such-message")

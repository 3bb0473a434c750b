"""Tickets, answers and files over the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import get_args
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from heed.accounts.models import User
from heed.api.shapes.given import DeliveryState, Status, View
from heed.api.tests.conftest import Caller, Desk, Pigeon
from heed.channels.base import ChoiceForm, Limit, Writing
from heed.channels.models import Account
from heed.inbox import files, reach
from heed.inbox.models import Attachment, Delivery, Message, Reaction, Revision, Ticket
from heed.lib import clock

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4"
    b"\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND"
    b"\xaeB`\x82"
)


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.MEDIA_ROOT = str(tmp_path_factory.mktemp("files"))


def test_the_words_of_the_api_are_those_of_the_desk() -> None:
    assert get_args(View) == reach.VIEWS
    assert set(get_args(Status)) == set(Ticket.Status.values)
    assert set(get_args(DeliveryState)) == set(Delivery.State.values)


class TestLists:
    def test_each_view_holds_its_tickets(self, call: Caller, desk: Desk, maja: User, ana: User) -> None:
        mine = desk.ticket("Lea Marn", assignee=maja, unanswered=False)
        free = desk.ticket("Omar Badr")
        hers = desk.ticket("Tuya Bold", assignee=ana, status="solved", unanswered=False, running=False)
        expected = {
            "mine": {mine.pk},
            "unanswered": {free.pk},
            "unassigned": {free.pk},
            "open": {mine.pk, free.pk},
            "all": {mine.pk, free.pk, hers.pk},
        }
        for view, numbers in expected.items():
            answer = call("GET", f"tickets?view={view}")
            assert {item["number"] for item in answer.json["items"]} == numbers, view
            assert answer.json["next"] == ""

    def test_pages_follow_each_other_without_a_gap(self, call: Caller, desk: Desk) -> None:
        start = clock.now()
        names = ["Lea", "Omar", "Tuya", "Jan", "Nadia"]
        numbers = [desk.ticket(name, at=start + timedelta(seconds=i // 2)).pk for i, name in enumerate(names)]
        seen: list[int] = []
        after = ""
        for _ in range(3):
            page = call("GET", f"tickets?view=all&limit=2&after={after}").json
            seen += [item["number"] for item in page["items"]]
            after = page["next"]
        assert seen == sorted(numbers, reverse=True)
        assert after == ""

    def test_by_account(self, call: Caller, desk: Desk, account: Account) -> None:
        ticket = desk.ticket()
        found = call("GET", f"tickets?account={account.pk}").json["items"]
        assert [item["number"] for item in found] == [ticket.pk]
        assert call("GET", f"tickets?account={account.pk + 1}").json["items"] == []

    def test_a_list_costs_the_same_however_long(
        self, call: Caller, desk: Desk, django_assert_max_num_queries: object
    ) -> None:
        for name in ("Lea Marn", "Omar Badr", "Tuya Bold", "Jan Sever", "Nadia Karim", "Sam Cole"):
            desk.ticket(name)
        call("GET", "tickets")  # once an hour it is noted that the token was used
        with django_assert_max_num_queries(6):  # type: ignore[operator]
            assert len(call("GET", "tickets?view=all").json["items"]) == 6

    @pytest.mark.parametrize(
        ("query", "says"),
        [
            ("view=old", "'mine', 'unanswered'"),
            ("after=zzz", "next"),
            ("after=WyJ4IiwxXQ", "next"),
            ("limit=0", "at least 1"),
            ("limit=999", "at most 200"),
            ("account=acme", "whole number"),
        ],
    )
    def test_says_what_is_wrong_with_the_question(self, call: Caller, query: str, says: str) -> None:
        answer = call("GET", f"tickets?{query}")
        assert answer.status == 422
        assert says in answer.json["detail"]
        assert answer.json["errors"][0]["field"] == query.split("=")[0]


class TestTicket:
    def test_tells_everything_about_itself(self, call: Caller, desk: Desk, ana: User) -> None:
        post = desk.post(likes=12, comments=3)
        ticket = desk.ticket(post=post, assignee=ana)
        told = call("GET", f"tickets/{ticket.pk}").json
        assert told["account"] == {"id": desk.account.pk, "name": "Acme", "network": "pigeon"}
        assert (told["network"], told["kind"], told["status"], told["unanswered"]) == (
            "pigeon",
            "public",
            "new",
            True,
        )
        assert told["about"] == "comment"
        assert told["customer"]["name"] == "Lea Marn"
        assert told["customer"]["identities"] == [
            {
                "network": "pigeon",
                "account": desk.account.pk,
                "external_id": "u-lea",
                "name": "Lea Marn",
                "handle": "@lea",
            }
        ]
        assert (told["post"]["text"], told["post"]["likes"], told["post"]["shares"]) == (
            "The Triglav boot is back.",
            12,
            None,
        )
        assert told["assignee"] == {"id": ana.pk, "email": "ana@acme.example", "name": "Ana Kovač"}
        assert (told["subject"], told["last_message"]["author"]) == ("Where is my parcel?", "Lea Marn")
        assert clock.from_iso(told["last_message_at"]) == ticket.last_at
        assert told["url"].endswith(f"/tickets/{ticket.pk}/")

    def test_marking_answered_and_back(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        assert call("POST", f"tickets/{ticket.pk}/answered").json["unanswered"] is False
        assert call("POST", f"tickets/{ticket.pk}/answered").json["unanswered"] is False
        assert call("DELETE", f"tickets/{ticket.pk}/answered").json["unanswered"] is True

    @pytest.mark.parametrize("how", ["me", "id", "email"])
    def test_giving_it_to_someone_and_to_nobody(
        self, call: Caller, desk: Desk, maja: User, ana: User, how: str
    ) -> None:
        ticket = desk.ticket()
        wanted, who = {"me": ("me", maja), "id": (ana.pk, ana), "email": ("ANA@acme.example", ana)}[how]
        answer = call("PATCH", f"tickets/{ticket.pk}", {"assignee": wanted})
        assert answer.json["assignee"]["id"] == who.pk
        assert call("PATCH", f"tickets/{ticket.pk}", {"status": "pending"}).json["assignee"]["id"] == who.pk
        assert call("PATCH", f"tickets/{ticket.pk}", {"assignee": None}).json["assignee"] is None

    def test_a_change_with_one_fault_changes_nothing(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        answer = call("PATCH", f"tickets/{ticket.pk}", {"status": "solved", "assignee": "oto@else.example"})
        assert (answer.status, answer.json["type"]) == (422, "urn:heed:no-such-colleague")
        assert "oto@else.example" in answer.json["detail"]
        assert call("GET", f"tickets/{ticket.pk}").json["status"] == "new"
        answer = call("PATCH", f"tickets/{ticket.pk}", {"status": "closed"})
        assert "'solved'" in answer.json["detail"]
        answer = call("PATCH", f"tickets/{ticket.pk}", {"state": "solved"})
        assert answer.json["errors"][0] == {
            "field": "state",
            "sentence": "“state” is not a field of this request.",
        }

    def test_solving(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        told = call("PATCH", f"tickets/{ticket.pk}", {"status": "solved"}).json
        assert told["status"] == "solved"
        assert told["solved_at"] is not None

    def test_a_ticket_that_is_not_there(self, call: Caller) -> None:
        for method, path, body in [
            ("GET", "tickets/99", None),
            ("PATCH", "tickets/99", {"status": "open"}),
            ("POST", "tickets/99/answered", None),
            ("DELETE", "tickets/99/answered", None),
            ("GET", "tickets/99/messages", None),
            ("POST", "tickets/99/messages", {"text": "Hi", "visibility": "note"}),
            ("GET", "tickets/99/possible", None),
            ("GET", "tickets/99/picture", None),
            ("GET", "tickets/99999999999999999999", None),
        ]:
            answer = call(method, path, body)
            assert (answer.status, answer.json["type"]) == (404, "urn:heed:no-such-ticket"), path

    def test_the_picture_of_a_post(self, call: Caller, desk: Desk) -> None:
        kept = files.keep(BytesIO(PNG))
        ticket = desk.ticket(post=desk.post(picture=kept.path))
        address = call("GET", f"tickets/{ticket.pk}").json["post"]["picture"]
        answer = call("GET", address)
        assert (answer.content, answer.headers["Content-Type"]) == (PNG, "image/png")
        bare = desk.ticket("Omar Badr")
        assert call("GET", f"tickets/{bare.pk}/picture").status == 404


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
        for action, says in [("delete", "cannot be done"), ("shout", "'like', 'unlike'")]:
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


class TestFiles:
    def test_a_file_goes_up_along_and_comes_back(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket(kind="private")
        kept = call("POST", f"tickets/{ticket.pk}/attachments", SimpleUploadedFile("boot.png", PNG))
        assert kept.status == 201
        assert (kept.json["mime"], kept.json["kind"], kept.json["size"]) == ("image/png", "image", len(PNG))
        body = {"text": "See here", "visibility": "private", "attachments": [kept.json["id"]]}
        sent = call("POST", f"tickets/{ticket.pk}/messages", body)
        [attachment] = sent.json["attachments"]
        answer = call("GET", attachment["url"])
        assert answer.content == PNG
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]

    def test_what_a_picture_shows_is_said_in_words(self, call: Caller, desk: Desk) -> None:
        form = {"file": SimpleUploadedFile("boot.png", PNG), "alt": " A torn boot "}
        kept = call("POST", f"tickets/{desk.ticket().pk}/attachments", form)
        assert (kept.json["name"], kept.json["text"]) == ("boot.png", "A torn boot")

    def test_what_could_run_in_a_browser_is_only_downloaded(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        page = SimpleUploadedFile("a.png", b"<html><script>a()</script></html>", content_type="image/png")
        kept = call("POST", f"tickets/{ticket.pk}/attachments", page)
        answer = call("GET", f"attachments/{kept.json['id']}")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")

    def test_too_large_a_file(self, call: Caller, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        ticket = desk.ticket()
        monkeypatch.setattr(files, "MOST_BYTES", 3)
        answer = call("POST", f"tickets/{ticket.pk}/attachments", SimpleUploadedFile("boot.png", PNG))
        assert (answer.status, answer.json["type"]) == (413, "urn:heed:file-too-large")

    def test_files_that_are_not_there(self, call: Caller, desk: Desk) -> None:
        answer = call("GET", "attachments/99")
        assert (answer.status, answer.json["type"]) == (404, "urn:heed:no-such-attachment")
        waiting = Attachment.objects.create(
            message=desk.ticket().messages.get(), kind="image", url="https://x/1"
        )
        answer = call("GET", f"attachments/{waiting.pk}")
        assert (answer.status, answer.json["type"]) == (404, "urn:heed:no-file")
        assert call("POST", f"tickets/{desk.ticket('Omar Badr').pk}/attachments").status == 422

    def test_a_colleagues_draft_file_stays_theirs(
        self, call: Caller, call_as_ana: Caller, desk: Desk
    ) -> None:
        ticket = desk.ticket()
        kept = call("POST", f"tickets/{ticket.pk}/attachments", SimpleUploadedFile("boot.png", PNG))
        assert call_as_ana("GET", f"attachments/{kept.json['id']}").status == 404


class TestChoices:
    """A network that offers two buttons, else a list behind one."""

    FORMS = (
        ChoiceForm(2, Limit("chars", 8)),
        ChoiceForm(4, Limit("chars", 8), detail=Limit("chars", 12), opener=Limit("chars", 6)),
    )

    @pytest.fixture(autouse=True)
    def _able(self, monkeypatch: pytest.MonkeyPatch, call: Caller) -> None:
        private = Writing((Limit("chars", 100),), window=24 * 3600, choices=self.FORMS)
        monkeypatch.setattr(Pigeon, "capabilities", replace(Pigeon.capabilities, private=private))

    def test_they_go_out_with_the_answer(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket("Lea Marn", kind="private")
        ways = call("GET", f"tickets/{ticket.pk}/possible").json
        assert ways["private"]["choices"] == [
            {"most": 2, "title": {"unit": "chars", "most": 8}, "detail": None, "opener": None, "text": None},
            {
                "most": 4,
                "title": {"unit": "chars", "most": 8},
                "detail": {"unit": "chars", "most": 12},
                "opener": {"unit": "chars", "most": 6},
                "text": None,
            },
        ]
        given = {"text": "Which?", "visibility": "private", "choices": {"items": [{"title": "Red"}]}}
        answer = call("POST", f"tickets/{ticket.pk}/messages", given)
        assert answer.status == 201
        assert answer.json["manner"]["choices"] == {"items": [{"title": "Red", "detail": ""}], "opener": ""}

    @pytest.mark.parametrize("items", [[{"title": "Far too long"}], [{"title": "Red"}] * 2, []])
    def test_what_the_network_would_not_take(
        self, call: Caller, desk: Desk, items: list[dict[str, str]]
    ) -> None:
        ticket = desk.ticket("Lea Marn", kind="private")
        given = {"text": "Which?", "visibility": "private", "choices": {"items": items}}
        assert call("POST", f"tickets/{ticket.pk}/messages", given).status == 422
        assert not Message.objects.filter(direction="out").exists()

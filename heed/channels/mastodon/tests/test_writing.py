"""Answers as calls, what became of them, and actions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import (
    Answer,
    CannotTell,
    IdentitySeen,
    MessageEdited,
    MessageRemoved,
    NotThere,
    OutgoingFile,
    PostSeen,
    ReactionChanged,
    Refusal,
    Sent,
    Target,
    Wanted,
)
from heed.channels.mastodon.adapter import network
from heed.channels.mastodon.tests.sample import ACCOUNT, ACME, LEA, OMAR, TOKEN, page
from heed.channels.mastodon.tests.script import Script, Turns, iso, no
from heed.lib import clock
from heed.lib.http import AnswerLost, Response, Upload

STATUSES = "/api/v1/statuses"
ADDRESS = "https://mastodon.example/@acme/500"
MADE = {"id": "500", "created_at": "2026-10-14T20:00:00.000Z", "visibility": "public", "url": ADDRESS}
OWN = f"GET /api/v1/accounts/{ACME}/statuses"
PICTURE = OutgoingFile("boot.png", "image/png", b"png", "")
FILM = OutgoingFile("zip.mp4", "video/mp4", b"mp4", "")
TO_LEA = {"visibility": "public", "person": LEA, "acct": "lea_marn", "others": []}


def target(way: Any = "public", **refs: Any) -> Target:
    kept = {**TO_LEA, **refs}
    return Target("400", way, "mention", "400" if way == "public" else "", kept, at=clock.now())


def answer(text: str = "Pozdravljeni!", **changes: Any) -> Answer:
    fields: dict[str, Any] = {
        "key": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "visibility": "public",
        "person": LEA,
        "to": target(),
        "created": clock.now(),
    }
    return Answer(text=text, **{**fields, **changes})


def posted(given: Answer, **answers: Any) -> tuple[Any, Script]:
    script = Script({f"POST {STATUSES}": MADE, **answers})
    return script.run(network.send(ACCOUNT, given)), script


class TestAnswering:
    def test_a_reply(self) -> None:
        sent, script = posted(answer())
        (request,) = script.requests
        assert request.decisive
        assert request.headers["idempotency-key"] == "0f8fad5b-d9cb-469f-a165-70867728950e"
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.json == {
            "status": "@lea_marn Pozdravljeni!",
            "visibility": "public",
            "in_reply_to_id": "400",
        }
        assert sent == Sent(
            "500",
            clock.from_iso(MADE["created_at"]),
            refs={**TO_LEA, "address": "@lea_marn"},
            permalink=ADDRESS,
        )

    @pytest.mark.parametrize(
        ("theirs", "way", "ours"),
        [
            ("public", "public", "public"),
            ("unlisted", "public", "unlisted"),
            ("private", "public", "private"),
            ("direct", "public", "direct"),
            ("something-new", "public", "direct"),
            ("public", "private", "direct"),
            ("direct", "private", "direct"),
        ],
    )
    def test_never_seen_by_more_people(self, theirs: str, way: Any, ours: str) -> None:
        _sent, script = posted(answer(visibility=way, to=target(way, visibility=theirs)))
        assert script.requests[0].json["visibility"] == ours

    @pytest.mark.parametrize(
        ("text", "others", "status"),
        [
            ("Hvala", ["omar_badr@social.example"], "@lea_marn @omar_badr@social.example Hvala"),
            ("Hvala @lea_marn", [], "Hvala @lea_marn"),
            ("Hvala @Lea_Marn@mastodon.example!", [], "Hvala @Lea_Marn@mastodon.example!"),
            ("x" * 485, ["omar_badr@social.example"], "@lea_marn " + "x" * 485),
        ],
    )
    def test_who_is_named(self, text: str, others: list[str], status: str) -> None:
        _sent, script = posted(answer(text, to=target(others=others)))
        assert script.requests[0].json["status"] == status

    def test_a_private_answer_names_the_customer_only(self) -> None:
        to = target("private", visibility="direct", others=["omar_badr@social.example"])
        _sent, script = posted(answer(visibility="private", to=to))
        assert script.requests[0].json["status"] == "@lea_marn Pozdravljeni!"

    @pytest.mark.parametrize(
        ("text", "status"),
        [
            ("Ask @omar_badr@social.example.", "@lea_marn Ask @\u200bomar_badr@social.example."),
            ("Hvala @lea_marn, @omar", "Hvala @lea_marn, @\u200bomar"),
            ("help@acme.example", "@lea_marn help@acme.example"),
        ],
    )
    def test_a_private_answer_goes_to_nobody_it_merely_mentions(self, text: str, status: str) -> None:
        """Mastodon delivers a private status to everyone whose name stands in it."""
        to = target("private", visibility="direct", others=["omar_badr@social.example"])
        _sent, script = posted(answer(text, visibility="private", to=to))
        assert script.requests[0].json["status"] == status

    def test_somebody_else_than_who_wrote_it(self) -> None:
        omar = {"id": OMAR, "acct": "omar_badr@social.example"}
        sent, script = posted(answer(person=OMAR), **{f"GET /api/v1/accounts/{OMAR}": omar})
        assert script.requests[-1].json["status"].startswith("@omar_badr@social.example ")
        assert sent.refs["person"] == OMAR

    def test_nobody_to_send_it_to(self) -> None:
        with pytest.raises(Refusal) as caught:
            posted(answer(visibility="private", person="", to=None))
        assert caught.value.reason == "unreachable"

    def test_a_quote(self) -> None:
        _sent, script = posted(answer(quote=True, chosen=True))
        assert script.requests[0].json == {
            "status": "Pozdravljeni!",
            "visibility": "public",
            "quoted_status_id": "400",
        }

    def test_too_long_is_not_sent(self) -> None:
        script = Script({f"POST {STATUSES}": MADE})
        with pytest.raises(Refusal) as caught:
            script.run(network.send(ACCOUNT, answer("x" * 491)))
        assert (caught.value.reason, script.requests) == ("too_long", [])

    def test_a_link_counts_the_same_however_long(self) -> None:
        sent, _script = posted(answer("https://acme.example/" + "x" * 600))
        assert sent.external_id == "500"

    def test_a_server_with_room(self) -> None:
        roomy = replace(ACCOUNT, facts={"max_characters": 5000})
        script = Script({f"POST {STATUSES}": MADE})
        assert script.run(network.send(roomy, answer("x" * 4900))).external_id == "500"

    @pytest.mark.parametrize(
        ("status", "reason", "retry"),
        [
            (401, "sign_in_again", False),
            (403, "not_allowed", False),
            (404, "gone", False),
            (422, "bad_request", False),
            (503, "network_down", True),
        ],
    )
    def test_the_server_says_no(self, status: int, reason: str, retry: bool) -> None:
        with pytest.raises(Refusal) as caught:
            posted(answer(), **{f"POST {STATUSES}": no(status, "Ne.")})
        refusal = caught.value
        assert (refusal.reason, refusal.retry, refusal.code) == (reason, retry, str(status))
        assert refusal.detail == "Ne."

    def test_the_bucket_is_empty_until_an_iso_time(self) -> None:
        reset = iso(clock.now() + timedelta(minutes=90))
        with pytest.raises(Refusal) as caught:
            posted(answer(), **{f"POST {STATUSES}": no(429, **{"x-ratelimit-reset": reset})})
        refusal = caught.value
        assert (refusal.reason, refusal.retry, refusal.whole_account) == ("slow_down", True, True)
        assert refusal.after is not None
        assert 5300 < refusal.after <= 5400

    @pytest.mark.parametrize(
        "lost", [no(500), no(502), Response(200, {}, b"<html>"), Response(200, {}, b"{}")]
    )
    def test_an_answer_that_says_nothing(self, lost: Any) -> None:
        with pytest.raises(AnswerLost):
            posted(answer(), **{f"POST {STATUSES}": lost})


class TestFiles:
    def test_pictures_go_first(self) -> None:
        upload = Turns({"id": "61", "url": "u"}, {"id": "62", "url": "u"})
        _sent, script = posted(answer(files=(PICTURE, PICTURE)), **{"POST /api/v2/media": upload})
        assert script.called() == ["POST /api/v2/media", "POST /api/v2/media", f"POST {STATUSES}"]
        assert script.requests[-1].json["media_ids"] == ["61", "62"]
        assert [each.decisive for each in script.requests] == [False, False, True]
        first = script.requests[0].upload
        assert first == Upload("file", "boot.png", "image/png", b"png")

    def test_what_a_picture_shows_goes_along(self) -> None:
        script = Script({"POST /api/v2/media": {"id": "61", "url": "u"}, f"POST {STATUSES}": MADE})
        script.run(network.send(ACCOUNT, answer(files=(replace(PICTURE, alt="Rdeč škorenj"),))))
        assert script.requests[0].form == {"description": "Rdeč škorenj"}

    def test_a_film_is_waited_for(self) -> None:
        working = Response(206, {}, b'{"id":"61","url":null}')
        answers = {
            "POST /api/v2/media": Response(202, {}, b'{"id":"61","url":null}'),
            "GET /api/v1/media/61": Turns(working, working, {"id": "61", "url": "u"}),
        }
        _sent, script = posted(answer(files=(FILM,)), **answers)
        waits = [each.wait for each in script.requests if each.url.endswith("/media/61")]
        assert len(waits) == 3
        assert all(wait > 0 for wait in waits)
        assert script.requests[-1].json["media_ids"] == ["61"]

    def test_a_film_that_is_never_ready(self) -> None:
        working = Response(206, {}, b'{"id":"61","url":null}')
        answers = {"POST /api/v2/media": Response(202, {}, b'{"id":"61"}'), "GET /api/v1/media/61": working}
        script = Script({f"POST {STATUSES}": MADE, **answers})
        with pytest.raises(Refusal) as caught:
            script.run(network.send(ACCOUNT, answer(files=(FILM,))))
        assert (caught.value.reason, caught.value.retry) == ("slow_down", True)
        assert f"POST {STATUSES}" not in script.called()

    def test_a_file_the_server_does_not_take(self) -> None:
        with pytest.raises(Refusal) as caught:
            posted(answer(files=(PICTURE,)), **{"POST /api/v2/media": no(422)})
        assert caught.value.reason == "file_refused"

    @pytest.mark.parametrize("files", [(PICTURE,) * 5, (FILM, PICTURE), (FILM, FILM)])
    def test_what_does_not_go_together(self, files: tuple[OutgoingFile, ...]) -> None:
        script = Script()
        with pytest.raises(Refusal) as caught:
            script.run(network.send(ACCOUNT, answer(files=files)))
        assert (caught.value.reason, script.requests) == ("file_refused", [])


def own(status_id: str = "500", ago: float = 5, **changes: Any) -> dict[str, Any]:
    made = iso(clock.now() - timedelta(seconds=ago))
    fields = {"id": status_id, "created_at": made, "in_reply_to_id": "400", "visibility": "public"}
    return {**fields, "content": "<p>@lea_marn Pozdravljeni!</p>", **changes}


SOURCE = {"text": "@lea_marn Pozdravljeni!"}


class TestUnknown:
    def found(self, given: Answer, **answers: Any) -> Any:
        return Script(answers).run(network.find(ACCOUNT, given))

    def begun(self, seconds: float = 90, **changes: Any) -> Answer:
        return answer(started=clock.now() - timedelta(seconds=seconds), **changes)

    def test_it_is_there(self) -> None:
        answers = {OWN: [own("501", in_reply_to_id=None), own()], f"GET {STATUSES}/500/source": SOURCE}
        found = self.found(self.begun(), **answers)
        assert isinstance(found, Sent)
        assert (found.external_id, found.refs["address"]) == ("500", "@lea_marn")

    def test_a_server_that_does_not_show_what_was_typed(self) -> None:
        found = self.found(self.begun(), **{OWN: [own()]})
        assert isinstance(found, Sent)

    @pytest.mark.parametrize(
        ("there", "source"),
        [
            ([], SOURCE),
            ([own()], {"text": "@lea_marn Pozdravljeni?"}),
            ([own(in_reply_to_id="399")], SOURCE),
            ([own(visibility="direct")], SOURCE),
            ([own(ago=1000)], SOURCE),
            ([{"id": "500"}], SOURCE),
        ],
    )
    def test_it_is_not_there(self, there: list[Any], source: Any) -> None:
        answers = {OWN: there, f"GET {STATUSES}/500/source": source}
        assert self.found(self.begun(), **answers) == NotThere()

    def test_the_same_words_of_another_answer_prove_nothing(self) -> None:
        answers = {OWN: [own()], f"GET {STATUSES}/500/source": SOURCE}
        assert self.found(self.begun(taken=frozenset({"500"})), **answers) == NotThere()

    def test_the_server_may_still_be_at_work(self) -> None:
        found = self.found(self.begun(5), **{OWN: []})
        assert isinstance(found, CannotTell)
        assert found.ask_again is not None

    def test_a_second_attempt_looks_first(self) -> None:
        answers = {OWN: [own()], f"GET {STATUSES}/500/source": SOURCE, f"POST {STATUSES}": MADE}
        script = Script(answers)
        sent = script.run(network.send(ACCOUNT, self.begun()))
        assert sent.external_id == "500"
        assert f"POST {STATUSES}" not in script.called()

    def test_a_second_attempt_of_what_never_came(self) -> None:
        script = Script({OWN: [], f"POST {STATUSES}": MADE})
        script.run(network.send(ACCOUNT, self.begun()))
        assert script.called()[-1] == f"POST {STATUSES}"

    def test_the_search_goes_on_to_the_next_page(self) -> None:
        pages = Turns([own(str(each), in_reply_to_id=None) for each in (503, 502)], [own()], [])
        script = Script({OWN: pages, f"GET {STATUSES}/500/source": SOURCE})
        assert script.run(network.find(ACCOUNT, self.begun())).external_id == "500"
        assert script.requests[1].params["max_id"] == "502"


class TestActing:
    @pytest.mark.parametrize(
        ("action", "verb", "state"),
        [
            ("like", "favourite", {"favourited": True}),
            ("unlike", "unfavourite", {"favourited": False}),
            ("repost", "reblog", {"reblogged": True}),
            ("unrepost", "unreblog", {"reblogged": False}),
            ("like", "favourite", {}),
        ],
    )
    def test_done(self, action: Any, verb: str, state: dict[str, bool]) -> None:
        script = Script({f"POST {STATUSES}/400/{verb}": {"id": "400", **state}})
        assert script.run(network.act(ACCOUNT, action, target(), LEA)) == {}

    def test_the_server_says_that_it_is_not_done(self) -> None:
        script = Script({f"POST {STATUSES}/400/favourite": {"id": "400", "favourited": False}})
        with pytest.raises(Refusal):
            script.run(network.act(ACCOUNT, "like", target(), LEA))

    def test_an_edit_keeps_all_else(self) -> None:
        status = page("own")["statuses"][1]
        media = [{"id": "61", "type": "image", "url": "u"}]
        now = {**status, "id": "400", "media_attachments": media, "spoiler_text": "cw", "sensitive": True}
        script = Script({f"GET {STATUSES}/400": now, f"PUT {STATUSES}/400": now})
        script.run(network.act(ACCOUNT, "edit", target(address="@lea_marn"), LEA, "Popravek."))
        assert script.requests[-1].json == {
            "status": "@lea_marn Popravek.",
            "media_ids": ["61"],
            "spoiler_text": "cw",
            "sensitive": True,
            "language": "sl",
        }

    def test_an_edit_of_what_was_written_elsewhere_names_the_customer_again(self) -> None:
        status = {**page("own")["statuses"][1], "id": "400"}
        script = Script({f"GET {STATUSES}/400": status, f"PUT {STATUSES}/400": status})
        script.run(network.act(ACCOUNT, "edit", target(), LEA, "Popravek."))
        assert script.requests[-1].json["status"] == "@lea_marn Popravek."

    def test_an_edit_of_what_was_written_elsewhere_names_all_it_named(self) -> None:
        status = {**page("own")["statuses"][1], "id": "400"}
        script = Script({f"GET {STATUSES}/400": status, f"PUT {STATUSES}/400": status})
        named = target(others=["omar_badr@social.example"])
        script.run(network.act(ACCOUNT, "edit", named, LEA, "Popravek."))
        assert script.requests[-1].json["status"] == "@lea_marn @omar_badr@social.example Popravek."

    def test_an_edit_of_a_private_answer_goes_to_nobody_else(self) -> None:
        status = {**page("own")["statuses"][1], "id": "400", "visibility": "direct"}
        script = Script({f"GET {STATUSES}/400": status, f"PUT {STATUSES}/400": status})
        private = target("private", visibility="direct", address="@lea_marn", others=["omar"])
        script.run(network.act(ACCOUNT, "edit", private, LEA, "Vpraj @omar"))
        assert script.requests[-1].json["status"] == "@lea_marn Vpraj @\u200bomar"

    @pytest.mark.parametrize("answered", [{"id": "400"}, no(404)])
    def test_deleting(self, answered: Any) -> None:
        script = Script({f"DELETE {STATUSES}/400": answered})
        assert script.run(network.act(ACCOUNT, "delete", target(), "")) == {}

    def test_what_mastodon_has_not(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script().run(network.act(ACCOUNT, "hide", target(), LEA))
        assert caught.value.reason == "not_allowed"


class TestLookingUp:
    def look(self, what: Any, answers: dict[str, Any]) -> list[Any]:
        found: list[Any] = Script(answers).run(network.look_up(ACCOUNT, Wanted(what, "400")))
        return found

    def test_what_is_gone(self) -> None:
        assert self.look("message", {}) == [MessageRemoved(external_id="400", at=None)]
        assert self.look("post", {}) == [PostSeen(external_id="400", removed=True)]

    def test_a_message_as_it_stands(self) -> None:
        status = page("notifications")["notifications"][0]["status"]
        now = {**status, "id": "400", "edited_at": "2026-10-14T19:12:00.000Z", "favourited": True}
        edited, liked, boosted = self.look("message", {f"GET {STATUSES}/400": now})
        assert isinstance(edited, MessageEdited)
        assert isinstance(liked, ReactionChanged)
        assert (liked.reaction, liked.on, liked.author.external_id) == ("like", True, ACME)
        assert (boosted.reaction, boosted.on) == ("repost", False)

    def test_a_post(self) -> None:
        status = {**page("own")["statuses"][0], "id": "400", "favourites_count": 7}
        (post,) = self.look("post", {f"GET {STATUSES}/400": status})
        assert (post.external_id, post.likes) == ("400", 7)

    def test_a_person(self) -> None:
        lea = {"id": "400", "acct": "lea_marn", "username": "lea_marn", "display_name": "Lea"}
        (seen,) = self.look("person", {"GET /api/v1/accounts/400": lea})
        assert isinstance(seen, IdentitySeen)
        assert (seen.person.name, seen.person.handle) == ("Lea", "lea_marn@mastodon.example")

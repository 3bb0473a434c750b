"""The composer through its pages: what it is told, and what reaches the network of what was chosen there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import orjson
import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import User
from heed.channels.base import Capabilities, ChoiceForm, Late, Limit, Writing
from heed.channels.registry import networks
from heed.inbox.models import Message, Ticket
from heed.lib import clock
from heed.web.tests import cast

DAY = 24 * 3600
PLAIN = Writing((Limit("chars", 100),), window=DAY)
HELLO = {
    "name": "hello",
    "language": "sl",
    "text": "Pozdravljeni, {{1}}: {{2}}",
    "blanks": 2,
    "names": ["name", "order"],
}


@pytest.fixture
def tuya(ana: User) -> Ticket:
    """Tuya wrote privately on Viber, an hour ago."""
    viber = cast.account("viber", "Acme on Viber")
    return cast.ticket(viber, "Tuya Bold", "Сайн байна уу?", minutes=60)


def can(monkeypatch: pytest.MonkeyPatch, private: Writing = PLAIN, **more: Any) -> None:
    """What Viber can do, for the time of a test."""
    able = Capabilities(public=Writing((Limit("chars", 100),)), private=private, **more)
    monkeypatch.setattr(networks()["viber"], "able", lambda facts: able, raising=False)


def wrote_ago(ticket: Ticket, **span: float) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(last_private_in=clock.now() - timedelta(**span))


def opened(page: Client, ticket: Ticket) -> str:
    response = page.get(f"/inbox/open/{ticket.pk}/")
    assert response.status_code == 200
    return response.content.decode()


def told(page: Client, ticket: Ticket, way: str = "private") -> dict[str, Any]:
    """What the composer's script is told about a way to answer."""
    found = re.search(rf'data-way="{way}" data-facts="([^"]*)"', opened(page, ticket))
    assert found is not None
    facts: dict[str, Any] = orjson.loads(unescape(found[1]))
    return facts


def acts() -> list[tuple[object, object]]:
    """What is to be done on the network: action and value."""
    rows = ProcrastinateJob.objects.filter(task_name="heed.inbox.jobs.act_on_network").order_by("id")
    return [(row.args["action"], row.args["value"]) for row in rows]


class TestWindows:
    def test_an_open_window_says_when_it_closes(
        self, page: Client, tuya: Ticket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        can(monkeypatch, replace(PLAIN, sends=3))
        facts = told(page, tuya)
        assert (facts["allowed"], facts["sends"], facts["late"], facts["templates"]) == (True, 3, "", [])
        assert clock.from_iso(facts["closes"]) == tuya.last_private_in + timedelta(days=1)  # type: ignore[operator]

    def test_the_late_way_says_what_it_is_for(
        self, page: Client, tuya: Ticket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        can(monkeypatch, replace(PLAIN, late=Late("human_agent", 7 * DAY, "Only what a person writes.")))
        assert told(page, tuya)["late"] == ""
        wrote_ago(tuya, days=2)
        facts = told(page, tuya)
        assert (facts["allowed"], facts["late"]) == (True, "Only what a person writes.")

    def test_after_the_window_templates_stand_ready(
        self, page: Client, tuya: Ticket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        can(monkeypatch, replace(PLAIN, templates=True))
        tuya.account.templates = [HELLO]
        tuya.account.save()
        wrote_ago(tuya, days=2)
        facts = told(page, tuya)
        assert facts["allowed"] is False
        assert "approved templates" in facts["sentence"]
        assert facts["templates"] == [HELLO]
        tab = re.search(r'<button[^>]*data-way="private"[^>]*>', opened(page, tuya))
        assert tab is not None
        assert 'aria-selected="true"' in tab[0]
        assert "closed" not in tab[0]

    def test_without_templates_the_note_is_left(
        self, page: Client, tuya: Ticket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        can(monkeypatch)
        wrote_ago(tuya, days=2)
        text = opened(page, tuya)
        assert re.search(r'data-way="private"[^>]*aria-selected="false" class="closed"', text)
        assert re.search(r'data-way="note"[^>]*aria-selected="true"', text)


class TestMessagesOfX:
    """What X's consent page left out is said, and nobody is led to where they get no answer."""

    @pytest.mark.parametrize("granted", [True, False])
    def test_a_private_answer(self, page: Client, ana: User, granted: bool) -> None:
        x = cast.account("x", "@acme", facts={"messages": granted})
        facts = told(page, cast.ticket(x, "Lea Marn", "Kje je moj paket?"))
        assert facts["allowed"] is granted
        assert ("may not write direct messages" in facts["sentence"]) is not granted

    @pytest.mark.parametrize("granted", [True, False])
    def test_under_a_post(self, page: Client, ana: User, granted: bool) -> None:
        x = cast.account("x", "@acme", facts={"messages": granted})
        lea = cast.ticket(x, "Lea Marn", "Kje je moj paket?", post=cast.post(x))
        private = told(page, lea)
        assert private["allowed"] is granted
        assert ("may not write direct messages" in private["sentence"]) is not granted
        assert ("Answer publicly" in private["sentence"]) is not granted
        assert bool(told(page, lea, "public")["link"]) is granted


class TestTemplates:
    @pytest.fixture(autouse=True)
    def _approved(self, tuya: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
        can(monkeypatch, replace(PLAIN, templates=True))
        tuya.account.templates = [HELLO]
        tuya.account.save()
        wrote_ago(tuya, days=2)

    def send(self, page: Client, ticket: Ticket, **fields: Any) -> tuple[int, str]:
        given = {
            "text": "",
            "visibility": "private",
            "template": "hello",
            "template_language": "sl",
            **fields,
        }
        answer = page.post(f"/tickets/{ticket.pk}/messages/", given)
        return answer.status_code, answer.content.decode()

    def test_a_filled_one_goes_out(self, page: Client, tuya: Ticket) -> None:
        status, text = self.send(page, tuya, blanks=["Tuya", "88203"])
        assert status == 200
        sent = Message.objects.get(direction="out")
        assert (sent.text, sent.state) == ("Pozdravljeni, Tuya: 88203", "queued")
        assert sent.manner["template"]["values"] == ["Tuya", "88203"]
        assert "· template" in text

    @pytest.mark.parametrize(
        "fields",
        [
            {"blanks": ["Tuya"]},
            {"blanks": ["Tuya", " "]},
            {"blanks": ["Tuya", "88203"], "template": "gone"},
            {"blanks": ["Tuya", "88203"], "template_language": "en"},
        ],
    )
    def test_one_that_is_not_whole_or_not_approved(
        self, page: Client, tuya: Ticket, fields: dict[str, Any]
    ) -> None:
        status, text = self.send(page, tuya, **fields)
        assert status == 422
        assert text
        assert not Message.objects.filter(direction="out").exists()

    def test_free_words_are_refused_after_the_window(self, page: Client, tuya: Ticket) -> None:
        status, text = self.send(page, tuya, template="", text="Hello?")
        assert status == 422
        assert "approved templates" in text


class TestChoices:
    FORMS = (
        ChoiceForm(2, Limit("chars", 8)),
        ChoiceForm(4, Limit("chars", 10), detail=Limit("chars", 12), opener=Limit("chars", 6)),
    )

    @pytest.fixture(autouse=True)
    def _able(self, monkeypatch: pytest.MonkeyPatch) -> None:
        can(monkeypatch, replace(PLAIN, choices=self.FORMS))

    def send(self, page: Client, ticket: Ticket, **fields: Any) -> tuple[int, str]:
        given = {"text": "Which one?", "visibility": "private", **fields}
        answer = page.post(f"/tickets/{ticket.pk}/messages/", given)
        return answer.status_code, answer.content.decode()

    def test_the_composer_knows_the_forms(self, page: Client, tuya: Ticket) -> None:
        assert told(page, tuya)["choices"] == [
            {"most": 2, "title": ["chars", 8]},
            {"most": 4, "title": ["chars", 10], "detail": ["chars", 12], "opener": ["chars", 6]},
        ]
        wrote_ago(tuya, days=2)
        assert told(page, tuya)["choices"] == []
        assert told(page, tuya, "note")["choices"] == []

    def test_what_is_offered_is_kept_and_shown(self, page: Client, tuya: Ticket) -> None:
        status, text = self.send(
            page, tuya, choices=["Red", "Blue", "<b>"], details=["", "since May", ""], opener="Take"
        )
        assert status == 200
        sent = Message.objects.get(direction="out")
        assert sent.manner["choices"] == {
            "items": [
                {"title": "Red", "detail": ""},
                {"title": "Blue", "detail": "since May"},
                {"title": "<b>", "detail": ""},
            ],
            "opener": "Take",
        }
        row = re.search(r'<ul class="offered"[^>]*>(.*?)</ul>', text, re.S)
        assert row is not None
        assert re.findall(r'<li dir="auto">([^ <]+)', row[1]) == ["Red", "Blue", "&lt;b&gt;"]
        assert ">since May</small>" in row[1]

    def test_without_choices_nothing_is_said_of_them(self, page: Client, tuya: Ticket) -> None:
        assert self.send(page, tuya)[0] == 200
        assert "choices" not in Message.objects.get(direction="out").manner
        assert 'class="offered"' not in opened(page, tuya)

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"choices": ["Red"] * 2, "details": [""] * 2}, "Two choices say the same."),
            ({"choices": [*"abcde"], "details": [""] * 5}, "At most 4 choices can be offered."),
            ({"choices": ["Red and blue"], "details": [""]}, "A choice is 2 over"),
            ({"choices": [*"abc"], "details": [""] * 3, "opener": "Anything"}, "the button"),
            ({"choices": ["Red"], "details": ["since the 1st"]}, "under a choice is 1 over"),
            ({"choices": ["Red"], "details": [""], "visibility": "public"}, ""),
        ],
    )
    def test_what_the_network_would_refuse(
        self, page: Client, tuya: Ticket, fields: dict[str, Any], why: str
    ) -> None:
        status, text = self.send(page, tuya, **fields)
        assert status == 422
        assert why in text
        assert not Message.objects.filter(direction="out").exists()


class TestActs:
    def test_quoting_is_offered_where_it_can_be_done(
        self, page: Client, ana: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        viber = cast.account("viber", "Acme on Viber")
        jan = cast.ticket(viber, "Jan Sever", "Half sizes?", post=cast.post(viber))
        can(monkeypatch)
        assert "data-publicly data-quote" not in opened(page, jan)
        can(monkeypatch, quote=True)
        asked = jan.messages.get()
        assert re.search(
            rf'data-reply-to="{asked.pk}" data-visibility="public" data-publicly', opened(page, jan)
        )
        given = {"text": "Here", "visibility": "public", "to": asked.pk, "quote": "1"}
        assert page.post(f"/tickets/{jan.pk}/messages/", given).status_code == 200
        sent = Message.objects.get(text="Here")
        assert sent.manner["quote"] is True
        assert sent.answers == asked

    def test_an_emoji_goes_along(self, page: Client, tuya: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
        can(
            monkeypatch,
            on_theirs=frozenset({"react"}),
            on_private=frozenset({"react"}),
            reactions=("❤️", "👍"),
        )
        message = tuya.messages.get()
        text = opened(page, tuya)
        row = text.split('class="reactions"')[1].split("</span>")[0]
        assert re.findall(r">(\S+)</button>", row) == ["❤️", "👍"]
        address = f"/messages/{message.pk}/acts/react/"
        assert page.post(address, {"value": "👍"}).status_code == 200
        assert page.post(address, {"value": "🦆"}).status_code == 422
        assert acts() == [("react", "👍")]

    def test_what_was_sent_is_changed(
        self, page: Client, ana: User, tuya: Ticket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        can(monkeypatch, on_ours=frozenset({"edit"}), on_private_ours=frozenset({"edit"}), edit_within=3600)
        sent = cast.wrote(tuya, ana, "Tomorow", state="sent")
        address = f"/messages/{sent.pk}/acts/edit/"
        menu = re.search(rf'data-change="{address}"[^>]*', opened(page, tuya))
        assert menu is not None
        assert 'data-text="Tomorow"' in menu[0]
        assert page.post(address, {"value": "Tomorrow"}).status_code == 200
        assert acts() == [("edit", "Tomorrow")]
        for wrong in ("", "a" * 101):
            assert page.post(address, {"value": wrong}).status_code == 422
        with clock.moved(timedelta(hours=2)):
            assert page.post(address, {"value": "Too late"}).status_code == 422
        assert len(acts()) == 1

    def test_what_a_network_has_not_says_why(
        self, page: Client, tuya: Ticket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        can(monkeypatch, why_not={"like": "Pigeons know no likes."}, why_no_quote="Pigeons quote nobody.")
        text = opened(page, tuya)
        assert "<small>Pigeons know no likes.</small>" in text
        assert "Pigeons quote nobody." not in text
        tuya.messages.update(visibility="public")
        assert "<span>Quote<small>Pigeons quote nobody.</small></span>" in opened(page, tuya)
        can(monkeypatch, quote=True, why_no_quote="Pigeons quote nobody.")
        assert "Pigeons quote nobody." not in opened(page, tuya)
        assert page.post(f"/messages/{tuya.messages.get().pk}/acts/like/").status_code == 422

    def test_typing_is_told_where_it_is_shown(
        self, page: Client, tuya: Ticket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        can(monkeypatch)
        assert told(page, tuya)["typing"] is False
        can(monkeypatch, on_private=frozenset({"typing"}))
        assert told(page, tuya)["typing"] is True
        assert page.post(f"/tickets/{tuya.pk}/typing/").status_code == 204
        jobs = ProcrastinateJob.objects.filter(task_name="heed.inbox.jobs.show_typing")
        assert [job.args for job in jobs] == [{"message": tuya.messages.get().pk}]


class TestList:
    def rows(self, page: Client) -> list[int]:
        text = page.get("/inbox/unanswered/").content.decode()
        return [int(number) for number in re.findall(r'id="t(\d+)"', text)]

    @pytest.fixture
    def three(self, tuya: Ticket) -> list[Ticket]:
        """Newest first: without a window, closing last, closing first."""
        wide = cast.ticket(tuya.account, "Omar Badr", "Twice!", minutes=30)
        none = cast.ticket(tuya.account, "Jan Sever", "Sizes?", minutes=5)
        for ticket, hours in ((wide, 20), (tuya, 1)):
            Ticket.objects.filter(pk=ticket.pk).update(window_closes_at=clock.now() + timedelta(hours=hours))
        return [none, wide, tuya]

    def test_the_window_that_closes_first_comes_first(self, page: Client, three: list[Ticket]) -> None:
        none, wide, tight = (each.pk for each in three)
        assert self.rows(page) == [none, wide, tight]
        answer = page.post("/inbox/order/", {"order": "closing"})
        assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")
        assert self.rows(page) == [tight, wide, none]
        menu = page.get("/inbox/unanswered/").content.decode().split('id="order"')[1].split("</details>")[0]
        pressed = re.search(r'"order": "(\w+)"[^>]*aria-pressed="true"', menu)
        assert pressed is not None
        assert pressed[1] == "closing"
        assert page.post("/inbox/order/", {"order": "oldest_shoe"}).status_code == 422

    def test_the_chip_counts_down_and_warns(self, page: Client, three: list[Ticket]) -> None:
        none, wide, tight = three
        text = page.get("/inbox/unanswered/").content.decode()
        rows = {each.pk: text.split(f'id="t{each.pk}"')[1].split("</li>")[0] for each in three}
        assert "closes" not in rows[none.pk]
        assert '<span class="chip closes"' in rows[wide.pk]
        assert '<span class="chip closes warn"' in rows[tight.pk]
        assert 'data-when="until"' in rows[tight.pk]
        assert '<span class="unseen">window closes in</span>' in rows[tight.pk]

    def test_no_chip_on_what_is_answered_or_closed(self, page: Client, three: list[Ticket]) -> None:
        Ticket.objects.filter(pk=three[1].pk).update(unanswered=False)
        Ticket.objects.filter(pk=three[2].pk).update(window_closes_at=clock.now() - timedelta(minutes=1))
        assert "chip closes" not in page.get("/inbox/open/").content.decode()

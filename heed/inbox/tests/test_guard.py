"""The guard: what composer, API and outbox may do now, and why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import User
from heed.channels.base import (
    TAKEN_OVER,
    Capabilities,
    Files,
    FilledTemplate,
    Late,
    Limit,
    MessageReceived,
    Person,
    ReactionChanged,
    Refusal,
    Sent,
    Writing,
)
from heed.channels.models import Account
from heed.inbox import outbox, reach, verbs
from heed.inbox.jobs import act_on_network
from heed.inbox.models import Event, Message, Reaction, Ticket
from heed.inbox.possible import PUBLIC_ONLY, Way, possible
from heed.inbox.possible_actions import actions
from heed.inbox.tests.deliveries import LEA, NOON, OMAR, at, comment, news, private
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock

pytestmark = pytest.mark.django_db

DAY = 24 * 3600
PLAIN = Writing((Limit("chars", 100),), window=DAY)
LATE = replace(PLAIN, late=Late("human_agent", 7 * DAY, "Sent with the human-agent tag."))
COUNTED = replace(PLAIN, window=2 * DAY, sends=3)
APPROVED = replace(PLAIN, templates=True)
HELLO = {"name": "hello", "language": "sl", "text": "Pozdravljeni, {{1}}: {{2}}", "blanks": 2}


class Job:
    """The context of a job's first run."""

    class job:  # noqa: N801 - the shape procrastinate has
        attempts = 0


FIRST: Any = Job()


def can(rubber: Rubber, private_way: Writing | None = PLAIN, **more: Any) -> None:
    public = Writing((Limit("chars", 100),))
    rubber.capabilities = Capabilities(public=public, private=private_way, **more)


def waited(monkeypatch: pytest.MonkeyPatch, **span: float) -> None:
    """It is so much later than noon."""
    now = NOON + timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: now)


def way(account: Account) -> Way:
    return possible(Ticket.objects.select_related("account", "identity").get(account=account)).private


WINDOWS: list[tuple[Writing, float, bool, str, str]] = [
    # how one may write, hours since the customer wrote, allowed, by which later way, why not
    (PLAIN, 0, True, "", ""),
    (PLAIN, 23.9, True, "", ""),
    (PLAIN, 24, False, "", "outside_window"),
    (PLAIN, 200, False, "", "outside_window"),
    (replace(PLAIN, window=None), 9000, True, "", ""),
    (LATE, 1, True, "", ""),
    (LATE, 24, True, "human_agent", ""),
    (LATE, 167.9, True, "human_agent", ""),
    (LATE, 168, False, "", "outside_window"),
    (COUNTED, 47.9, True, "", ""),
    (COUNTED, 48, False, "", "outside_window"),
    (APPROVED, 25, False, "", "outside_window"),
]


@pytest.mark.parametrize(("writing", "hours", "allowed", "late", "reason"), WINDOWS)
def test_windows(
    account: Account,
    rubber: Rubber,
    monkeypatch: pytest.MonkeyPatch,
    writing: Writing,
    hours: float,
    allowed: bool,
    late: str,
    reason: str,
) -> None:
    can(rubber, writing)
    news(account, private("1"))
    waited(monkeypatch, hours=hours)
    now = way(account)
    assert (now.allowed, now.late.name if now.late else "", now.reason or "") == (allowed, late, reason)
    assert bool(now.sentence) is not allowed


def test_every_opening_message_opens_the_window_again(
    account: Account, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber)
    news(account, private("1"), private("2", 600), private("3", 900, opens_window=False))
    assert Ticket.objects.get().window_closes_at == at(600) + timedelta(days=1)
    waited(monkeypatch, hours=33.9)
    assert way(account).allowed
    waited(monkeypatch, hours=34)
    assert not way(account).allowed


def test_what_opens_no_window_may_be_answered_briefly(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber, replace(COUNTED, brief={"postback": (60, 2)}))
    news(account, private("1", kind="postback", opens_window=False))
    ticket = Ticket.objects.get()
    for left in (2, 1):
        waited(monkeypatch, hours=0, seconds=59)
        assert (way(account).sends_left, way(account).closes_at) == (left, at(1))
        verbs.answer(ticket, ana, "hello", "private")
        outbox.send_next(ticket.pk)
    assert way(account).reason == "outside_window"
    assert Message.objects.filter(direction="out", state="sent").count() == 2
    waited(monkeypatch, hours=0, seconds=61)
    news(account, private("2", kind="postback", opens_window=False))
    assert not way(account).allowed


def test_a_reaction_may_open_the_window(account: Account, rubber: Rubber) -> None:
    can(rubber)
    news(account, private("1"))
    thumb = ReactionChanged(target="1", at=at(60), author=LEA, reaction="👍", on=True, opens_window=True)
    news(account, thumb)
    ticket = Ticket.objects.get()
    assert (ticket.last_private_in, ticket.window_closes_at) == (at(60), at(60) + timedelta(days=1))


def test_sends_are_counted_until_the_customer_writes(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber, COUNTED)
    news(account, private("1"))
    waited(monkeypatch, hours=1)
    ticket = Ticket.objects.get()
    for left in (3, 2, 1):
        assert way(account).sends_left == left
        verbs.answer(ticket, ana, f"answer {left}", "private")
    assert (way(account).allowed, way(account).sends_left) == (False, 0)
    with pytest.raises(verbs.CannotAnswer, match="so many messages"):
        verbs.answer(ticket, ana, "one more", "private")
    outbox.send_next(ticket.pk)
    assert [each.text for each in rubber.sent] == ["answer 3", "answer 2", "answer 1"]
    news(account, private("2", 61))
    assert way(account).sends_left == 3


def test_a_failed_answer_uses_no_send(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber, COUNTED)
    news(account, private("1"))
    waited(monkeypatch, hours=1)
    rubber.script = [Refusal("bad_request")]
    verbs.answer(Ticket.objects.get(), ana, "no", "private")
    outbox.send_next(Ticket.objects.get().pk)
    assert way(account).sends_left == 3


def test_an_answer_that_waited_past_the_window_is_never_sent(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber)
    news(account, private("1"))
    waited(monkeypatch, hours=23)
    ticket = Ticket.objects.get()
    message = verbs.answer(ticket, ana, "in time", "private")
    waited(monkeypatch, hours=25)
    outbox.send_next(ticket.pk)
    message.refresh_from_db()
    assert rubber.sent == []
    assert (message.state, message.reason) == ("failed", "outside_window")
    assert reach.drafts(ana, ticket)["private"].text == "in time"


def test_an_answer_that_waited_takes_the_later_way(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber, LATE)
    news(account, private("1"))
    waited(monkeypatch, hours=23)
    ticket = Ticket.objects.get()
    message = verbs.answer(ticket, ana, "a person writes", "private")
    waited(monkeypatch, hours=25)
    outbox.send_next(ticket.pk)
    message.refresh_from_db()
    assert [each.late for each in rubber.sent] == ["human_agent"]
    assert (message.state, message.manner["late"]) == ("sent", "human_agent")


@pytest.mark.parametrize("names", [(), ("first_name", "parcel")])
def test_templates_go_out_after_the_window(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    """With the names the network has for the blanks, where it does not number them."""
    can(rubber, APPROVED)
    Account.objects.update(templates=[{**HELLO, "names": names} if names else HELLO])
    news(account, private("1"))
    waited(monkeypatch, hours=30)
    ticket = Ticket.objects.get()
    filled = FilledTemplate("hello", "sl", ("Lea", "paket {{1}}"))
    message = verbs.answer(ticket, ana, "", "private", template=filled)
    assert message.text == "Pozdravljeni, Lea: paket {{1}}"
    outbox.send_next(ticket.pk)
    assert rubber.sent[0].template == replace(filled, names=names)


@pytest.mark.parametrize(
    ("name", "language", "values"),
    [
        ("hello", "sl", ("Lea",)),
        ("hello", "sl", ("Lea", " ")),
        ("hello", "en", ("Lea", "x")),
        ("other", "sl", ("Lea", "x")),
    ],
)
def test_templates_that_do_not_fit_are_refused(
    account: Account, ana: User, rubber: Rubber, name: str, language: str, values: tuple[str, ...]
) -> None:
    can(rubber, APPROVED)
    Account.objects.update(templates=[HELLO])
    news(account, private("1"))
    with pytest.raises(verbs.CannotAnswer, match="template"):
        verbs.answer(
            Ticket.objects.get(), ana, "", "private", template=FilledTemplate(name, language, values)
        )


@pytest.mark.parametrize(
    ("base_url", "public_url", "taken"),
    [
        ("https://graph.facebook.com", "http://127.0.0.1:8000", False),
        ("https://graph.facebook.com", "http://heed.local", False),
        ("https://graph.facebook.com", "https://desk.acme.com", True),
        ("http://127.0.0.1:9000", "http://127.0.0.1:8000", True),
    ],
)
def test_files_that_are_fetched_need_a_public_address(
    account: Account, rubber: Rubber, settings: Any, base_url: str, public_url: str, taken: bool
) -> None:
    files = Files(("image/*",), {"": 1000}, 1, fetched=True)
    can(rubber, replace(PLAIN, window=None, files=files))
    settings.HEED_PUBLIC_URL = public_url
    Account.objects.update(base_url=base_url)
    news(account, private("1"))
    assert (way(account).files is not None, bool(way(account).no_files)) == (taken, not taken)


def test_the_queue_by_closing_window(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber)
    people = [Person(name) for name in ("a", "b", "c", "d", "e")]
    late_first = [private(each.external_id, 50 - 10 * n, each) for n, each in enumerate(people)]
    news(account, *late_first, comment("public", 500), private("old", -60 * 24, Person("z")))
    waited(monkeypatch, hours=2)
    answered = Ticket.objects.get(identity__external_id="c")
    verbs.mark_answered(answered, ana)

    def names(limit: int) -> list[str]:
        found: list[str] = []
        after = ""
        while True:
            page = reach.tickets(ana, "all", order="closing", after=after, limit=limit)
            found += [each.identity.external_id for each in page.items]
            after = page.next
            if not after:
                return found

    expected = ["e", "d", "b", "a", "lea", "c", "z"]
    for limit in (1, 2, 3, 4, 5, 50):
        assert names(limit) == expected


@pytest.mark.parametrize(("written", "help_"), [(comment("1"), PUBLIC_ONLY), (private("1"), "")])
def test_an_account_without_private_messages_says_why(
    account: Account, rubber: Rubber, written: MessageReceived, help_: Any
) -> None:
    can(rubber, None, why_no_private="The app password does not allow it.")
    news(account, written)
    now = way(account)
    assert (now.here, now.allowed, now.reason) == (True, False, "not_allowed")
    assert (now.sentence, now.way_out) == ("The app password does not allow it.", help_)
    can(rubber, None)
    assert not way(account).here


@pytest.mark.parametrize(("kind", "allowed"), [("comment", True), ("review", False)])
def test_private_replies_may_be_for_some_kinds_only(
    account: Account, rubber: Rubber, kind: str, allowed: bool
) -> None:
    can(rubber, private_reply=True, private_reply_to=frozenset({"comment"}))
    news(account, comment("1", kind=kind))
    assert way(account).allowed is allowed


def test_quoting(account: Account, ana: User, rubber: Rubber) -> None:
    can(rubber, quote=True)
    news(account, comment("1"))
    ticket, message = Ticket.objects.get(), Message.objects.get()
    verbs.answer(ticket, ana, "see this", "public", to=message.pk, quote=True)
    outbox.send_next(ticket.pk)
    assert (rubber.sent[0].quote, rubber.sent[0].chosen) == (True, True)
    can(rubber)
    with pytest.raises(verbs.CannotAnswer, match="quoted"):
        verbs.answer(ticket, ana, "see this", "public", to=message.pk, quote=True)


class TestActions:
    def test_reacting_is_kept_as_ours_and_taken_back(
        self, account: Account, ana: User, rubber: Rubber
    ) -> None:
        can(rubber, on_private=frozenset({"react", "unreact"}), reactions=("👍", "❤️"))
        news(account, private("1"))
        message = Message.objects.get()
        with pytest.raises(verbs.CannotAct, match="only these"):
            verbs.act(message, ana, "react", "🚀")
        verbs.act(message, ana, "react", "❤️")
        act_on_network.func(FIRST, message.pk, "react", ana.pk, "❤️")
        ours = Reaction.objects.get(author_external_id="page")
        assert (ours.reaction, ours.on) == ("❤️", True)
        message = Message.objects.get()
        assert message.liked
        assert [each.action for each in actions(message)] == ["unreact"]
        act_on_network.func(FIRST, message.pk, "unreact", ana.pk)
        assert not Message.objects.get().liked

    def test_editing_ours_keeps_what_stood_there(self, account: Account, ana: User, rubber: Rubber) -> None:
        can(rubber, on_ours=frozenset({"edit"}), edit_within=3600)
        news(account, comment("1"))
        ticket = Ticket.objects.get()
        message = verbs.answer(ticket, ana, "helo", "public")
        outbox.send_next(ticket.pk)
        message.refresh_from_db()
        with pytest.raises(verbs.CannotAct, match="longer"):
            verbs.act(message, ana, "edit", "x" * 101)
        verbs.act(message, ana, "edit", "hello")
        act_on_network.func(FIRST, message.pk, "edit", ana.pk, "hello")
        message.refresh_from_db()
        assert message.text == "hello"
        assert [each.text for each in message.revisions.order_by("at")] == ["helo", "hello"]
        assert rubber.done[-1][0] == "edit"

    def test_too_late_to_edit_and_delete(
        self, account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        can(rubber, on_ours=frozenset({"edit", "delete"}), edit_within=3600, delete_within=2 * 3600)
        news(account, comment("1"))
        waited(monkeypatch, hours=0)
        ticket = Ticket.objects.get()
        message = verbs.answer(ticket, ana, "hello", "public")
        outbox.send_next(ticket.pk)
        message.refresh_from_db()

        def allowed() -> list[str]:
            return [each.action for each in actions(message) if each.allowed]

        assert allowed() == ["edit", "delete"]
        waited(monkeypatch, hours=1.5)
        assert allowed() == ["delete"]
        waited(monkeypatch, hours=2.5)
        assert allowed() == []
        assert all(each.sentence for each in actions(message))

    def test_what_is_missed_says_why(self, account: Account, rubber: Rubber) -> None:
        can(rubber, why_not={"like": "Likes need a higher access level.", "edit": "Posts cannot be edited."})
        news(account, comment("1"))
        offered = actions(Message.objects.get())
        assert [(each.action, each.allowed, each.sentence) for each in offered] == [
            ("like", False, "Likes need a higher access level.")
        ]

    def test_only_a_talk_that_was_taken_over_is_handed_back(
        self, account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One hand-back is for the whole talk."""
        can(rubber, on_private_ours=frozenset({"hand_back"}))
        news(account, private("1"))
        waited(monkeypatch, hours=0)
        ticket = Ticket.objects.get()
        for number in range(3):
            rubber.script.append(Sent(f"o{number}", refs={TAKEN_OVER: True} if number < 2 else {}))
            verbs.answer(ticket, ana, f"hello {number}", "private")
            outbox.send_next(ticket.pk)

        def offered() -> list[list[str]]:
            ours = Message.objects.filter(direction="out").order_by("external_id")
            return [[each.action for each in actions(message)] for message in ours]

        assert offered() == [["hand_back"], ["hand_back"], []]
        message = Message.objects.get(external_id="o0")
        verbs.act(message, ana, "hand_back")
        act_on_network.func(FIRST, message.pk, "hand_back", ana.pk)
        assert rubber.done[-1][0] == "hand_back"
        assert offered() == [[], [], []]

    def test_a_kind_may_have_fewer(self, account: Account, rubber: Rubber) -> None:
        can(rubber, on_theirs=frozenset({"like", "hide"}), only={"mention": frozenset({"like"})})
        news(account, comment("1"), comment("2", kind="mention"))
        offered = {each.external_id: [a.action for a in actions(each)] for each in Message.objects.all()}
        assert offered == {"1": ["like", "hide"], "2": ["like"]}


def test_a_paused_account_sends_nothing(account: Account, ana: User, rubber: Rubber) -> None:
    can(rubber)
    news(account, comment("1"), comment("2", who=OMAR))
    first, second = Ticket.objects.order_by("id")
    rubber.script = [Refusal("slow_down", retry=True, after=600, whole_account=True), Sent("s")]
    verbs.answer(first, ana, "one", "public")
    verbs.answer(second, ana, "two", "public")
    outbox.send_next(first.pk)
    again = outbox.send_next(second.pk)
    assert len(rubber.sent) == 1
    assert again is not None
    assert 590 < (again - clock.now()).total_seconds() < 610
    Account.objects.update(paused_until=clock.now())
    outbox.send_next(second.pk)
    assert [each.text for each in rubber.sent] == ["one", "two"]


def test_news_of_a_window_outlives_a_solved_ticket(account: Account, ana: User, rubber: Rubber) -> None:
    can(rubber)
    news(account, private("1"))
    verbs.set_status(Ticket.objects.get(), ana, "solved")
    again: MessageReceived = private("2", 30)
    news(account, again)
    assert Ticket.objects.get().window_closes_at == at(30) + timedelta(days=1)
    assert Event.objects.filter(kind="ticket_reopened").count() == 1

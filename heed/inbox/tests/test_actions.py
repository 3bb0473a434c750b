"""What may be done to a message, and what becomes of it."""

from __future__ import annotations

import pytest

from heed.accounts.models import User
from heed.channels.base import TAKEN_OVER, Sent
from heed.channels.models import Account
from heed.inbox import outbox, verbs
from heed.inbox.jobs import act_on_network
from heed.inbox.models import Message, Reaction, Ticket
from heed.inbox.possible_actions import ONLY_AUTHOR, actions
from heed.inbox.tests.deliveries import comment, news, private
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.ways import FIRST, can, waited

pytestmark = pytest.mark.django_db


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

    def test_nobody_is_told_why_of_what_nobody_expects(self, account: Account, rubber: Rubber) -> None:
        """What all can see is liked or hidden, what two see is reacted to and seen; a like will do, too."""
        why = dict.fromkeys(("like", "react", "hide", "seen"), "The network has none.")
        news(account, comment("1"), private("2"))

        def offered() -> dict[str, list[str]]:
            return {each.external_id: [a.action for a in actions(each)] for each in Message.objects.all()}

        can(rubber, why_not=why)
        assert offered() == {"1": ["like", "hide"], "2": ["react", "seen"]}
        can(rubber, on_private=frozenset({"like"}), why_not=why)
        assert offered() == {"1": ["like", "hide"], "2": ["like", "seen"]}

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
        offered = {
            each.external_id: [a.action for a in actions(each) if a.allowed] for each in Message.objects.all()
        }
        assert offered == {"1": ["like", "hide"], "2": ["like"]}

    def test_what_only_its_author_deletes_says_so(self, account: Account, rubber: Rubber) -> None:
        can(rubber, on_theirs=frozenset({"like"}), why_not={})
        news(account, comment("1"))
        told = {each.action: (each.allowed, str(each.sentence)) for each in actions(Message.objects.get())}
        assert told == {"like": (True, ""), "delete": (False, str(ONLY_AUTHOR))}
        can(rubber, on_theirs=frozenset({"like", "delete"}))
        assert all(each.allowed for each in actions(Message.objects.get()))

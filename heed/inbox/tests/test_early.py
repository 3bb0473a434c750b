"""News that comes before what it is about."""

from __future__ import annotations

from datetime import timedelta

import pytest

from heed.channels.base import Echo, HiddenChanged, MessageEdited, MessageRemoved
from heed.channels.models import Account
from heed.inbox import early, intake
from heed.inbox.models import Delivery, EarlyNews, Message, Ticket
from heed.inbox.news import apply_parked, echoes
from heed.inbox.tests.deliveries import at, comment, news, texts
from heed.lib import clock

pytestmark = pytest.mark.django_db


def test_news_may_overtake_its_message(account: Account) -> None:
    news(
        account,
        MessageRemoved(external_id="1", at=at(5)),
        MessageEdited(external_id="1", at=at(2), text="second"),
        HiddenChanged(external_id="1", at=at(3), hidden=True),
    )
    assert EarlyNews.objects.count() == 3
    news(account, comment("1"))
    message = Message.objects.get()
    assert (message.text, message.hidden, message.removed_at) == ("second", True, at(5))
    assert EarlyNews.objects.count() == 0


def test_two_edits_of_one_second_may_overtake_their_message(account: Account) -> None:
    edits = [MessageEdited(external_id="1", at=at(2), text=text) for text in ("second", "third")]
    news(account, *edits, *edits)
    assert EarlyNews.objects.count() == 2
    news(account, comment("1"))
    message = Message.objects.get()
    assert message.text == "third"
    assert [each.text for each in message.revisions.order_by("at", "id")] == ["words of 1", "second", "third"]


def test_what_two_processes_missed_is_swept_up(account: Account) -> None:
    news(account, comment("1"))
    early.keep(account.pk, "1", "edited", at(1), text="better")
    early.keep(account.pk, "1", "removed", at(2))
    assert early.apply_waiting() == 2
    message = Message.objects.get()
    assert (message.text, message.removed_at) == ("better", at(2))


def test_an_echo_may_come_before_the_comment_it_answers(account: Account) -> None:
    news(account, Echo(external_id="e", at=at(5), visibility="public", parent="1", text="hello"))
    assert Message.objects.count() == 0
    news(account, comment("1"))
    apply_parked()
    ticket = Ticket.objects.get()
    assert texts(ticket) == ["words of 1", "hello"]
    assert not ticket.unanswered
    assert EarlyNews.objects.count() == 0


class TestParkedEchoes:
    """Echoes of which it cannot be told yet where they belong."""

    def parked(self, account: Account, *parents: str) -> None:
        for parent in parents:
            echo = Echo(external_id=f"e{parent}", at=at(5), visibility="public", parent=parent, text="hello")
            news(account, echo)

    def waiting(self) -> list[str]:
        return sorted(EarlyNews.objects.values_list("external_id", flat=True))

    def test_many_that_wait_in_vain_hold_up_no_other(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(echoes, "_AT_ONCE", 2)
        self.parked(account, "never", "nowhere", "nobody", "1")
        news(account, comment("1"))
        apply_parked()
        apply_parked()
        assert texts(Ticket.objects.get()) == ["words of 1", "hello"]
        assert self.waiting() == ["enever", "enobody", "enowhere"]
        news(account, comment("never"))
        for _ in range(2):
            apply_parked()
        assert self.waiting() == ["enobody", "enowhere"]

    def test_a_new_one_is_looked_at_first(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(echoes, "_AT_ONCE", 2)
        self.parked(account, "never", "nowhere", "nobody")
        apply_parked()
        news(account, comment("1"))
        self.parked(account, "1")
        EarlyNews.objects.filter(external_id="enobody").update(looked_at=clock.now())
        self.parked(account, "2")
        news(account, comment("2"))
        apply_parked()
        assert self.waiting() == ["enever", "enobody", "enowhere"]

    def test_one_that_cannot_be_looked_at_holds_up_no_other(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(echoes, "_AT_ONCE", 1)
        self.parked(account, "spoilt", "1")
        EarlyNews.objects.filter(external_id="espoilt").update(data={"echo": {"no": "echo"}})
        news(account, comment("1"))
        apply_parked()
        apply_parked()
        assert self.waiting() == ["espoilt"]

    def test_what_never_comes_is_given_up_and_can_be_replayed(
        self, account: Account, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", "heed.early")
        self.parked(account, "never")
        with clock.moved(timedelta(days=3) - timedelta(minutes=1)):
            early.forget()
            assert self.waiting() == ["enever"]
        with clock.moved(timedelta(days=3, minutes=1)):
            early.forget()
        assert self.waiting() == []
        assert "1 × echo given up" in caplog.text
        Delivery.objects.update(state="pending")
        while intake.take_batch():
            pass
        assert self.waiting() == ["enever"]

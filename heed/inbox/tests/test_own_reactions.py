"""What we like and repost in Heed itself counts as the network's own news of it would, and once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import User
from heed.channels.base import Action, Capabilities, Limit, Person, ReactionChanged, Writing
from heed.channels.models import Account
from heed.inbox import reach
from heed.inbox.jobs import act_on_network
from heed.inbox.models import Message, Reaction
from heed.inbox.tests.deliveries import OMAR, comment, news
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock

pytestmark = pytest.mark.django_db


class Context:
    """That of a job's first run."""

    class job:  # noqa: N801 - the shape procrastinate has
        attempts = 0


FIRST: Any = Context()
BOTH: frozenset[Action] = frozenset({"like", "unlike", "repost", "unrepost"})


@pytest.fixture
def message(account: Account, rubber: Rubber) -> Message:
    rubber.capabilities = Capabilities(public=Writing((Limit("chars", 100),)), private=None, on_theirs=BOTH)
    news(account, comment("1"))
    return Message.objects.get()


def act(message: Message, user: User, action: Action) -> None:
    act_on_network.func(FIRST, message.pk, action, user.pk)


def told(account: Account, reaction: str, *, on: bool, after: float) -> None:
    """The network tells of what we did ourselves, so many seconds after Heed knew."""
    us, at = Person(account.external_id), clock.now() + timedelta(seconds=after)
    news(account, ReactionChanged(target="1", at=at, author=us, reaction=reaction, on=on))


def likes(user: User, message: Message) -> int:
    return reach.message(user, message.pk).like_count  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("after", [-1, 1])
def test_a_like_counts_once_and_at_once(account: Account, ana: User, message: Message, after: float) -> None:
    told_by = ReactionChanged(
        target="1", at=message.at, author=Person(OMAR.external_id), reaction="like", on=True
    )
    news(account, told_by)
    act(message, ana, "like")
    assert likes(ana, message) == 2
    told(account, "like", on=True, after=after)
    assert likes(ana, message) == 2
    with clock.moved(timedelta(minutes=1)):
        act(message, ana, "unlike")
        assert likes(ana, message) == 1
        told(account, "like", on=False, after=after)
        assert likes(ana, message) == 1
    message.refresh_from_db()
    assert not message.liked


def test_a_like_that_was_made_outside_is_taken_back_here(
    account: Account, ana: User, message: Message
) -> None:
    told(account, "like", on=True, after=-60)
    assert likes(ana, message) == 1
    act(message, ana, "unlike")
    assert likes(ana, message) == 0
    told(account, "like", on=True, after=-30)  # late: it was told of before we took it back
    message.refresh_from_db()
    assert (likes(ana, message), message.liked) == (0, False)


def test_a_repost_stands_beside_a_like_and_is_not_counted(
    account: Account, ana: User, message: Message
) -> None:
    act(message, ana, "like")
    act(message, ana, "repost")
    told(account, "repost", on=True, after=1)
    assert sorted(Reaction.objects.values_list("reaction", "repost", "on")) == [
        ("like", False, True),
        ("repost", True, True),
    ]
    with clock.moved(timedelta(minutes=1)):
        act(message, ana, "unrepost")
    message.refresh_from_db()
    assert (likes(ana, message), message.liked, message.reposted) == (1, True, False)
    assert not Reaction.objects.get(repost=True).on

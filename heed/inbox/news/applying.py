"""What is done with each kind of news."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

from heed.channels.base import (
    AccountChanged,
    AccountStale,
    AuthorFound,
    Echo,
    HiddenChanged,
    IdentityChanged,
    IdentitySeen,
    Inbound,
    KindFound,
    MessageEdited,
    MessageRemoved,
    PostSeen,
    PostStale,
    ReactionChanged,
    Receipt,
    WordsFound,
)
from heed.channels.missed import check_soon
from heed.channels.models import Account
from heed.inbox import posts
from heed.inbox.news.changes import edited, hidden, kind_found, reaction, receipt, removed, words_found
from heed.inbox.news.echoes import came_back
from heed.inbox.news.people import author_found, identity_seen, renamed
from heed.lib import clock, live


def apply(account: Account, news: Inbound) -> None:
    """Apply one piece of news. Call it in a transaction."""
    match news:
        case Echo():
            came_back(account, news)
        case MessageEdited():
            edited(account, news)
        case MessageRemoved():
            removed(account, news)
        case HiddenChanged():
            hidden(account, news)
        case ReactionChanged():
            reaction(account, news)
        case Receipt():
            receipt(account, news)
        case PostSeen():
            posts.take_over([(account, news)])
        case PostStale():
            posts.look_again([(account, news)])
        case IdentitySeen():
            identity_seen(account, news)
        case IdentityChanged():
            renamed(account, news)
        case AuthorFound():
            author_found(account, news)
        case WordsFound():
            words_found(account, news)
        case KindFound():
            kind_found(account, news)
        case AccountChanged():
            _account_changed(account, news)
        case AccountStale():
            check_soon(account.pk)
        case _:
            raise TypeError(f"no verb for {type(news).__name__}")


def _account_changed(account: Account, news: AccountChanged) -> None:
    """What the network says of our account: a problem stays until it takes it back, and a remark heals
    nothing and hides no problem. What it said earlier and comes later, or again, is no news; of one time the
    gravest counts."""
    row = Account.objects.select_for_update(no_key=True).get(pk=account.pk)  # the door refers to it
    lists = {name: [*row.facts.get(name, ()), *more] for name, more in news.facts.items()}
    lists = {name: list(dict.fromkeys(each)) for name, each in lists.items()}
    if lists:  # whenever it was said: the check asks whether it still holds
        row.facts = {**row.facts, **lists}
        row.save(update_fields=["facts"])
    at = news.at or clock.now()
    said = {"at": at.astimezone(UTC).isoformat(), "problem": news.problem, "detail": news.detail[:500]}
    if _weight(row.told) >= _weight(said):
        return
    if news.problem:
        row.state, row.problem, row.problem_detail = Account.State.BROKEN, news.problem, said["detail"]
        row.broken_at = row.broken_at or clock.now()
    elif row.problem and not news.detail:
        check_soon(row.pk)
    elif row.problem and row.told.get("problem"):
        return
    row.told = said
    row.save(update_fields=["state", "problem", "problem_detail", "broken_at", "told"])
    live.tell(["accounts"])


def _weight(said: Mapping[str, str]) -> tuple[str, ...]:
    return said.get("at", ""), said.get("problem", ""), said.get("detail", "")

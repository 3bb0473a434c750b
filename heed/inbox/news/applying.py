"""What is done with each kind of news."""

from __future__ import annotations

from django.db.models.functions import Coalesce

from heed.channels.base import (
    AccountChanged,
    AuthorFound,
    Echo,
    HiddenChanged,
    IdentityChanged,
    IdentitySeen,
    Inbound,
    MessageEdited,
    MessageRemoved,
    PostSeen,
    PostStale,
    ReactionChanged,
    Receipt,
)
from heed.channels.models import Account
from heed.inbox import events, posts
from heed.inbox.models import Event, Post
from heed.inbox.news.changes import edited, hidden, reaction, receipt, removed
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
            _stale(account, news)
        case IdentitySeen():
            identity_seen(account, news)
        case IdentityChanged():
            renamed(account, news)
        case AuthorFound():
            author_found(account, news)
        case AccountChanged():
            _account_changed(account, news)
        case _:
            raise TypeError(f"no verb for {type(news).__name__}")


def _stale(account: Account, news: PostStale) -> None:
    if Post.objects.filter(account=account, external_id=news.external_id).exists():
        event = Event.objects.create(kind="post_stale", account=account, data={"post": news.external_id})
        events.hand_to_reactions([(event.kind, event.pk)])


def _account_changed(account: Account, news: AccountChanged) -> None:
    """What the network says of our account. Without a problem it is a remark, and heals nothing."""
    row = Account.objects.filter(pk=account.pk)
    if news.problem:
        row.update(
            problem=news.problem,
            problem_detail=news.detail[:500],
            state=Account.State.BROKEN,
            broken_at=Coalesce("broken_at", clock.now()),
        )
    else:
        row.filter(problem="").update(problem_detail=news.detail[:500])
    live.tell(["accounts"])

"""What a network says of people."""

from __future__ import annotations

from datetime import datetime

from heed.channels.base import AuthorFound, IdentityChanged, IdentitySeen
from heed.channels.models import Account
from heed.inbox import events
from heed.inbox.arrivals import describe, refresh_identity
from heed.inbox.models import Customer, Identity
from heed.inbox.news.finding import find, known_by, known_person, new_person
from heed.inbox.news.giving_way import give_way
from heed.lib import clock, live


def identity_seen(account: Account, news: IdentitySeen) -> None:
    at = news.at or clock.now()
    identity = known_person(account, news.person)
    if identity is None and news.reachable is None:
        return  # nobody who wrote to us
    identity = identity or new_person(account, news.person, at)
    changed = describe(identity, news.person, at)
    if news.reachable is not None and _holds(identity, news.reachable, at):
        identity.reachable, identity.reachable_at = news.reachable, at
        changed = True
    if not changed:
        return
    identity.save()
    if news.person.name:
        Customer.objects.filter(pk=identity.customer_id, name="").update(name=identity.name)
    live.tell(events.topics_of(identity.tickets.values_list("pk", flat=True)[:200]))


def _holds(identity: Identity, reachable: bool, at: datetime) -> bool:
    """Whether nothing newer is known; of two words of one time, that they left. Whoever wrote privately since
    then has not."""
    if identity.reachable_at is not None and (identity.reachable_at, reachable) > (at, identity.reachable):
        return False
    return reachable or not identity.tickets.filter(last_private_in__gt=at).exists()


def renamed(account: Account, news: IdentityChanged) -> None:
    """The network gave a person another id: whoever knew them by the old one knows them by the new."""
    old = known_by(account, news.previous)
    known = known_by(account, news.person.external_id)
    if old is None or old == known:
        identity_seen(account, IdentitySeen(person=news.person))
        return
    if known is not None:
        give_way(old, known)
        return
    for field in ("external_id", "private_id", "also_id"):
        if getattr(old, field) == news.previous:
            setattr(old, field, news.person.external_id)
    refresh_identity(old, news.person)
    old.save()
    live.tell(events.topics_of(old.tickets.values_list("pk", flat=True)[:200]))


def author_found(account: Account, news: AuthorFound) -> None:
    """We learned who wrote a message: its stand-in becomes that person, or gives way to them."""
    message = find(account, news.external_id)
    if message is None or message.identity is None or not message.identity.unknown:
        return
    stand_in = message.identity
    known = known_person(account, news.author)
    if known is None:
        stand_in.external_id = news.author.external_id
        refresh_identity(stand_in, news.author)
        stand_in.save()
        Customer.objects.filter(pk=stand_in.customer_id).update(name=stand_in.name or stand_in.handle)
        live.tell(events.topics_of([message.ticket_id]))
        return
    give_way(stand_in, known)

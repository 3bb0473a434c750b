"""What became of a message: edits, removals, reactions, receipts."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Greatest

from heed.channels.base import (
    HiddenChanged,
    KindFound,
    MessageEdited,
    MessageRemoved,
    Person,
    ReactionChanged,
    Receipt,
    WordsFound,
)
from heed.channels.models import Account
from heed.inbox import early, events, receipts
from heed.inbox.arrivals import window_of
from heed.inbox.models import Identity, Message, Post, Reaction, Ticket
from heed.inbox.news.finding import find, known_person
from heed.inbox.statements import cleaned
from heed.lib import clock, live
from heed.lib.text import clean, first_words


def edited(account: Account, news: MessageEdited) -> None:
    message = find(account, news.external_id)
    if message is None:
        early.keep(account.pk, news.external_id, "edited", news.at, text=clean(news.text))
        return
    if early.edit(message, news.at, clean(news.text)):
        events.record("message_edited", ticket=message.ticket, message=message, at=news.at)


def words_found(account: Account, news: WordsFound) -> None:
    """What a message said from the start, though it came to us without: nobody edited it."""
    bare = Message.objects.filter(account=account, external_id=news.external_id, text="", edited_at=None)
    found = bare.first()
    message = receipts.locked(found) if found is not None else None
    if message is None or message.text or message.edited_at is not None:
        return
    text = clean(news.text)
    Message.objects.filter(pk=message.pk).update(text=text)
    Ticket.objects.filter(pk=message.ticket_id, last_at=message.at).update(last_text=first_words(text, 180))
    live.tell(events.topics_of([message.ticket_id]))


def kind_found(account: Account, news: KindFound) -> None:
    """What a message was from the start, though that was not to be seen when it came."""
    found = Message.objects.filter(account=account, external_id=news.external_id, direction="in").first()
    message = receipts.locked(found) if found is not None else None
    if message is None or message.kind == news.kind:
        return
    refs = {**message.refs, **cleaned(dict(news.refs))}
    Message.objects.filter(pk=message.pk).update(kind=news.kind, refs=refs)
    live.tell(events.topics_of([message.ticket_id]))


def removed(account: Account, news: MessageRemoved) -> None:
    at = news.at or clock.now()
    message = find(account, news.external_id)
    if message is None:
        early.keep(account.pk, news.external_id, "removed", at)
        Post.objects.filter(account=account, external_id=news.external_id).update(removed=True)
        return
    if early.remove(message, at):
        events.record("message_removed", ticket=message.ticket, message=message, at=at)


def hidden(account: Account, news: HiddenChanged) -> None:
    message = find(account, news.external_id)
    if message is None:
        early.keep(account.pk, news.external_id, "hidden", news.at, hidden=news.hidden)
        return
    if early.hide(message, news.at, news.hidden):
        events.record(
            "hidden_changed", ticket=message.ticket, message=message, at=news.at, hidden=news.hidden
        )


def reaction(account: Account, news: ReactionChanged) -> None:
    """The latest by the network's time counts; of two at one time the one that takes back. Our own like shows
    as ours."""
    row, made = Reaction.objects.get_or_create(
        account=account,
        target=news.target[:255],
        author_external_id=news.author.external_id[:255],
        repost=news.reaction == "repost",
        defaults={
            "author_name": clean(news.author.name)[:255],
            "reaction": clean(news.reaction)[:40],
            "on": news.on,
            "at": news.at,
        },
    )
    if not made:
        earlier = Q(at__lt=news.at) if news.on else Q(at__lt=news.at) | Q(at=news.at, on=True)
        changed = Reaction.objects.filter(earlier, pk=row.pk).update(
            reaction=clean(news.reaction)[:40] or row.reaction, on=news.on, at=news.at
        )
        if not changed:
            return
    if news.author.external_id == account.external_id:
        field = "reposted" if news.reaction == "repost" else "liked"
        Message.objects.filter(account=account, external_id=news.target).update(**{field: news.on})
    message = find(account, news.target)
    if message is None:
        return
    if news.opens_window and news.on and message.visibility == "private":
        _open_window(account, message.ticket_id, news.at)
    live.tell(events.topics_of([message.ticket_id]))


def _open_window(account: Account, ticket: int, at: datetime) -> None:
    """What the customer did lets us write freely again, as a message would."""
    row = Ticket.objects.select_for_update().get(pk=ticket)
    row.last_private_in = max(row.last_private_in or at, at)
    window = window_of(account)
    if window is not None:
        row.window_closes_at = row.last_private_in + timedelta(seconds=window)
    row.save(update_fields=["last_private_in", "window_closes_at"])


def receipt(account: Account, news: Receipt) -> None:
    for external_id in news.external_ids:
        message = find(account, external_id) or receipts.whole_of(account.pk, external_id)
        if message is None:
            told = {**_of_whom(news), **_why(news)}
            early.keep(account.pk, external_id, "receipt", news.at, state=news.state, **told)
        elif message.direction == "out":
            receipts.receipt(message, news.state, part=external_id, **_of_whom(news), **_why(news))
            live.tell(events.topics_of([message.ticket_id]))
    if news.key:
        _receipt_by_key(account, news)
    if news.watermark is not None and news.person:
        _watermark(account, news, news.watermark)


def _receipt_by_key(account: Account, news: Receipt) -> None:
    """The network named our answer by the key we sent along, which every attempt at it bears: what has an id
    is known by that."""
    try:
        key = UUID(news.key)
    except ValueError:
        return
    message = Message.objects.filter(account=account, send_key=key).first()
    if message is not None and not (news.external_ids and message.external_id):
        receipts.receipt(message, news.state, **_of_whom(news), **_why(news))
        live.tell(events.topics_of([message.ticket_id]))


def _of_whom(news: Receipt) -> dict[str, str]:
    return {"receiver": news.receiver} if news.receiver else {}


def _why(news: Receipt) -> receipts.Why:
    """Why it failed, as the network said; nothing for good news."""
    if news.state != "failed":
        return {}
    return {"reason": news.reason, "code": news.code, "detail": news.detail}


def _watermark(account: Account, news: Receipt, until: datetime) -> None:
    identity = known_person(account, Person(news.person))
    if identity is None or news.state == "failed":
        return
    field = "seen_until" if news.state == "seen" else "delivered_until"
    Identity.objects.filter(pk=identity.pk).update(
        **{field: until if getattr(identity, field) is None else Greatest(F(field), until)}
    )
    below = ["sent", "delivered"] if news.state == "seen" else ["sent"]
    changed = Message.objects.filter(
        identity=identity,
        direction="out",
        visibility="private",
        state__in=below,
        at__lte=until,
    )
    tickets = list(changed.values_list("ticket_id", flat=True).distinct())
    if tickets:
        changed.update(state=news.state)
        live.tell(events.topics_of(tickets))

"""All other news a network brings, one at a time. Each may come twice, late, or before its message."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from heed.channels import base
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
    Person,
    PostSeen,
    PostStale,
    ReactionChanged,
    Receipt,
    Sent,
)
from heed.channels.models import Account
from heed.inbox import early, events, outbox, posts, receipts
from heed.inbox.arrivals import attachment_row, refresh_identity, window_of
from heed.inbox.models import (
    Attachment,
    Customer,
    Draft,
    EarlyNews,
    Event,
    FormerNumber,
    Identity,
    Message,
    Post,
    Reaction,
    Ticket,
)
from heed.lib import clock, live
from heed.lib.text import clean, first_words


def apply(account: Account, news: Inbound) -> None:
    """Apply one piece of news. Call it in a transaction."""
    match news:
        case Echo():
            _echo(account, news)
        case MessageEdited():
            _edited(account, news)
        case MessageRemoved():
            _removed(account, news)
        case HiddenChanged():
            _hidden(account, news)
        case ReactionChanged():
            _reaction(account, news)
        case Receipt():
            _receipt(account, news)
        case PostSeen():
            posts.take_over([(account, news)])
        case PostStale():
            _stale(account, news)
        case IdentitySeen():
            _identity(account, news)
        case IdentityChanged():
            _renamed(account, news)
        case AuthorFound():
            _author(account, news)
        case AccountChanged():
            _account(account, news)
        case _:
            raise TypeError(f"no verb for {type(news).__name__}")


def _find(account: Account, external_id: str) -> Message | None:
    return (
        Message.objects.select_related("ticket", "identity", "account", "author")
        .filter(account=account, external_id=external_id)
        .first()
    )


# ---------------------------------------------------------------------------------- echoes

_CLOCKS_APART = timedelta(seconds=10)
_SEND_MAY_TAKE = timedelta(minutes=3)


def _echo(account: Account, echo: Echo) -> None:
    """Our own message came back: attach it to the row that sent it, else it was sent outside Heed.

    While it cannot be told (a request that may have made it is still under way, or the comment it
    answers has not come), it is parked; `apply_parked` looks again.
    """
    if not _place_echo(account, echo):
        early.keep(account.pk, echo.external_id, "echo", echo.at, echo=_kept(echo))


def apply_parked() -> None:
    """Look again at the echoes of which it could not be told whose they are."""
    for row in EarlyNews.objects.filter(what="echo").select_related("account").order_by("id")[:500]:
        with transaction.atomic():
            if _place_echo(row.account, _echo_of(row)):
                row.delete()


def _place_echo(account: Account, echo: Echo) -> bool:
    """Put an echo where it belongs; False when that cannot be told yet."""
    if _find(account, echo.external_id) is not None or _is_known_part(account, echo):
        return True
    ours = _by_key(account, echo) if echo.key else None
    if ours is not None:
        if ours.external_id or (clean(echo.text) != ours.text and ours.attachments.exists()):
            _attach_part(ours, echo)
        else:
            _attach(ours, echo)
        return True
    if _may_be_under_way(account, echo):
        return False
    unknown = _of_unknown_outcome(account, echo)
    if unknown is not None:
        _attach(unknown, echo)
        return True
    return _answered_outside(account, echo)


def _kept(echo: Echo) -> dict[str, Any]:
    """An echo as JSON."""
    facts: dict[str, Any] = orjson.loads(orjson.dumps(replace(echo, refs=dict(echo.refs))))
    return facts


def _echo_of(row: EarlyNews) -> Echo:
    facts = dict(row.data["echo"])
    person = Person(**facts["person"]) if facts.get("person") else None
    files = tuple(base.Attachment(**each) for each in facts.get("attachments", ()))
    return Echo(**{**facts, "at": row.at, "person": person, "attachments": files})


def _is_known_part(account: Account, echo: Echo) -> bool:
    """Whether this is another part of an answer that went out in several messages."""
    parts = Message.objects.filter(
        account=account, direction="out", refs__has_key="more", created_at__gte=echo.at - timedelta(hours=1)
    )
    return parts.filter(refs__more__contains=[echo.external_id]).exists()


def _ours(account: Account) -> QuerySet[Message]:
    return Message.objects.select_related("ticket", "identity", "account", "author").filter(
        account=account, direction="out", send_key__isnull=False
    )


def _by_key(account: Account, echo: Echo) -> Message | None:
    try:
        return _ours(account).filter(send_key=UUID(echo.key)).first()
    except ValueError:
        return None


def _begun_before(account: Account, echo: Echo) -> QuerySet[Message]:
    """Answers of ours without an id yet whose request may have made this echo."""
    rows = _ours(account).filter(
        visibility=echo.visibility, external_id="", started_at__lte=echo.at + _CLOCKS_APART
    )
    if echo.visibility == "private":
        person = echo.person.external_id if echo.person else ""
        return rows.filter(Q(identity__external_id=person) | Q(identity__private_id=person))
    if echo.parent:
        return rows.filter(Q(answers__external_id=echo.parent) | Q(answers__parent=echo.parent))
    return rows.filter(ticket__post__external_id=echo.post)


def _may_be_under_way(account: Account, echo: Echo) -> bool:
    """Whether a request that is under way may have made it, whatever its words: the network may
    change them. Its own answer will say."""
    return (
        _begun_before(account, echo)
        .filter(state=Message.State.SENDING, lease_until__gt=clock.now())
        .filter(started_at__gt=clock.now() - _SEND_MAY_TAKE)
        .exists()
    )


def _of_unknown_outcome(account: Account, echo: Echo) -> Message | None:
    """The answer with these words that may have arrived, whatever came back; of several, the one
    begun first."""
    states = (Message.State.UNKNOWN, Message.State.SENDING, Message.State.FAILED)
    rows = _begun_before(account, echo).filter(state__in=states, text=clean(echo.text))
    return rows.order_by("started_at", "id").first()


def _attach(ours: Message, echo: Echo) -> None:
    """The network shows our answer: it arrived, whatever became of the request."""
    outbox.arrived(ours, Sent(echo.external_id, at=echo.at, refs=echo.refs))
    Message.objects.filter(pk=ours.pk, permalink="").update(permalink=echo.permalink)


def _attach_part(ours: Message, echo: Echo) -> None:
    """An answer with files goes out in several messages: this is one of them, not yet the whole."""
    row = Message.objects.select_for_update(of=("self",)).get(pk=ours.pk)
    more = row.refs.get("more", [])
    if echo.external_id not in (row.external_id, *more):
        Message.objects.filter(pk=row.pk).update(refs={**row.refs, "more": [*more, echo.external_id]})


def _answered_outside(account: Account, echo: Echo) -> bool:
    """A colleague answered in the network's own app. False when its ticket is not here yet."""
    ticket = _ticket_of_echo(account, echo)
    if ticket is None:
        return echo.visibility == "public" and not echo.parent
    with transaction.atomic():
        message, made = Message.objects.get_or_create(
            account=account,
            external_id=echo.external_id,
            defaults={
                "ticket": ticket,
                "identity_id": ticket.identity_id,
                "direction": "out",
                "visibility": echo.visibility,
                "kind": echo.kind[:20],
                "text": clean(echo.text),
                "at": echo.at,
                "parent": echo.parent[:255],
                "permalink": echo.permalink,
                "refs": dict(echo.refs),
                "state": Message.State.SENT,
                "automatic": echo.automatic,
            },
        )
    if not made:
        return True
    rows = [attachment_row(message.pk, position, each) for position, each in enumerate(echo.attachments)]
    Attachment.objects.bulk_create(rows, ignore_conflicts=True)
    before = {} if echo.automatic else _count_as_answered(ticket, message)
    early.apply_to({(account.pk, message.external_id): message.pk})
    outbox.catch_up(message)
    if echo.automatic:
        events.record("answered_by_machine", ticket=ticket, message=message, at=message.at)
        return True
    events.record("answered_outside", ticket=ticket, message=message, at=message.at, before=before)
    return True


def _ticket_of_echo(account: Account, echo: Echo) -> Ticket | None:
    """Where an answer given outside belongs: beside the comment it answers, else with the person."""
    if echo.visibility == "public":
        answered = _find(account, echo.parent) if echo.parent else None
        return answered.ticket if answered else None
    if echo.person is None:
        return None
    identity = _known(account, echo.person) or _made(account, echo.person)
    mine = Ticket.objects.filter(identity=identity, running=True).order_by("id")
    found = mine.filter(kind=Ticket.Kind.PRIVATE).first() or mine.filter(took_private=True).first()
    return found or _private_ticket(account, identity, echo)


def _private_ticket(account: Account, identity: Identity, echo: Echo) -> Ticket:
    """We wrote first, outside Heed: a ticket that waits for nobody."""
    ticket = Ticket(
        account=account,
        identity=identity,
        customer_id=identity.customer_id,
        kind=Ticket.Kind.PRIVATE,
        status=Ticket.Status.OPEN,
        unanswered=False,
        subject=first_words(clean(echo.text), 80),
        opened_at=echo.at,
        last_at=echo.at,
    )
    Ticket.objects.bulk_create([ticket], ignore_conflicts=True)
    return Ticket.objects.get(identity=identity, kind=Ticket.Kind.PRIVATE, running=True)


def _count_as_answered(ticket: Ticket, message: Message) -> dict[str, Any]:
    """An answer outside Heed answers what customers wrote before it, whatever comes in first here.
    Gives back how it stood before."""
    row = Ticket.objects.select_for_update().get(pk=ticket.pk)
    before = {
        "unanswered": row.unanswered,
        "waiting_since": row.waiting_since.isoformat() if row.waiting_since else None,
        "outside_until": row.outside_until.isoformat() if row.outside_until else None,
    }
    row.outside_until = max(row.outside_until or message.at, message.at)
    later = row.messages.filter(direction="in", at__gt=row.outside_until).order_by("at").first()
    row.unanswered, row.waiting_since = later is not None and row.unanswered, later.at if later else None
    if message.at >= row.last_at:
        row.last_at, row.last_text = message.at, first_words(message.text, 180)
        row.last_direction, row.last_author = "out", ""
    row.save()
    return before


# ------------------------------------------------------------------- changes of messages


def _edited(account: Account, news: MessageEdited) -> None:
    message = _find(account, news.external_id)
    if message is None:
        early.keep(account.pk, news.external_id, "edited", news.at, text=clean(news.text))
        return
    if message.text == clean(news.text) and (message.edited_at is None or message.edited_at <= news.at):
        return  # some networks tell of edits that changed nothing one can see
    if early.edit(message, news.at, clean(news.text)):
        events.record("message_edited", ticket=message.ticket, message=message, at=news.at)


def _removed(account: Account, news: MessageRemoved) -> None:
    at = news.at or clock.now()
    message = _find(account, news.external_id)
    if message is None:
        early.keep(account.pk, news.external_id, "removed", at)
        Post.objects.filter(account=account, external_id=news.external_id).update(removed=True)
        return
    if early.remove(message, at):
        events.record("message_removed", ticket=message.ticket, message=message, at=at)


def _hidden(account: Account, news: HiddenChanged) -> None:
    message = _find(account, news.external_id)
    if message is None:
        early.keep(account.pk, news.external_id, "hidden", news.at, hidden=news.hidden)
        return
    if early.hide(message, news.at, news.hidden):
        events.record(
            "hidden_changed", ticket=message.ticket, message=message, at=news.at, hidden=news.hidden
        )


def _reaction(account: Account, news: ReactionChanged) -> None:
    """The latest by the network's time counts. Our own like shows as ours."""
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
        changed = Reaction.objects.filter(pk=row.pk, at__lte=news.at).update(
            reaction=clean(news.reaction)[:40] or row.reaction, on=news.on, at=news.at
        )
        if not changed:
            return
    if news.author.external_id == account.external_id:
        field = "reposted" if news.reaction == "repost" else "liked"
        Message.objects.filter(account=account, external_id=news.target).update(**{field: news.on})
    message = _find(account, news.target)
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


def _receipt(account: Account, news: Receipt) -> None:
    for external_id in news.external_ids:
        message = _find(account, external_id)
        if message is None:
            early.keep(account.pk, external_id, "receipt", news.at, state=news.state, **_why(news))
        elif message.direction == "out":
            receipts.receipt(message, news.state, **_why(news))
            live.tell(events.topics_of([message.ticket_id]))
    if news.key:
        _receipt_by_key(account, news)
    if news.watermark is not None and news.person:
        _watermark(account, news, news.watermark)


def _receipt_by_key(account: Account, news: Receipt) -> None:
    """The network named our answer by the key we sent along."""
    try:
        key = UUID(news.key)
    except ValueError:
        return
    message = Message.objects.filter(account=account, send_key=key).first()
    if message is not None:
        receipts.receipt(message, news.state, **_why(news))
        live.tell(events.topics_of([message.ticket_id]))


def _why(news: Receipt) -> receipts.Why:
    """Why it failed, as the network said; nothing for good news."""
    if news.state != "failed":
        return {}
    return {"reason": news.reason, "code": news.code, "detail": news.detail}


def _watermark(account: Account, news: Receipt, until: datetime) -> None:
    identity = _known(account, Person(news.person))
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


# --------------------------------------------------------------- posts, people, accounts


def _stale(account: Account, news: PostStale) -> None:
    if Post.objects.filter(account=account, external_id=news.external_id).exists():
        event = Event.objects.create(kind="post_stale", account=account, data={"post": news.external_id})
        events.hand_to_reactions([(event.kind, event.pk)])


def _identity(account: Account, news: IdentitySeen) -> None:
    identity = _known(account, news.person) or _made(account, news.person)
    changed = refresh_identity(identity, news.person)
    if news.reachable not in (None, identity.reachable):
        identity.reachable = bool(news.reachable)
        changed = True
    if not changed:
        return
    identity.save()
    if news.person.name:
        Customer.objects.filter(pk=identity.customer_id, name="").update(name=str(identity))
    live.tell(events.topics_of(identity.tickets.values_list("pk", flat=True)[:200]))


def _known(account: Account, person: Person) -> Identity | None:
    """By the id the network names, else by the second one that came along."""
    for wanted in (person.external_id, person.also):
        found = _known_by(account, wanted) if wanted else None
        if found is not None:
            return found
    return None


def _known_by(account: Account, wanted: str) -> Identity | None:
    rows = Identity.objects.filter(account=account)
    for field in ("external_id", "private_id", "also_id"):
        found = rows.filter(**{field: wanted}).first()
        if found is not None:
            return found
    return None


def _renamed(account: Account, news: IdentityChanged) -> None:
    """The network gave a person another id: whoever knew them by the old one knows them by the new."""
    old = _known_by(account, news.previous)
    known = _known_by(account, news.person.external_id)
    if old is None or old == known:
        _identity(account, IdentitySeen(person=news.person))
        return
    if known is not None:
        _give_way(old, known)
        return
    for field in ("external_id", "private_id", "also_id"):
        if getattr(old, field) == news.previous:
            setattr(old, field, news.person.external_id)
    refresh_identity(old, news.person)
    old.save()
    live.tell(events.topics_of(old.tickets.values_list("pk", flat=True)[:200]))


def _made(account: Account, person: Person) -> Identity:
    """The identity of a person we have not met; whoever inserts first wins."""
    customer = Customer.objects.create(name=clean(person.name or person.handle)[:255])
    fresh = Identity(account=account, customer=customer, external_id=person.external_id)
    refresh_identity(fresh, person)
    Identity.objects.bulk_create([fresh], ignore_conflicts=True)
    identity = Identity.objects.get(account=account, external_id=person.external_id)
    if identity.customer_id != customer.pk:
        customer.delete()
    return identity


def _author(account: Account, news: AuthorFound) -> None:
    """We learned who wrote a message: its stand-in becomes that person, or gives way to them."""
    message = _find(account, news.external_id)
    if message is None or message.identity is None or not message.identity.unknown:
        return
    stand_in = message.identity
    known = _known(account, news.author)
    if known is None:
        stand_in.external_id = news.author.external_id
        refresh_identity(stand_in, news.author)
        stand_in.save()
        Customer.objects.filter(pk=stand_in.customer_id).update(name=str(stand_in))
        live.tell(events.topics_of([message.ticket_id]))
        return
    _give_way(stand_in, known)


def _give_way(old: Identity, known: Identity) -> None:
    """All that hangs on a stand-in, or on an id that is no more, goes to the person it really is."""
    touched: set[int] = set()
    _lock(old)
    for ticket in old.tickets.order_by("id"):
        touched |= _hand_over(ticket, known)
    Message.objects.filter(identity=old).update(identity=known)
    customer = old.customer
    old.delete()
    if not customer.identities.exists():
        Ticket.objects.filter(customer=customer).update(customer_id=known.customer_id)
        customer.delete()
    live.tell(events.topics_of(sorted(touched)))


def _lock(old: Identity) -> None:
    """Wait for whoever is storing something of this person; whoever comes later finds them gone. Tickets
    first, as those who store take them."""
    list(old.tickets.select_for_update().order_by("id").values_list("pk"))
    list(Identity.objects.select_for_update().filter(pk=old.pk).values_list("pk"))


def _hand_over(ticket: Ticket, known: Identity) -> set[int]:
    """Give a ticket to another identity, or pour it into their running one; which pages it touches."""
    same = Ticket.objects.filter(identity=known, post=ticket.post, kind=ticket.kind, running=True)
    theirs = same.first() if ticket.running else None
    if theirs is None:
        Ticket.objects.filter(pk=ticket.pk).update(identity=known, customer_id=known.customer_id)
        return {ticket.pk}
    _pour(ticket.pk, theirs.pk)
    return {ticket.pk, theirs.pk}


def _pour(source: int, target: int) -> None:
    """Everything of one ticket goes into another, which then waits as long as the older of both. Who had
    taken it keeps it, where nobody has the other."""
    locked = {
        row.pk: row
        for row in Ticket.objects.select_for_update().filter(pk__in=(source, target)).order_by("id")
    }
    old, kept = locked[source], locked[target]
    for model in (Message, Event, Attachment):
        model.objects.filter(ticket=old).update(ticket=kept)
    for draft in Draft.objects.filter(ticket=old):
        mine = Draft.objects.filter(user=draft.user, ticket=kept, visibility=draft.visibility).first()
        if mine is None:
            Draft.objects.filter(pk=draft.pk).update(ticket=kept)
        else:
            Draft.objects.filter(pk=mine.pk).update(text=f"{mine.text}\n\n{draft.text}")
    kept.assignee_id = kept.assignee_id or old.assignee_id
    kept.took_private = kept.took_private or old.took_private
    for field in ("last_private_in", "window_closes_at", "outside_until"):
        times = [each for each in (getattr(old, field), getattr(kept, field)) if each is not None]
        setattr(kept, field, max(times) if times else None)
    waits = [each for each in (old.waiting_since, kept.waiting_since) if each is not None]
    kept.unanswered = old.unanswered or kept.unanswered
    kept.waiting_since = min(waits) if waits else None
    if old.unanswered and kept.solved:
        kept.status, kept.solved_at = Ticket.Status.OPEN, None
    if old.last_at > kept.last_at:
        kept.last_at, kept.last_text = old.last_at, old.last_text
        kept.last_direction, kept.last_author = old.last_direction, old.last_author
    kept.opened_at = min(old.opened_at, kept.opened_at)
    kept.save()
    FormerNumber.objects.filter(ticket=old).update(ticket=kept)
    old.delete()
    FormerNumber.objects.create(number=source, ticket=kept)


def _account(account: Account, news: AccountChanged) -> None:
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

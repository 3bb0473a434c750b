"""The fixed cast of the pages' tests: Acme, its colleagues, its customers and what they wrote."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox.models import Customer, Event, Identity, Message, Post, Reaction, Ticket
from heed.lib import clock

PASSWORD = "acme-shoes-2026"


def ana() -> User:
    return User.objects.create_user("ana@acme.example", PASSWORD, name="Ana Kovač")


def ivo() -> User:
    return User.objects.create_user("ivo@acme.example", PASSWORD, name="Ivo Horvat")


def maja() -> User:
    return User.objects.create_user("maja@acme.example", PASSWORD, name="Maja Zupan", role="owner")


def account(network: str = "facebook", name: str = "Acme on Facebook", **facts: Any) -> Account:
    facts.setdefault("state", Account.State.CONNECTED)
    facts.setdefault("external_id", f"{network}-page")
    return Account.objects.create(network=network, name=name, base_url="http://127.0.0.1:9", **facts)


def post(
    account: Account, text: str = "The Triglav boot is back in every size. Which colour is yours?"
) -> Post:
    return Post.objects.create(
        account=account,
        external_id=f"post-{Post.objects.count() + 1}",
        author_name="Acme",
        text=text,
        likes=1204,
        comments=86,
        shares=31,
        at=clock.now() - timedelta(days=1),
    )


def ticket(
    account: Account, name: str, text: str, *, minutes: float = 5, post: Post | None = None, **facts: Any
) -> Ticket:
    """A customer wrote `text` so many minutes ago; under a post it is a public comment."""
    at = clock.now() - timedelta(minutes=minutes)
    customer = Customer.objects.create(name=name)
    number = Identity.objects.count() + 1
    identity = Identity.objects.create(
        account=account, customer=customer, external_id=f"person-{number}", name=name
    )
    kind = "public" if post else "private"
    values: dict[str, Any] = {
        "status": Ticket.Status.NEW,
        "waiting_since": at,
        "last_private_in": None if post else at,
        "opened_at": at,
        "last_at": at,
        "last_text": text,
        "last_author": name,
    }
    made = Ticket.objects.create(
        account=account, identity=identity, customer=customer, post=post, kind=kind, **{**values, **facts}
    )
    said(made, text, at=at, kind="comment" if post else "message")
    return made


def said(ticket: Ticket, text: str, *, at: datetime | None = None, **facts: Any) -> Message:
    """The customer's message in a ticket."""
    values: dict[str, Any] = {
        "direction": "in",
        "visibility": ticket.kind,
        "kind": "comment" if ticket.kind == "public" else "message",
        "external_id": f"message-{Message.objects.count() + 1}",
        "identity": ticket.identity,
    }
    return Message.objects.create(
        account=ticket.account, ticket=ticket, text=text, at=at or clock.now(), **{**values, **facts}
    )


def wrote(ticket: Ticket, author: User | None, text: str, *, visibility: str = "", **facts: Any) -> Message:
    """An answer of ours, or a note."""
    where = visibility or ticket.kind
    values: dict[str, Any] = {
        "state": Message.State.NOTED if where == "note" else Message.State.DELIVERED,
        "external_id": "" if where == "note" else f"message-{Message.objects.count() + 1}",
        "at": clock.now(),
    }
    return Message.objects.create(
        account=ticket.account,
        ticket=ticket,
        author=author,
        direction="out",
        visibility=where,
        text=text,
        **{**values, **facts},
    )


def likes(message: Message, count: int) -> None:
    for number in range(count):
        Reaction.objects.create(
            account=message.account,
            target=message.external_id,
            author_external_id=f"fan-{number}",
            reaction="like",
            at=clock.now(),
        )


def assigned(ticket: Ticket, by: User, to: User, minutes: float = 0) -> None:
    ticket.assignee = to
    ticket.save()
    Event.objects.create(
        kind="assigned",
        ticket=ticket,
        account=ticket.account,
        actor=by,
        data={"to": to.name},
        at=_ago(minutes),
    )


def a_morning(ana: User, ivo: User) -> Ticket:
    """An inbox as it looks on a working day; gives back Lea's ticket, which has the richest story."""
    page = account("facebook", "Acme on Facebook", handle="acme.shoes")
    viber = account("viber", "Acme on Viber")
    sky = account("bluesky", "@acme.shoes", handle="acme.shoes")
    lea = _lea(page, ana, ivo)
    charged = "@acme.shoes your checkout charged me twice this morning, order 88213"
    ticket(sky, "Omar Badr", charged, minutes=9, post=post(sky))
    ticket(viber, "Tuya Bold", "Сайн байна уу, хүргэлт хэзээ ирэх вэ?", minutes=14)
    sizes = "Does the winter line come in half sizes? I am between 42 and 43."
    ticket(page, "Jan Sever", sizes, minutes=22, post=lea.post)
    nadia = ticket(viber, "Nadia Karim", "أين طلبي من فضلكم؟", minutes=48, unanswered=False)
    label = "I have sent the label to your address, it is valid for 14 days."
    _change(nadia, last_text=label, last_direction="out", status=Ticket.Status.OPEN, assignee=ivo)
    refund = "anyone else waiting on a refund from acme? third week now"
    ticket(sky, "Sam Cole", refund, minutes=41, post=post(sky, "Refunds take five days."))
    return Ticket.objects.select_related("account", "identity", "customer", "post").get(pk=lea.pk)


def _lea(page: Account, ana: User, ivo: User) -> Ticket:
    broken = "The left boot came with a broken zip and nobody answers my e-mail. Can somebody help me?"
    subject = "Broken zip on delivered boots"
    lea = ticket(page, "Lea Marn", broken, minutes=12, post=post(page), subject=subject, status="open")
    likes(lea.messages.get(), 3)
    assigned(lea, ivo, ana, minutes=9)
    batch = "Batch 7 has the zip fault, replacements are approved without photos."
    wrote(lea, ivo, batch, visibility="note", at=_ago(8))
    sorry = "So sorry about that, Lea! We have sent you a private message so we can fix it right away."
    wrote(lea, ana, sorry, at=_ago(7))
    said(lea, "Thank you! It is order 88140.", at=_ago(2), visibility="private", kind="message")
    _change(lea, last_at=_ago(2), last_private_in=_ago(2))
    parcel = {"subject": "Late parcel", "status": Ticket.Status.SOLVED, "unanswered": False, "running": False}
    Ticket.objects.create(
        account=page,
        identity=lea.identity,
        customer=lea.customer,
        kind="private",
        last_at=_ago(60 * 24 * 190),
        **parcel,
    )
    return lea


def _ago(minutes: float) -> datetime:
    return clock.now() - timedelta(minutes=minutes)


def _change(ticket: Ticket, **facts: Any) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(**facts)


PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
"""A PNG of one red pixel."""

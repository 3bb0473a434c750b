"""The desk that `test_permissions.py` walks: everybody, and at least one of every thing an address names."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.test import Client

from heed.accounts import inviting, verbs
from heed.accounts.models import ApiToken, Brand, Grant, OwnRole, Team, User
from heed.inbox import files
from heed.inbox import verbs as deeds
from heed.inbox.models import (
    Attachment,
    Customer,
    Delivery,
    Field,
    FollowUpQuestion,
    Message,
    Post,
    SavedView,
    Sweep,
    Tag,
    Ticket,
)
from heed.inbox.reach.pages import sealed
from heed.lib import clock
from heed.library.models import QuickText
from heed.routing.models import AutomaticMessage, Hours, Policy, Rule, Schedule, SchedulePlace, Skill
from heed.web.tests import cast

ROLES = ("owner", "admin", "lead", "agent", "publisher", "viewer")
SCOPED = ("agent of a brand", "agent of an account", "agent of a team")
EVERYBODY = (*ROLES, *SCOPED, "without a role", "outsider")
SOMEBODY = ("without a role", "outsider")
"""Enough for what is open to everybody: whoever may least, and a stranger."""

HOLDER = "owner"
"""Whose own things there are."""

SAID, FILED, SENT = b"The sole came off.", b"a picture of it", b"as the network sent it"
"""What a customer wrote first, what is in a file, what is in a delivery: nobody reads it unseen."""


class World:
    """A desk with a ticket that the scoped people see and one that they do not, each with all that can
    belong to one."""

    def __init__(self) -> None:
        self.allowed: dict[tuple[str | int, ...], bool] = {}
        """What was found out of somebody's rights so far: nothing that a request changes lasts."""
        self.brand = Brand.objects.create(name="Acme Shoes")
        self.team = Team.objects.create(name="Returns")
        self.account = cast.account("facebook", "Acme on Facebook", brand=self.brand)
        self.other = cast.account("instagram", "Acme Kids")
        self.people = {role: self.person(role, role) for role in ROLES}
        places: tuple[dict[str, Any], ...] = (
            {"brand": self.brand},
            {"account": self.account.pk},
            {"team": self.team},
        )
        for name, place in zip(SCOPED, places, strict=True):
            self.people[name] = self.person(name, "")
            Grant.objects.create(user=self.people[name], role="agent", **place)
        self.people["without a role"] = self.person("nobody", "")
        self.tokens = {name: self._token(name) for name in self.people}
        ApiToken.objects.update(used_at=clock.now())
        self.clients = {name: self._client(name) for name in EVERYBODY}
        self.program = Client(raise_request_exception=False)
        owner, desk = self.people[HOLDER], self._desk()
        self.seen = cast.ticket(self.account, "Lea Marn", SAID.decode(), team=self.team)
        self.unseen = cast.ticket(self.other, "Omar Badr", "Where is my parcel?")
        self.values = {each.pk: desk | _belongings(each, owner) for each in (self.seen, self.unseen)}
        for each in (self.seen, self.unseen):
            each.refresh_from_db()

    def person(self, name: str, role: str) -> User:
        slug = name.replace(" ", "-")
        return User.objects.create_user(f"{slug}@acme.example", cast.PASSWORD, role=role, name=name.title())

    def _token(self, name: str) -> str:
        token = ApiToken.fresh()
        verbs.grant_token(self.people[name], "Tests", token)
        return token

    def _client(self, name: str) -> Client:
        client = Client(raise_request_exception=False)
        if name in self.people:
            client.force_login(self.people[name])
        return client

    def _desk(self) -> dict[str, Any]:
        """What stands for the parts of an address that name something of the desk."""
        owner = self.people[HOLDER]
        subject = self.person("subject", "agent")
        invitation, _ = inviting.invite(owner, "oto@else.example", "agent")
        key = self.clients[HOLDER].cookies[settings.SESSION_COOKIE_NAME].value
        session = UserSession.objects.create(user=owner, session_key=key, ip="127.0.0.1", data={})
        sweep = Sweep.objects.create(user=owner, deed="status", value="open", state=Sweep.State.DONE).pk
        views = [_view(owner, name) for name in ("Zips", "Heels")]
        Authenticator.objects.create(user=subject, type="totp", data={})
        UserSession.objects.create(user=subject, session_key="elsewhere", ip="127.0.0.1", data={})
        delivery = Delivery.objects.create(account=self.account, body=SENT, headers={}, state="set_aside")
        text = QuickText.objects.create(name="thanks", title="Thanks", text="Thank you.")
        field = Field.objects.create(key="size", title="Size")
        AutomaticMessage.objects.create(kind="away", texts={"en": "We are there {next_opening}."})
        Field.objects.create(key="colour", title="Colour", position=2)
        rule, _next = (Rule.objects.create(name=name, when=["time"], actions=_DOES).pk for name in "AB")
        policy, _next = (Policy.objects.create(name=name, first_reply=3600).pk for name in "AB")
        skill = Skill.objects.create(name="Zips", tags=["zip"]).pk
        return {
            "view": "open",
            "views/view": views[0],
            "state": "set_aside",
            "visibility": "private",
            "action": "hide",
            "what": "tags",
            "kind": "away",
            "place": "desk",
            "network": "facebook",
            "provider_id": "company",
            "someone": subject.pk,
            "grant": subject.grants.get().pk,
            "token": ApiToken.objects.create(user=subject, name="Reports", digest="x" * 64).pk,
            "invitation": invitation.pk,
            "session": session.pk,
            "role": OwnRole.objects.create(name="Night", permissions=["see"]).pk,
            "brand": self.brand.pk,
            "team": self.team.pk,
            "teams/number": self.team.pk,
            "delivery_id": delivery.pk,
            "tag": Tag.objects.create(name="heel").pk,
            "group": _group(),
            "field": field.pk,
            "key": field.key,
            "pk": views[0],
            "other_view": views[1],
            "sweeps/number": sweep,
            "schedule": _schedule(),
            "policy": policy,
            "rule": rule,
            "rules/number": rule,
            "skill": skill,
            "skills/number": skill,
            "quick_text": text.pk,
        }


def _group() -> str:
    Customer.objects.create(name="Mara Lenz", group="wholesale")
    return "wholesale"


def _view(owner: User, name: str) -> int:
    place = SavedView.objects.count()
    row = SavedView.objects.create(name=name, condition="tag:zip", shared=True, owner=owner, position=place)
    return row.pk


_DOES = [{"do": "tag", "tag": "zip"}]


def _schedule() -> int:
    schedule = Schedule.objects.create(name="Office")
    Hours.objects.create(schedule=schedule, zone="UTC", week=[[[540, 1020]]] * 7)
    SchedulePlace.objects.create(schedule=schedule)
    return schedule.pk


def _belongings(ticket: Ticket, owner: User) -> dict[str, Any]:
    """What stands for the parts of an address that name something of this ticket or of its account. All of
    it is where the ticket is, so that whoever sees one sees all."""
    account = ticket.account
    first = Message.objects.get(ticket=ticket)
    other = cast.said(ticket, "And the zip, too.")
    cast.said(ticket, "The left one.")
    twin, merged = (_again(ticket, f"twin {number}") for number in range(2))
    stranger, joined = (_somebody(ticket, name) for name in ("Jan Sever", "Sam Cole"))
    record = deeds.merge(merged, ticket, owner)
    joining = deeds.join(joined.customer, ticket.customer, owner)
    parted, last = cast.said(ticket, "How much are the laces?"), cast.said(ticket, "Thank you.")
    deeds.split(ticket, [parted.pk], owner)
    picture = files.keep(BytesIO(b"of a post")).path
    post = Post.objects.create(account=account, external_id="post", picture=picture, at=clock.now())
    Ticket.objects.filter(pk=ticket.pk).update(post=post)
    FollowUpQuestion.objects.create(account=account, text="Is it fixed?")
    AutomaticMessage.objects.create(kind="away", account=account, texts={"en": "Back {next_opening}."})
    return {
        "number": ticket.pk,
        "before": sealed(last.at.isoformat(), last.external_id, last.pk),
        "message": first.pk,
        "message_id": first.pk,
        "other_message": other.pk,
        "twin": twin.pk,
        "stranger": stranger.pk,
        "identity": joined.identity_id,
        "merges/record": record.pk,
        "splits/record": ticket.gave_off.get().pk,
        "joinings/record": joining.pk,
        "attachment": _file(first).pk,
        "attachment_id": _file(other).pk,
        "account": account.pk,
        "account_id": account.pk,
    }


def _again(ticket: Ticket, what: str) -> Ticket:
    """The same person once more, about something else."""
    at = clock.now() - timedelta(minutes=2)
    made = Ticket.objects.create(
        account=ticket.account,
        identity=ticket.identity,
        customer=ticket.customer,
        team=ticket.team,
        kind=ticket.kind,
        running=False,
        opened_at=at,
        last_at=at,
        waiting_since=at,
    )
    cast.said(made, what, at=at)
    return made


def _somebody(ticket: Ticket, name: str) -> Ticket:
    return cast.ticket(ticket.account, name, "I wrote from my other account.", team=ticket.team)


def _file(message: Message) -> Attachment:
    kept = files.keep(BytesIO(FILED))
    facts = {"path": kept.path, "size": kept.size, "mime": "text/plain", "name": "label.txt"}
    return Attachment.objects.create(message=message, kind="file", state=Attachment.State.KEPT, **facts)

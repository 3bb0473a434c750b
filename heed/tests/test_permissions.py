"""Who may do what, at every address: every page, every call of the API, the live stream, for every role.

A new address without a row here fails the first test, which says what to add. A row says what one must be
permitted: `ticket("answer")` for what is about a ticket (tried with one that the scoped people see and with
one that they do not), `desk("people")` for what is about the whole desk, `anyone()` for everybody who is
signed in, `open_to_all()` for strangers too. Say `POST` where the address wants it, give a body that passes,
and say `absent=True` where what the row names is not in this test's world, so that whoever may gets a 404.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal
from unittest.mock import patch

import orjson
from django.conf import settings as heed_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, TestCase, override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils.http import urlencode
from django.views.defaults import page_not_found, permission_denied

from heed import urls
from heed.accounts import inviting, verbs
from heed.accounts.models import ApiToken, Brand, Grant, OwnRole, Team, User
from heed.accounts.rights import Permission
from heed.api.urls import api
from heed.channels.models import Account
from heed.inbox import reach
from heed.inbox.models import Delivery, Field, Message, SavedView, Tag, Ticket
from heed.lib import clock
from heed.web import stream
from heed.web.tests import cast

About = Literal["ticket", "desk", "anyone", "all"]


@dataclass(frozen=True)
class Row:
    """What one must be permitted at an address, and how it is tried."""

    about: About
    permission: Permission | Literal[""] = ""
    method: str = "GET"
    body: dict[str, Any] = field(default_factory=dict)
    absent: bool = False


def ticket(permission: Permission, method: str = "GET", *, absent: bool = False, **body: Any) -> Row:
    return Row("ticket", permission, method, body, absent)


def desk(permission: Permission, method: str = "GET", *, absent: bool = False, **body: Any) -> Row:
    return Row("desk", permission, method, body, absent)


def anyone(method: str = "GET", *, absent: bool = False, **body: Any) -> Row:
    return Row("anyone", "", method, body, absent)


def open_to_all(method: str = "GET") -> Row:
    return Row("all", "", method)


_RULE: dict[str, Any] = {"when": ["message_received"], "actions": [{"do": "tag", "tag": "zip"}]}
_SCHEDULE: dict[str, Any] = {"name": "Office", "zone": "UTC", "week": [[["09:00", "17:00"]]] * 7}
_TARGET: dict[str, Any] = {"name": "All", "first_reply": 3600}
_AWAY: dict[str, Any] = {"texts": {"en": "We are there {next_opening}."}}

PAGES: dict[str, Row | tuple[Row, ...]] = {
    # the inbox
    "": anyone(),
    "tickets/<int:number>/": ticket("see"),
    "tickets/<int:number>/earlier/": ticket("see"),
    "inbox/news/": anyone(),
    "inbox/counts/": desk("see"),
    "inbox/order/": anyone("POST", order="newest"),
    "inbox/account/<int:account>/": desk("see"),
    "inbox/account/<int:account>/rows/": desk("see"),
    "inbox/account/<int:account>/<int:number>/": ticket("see"),
    "inbox/<str:view>/": desk("see"),
    "inbox/<str:view>/rows/": desk("see"),
    "inbox/<str:view>/<int:number>/": ticket("see"),
    "inbox/search/": desk("see"),
    "inbox/search/rows/": desk("see"),
    "inbox/search/complete/": anyone(),
    "inbox/search/<int:number>/": ticket("see"),
    "inbox/saved/<int:pk>/": desk("see"),
    "inbox/saved/<int:pk>/rows/": desk("see"),
    "inbox/saved/<int:pk>/<int:number>/": ticket("see"),
    "settings/views/": anyone(),
    "settings/views/new/": desk("see"),
    "settings/views/<int:pk>/": desk("share"),
    "settings/views/<int:pk>/drop/": desk("share", "POST"),
    "settings/views/<int:pk>/move/": anyone("POST"),
    # one ticket
    "tickets/<int:number>/messages/": (
        ticket("answer", "POST", visibility="private", text="On its way."),
        ticket("note", "POST", visibility="note", text="Ask Ivo."),
    ),
    "tickets/<int:number>/typing/": ticket("answer", "POST"),
    "tickets/<int:number>/answered/": ticket("answer", "POST", answered="yes"),
    "tickets/<int:number>/assignee/": ticket("tend", "POST", assignee=""),
    "tickets/<int:number>/status/": ticket("tend", "POST", status="solved"),
    "tickets/<int:number>/drafts/<str:visibility>/": ticket("see", "POST", text="On its w"),
    "tickets/<int:number>/snooze/": ticket("tend", "POST"),
    "tickets/<int:number>/reminder/": ticket("tend", "POST", until="2030-01-02T10:00"),
    "tickets/<int:number>/priority/": ticket("tend", "POST", priority="3"),
    "tickets/<int:number>/tags/": ticket("tend", "POST"),
    "tickets/<int:number>/team/": ticket("tend", "POST", team="", absent=True),
    "tickets/<int:number>/fields/<slug:key>/": ticket("tend", "POST", value="", absent=True),
    "tickets/<int:number>/group/": ticket("tend", "POST", group=""),
    "tickets/<int:number>/spam/": ticket("block", "POST", spam="yes"),
    "tickets/<int:number>/block/": ticket("block", "POST", blocked="yes"),
    "tickets/<int:number>/mentionable/": ticket("see"),
    "tickets/<int:number>/matters/": ticket("tend"),
    "tickets/<int:number>/merge/": ticket("tend", "POST", absent=True),
    "tickets/<int:number>/merges/<int:record>/undo/": ticket("tend", "POST", absent=True),
    "tickets/<int:number>/splits/<int:record>/undo/": ticket("tend", "POST", absent=True),
    "tickets/<int:number>/join/": ticket("tend", "POST", absent=True),
    "tickets/<int:number>/joinings/<int:record>/undo/": ticket("tend", "POST", absent=True),
    "tickets/<int:number>/identities/<int:identity>/part/": ticket("tend", "POST", absent=True),
    "tickets/<int:number>/here/": ticket("see", "POST", doing="looking"),
    "tickets/<int:number>/files/": ticket("answer", "POST", file="a file"),
    "tickets/<int:number>/picture/": ticket("see", absent=True),
    "messages/<int:message>/acts/<str:action>/": ticket("moderate", "POST"),
    "messages/<int:message>/settlement/": ticket("answer", "POST", settle="resend"),
    "messages/<int:message>/dismissal/": ticket("answer", "POST"),
    "messages/<int:message>/undo/": ticket("answer", "POST", absent=True),
    "messages/<int:message>/split/": ticket("tend", "POST"),
    "files/<int:attachment>/": ticket("see", absent=True),
    "files/<int:attachment>/description/": ticket("answer", "POST", absent=True),
    "media/<str:token>": open_to_all(),
    "completion/<str:what>/": anyone(),
    "sweeps/": anyone("POST"),
    "sweeps/<int:number>/": anyone(absent=True),
    "sweeps/<int:number>/undo/": anyone("POST", absent=True),
    "notices/": anyone(),
    "notices/bell/": anyone(),
    "notices/seen/": anyone("POST"),
    # accounts and what came in
    "accounts/": desk("accounts"),
    "accounts/connect/": desk("accounts"),
    "accounts/connect/<str:network>/": desk("accounts", "POST"),
    "accounts/signed-in/": desk("accounts"),
    "accounts/<int:account_id>/": desk("accounts"),
    "accounts/<int:account_id>/credentials/": desk("accounts", "POST"),
    "accounts/<int:account_id>/settings/": desk("accounts", "POST", name="Acme"),
    "accounts/<int:account_id>/check/": desk("accounts", "POST"),
    "accounts/<int:account_id>/disconnection/": desk("accounts", "POST"),
    "deliveries/": desk("accounts"),
    "deliveries/<int:delivery_id>/": desk("accounts"),
    "deliveries/<int:delivery_id>/raw/": desk("accounts"),
    "deliveries/<int:delivery_id>/replay/": desk("accounts", "POST"),
    "deliveries/<str:state>/": desk("accounts"),
    "deliveries/<str:state>/replay/": desk("accounts", "POST"),
    # oneself
    "preferences/": anyone(),
    "preferences/sessions/<int:session>/end/": anyone("POST"),
    "preferences/sessions/others/end/": anyone("POST"),
    "sign-in/": open_to_all(),
    "sign-in/closed/": open_to_all(),
    "sign-in/inactive/": open_to_all(),
    "sign-in/with/<slug:provider_id>/": open_to_all("POST"),
    "sign-in/with/<slug:provider_id>/back/": open_to_all(),
    "sign-out/": open_to_all(),
    "language/": open_to_all("POST"),
    "invitation/<str:token>/": open_to_all(),
    "me/confirm/": anyone(),
    "me/password/": anyone(),
    "me/password/first/": anyone(),
    "me/second-factor/needed/": anyone(),
    "me/second-factor/": anyone(),
    "me/second-factor/authenticate/": open_to_all(),
    "me/second-factor/reauthenticate/": anyone(absent=True),
    "me/second-factor/totp/activate/": anyone(),
    "me/second-factor/totp/deactivate/": anyone(absent=True),
    "me/second-factor/recovery-codes/": anyone(absent=True),
    "me/second-factor/recovery-codes/generate/": anyone(absent=True),
    "me/second-factor/recovery-codes/download/": anyone(absent=True),
    "me/second-factor/webauthn/": anyone(),
    "me/second-factor/webauthn/add/": anyone(),
    "me/second-factor/webauthn/reauthenticate/": anyone(absent=True),
    "me/second-factor/webauthn/keys/<int:pk>/remove/": anyone(absent=True),
    "me/second-factor/webauthn/keys/<int:pk>/edit/": anyone(absent=True),
    "me/second-factor/webauthn/login/": open_to_all(),
    # the settings
    "settings/": desk("see"),
    "people/": (desk("people"), desk("people", "POST")),
    "people/invitations/<int:invitation>/again/": desk("people", "POST"),
    "people/invitations/<int:invitation>/withdrawal/": desk("people", "POST"),
    "people/<int:someone>/": desk("people"),
    "people/<int:someone>/roles/": desk("people", "POST"),
    "people/<int:someone>/roles/<int:grant>/": desk("people", "POST"),
    "people/<int:someone>/password/": (desk("people"), desk("people", "POST")),
    "people/<int:someone>/access/": desk("people", "POST"),
    "people/<int:someone>/sessions/": desk("people", "POST"),
    "people/<int:someone>/second-factor/": desk("people", "POST"),
    "settings/roles/": desk("people"),
    "settings/roles/new/": (desk("people"), desk("people", "POST")),
    "settings/roles/<int:role>/": (desk("people"), desk("people", "POST")),
    "settings/roles/<int:role>/removal/": desk("people", "POST"),
    "settings/brands/": (desk("accounts"), desk("accounts", "POST", name="Acme Kids")),
    "settings/brands/<int:brand>/": (desk("accounts"), desk("accounts", "POST", name="Acme Kids")),
    "settings/brands/accounts/<int:account_id>/": desk("accounts", "POST", brand=""),
    "settings/sign-in/": desk("people"),
    "settings/sign-in/passwords/": desk("people", "POST", least_length="12"),
    "settings/sign-in/second-factor/": desk("people", "POST"),
    "settings/sign-in/company/": desk("people", "POST"),
    "settings/tokens/": (desk("people"), desk("people", "POST", name="Reports")),
    "settings/tokens/<int:token>/removal/": desk("people", "POST"),
    "settings/audit/": desk("audit"),
    "settings/audit/export/": desk("audit", "POST"),
    "settings/tags/": desk("desk"),
    "settings/tags/<int:tag>/": desk("desk"),
    "settings/tags/<int:tag>/removal/": desk("desk", "POST"),
    "settings/fields/": desk("desk"),
    "settings/fields/<int:field>/": desk("desk"),
    "settings/fields/<int:field>/place/": desk("desk", "POST"),
    "settings/follow-up/": desk("routing"),
    "settings/follow-up/<int:account>/": desk("routing", "POST"),
    # teams, rules and time
    "tickets/next/": desk("answer", "POST"),
    "tickets/<int:number>/claim/": ticket("answer", "POST"),
    "availability/": anyone("POST"),
    "settings/teams/": (desk("routing"), desk("routing", "POST", name="Repairs")),
    "settings/teams/<int:number>/": desk("routing", absent=True),
    "settings/teams/<int:number>/act/": desk("routing", "POST", absent=True),
    "settings/teams/people/<int:someone>/": (desk("routing"), desk("routing", "POST")),
    "settings/teams/skills/": desk("routing", "POST"),
    "settings/teams/skills/<int:number>/": desk("routing", "POST", absent=True),
    "settings/rules/": desk("routing"),
    "settings/rules/new/": (desk("routing"), desk("routing", "POST")),
    "settings/rules/check/": desk("routing", "POST"),
    "settings/rules/try/": desk("routing", "POST"),
    "settings/rules/<int:number>/": desk("routing", absent=True),
    "settings/rules/<int:number>/act/": desk("routing", "POST", absent=True),
    "settings/hours/": desk("routing"),
    "settings/hours/new/": (desk("routing"), desk("routing", "POST")),
    "settings/hours/example/": desk("routing", "POST"),
    "settings/hours/<int:schedule>/": desk("routing", absent=True),
    "settings/hours/<int:schedule>/away/": desk("routing", "POST", absent=True),
    "settings/targets/": desk("routing"),
    "settings/targets/new/": (desk("routing"), desk("routing", "POST")),
    "settings/targets/example/": desk("routing", "POST"),
    "settings/targets/<int:policy>/": desk("routing", absent=True),
    "settings/targets/<int:policy>/away/": desk("routing", "POST", absent=True),
    "settings/targets/<int:policy>/move/": desk("routing", "POST", absent=True),
    "settings/automatic/": desk("routing"),
    "settings/automatic/<str:kind>/<int:account>/": desk("routing", absent=True),
    "settings/automatic/<str:kind>/<int:account>/example/": desk("routing", "POST", absent=True),
    "settings/automatic/<str:kind>/<int:account>/away/": desk("routing", "POST", absent=True),
    # what is ready to be said, and keys
    "palette/": anyone(),
    "palette/found/": desk("see", q="zip"),
    "preferences/shortcuts/": anyone(),
    "tickets/<int:number>/quick-texts/": ticket("see"),
    "tickets/<int:number>/quick-texts/<int:quick_text>/": ticket("see", "POST", absent=True),
    "tickets/<int:number>/guidelines/": ticket("see"),
    "settings/quick-texts/": desk("note"),
    "settings/quick-texts/preview/": desk("note", "POST"),
    "settings/quick-texts/<int:quick_text>/": desk("note", absent=True),
    "settings/quick-texts/<int:quick_text>/removal/": desk("note", "POST", absent=True),
    "settings/guidelines/": desk("see"),
    "settings/guidelines/<slug:place>/": desk("desk", absent=True),
}

CALLS: dict[str, Row | tuple[Row, ...]] = {
    "GET /networks": anyone(),
    "GET /accounts": anyone(),
    "POST /accounts": desk("accounts", network="facebook", credentials={}),
    "GET /accounts/{account_id}": desk("see"),
    "PATCH /accounts/{account_id}": desk("accounts", name="Acme"),
    "DELETE /accounts/{account_id}": desk("accounts"),
    "GET /tickets": desk("see"),
    "GET /tickets/{number}": ticket("see"),
    "PATCH /tickets/{number}": ticket("tend", status="solved"),
    "POST /tickets/{number}/answered": ticket("answer"),
    "DELETE /tickets/{number}/answered": ticket("answer"),
    "POST /tickets/{number}/spam": ticket("block"),
    "DELETE /tickets/{number}/spam": ticket("block"),
    "POST /tickets/{number}/block": ticket("block"),
    "DELETE /tickets/{number}/block": ticket("block"),
    "GET /tickets/{number}/picture": ticket("see", absent=True),
    "GET /tickets/{number}/possible": ticket("see"),
    "GET /tickets/{number}/messages": ticket("see"),
    "POST /tickets/{number}/messages": (
        ticket("answer", visibility="private", text="On its way."),
        ticket("note", visibility="note", text="Ask Ivo."),
    ),
    "POST /tickets/{number}/typing": ticket("answer"),
    "POST /tickets/{number}/attachments": ticket("answer"),
    "GET /messages/{message_id}": ticket("see"),
    "GET /messages/{message_id}/actions": ticket("see"),
    "POST /messages/{message_id}/actions": ticket("moderate", action="hide"),
    "POST /messages/{message_id}/settle": ticket("answer", outcome="resend"),
    "GET /attachments/{attachment_id}": ticket("see", absent=True),
    "GET /deliveries": desk("accounts"),
    "GET /deliveries/{delivery_id}": desk("accounts"),
    "POST /deliveries/{delivery_id}/replay": desk("accounts"),
    "GET /tags": anyone(),
    "POST /tags": desk("desk", name="late"),
    "PATCH /tags/{tag}": desk("desk", name="late"),
    "DELETE /tags/{tag}": desk("desk"),
    "GET /fields": anyone(),
    "POST /fields": desk("desk", title="Colour"),
    "PATCH /fields/{field}": desk("desk"),
    "GET /accounts/{account}/follow-up-question": desk("routing", absent=True),
    "PUT /accounts/{account}/follow-up-question": desk("routing", text="Is it fixed?"),
    "DELETE /accounts/{account}/follow-up-question": desk("routing", absent=True),
    "GET /notices": anyone(),
    "POST /notices/seen": anyone(),
    "POST /sweeps": desk("tend", deed="status", value="solved", numbers=[404]),
    "GET /sweeps/{number}": anyone(absent=True),
    "POST /sweeps/{number}/undo": anyone(absent=True),
    "GET /search": desk("see", q="is:open"),
    "GET /search/complete": anyone(q="is:"),
    "GET /views": anyone(),
    "POST /views": anyone("POST", name="Late", condition="is:open"),
    "PUT /views/order": anyone("PUT", views=[]),
    "GET /views/{view}/tickets": desk("see"),
    "PUT /views/{view}": desk("share", name="Late", condition="is:open"),
    "DELETE /views/{view}": desk("share"),
    "GET /tickets/{number}/matters": ticket("see"),
    "POST /tickets/{number}/merges": ticket("tend", number=404, absent=True),
    "DELETE /tickets/{number}/merges/{record}": ticket("tend", absent=True),
    "POST /tickets/{number}/splits": ticket("tend", messages=[404], absent=True),
    "DELETE /tickets/{number}/splits/{record}": ticket("tend", absent=True),
    "POST /tickets/{number}/joinings": ticket("tend", number=404, absent=True),
    "DELETE /tickets/{number}/joinings/{record}": ticket("tend", absent=True),
    "GET /tickets/{number}/here": ticket("see"),
    "POST /tickets/{number}/here": ticket("see", doing="looking"),
    "DELETE /tickets/{number}/here": ticket("see"),
    "POST /messages/{message_id}/undo": ticket("answer", absent=True),
    "GET /quick-texts": anyone(),
    "POST /quick-texts": desk("note", name="thanks", text="Thank you."),
    "PATCH /quick-texts/{quick_text}": desk("note", absent=True),
    "DELETE /quick-texts/{quick_text}": desk("note", absent=True),
    "GET /guidelines": desk("see"),
    "PUT /guidelines": desk("desk", text="Be kind."),
    "POST /me/next-ticket": desk("answer", absent=True),
    "POST /tickets/{number}/claim": ticket("answer"),
    "GET /me/availability": anyone(),
    "PUT /me/availability": anyone(away=False),
    "GET /teams": desk("routing"),
    "POST /teams": desk("routing", name="Repairs"),
    "PUT /teams/{team}": desk("routing", name="Repairs"),
    "DELETE /teams/{team}": desk("routing"),
    "GET /skills": desk("routing"),
    "POST /skills": desk("routing", name="Zips", tags=["zip"]),
    "DELETE /skills/{skill}": desk("routing", absent=True),
    "GET /people/{someone}/abilities": desk("routing"),
    "PUT /people/{someone}/abilities": desk("routing"),
    "GET /rules": desk("routing"),
    "POST /rules": desk("routing", **_RULE),
    "POST /rules/try": desk("routing", **_RULE),
    "GET /rules/{rule}": desk("routing", absent=True),
    "PUT /rules/{rule}": desk("routing", absent=True, **_RULE),
    "PATCH /rules/{rule}": desk("routing", absent=True),
    "DELETE /rules/{rule}": desk("routing", absent=True),
    "GET /rules/{rule}/runs": desk("routing", absent=True),
    "GET /schedules": desk("routing"),
    "POST /schedules": desk("routing", **_SCHEDULE),
    "GET /schedules/{schedule}": desk("routing", absent=True),
    "PUT /schedules/{schedule}": desk("routing", absent=True, **_SCHEDULE),
    "DELETE /schedules/{schedule}": desk("routing", absent=True),
    "GET /targets": desk("routing"),
    "POST /targets": desk("routing", **_TARGET),
    "GET /targets/{policy}": desk("routing", absent=True),
    "PUT /targets/{policy}": desk("routing", absent=True, **_TARGET),
    "PATCH /targets/{policy}": desk("routing", absent=True, to="up"),
    "DELETE /targets/{policy}": desk("routing", absent=True),
    "GET /tickets/{number}/promises": ticket("see"),
    "GET /automatic-messages": desk("routing"),
    "PUT /automatic-messages/{kind}": desk("routing", **_AWAY),
    "PUT /accounts/{account_id}/automatic-messages/{kind}": desk("routing", **_AWAY),
    "DELETE /accounts/{account_id}/automatic-messages/{kind}": desk("routing", absent=True),
    "GET /figures": desk("figures"),
    "GET /figures.csv": desk("export"),
    "GET /accounts/{account_id}/responsive": desk("figures"),
}

NOT_OURS = ("api/v1/", "widget/")
"""The API is walked by its document; a visitor of a chat has a key and no role (heed/widget/tests)."""

ROLES = ("owner", "admin", "lead", "agent", "publisher", "viewer")
SCOPED = ("agent of a brand", "agent of an account", "agent of a team")
EVERYBODY = (*ROLES, *SCOPED, "without a role", "outsider")


# ------------------------------------------------------------------------------ the world


class World:
    """A desk with a ticket that the scoped people see and one that they do not."""

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
        self.seen = cast.ticket(self.account, "Lea Marn", "The sole came off.", team=self.team)
        self.unseen = cast.ticket(self.other, "Omar Badr", "Where is my parcel?")
        self.own_role = OwnRole.objects.create(name="Night", permissions=["see"])
        self.subject = self.person("subject", "agent")
        self.token = ApiToken.objects.create(user=self.subject, name="Reports", digest="x" * 64)
        self.invitation, _ = inviting.invite(self.people["owner"], "oto@else.example", "agent")
        self.delivery = Delivery.objects.create(**_delivery(self.account))
        self.tag = Tag.objects.create(name="zip")
        self.field = Field.objects.create(**_field())
        self.view = SavedView.objects.create(**_view(self.people["owner"]))
        self.tokens = {name: self._token(name) for name in self.people}
        ApiToken.objects.update(used_at=clock.now())
        self.clients = {name: self._client(name) for name in EVERYBODY}
        self.program = Client(raise_request_exception=False)
        self.values = {about.pk: self._values(about) for about in (self.seen, self.unseen)}

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

    def _values(self, about: Ticket) -> dict[str, Any]:
        """What stands for the parts of an address."""
        message = Message.objects.filter(ticket=about).order_by("pk").first()
        assert message is not None
        return {
            "number": about.pk,
            "message": message.pk,
            "message_id": message.pk,
            "attachment": 404,
            "attachment_id": 404,
            "identity": 404,
            "record": 404,
            "account": about.account_id,
            "account_id": about.account_id,
            "delivery_id": self.delivery.pk,
            "view": "open",
            "state": "set_aside",
            "visibility": "private",
            "action": "hide",
            "key": "shoe_size",
            "what": "tags",
            "network": "facebook",
            "provider_id": "company",
            "session": 404,
            "someone": self.subject.pk,
            "grant": self.subject.grants.get().pk,
            "invitation": self.invitation.pk,
            "role": self.own_role.pk,
            "brand": self.brand.pk,
            "token": self.token.pk,
            "tag": self.tag.pk,
            "field": self.field.pk,
            "pk": self.view.pk,
            "schedule": 404,
            "quick_text": 404,
            "place": "nowhere",
            "skill": 404,
            "rule": 404,
            "team": self.team.pk,
            "policy": 404,
            "kind": "away",
        }


def _delivery(account: Account) -> dict[str, Any]:
    return {"account": account, "body": b"{}", "headers": {}, "state": "set_aside"}


def _field() -> dict[str, Any]:
    return {"key": "size", "title": "Size"}


def _view(owner: User) -> dict[str, Any]:
    return {"name": "Zips", "condition": "tag:zip", "shared": True, "owner": owner}


# ------------------------------------------------------------------------------ addresses


def pages() -> Iterator[str]:
    yield from _walk(get_resolver(), "")


def _walk(resolver: URLResolver, before: str) -> Iterator[str]:
    for each in resolver.url_patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLPattern):
            if not route.startswith(NOT_OURS):
                yield route
        else:
            yield from _walk(each, route)


def calls() -> Iterator[str]:
    for address, methods in api.get_openapi_schema()["paths"].items():
        for method in methods:
            yield f"{method.upper()} {address.removeprefix('/api/v1')}"


def rows(found: Row | tuple[Row, ...]) -> tuple[Row, ...]:
    return found if isinstance(found, tuple) else (found,)


def test_every_address_has_a_row() -> None:
    """Add the address to PAGES or CALLS: `ticket(permission)`, `desk(permission)`, `anyone()` …"""
    missing = [f'PAGES: "{each}"' for each in sorted(set(pages()) - set(PAGES))]
    missing += [f'CALLS: "{each}"' for each in sorted(set(calls()) - set(CALLS))]
    assert not missing, "say in heed/tests/test_permissions.py who may use\n" + "\n".join(missing)


def test_no_row_is_left_over() -> None:
    over = sorted(set(PAGES) - set(pages())) + sorted(set(CALLS) - set(calls()))
    assert not over, "these addresses are gone; remove their rows\n" + "\n".join(over)


# ------------------------------------------------------------------------------ who may


def may(world: World, name: str, row: Row, about: Ticket) -> bool:
    """What the table and the person's rights say together."""
    if row.about == "all":
        return True
    if name == "outsider":
        return False
    if row.about == "anyone":
        return True
    asked = name, row.about, row.permission, about.pk
    if asked not in world.allowed:
        world.allowed[asked] = _may(User.objects.get(pk=world.people[name].pk), row, about)
    return world.allowed[asked]


def _may(user: User, row: Row, about: Ticket) -> bool:
    assert row.permission
    if not user.rights.may(row.permission):
        return False
    return row.about == "desk" or reach.sight(user, row.permission).takes_in(about)


def outcome(answer: HttpResponse) -> str:
    """What an answer means for whoever asked: "in", "out", "absent" or "broken"."""
    where = answer.headers.get("Location", "")
    if answer.status_code >= 500:
        return f"broken ({answer.status_code})"
    if answer.status_code in (401, 403) or where.startswith("/sign-in/?"):
        return "out"
    return "absent" if answer.status_code == 404 else "in"


def fits(expected: bool, row: Row, got: str) -> bool:
    if row.about == "all":
        return not got.startswith("broken")
    if expected:
        return got == "in" or (row.absent and got == "absent")
    return got in ("out", "absent")


Ask = Callable[[str, Row, Ticket], HttpResponse]


def wrongs(world: World, row: Row, ask: Ask, method: str) -> list[str]:
    """Where the answers are not what the table says."""
    found = []
    for about in (world.seen, world.unseen) if row.about == "ticket" else (world.seen,):
        with transaction.atomic():
            for name in EVERYBODY:
                expected = may(world, name, row, about)
                changes = expected and method != "GET"
                answer = _undone(ask, name, row, about) if changes else ask(name, row, about)
                got = outcome(answer)
                if not fits(expected, row, got):
                    which = " (a ticket out of the scoped people's sight)" if about is world.unseen else ""
                    told = "may" if expected else "may not"
                    found.append(f"{name} {told}{which}, but the answer is {answer.status_code}: {got}")
            transaction.set_rollback(True)
    return found


def _undone(ask: Ask, name: str, row: Row, about: Ticket) -> HttpResponse:
    """Ask, and take back what that changed: the next one finds everything as it was."""
    with transaction.atomic():
        answer = ask(name, row, about)
        transaction.set_rollback(True)
    return answer


def once_each(page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page that refuses is the same at every address and takes longest to make: everybody gets it
    once, and from then on an empty one."""
    shown: set[Any] = set()

    def refuse(request: HttpRequest, exception: Exception) -> HttpResponse:
        made = page(request, exception) if request.user.pk not in shown else None
        shown.add(request.user.pk)
        return made or HttpResponse(status=403 if page is permission_denied else 404)

    return refuse


@override_settings(
    STORAGES={
        **heed_settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
)
class TestEveryAddress(TestCase):
    """The world is made once; whatever a request changes is taken back. If this fails for an address of
    yours, either the view does not guard what the row says, or the row says the wrong thing."""

    world: ClassVar[World]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.world = World()
        for name, page in (("handler403", permission_denied), ("handler404", page_not_found)):
            cls.enterClassContext(patch.object(urls, name, once_each(page), create=True))

    def test_pages(self) -> None:
        found = []
        for route in sorted(set(PAGES) & set(pages())):
            for row in rows(PAGES[route]):
                answers = wrongs(self.world, row, self.page(route), row.method)
                found += [f"{row.method} {route}: {each}" for each in answers]
        assert not found, "\n".join(found)

    def test_calls(self) -> None:
        """As above, with a token instead of a session."""
        found = []
        for call in sorted(set(CALLS) & set(calls())):
            for row in rows(CALLS[call]):
                answers = wrongs(self.world, row, self.call(call), call.split()[0])
                found += [f"{call}: {each}" for each in answers]
        assert not found, "\n".join(found)

    def test_a_session_is_no_token(self) -> None:
        assert self.world.clients["owner"].get("/api/v1/tickets").status_code == 401

    def test_the_live_stream(self) -> None:
        """Nobody hears of a ticket they may not see, and a stranger hears nothing."""
        world = self.world
        tickets: dict[int, Ticket | None] = {each.pk: each for each in (world.seen, world.unseen)}
        for name in EVERYBODY:
            cookie = world.clients[name].cookies.get(heed_settings.SESSION_COOKIE_NAME)
            key = cookie.value if cookie else ""
            listener = stream.listeners([key]).get(key)
            if name == "outsider":
                assert listener is None
                continue
            assert listener is not None, name
            for about in (world.seen, world.unseen):
                for kind in ("ticket", "typing", "writing"):
                    heard = listener.may_hear(f"{kind}:{about.pk}", tickets)
                    assert heard is may(world, name, ticket("see"), about), f"{name}: {kind}:{about.pk}"
            admin = may(world, name, desk("accounts"), world.seen)
            assert listener.may_hear("deliveries", tickets) is admin, name

    def page(self, route: str) -> Ask:
        def ask(name: str, row: Row, about: Ticket) -> HttpResponse:
            address = "/" + _filled(route, self.world.values[about.pk])
            client = self.world.clients[name]
            if row.method == "GET":
                return client.get(address, row.body)  # type: ignore[return-value]
            body = {key: _file() if key == "file" else value for key, value in row.body.items()}
            return client.post(address, body)  # type: ignore[return-value]

        return ask

    def call(self, call: str) -> Ask:
        method, _space, path = call.partition(" ")

        def ask(name: str, row: Row, about: Ticket) -> HttpResponse:
            values = self.world.values[about.pk] | {"view": self.world.view.pk}
            address = "/api/v1" + path.format(**values)
            if method == "GET" and row.body:
                address += f"?{urlencode(row.body)}"
            token = self.world.tokens.get(name)
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            client = self.world.program
            if path.endswith("/attachments") and method == "POST":
                return client.post(address, {"file": _file()}, headers=headers)  # type: ignore[return-value]
            body = b"" if method == "GET" else orjson.dumps(row.body)
            kind = "application/json"
            return client.generic(method, address, body, kind, headers=headers)  # type: ignore[return-value]

        return ask


def _filled(route: str, values: dict[str, Any]) -> str:
    """The address with its parts filled in: `<int:number>` becomes 41."""
    pattern = RoutePattern(route, is_endpoint=True)
    filled = route
    for name, converter in pattern.converters.items():
        kind = next(part for part in (f"<{kind}:{name}>" for kind in _KINDS) if part in route)
        filled = filled.replace(kind, str(converter.to_url(values[name])))
    return filled


_KINDS = ("int", "str", "slug", "uuid", "path")


def _file() -> SimpleUploadedFile:
    return SimpleUploadedFile("label.txt", b"return label", content_type="text/plain")

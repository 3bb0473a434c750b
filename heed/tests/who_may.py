"""Who may do what, at every address: the table that `test_permissions.py` walks.

A row says what one must be permitted: `ticket("answer")` for what is about a ticket (tried with one that the
scoped people see and with one that they do not), `desk("people")` for what is about the whole desk, `mine()`
for what is one person's own, `anyone()` for everybody who is signed in, `open_to_all()` for strangers too.
Say `POST` where the address wants it and give a body that passes. What the address names must be in the world
(`the_world.py`), or a missing guard looks like a missing thing; `absent=True` is for the few answers of 404
that whoever may gets all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from heed.accounts.rights import Permission

About = Literal["ticket", "desk", "mine", "anyone", "all"]


@dataclass(frozen=True)
class Row:
    """What one must be permitted at an address, and how it is tried."""

    about: About
    permission: Permission | Literal[""] = ""
    method: str = "GET"
    body: dict[str, Any] = field(default_factory=dict)
    absent: bool = False


@dataclass(frozen=True)
class Of:
    """In a body: what the world has under this name."""

    name: str


def ticket(permission: Permission, method: str = "GET", *, absent: bool = False, **body: Any) -> Row:
    return Row("ticket", permission, method, body, absent)


def desk(permission: Permission, method: str = "GET", *, absent: bool = False, **body: Any) -> Row:
    return Row("desk", permission, method, body, absent)


def mine(method: str = "GET", **body: Any) -> Row:
    return Row("mine", "", method, body)


def anyone(method: str = "GET", *, absent: bool = False, **body: Any) -> Row:
    return Row("anyone", "", method, body, absent)


def open_to_all(method: str = "GET") -> Row:
    return Row("all", "", method)


_RULE: dict[str, Any] = {"when": ["message_received"], "actions": [{"do": "tag", "tag": "zip"}]}
_SCHEDULE: dict[str, Any] = {"name": "Office", "zone": "UTC", "week": [[["09:00", "17:00"]]] * 7}
_TARGET: dict[str, Any] = {"name": "All", "first_reply": 3600}
_FROM_TWIN: dict[str, Any] = {"from": Of("twin")}
_WITH_STRANGER: dict[str, Any] = {"with": Of("stranger")}
_AWAY: dict[str, Any] = {"texts": {"en": "We are there {next_opening}."}}

PAGES: dict[str, Row | tuple[Row, ...]] = {
    # the inbox
    "": anyone(),
    "tickets/<int:number>/": ticket("see"),
    "tickets/<int:number>/foot/": ticket("see"),
    "tickets/<int:number>/earlier/": ticket("see", before=Of("before")),
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
    "tickets/<int:number>/team/": ticket("tend", "POST", team=Of("team")),
    "tickets/<int:number>/fields/<slug:key>/": ticket("tend", "POST", value=""),
    "tickets/<int:number>/group/": ticket("tend", "POST", group=""),
    "tickets/<int:number>/spam/": ticket("block", "POST", spam="yes"),
    "tickets/<int:number>/block/": ticket("block", "POST", blocked="yes"),
    "tickets/<int:number>/crew/": ticket("tend"),
    "tickets/<int:number>/mentionable/": ticket("see"),
    "tickets/<int:number>/matters/": ticket("tend"),
    "tickets/<int:number>/merge/": ticket("tend", "POST", **_FROM_TWIN),
    "tickets/<int:number>/merges/<int:record>/undo/": ticket("tend", "POST"),
    "tickets/<int:number>/splits/<int:record>/undo/": ticket("tend", "POST"),
    "tickets/<int:number>/same-person/": ticket("tend"),
    "tickets/<int:number>/join/": ticket("tend", "POST", **_WITH_STRANGER),
    "tickets/<int:number>/joinings/<int:record>/undo/": ticket("tend", "POST"),
    "tickets/<int:number>/identities/<int:identity>/part/": ticket("tend", "POST"),
    "tickets/<int:number>/here/": ticket("see", "POST", doing="looking"),
    "tickets/<int:number>/files/": ticket("answer", "POST", file="a file"),
    "tickets/<int:number>/picture/": ticket("see"),
    "messages/<int:message>/acts/<str:action>/": ticket("moderate", "POST"),
    "messages/<int:message>/settlement/": ticket("answer", "POST", settle="resend"),
    "messages/<int:message>/dismissal/": ticket("answer", "POST"),
    "messages/<int:message>/undo/": ticket("answer", "POST"),
    "messages/<int:message>/split/": ticket("tend", "POST", following="1"),
    "files/<int:attachment>/": ticket("see"),
    "files/<int:attachment>/description/": ticket("see", "POST"),  # changes a file of one's own draft alone
    "media/<str:token>": open_to_all(),
    "media/film.png": open_to_all(),
    "completion/<str:what>/": anyone(),
    "sweeps/": anyone("POST"),
    "sweeps/crew/": desk("tend"),
    "sweeps/<int:number>/": mine(),
    "sweeps/<int:number>/undo/": mine("POST"),
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
    "accounts/<int:account_id>/disconnection/": (desk("accounts"), desk("accounts", "POST")),
    "accounts/<int:account_id>/removal/": (desk("accounts"), desk("accounts", "POST")),
    "deliveries/": desk("accounts"),
    "deliveries/<int:delivery_id>/": desk("accounts"),
    # the text of what came also takes seeing all tickets of the account (inbox/tests/test_ledger.py)
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
    "people/<int:someone>/second-factor/": (desk("people"), desk("people", "POST")),
    "settings/roles/": desk("people"),
    "settings/roles/new/": (desk("people"), desk("people", "POST")),
    "settings/roles/<int:role>/": (desk("people"), desk("people", "POST")),
    "settings/roles/<int:role>/removal/": desk("people", "POST"),
    "settings/brands/": (desk("accounts"), desk("accounts", "POST", name="Acme Kids")),
    "settings/brands/<int:brand>/": (desk("accounts"), desk("accounts", "POST", name="Acme Kids")),
    "settings/brands/accounts/": desk("accounts", "POST", account=Of("account"), brand=""),
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
    "settings/groups/": desk("desk"),
    "settings/groups/group/": desk("desk", of=Of("group")),
    "settings/groups/removal/": desk("desk", "POST", of=Of("group")),
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
    "settings/teams/<int:number>/": desk("routing"),
    "settings/teams/<int:number>/act/": desk("routing", "POST"),
    "settings/teams/people/<int:someone>/": (desk("routing"), desk("routing", "POST")),
    "settings/teams/skills/": desk("routing", "POST"),
    "settings/teams/skills/<int:number>/": desk("routing", "POST"),
    "settings/rules/": desk("routing"),
    "settings/rules/new/": (desk("routing"), desk("routing", "POST")),
    "settings/rules/check/": desk("routing", "POST"),
    "settings/rules/try/": desk("routing", "POST"),
    "settings/rules/<int:number>/": desk("routing"),
    "settings/rules/<int:number>/act/": desk("routing", "POST"),
    "settings/hours/": desk("routing"),
    "settings/hours/new/": (desk("routing"), desk("routing", "POST")),
    "settings/hours/example/": desk("routing", "POST"),
    "settings/hours/<int:schedule>/": desk("routing"),
    "settings/hours/<int:schedule>/away/": desk("routing", "POST"),
    "settings/targets/": desk("routing"),
    "settings/targets/new/": (desk("routing"), desk("routing", "POST")),
    "settings/targets/example/": desk("routing", "POST"),
    "settings/targets/<int:policy>/": desk("routing"),
    "settings/targets/<int:policy>/away/": desk("routing", "POST"),
    "settings/targets/<int:policy>/move/": desk("routing", "POST"),
    "settings/automatic/": desk("routing"),
    "settings/automatic/<str:kind>/<int:account>/": desk("routing"),
    "settings/automatic/<str:kind>/<int:account>/example/": desk("routing", "POST"),
    "settings/automatic/<str:kind>/<int:account>/away/": desk("routing", "POST"),
    # what is ready to be said, and keys
    "palette/": anyone(),
    "palette/found/": desk("see", q="zip"),
    "preferences/shortcuts/": anyone(),
    "tickets/<int:number>/quick-texts/": ticket("see"),
    "tickets/<int:number>/quick-texts/<int:quick_text>/": ticket("see", "POST"),
    "tickets/<int:number>/guidelines/": ticket("see"),
    "settings/quick-texts/": desk("note"),
    "settings/quick-texts/preview/": desk("note", "POST"),
    "settings/quick-texts/<int:quick_text>/": desk("desk"),
    "settings/quick-texts/<int:quick_text>/removal/": desk("desk", "POST"),
    "settings/guidelines/": desk("see"),
    "settings/guidelines/<slug:place>/": (desk("desk"), desk("desk", "POST", text="Be kind.")),
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
    "GET /tickets/{number}/picture": ticket("see"),
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
    "GET /attachments/{attachment_id}": ticket("see"),
    "GET /deliveries": desk("accounts"),
    "GET /deliveries/{delivery_id}": desk("accounts"),
    "POST /deliveries/{delivery_id}/replay": desk("accounts"),
    "GET /tags": anyone(),
    "POST /tags": desk("desk", name="late"),
    "PATCH /tags/{tag}": desk("desk", name="late"),
    "DELETE /tags/{tag}": desk("desk"),
    "GET /groups": anyone(),
    "PATCH /groups/{group}": desk("desk", name="retail"),
    "DELETE /groups/{group}": desk("desk"),
    "GET /fields": anyone(),
    "POST /fields": desk("desk", title="Colour"),
    "PATCH /fields/{field}": desk("desk"),
    "GET /accounts/{account}/follow-up-question": desk("routing"),
    "PUT /accounts/{account}/follow-up-question": desk("routing", text="Is it fixed?"),
    "DELETE /accounts/{account}/follow-up-question": desk("routing"),
    "GET /notices": anyone(),
    "POST /notices/seen": anyone(),
    "POST /sweeps": desk("tend", deed="status", value="solved", numbers=[Of("number")]),
    "GET /sweeps/{number}": mine(),
    "POST /sweeps/{number}/undo": mine(),
    "GET /search": desk("see", q="is:open"),
    "GET /search/complete": anyone(q="is:"),
    "GET /views": anyone(),
    "POST /views": anyone("POST", name="Late", condition="is:open"),
    "PUT /views/order": anyone("PUT", views=[]),
    "GET /views/{view}/tickets": desk("see"),
    "PUT /views/{view}": desk("share", name="Late", condition="is:open"),
    "DELETE /views/{view}": desk("share"),
    "GET /tickets/{number}/matters": ticket("see"),
    "POST /tickets/{number}/merges": ticket("tend", number=Of("twin")),
    "DELETE /tickets/{number}/merges/{record}": ticket("tend"),
    "POST /tickets/{number}/splits": ticket("tend", messages=[Of("other_message")]),
    "DELETE /tickets/{number}/splits/{record}": ticket("tend"),
    "POST /tickets/{number}/joinings": ticket("tend", number=Of("stranger")),
    "DELETE /tickets/{number}/joinings/{record}": ticket("tend"),
    "GET /tickets/{number}/here": ticket("see"),
    "POST /tickets/{number}/here": ticket("see", doing="looking"),
    "DELETE /tickets/{number}/here": ticket("see"),
    "POST /messages/{message_id}/undo": ticket("answer"),
    "GET /quick-texts": anyone(),
    "POST /quick-texts": desk("note", name="thanks", text="Thank you."),
    "PATCH /quick-texts/{quick_text}": desk("desk"),
    "DELETE /quick-texts/{quick_text}": desk("desk"),
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
    "DELETE /skills/{skill}": desk("routing"),
    "GET /people/{someone}/abilities": desk("routing"),
    "PUT /people/{someone}/abilities": desk("routing"),
    "GET /rules": desk("routing"),
    "POST /rules": desk("routing", **_RULE),
    "POST /rules/try": desk("routing", **_RULE),
    "GET /rules/{rule}": desk("routing"),
    "PUT /rules/{rule}": desk("routing", **_RULE),
    "PATCH /rules/{rule}": desk("routing"),
    "DELETE /rules/{rule}": desk("routing"),
    "GET /rules/{rule}/runs": desk("routing"),
    "GET /schedules": desk("routing"),
    "POST /schedules": desk("routing", **_SCHEDULE),
    "GET /schedules/{schedule}": desk("routing"),
    "PUT /schedules/{schedule}": desk("routing", **_SCHEDULE),
    "DELETE /schedules/{schedule}": desk("routing"),
    "GET /targets": desk("routing"),
    "POST /targets": desk("routing", **_TARGET),
    "GET /targets/{policy}": desk("routing"),
    "PUT /targets/{policy}": desk("routing", **_TARGET),
    "PATCH /targets/{policy}": desk("routing", to="up"),
    "DELETE /targets/{policy}": desk("routing"),
    "GET /tickets/{number}/promises": ticket("see"),
    "GET /automatic-messages": desk("routing"),
    "PUT /automatic-messages/{kind}": desk("routing", **_AWAY),
    "PUT /accounts/{account_id}/automatic-messages/{kind}": desk("routing", **_AWAY),
    "DELETE /accounts/{account_id}/automatic-messages/{kind}": desk("routing"),
    "GET /figures": desk("figures"),
    "GET /figures.csv": desk("export"),
    "GET /accounts/{account_id}/responsive": desk("figures"),
}

NOT_OURS = ("api/v1/", "widget/")
"""The API is walked by its document; a visitor of a chat has a key and no role (heed/widget/tests)."""

"""What is sent to an address of the settings so that something there is another than before: each of them
must leave a row in the audit (`test_permissions.py`). Those not named here get what `who_may.py` says."""

from __future__ import annotations

from typing import Any

from heed.tests.who_may import Of

SETTINGS = ("desk", "routing", "accounts", "people", "share", "audit")
"""Whoever needs one of these permissions changes settings."""

OF_SETTINGS = ("settings/", "people/", "accounts/")
"""So do these pages, whatever permission they need."""

SILENT = frozenset(
    {
        # they only show, look or try
        *("settings/", "settings/audit/", "settings/roles/", "settings/sign-in/", "settings/guidelines/"),
        *("settings/rules/", "settings/rules/check/", "settings/rules/try/", "settings/follow-up/"),
        *("settings/hours/", "settings/hours/example/", "settings/targets/", "settings/targets/example/"),
        *("settings/automatic/", "settings/automatic/<str:kind>/<int:account>/example/"),
        *("settings/quick-texts/preview/", "settings/views/", "POST /rules/try"),
        *("people/<int:someone>/", "accounts/", "accounts/connect/", "accounts/<int:account_id>/"),
        # what came in
        *("deliveries/", "deliveries/<int:delivery_id>/raw/", "deliveries/<str:state>/"),
        *("deliveries/<int:delivery_id>/replay/", "deliveries/<str:state>/replay/"),
        "POST /deliveries/{delivery_id}/replay",
        # it asks the network, and what is tried here cannot be reached
        *("accounts/<int:account_id>/check/", "accounts/<int:account_id>/credentials/", "POST /accounts"),
        *("accounts/connect/<str:network>/", "accounts/signed-in/"),
        # it is refused: something was taken in with this account
        "accounts/<int:account_id>/removal/",
    }
)
"""They change nothing that the audit tells of here."""

_DEED = {"name": "Soles", "when": ["message_received"], "condition": "is:open"}
_RULE = {**_DEED, "a0-do": "add_tags", "a0-tags": "sole"}
_RULE_CALL = {**_DEED, "actions": [{"do": "add_tags", "tags": ["sole"]}]}
_DAYS = {f"day{number}": "10:00–12:00" for number in range(7)}
_HOURS = {
    **_DAYS,
    "name": "Shop",
    "zone": "Europe/Ljubljana",
    "places": ["0.0.0"],
    "holidays-TOTAL_FORMS": "0",
    "holidays-INITIAL_FORMS": "0",
}
_HOURS_CALL = {"name": "Shop", "zone": "Europe/Ljubljana", "week": [[["10:00", "12:00"]]] * 7}
_TARGET = {"name": "Urgent", "on": "on", "time": "elapsed", "first_reply": "15", "first_reply_unit": "60"}
_TARGET_CALL = {"name": "Urgent", "first_reply": 900}
_TEAM = {"name": "Repairs", "way": "turns", "members": [Of("someone")], "accounts": [Of("account")]}
_ABLE = {
    "languages": "sl",
    "capacity": "5",
    "zone": "Europe/Ljubljana",
    "skills": [Of("skill")],
    "day-0": "9:00–12:00",
}
_AWAY = {"on": "on", "language": "en", "again_after": "1", "texts.en": "Back {next_opening}."}
_VIEW = {"name": "Late", "condition": "is:open", "order": "newest", "share": "all"}
_TEXT = {"name": "sole", "text": "We glue it.", "title": "", "language": "", "whose": "all"}
_PERMISSIONS = {"name": "Late shift", "permissions": ["see", "note"]}

SENT: dict[str, dict[str, Any] | tuple[dict[str, Any], ...]] = {
    "settings/views/new/": _VIEW,
    "settings/views/<int:pk>/": (_VIEW, {**_VIEW, "share": "me"}, {**_VIEW, "share": Of("team")}),
    "settings/views/<int:pk>/move/": {"way": "down"},
    "accounts/<int:account_id>/settings/": (
        {"name": "Acme", "after_solved": "reopen"},
        {"name": "Acme on Facebook", "after_solved": "new"},
    ),
    "people/": {"email": "sam@else.example", "role": "agent"},
    "people/<int:someone>/roles/": {"role": "lead"},
    "people/<int:someone>/password/": {"password": "another long one 7"},
    "settings/roles/new/": _PERMISSIONS,
    "settings/roles/<int:role>/": _PERMISSIONS,
    "settings/tags/": {"name": "late"},
    "settings/tags/<int:tag>/": {"name": "late"},
    "settings/groups/group/": {"of": Of("group"), "name": "retail"},
    "settings/fields/": {"title": "Colour", "kind": "choice", "choices": "red\nblue"},
    "settings/fields/<int:field>/": {"title": "Length", "kind": "text"},
    "settings/fields/<int:field>/place/": ({"to": "down"}, {"to": "archive"}),
    "settings/follow-up/<int:account>/": ({"after_days": "4", "text": "Is it fixed?"}, {"drop": "1"}),
    "settings/teams/<int:number>/": (_TEAM, {**_TEAM, "name": "Returns", "way": "pull"}),
    "settings/teams/<int:number>/act/": ({"to": "archive"}, {"to": "back"}),
    "settings/teams/people/<int:someone>/": _ABLE,
    "settings/teams/skills/": {"name": "Soles", "tags": "sole"},
    "settings/teams/skills/<int:number>/": ({"name": "Zips", "tags": "zip, sole"}, {"to": "drop"}),
    "settings/rules/new/": _RULE,
    "settings/rules/<int:number>/": _RULE,
    "settings/rules/<int:number>/act/": ({"to": "on"}, {"to": "off"}, {"to": "down"}, {"to": "remove"}),
    "settings/hours/new/": _HOURS,
    "settings/hours/<int:schedule>/": _HOURS,
    "settings/targets/new/": _TARGET,
    "settings/targets/<int:policy>/": _TARGET,
    "settings/targets/<int:policy>/move/": {"up": "no"},
    "settings/automatic/<str:kind>/<int:account>/": _AWAY,
    "settings/quick-texts/": _TEXT,
    "settings/quick-texts/<int:quick_text>/": _TEXT,
    "PATCH /accounts/{account_id}": (
        {"name": "Acme"},
        {"after_solved": "new"},
        {"brand": ""},
    ),
    "DELETE /tags/{tag}": {},
    "PATCH /fields/{field}": ({"title": "Length"}, {"archived": True}),
    "PUT /accounts/{account}/follow-up-question": {"text": "Does it hold?"},
    "POST /views": {"name": "Late", "condition": "is:open", "shared": True},
    "PUT /views/{view}": {"name": "Late", "condition": "is:open", "shared": True},
    "PUT /views/order": {"views": [Of("other_view"), Of("pk")]},
    "POST /quick-texts": {"name": "sole", "text": "We glue it.", "shared": True},
    "PATCH /quick-texts/{quick_text}": {"text": "Thank you!"},
    "POST /skills": {"name": "Soles", "tags": ["sole"]},
    "PUT /people/{someone}/abilities": {"languages": ["sl"]},
    "POST /rules": _RULE_CALL,
    "PUT /rules/{rule}": _RULE_CALL,
    "PATCH /rules/{rule}": ({"on": True}, {"to": "down"}),
    "POST /schedules": _HOURS_CALL,
    "PUT /schedules/{schedule}": _HOURS_CALL,
    "PUT /targets/{policy}": _TARGET_CALL,
    "PATCH /targets/{policy}": {"to": "down"},
    "PUT /automatic-messages/{kind}": {"texts": {"en": "Back {next_opening}."}},
}

"""The desk of the demo company, set up as a shop would: teams, hours, a target, rules, texts."""

from __future__ import annotations

from django.db import transaction

from heed.accounts.models import Brand, Team, User
from heed.accounts.verbs import name_brand
from heed.inbox.verbs.labels import make_field, make_tag
from heed.inbox.verbs.saving import keep_view
from heed.library.verbs import make_quick_text, write_guideline
from heed.routing import desk_hours, keeping
from heed.routing.automatic import keep_message
from heed.routing.hours_text import spans_from
from heed.routing.models import AutomaticMessage, Policy, Rule
from heed.routing.promises import keep_policy

BRAND, OUTLET = "Acme", "Acme Outlet"
SHOP, RETURNS = "Shop", "Returns"
TAGS = ("delivery", "returns", "size", "zip")
WEEKDAY, SATURDAY = "8:00–18:00", "9:00–13:00"
HOLIDAYS = (("New Year", "01-01"), ("Christmas", "12-25"))
HOUR = 3600

AWAY = {
    "en": "Hello {first_name}, we are away right now and will be back {next_opening}.",
    "sl": "Pozdravljeni, {first_name}. Trenutno nas ni, spet bomo tu: {next_opening}.",
    "ar": "مرحباً {first_name}، نحن خارج أوقات العمل الآن ونعود {next_opening}.",
    "mn": "Сайн байна уу, {first_name}. Бид одоо амарч байна, {next_opening} эргэн ирнэ.",
}

QUICK_TEXTS = (
    (
        "return",
        "en",
        "Dear {first_name}, please send the shoes back within 30 days. The box has a label.",
    ),
    ("return", "sl", "Pozdravljeni, {first_name}, čevlje nam pošljite v 30 dneh. Nalepka je v škatli."),
    ("size", "en", "Our shoes run small: take half a size more than usual."),
)

GUIDELINES = """# How we answer
First name, plain words, no exclamation marks. Apologise once, then say what happens next.

# Refunds
Up to 80 € at once. Above that, leave a note for Maja and put the ticket on hold.

# Broken shoes
Ask for a picture and the order number. Offer a new pair first, the money second.
"""

OF_THE_OUTLET = """# What is sold at the outlet
Last season's shoes, without the box. A pair goes back for another one, never for money.
"""


@transaction.atomic
def furnish(owner: User) -> None:
    """Set the desk up, once: what people change or remove afterwards stays as they leave it."""
    if Team.objects.exists() or Rule.objects.exists():
        return
    people = list(User.objects.filter(is_active=True))
    name_brand(owner, Brand(), BRAND)
    outlet = name_brand(owner, Brand(), OUTLET)
    shop = _team(owner, SHOP, people)
    returns = _team(owner, RETURNS, [each for each in people if each != owner])
    for name in TAGS:
        make_tag(owner, name)
    make_field(owner, "Order number", "text")
    keep_view(owner, "Broken zips", "tag:zip is:open", shared=True)
    _open_times(owner)
    keep_policy(Policy(name="Every customer", first_reply=2 * HOUR, next_reply=4 * HOUR), owner)
    keep_message(AutomaticMessage(kind=AutomaticMessage.Kind.AWAY, on=False, texts=AWAY), owner)
    _rules(owner, shop, returns)
    for short, language, text in QUICK_TEXTS:
        make_quick_text(owner, short, text, language=language, shared=True)
    write_guideline(owner, GUIDELINES)
    write_guideline(owner, OF_THE_OUTLET, brand=outlet)


def _team(owner: User, name: str, people: list[User]) -> Team:
    team = keeping.make_team(owner, name)
    keeping.change_team(
        owner,
        team,
        name=name,
        members=[each.pk for each in people],
        accounts=(),
        way="pull",
        same_language=True,
        same_skill=True,
        prefer_last=True,
        takes_back=True,
    )
    return team


def _open_times(owner: User) -> None:
    week = [*[spans_from(WEEKDAY)] * 5, spans_from(SATURDAY), []]
    holidays = [{"name": name, "day": day, "spans": []} for name, day in HOLIDAYS]
    desk_hours.keep(
        None,
        owner,
        name="Shop hours",
        zone="Europe/Ljubljana",
        week=week,
        holidays=holidays,
        places=[desk_hours.EVERYWHERE],
    )


def _rules(owner: User, shop: Team, returns: Team) -> None:
    for facts in (
        {
            "name": "Broken zips go to Returns",
            "when": ["message_received"],
            "condition": "zip* OR zadrg*",
            "actions": [{"do": "add_tags", "tags": ["zip"]}, {"do": "assign_team", "team": returns.pk}],
        },
        {
            "name": "Nobody waits half a day",
            "when": [Rule.TIME],
            "condition": "is:unanswered waiting:>4h",
            "actions": [{"do": "priority", "priority": 3}, {"do": "notify_team", "team": shop.pk}],
        },
    ):
        rule = keeping.keep_rule(owner, Rule(), facts)
        keeping.switch_rule(owner, rule, on=True)

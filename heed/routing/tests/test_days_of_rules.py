"""The days of a rule are the desk's: the same in the worker and in a dry run, whoever looks from wherever."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from heed.accounts.models import Brand, User
from heed.lib import clock
from heed.routing import desk_hours, rules
from heed.routing.desk_hours import EVERYWHERE, Place
from heed.routing.dry import dry_run
from heed.routing.tests.conftest import Open
from heed.routing.tests.some_rules import add, comes, fresh, rule

pytestmark = pytest.mark.django_db

FAR = ZoneInfo("Pacific/Kiritimati")


def hours(user: User, zone: str, place: Place) -> None:
    desk_hours.keep(None, user, name=zone, zone=zone, week=[[]] * 7, holidays=[], places=[place])


def test_today_is_the_desks(opened: Open, maja: User) -> None:
    hours(maja, str(FAR), EVERYWHERE)
    midnight = datetime.combine(clock.now().astimezone(FAR), time(), FAR)
    before, after = (
        opened(opened_at=midnight + timedelta(minutes=n), waiting_since=midnight) for n in (-1, 1)
    )
    asks = rule(add("new"), when="message_received", condition="created:today")
    events = [comes(before), comes(after)]
    with timezone.override(ZoneInfo("America/New_York")):
        touched = [each.ticket for each in dry_run(asks).touches]
    rules.run_rules(events)
    assert [fresh(each).tags for each in (before, after)] == [[], ["new"]]
    assert touched == [after]


def test_without_hours_of_its_own_a_brands_and_else_the_installations(maja: User) -> None:
    assert desk_hours.zone() == timezone.get_default_timezone()
    hours(maja, str(FAR), Place(brand=Brand.objects.create(name="Acme Kids").pk))
    assert desk_hours.zone() == FAR
    hours(maja, "Europe/Ljubljana", EVERYWHERE)
    assert desk_hours.zone() == ZoneInfo("Europe/Ljubljana")

"""Keeping customer groups in order."""

from __future__ import annotations

from django.test import Client

from heed.accounts.models import User
from heed.inbox.models import Customer
from heed.routing.models import Policy


def test_groups_are_counted_renamed_made_one_and_removed(maja: User) -> None:
    lead = Client()
    lead.force_login(maja)
    assert "No group yet" in lead.get("/settings/groups/").content.decode()
    lea = Customer.objects.create(name="Lea Marn", group="a/b & c")
    Customer.objects.create(name="Lea", group="a/b & c", joined_into=lea)
    Customer.objects.create(name="Omar Badr", group="press")
    Policy.objects.create(name="Fast", first_reply=60, groups=["press"])
    listed = lead.get("/settings/groups/").content.decode()
    address = "/settings/groups/group/?of=a%2Fb+%26+c"
    assert (f'href="{address}"' in listed, listed.count("1 customer<")) == (True, 2)
    page = lead.get("/settings/groups/group/?of=press").content.decode()
    assert ("the target “Fast”" in page, "Remove this group" in page) == (True, False)
    kept = lead.post("/settings/groups/removal/", {"of": "press"}, follow=True).content.decode()
    assert "still needed here: the target “Fast”" in kept
    done = lead.post(address, {"of": "a/b & c", "name": "press"}, follow=True).content.decode()
    assert ("The two groups are one now." in done, "2 customers<" in done) == (True, True)
    Policy.objects.all().delete()
    lead.post("/settings/groups/removal/", {"of": "press"})
    assert not Customer.objects.exclude(group="").exists()
    assert lead.get("/settings/groups/group/?of=press").status_code == 404
    assert lead.get("/settings/groups/group/").status_code == 404

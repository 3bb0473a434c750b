"""A tag is called another name, and what names it goes on meaning it."""

from __future__ import annotations

import pytest

from heed.accounts.models import User
from heed.inbox.models import SavedView, Tag
from heed.inbox.verbs import CannotTend, drop_tag, rename_tag, where_named
from heed.routing.models import Rule, Skill

pytestmark = pytest.mark.django_db


def test_rules_and_skills_take_the_new_name(maja: User) -> None:
    tags = [Tag.objects.create(name=name) for name in ("zipper", "late")]
    deeds = [{"do": "add_tags", "tags": ["a", "zipper"]}, {"do": "set_status", "status": "pending"}]
    rule = Rule.objects.create(name="Zips", when=["ticket_opened"], condition="tag:zipper", actions=deeds)
    skill = Skill.objects.create(name="Repairs", tags=["heel", "zipper"])
    rename_tag(maja, tags[0], "Zip")
    rule.refresh_from_db()
    skill.refresh_from_db()
    assert rule.condition == "tag:zip"
    assert rule.actions == [{"do": "add_tags", "tags": ["a", "zip"]}, deeds[1]]
    assert skill.tags == ["heel", "zip"]
    rename_tag(maja, tags[1], "heel")
    skill.refresh_from_db()
    assert skill.tags == ["heel", "zip"]


def test_what_the_team_still_needs_is_not_deleted(maja: User) -> None:
    tag = Tag.objects.create(name="zip")
    mine = SavedView.objects.create(owner=maja, name="Mine", condition="tag:zip")
    assert where_named(tag) == []
    SavedView.objects.create(owner=maja, name="All of them", condition="tag:z*", shared=True)
    shared = SavedView.objects.create(owner=maja, name="Zips", condition="is:open -tag:late,ZIP", shared=True)
    asks = Rule.objects.create(name="Late", when=["ticket_opened"], condition="tag:zip", actions=[])
    sets = Rule.objects.create(
        name="Sort", when=["ticket_opened"], condition="zip", actions=[{"do": "add_tags", "tags": ["zip"]}]
    )
    skill = Skill.objects.create(name="Repairs", tags=["zip"])
    assert where_named(tag) == [
        "the view “Zips”",
        "the rule “Late”",
        "the rule “Sort”",
        "the skill “Repairs”",
    ]
    for each in (shared, asks, sets, skill):
        with pytest.raises(CannotTend, match="Change that first"):
            drop_tag(maja, tag)
        each.delete()
    drop_tag(maja, tag)
    assert not Tag.objects.exists()
    assert SavedView.objects.filter(pk=mine.pk).exists()

"""A tag is called another name, and what names it goes on meaning it."""

from __future__ import annotations

import pytest

from heed.accounts.models import User
from heed.inbox.models import Tag
from heed.inbox.verbs import rename_tag
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

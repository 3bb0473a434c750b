"""Quick texts and guidelines."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from heed.api.shapes.given import Given, Text
from heed.api.shapes.shape import Shape
from heed.library.models import Guideline, QuickText
from heed.library.verbs import MOST_GUIDELINE_LETTERS, MOST_LETTERS

Name = Annotated[Text, Field(min_length=1, max_length=41)]
Words = Annotated[Text, Field(min_length=1, max_length=MOST_LETTERS)]


class QuickTextOut(Shape):
    id: int
    name: str
    title: str
    text: str
    language: str
    shared: bool
    team: int | None
    used: int
    filled: str | None = None
    """With `ticket`: what it becomes there."""


class QuickTexts(Shape):
    items: list[QuickTextOut]


class QuickTextGiven(Given):
    name: Name
    text: Words
    title: Annotated[Text, Field(max_length=120)] = ""
    language: Annotated[Text, Field(max_length=3)] = ""
    shared: bool = False
    team: int | None = None


class QuickTextChange(Given):
    name: Name | None = None
    text: Words | None = None
    title: Annotated[Text, Field(max_length=120)] | None = None
    language: Annotated[Text, Field(max_length=3)] | None = None
    team: int | None = None


class GuidelineOut(Shape):
    text: str
    team: int | None
    account: int | None
    brand: int | None
    changed_at: datetime


class Guidelines(Shape):
    items: list[GuidelineOut]


class GuidelineGiven(Given):
    text: Annotated[Text, Field(max_length=MOST_GUIDELINE_LETTERS)]
    team: int | None = None
    account: int | None = None
    brand: int | None = None


def of_quick_text(one: QuickText, filled: str | None = None) -> QuickTextOut:
    return QuickTextOut(
        id=one.pk,
        name=one.name,
        title=one.title,
        text=one.text,
        language=one.language,
        shared=one.shared,
        team=one.team_id,
        used=one.used,
        filled=filled,
    )


def of_guideline(one: Guideline) -> GuidelineOut:
    return GuidelineOut(
        text=one.text, team=one.team_id, account=one.account, brand=one.brand_id, changed_at=one.changed_at
    )

"""What does not fit in a delivery is said in a sentence: the field, what was expected, what came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation
from pydantic import BaseModel, ValidationError

from heed.channels.base.faults import fault_in
from heed.channels.base.inbound import Broken, Inbound, Malformed, each
from heed.inbox.faults import sentence_for


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


class Author(BaseModel):
    id: str
    likes: int = 0
    tags: list[str] = []


class Comment(BaseModel):
    author: Author


def broken(item: Any) -> Broken:
    def read(given: Any) -> list[Inbound]:
        Comment.model_validate(given)
        return []

    (found,) = each([item], read, "comment")
    assert isinstance(found, Broken)
    return found


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        ({"author": {}}, "The field “author.id” is missing."),
        (
            {"author": {"id": 7}},
            "The field “author.id” does not fit. Expected: text. What came: a number, “7”.",
        ),
        (
            {"author": {"id": None}},
            "The field “author.id” does not fit. Expected: text. What came: nothing.",
        ),
        (
            {"author": {"id": "1", "likes": "many"}},
            "The field “author.likes” does not fit. Expected: a number. What came: text, “many”.",
        ),
        (
            {"author": {"id": "1", "tags": {"a": 1}}},
            "The field “author.tags” does not fit. Expected: a list. What came: a record with fields.",
        ),
        (
            {"author": []},
            "The field “author” does not fit. Expected: a record with fields. What came: a list.",
        ),
    ],
)
def test_the_first_field_that_does_not_fit_is_named(item: Any, sentence: str) -> None:
    found = broken(item)
    assert sentence_for({"what": found.what, "error": found.error, **found.fault}) == sentence
    assert "pydantic" in found.error  # as it was said, for whoever mends it


def test_a_long_value_is_cut() -> None:
    assert broken({"author": {"id": "1", "likes": "x" * 500}}).fault["value"] == "x" * 60 + "…"


def test_what_a_whole_body_lacked_is_named_too() -> None:
    with pytest.raises(ValidationError) as missing:
        Comment.model_validate({})
    whole = Malformed("a comment was expected")
    whole.__cause__ = missing.value
    assert fault_in(whole) == {"field": "author"}
    assert fault_in(KeyError("post_id")) == {"field": "post_id"}
    assert fault_in(RuntimeError("something else")) == {}


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        ({"what": "delivery", "error": "not JSON: …"}, "What came as a whole cannot be read"),
        ({"what": "dance", "error": ""}, "Heed does not know this kind of news."),
        ({"what": "Echo", "error": "no account 7"}, "It is about an account that is not connected here."),
        ({"what": "feed", "error": "DataError"}, "This part could not be taken in."),
    ],
)
def test_where_no_field_is_known_it_says_what_is(problem: dict[str, str], sentence: str) -> None:
    assert sentence in sentence_for(problem)


def test_every_language_says_it_in_its_own_words() -> None:
    problem = {"what": "feed", "field": "id", "expected": "text", "came": "number", "value": "7"}
    said = set()
    for language in ("en", "sl", "ar", "mn"):
        with translation.override(language):
            said.add(sentence_for(problem))
    assert len(said) == 4

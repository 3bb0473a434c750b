"""How satisfied customers are: two choices under the follow-up question, and what becomes of a tap on one.

A tap comes in as a message. A good one asks for nothing: it is kept like what a machine sent, nobody waits
and the ticket stays solved. A bad one is a message like any other, and opens the ticket again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from heed.channels.base import Choice, Choices
from heed.inbox import events
from heed.inbox.arrivals.people import Author
from heed.inbox.arrivals.shapes import Arrival
from heed.inbox.models import Event, Message
from heed.inbox.possible import Way
from heed.inbox.possible_choices import fault_of, settled
from heed.inbox.posts import Key

GOOD, BAD = "👍", "👎"
_OFFERED = Choices((Choice(GOOD), Choice(BAD)))


def offered(way: Way, text: str) -> Choices | None:
    """What can be tapped under a question; None where the network shows no choices, or not under this one."""
    return None if fault_of(_OFFERED, text, way.choices) else settled(_OFFERED, way.choices)


def asks_for_nothing(new: Mapping[Key, Arrival], writers: Mapping[Key, Author]) -> dict[Key, Arrival]:
    """A batch, in which good ratings are marked as what nobody has to answer."""
    return {
        key: Arrival(each.account, replace(each.news, automatic=True))
        if _mark(each.news.text) == GOOD and _question_to(writers[key].pk) is not None
        else each
        for key, each in new.items()
    }


def keep_ratings(batch: Sequence[Event]) -> None:
    """A reaction: write down what was tapped under a follow-up question. It may run twice."""
    wanted = Message.objects.filter(pk__in=[each.message_id for each in batch], direction="in")
    for message in wanted.filter(text__regex=f"^\\s*({GOOD}|{BAD})").select_related("ticket"):
        question = _question_to(message.identity_id, message) if _mark(message.text) else None
        if question is None or Event.objects.filter(kind="rated", message=message).exists():
            continue
        good = _mark(message.text) == GOOD
        ticket, at = message.ticket, message.at
        events.record("rated", ticket=ticket, message=message, at=at, good=good, question=question.pk)


def _mark(text: str) -> str:
    """What was tapped; empty where it was something else. Some networks add that it is to be in colour."""
    mark = text.strip().replace("\ufe0f", "")
    return mark if mark in (GOOD, BAD) else ""


def _question_to(identity: int | None, before: Message | None = None) -> Message | None:
    """The follow-up question with choices that was the last thing we said to this person."""
    said = Message.objects.filter(identity=identity, direction="out").exclude(visibility="note")
    last = (said.filter(pk__lt=before.pk) if before else said).order_by("-pk").first()
    asked = last is not None and last.origin == "follow_up" and last.manner.get("choices")
    return last if asked else None

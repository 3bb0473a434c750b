"""What goes through a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from heed.channels.base import MessageReceived
from heed.channels.models import Account
from heed.inbox.posts import Key


class Arrival(NamedTuple):
    """A message and the account it belongs to."""

    account: Account
    news: MessageReceived


@dataclass
class Stored:
    """What a batch changed: the events written and the tickets touched."""

    events: list[tuple[str, int]]
    tickets: set[int]


class Here(NamedTuple):
    """A message that was stored just now."""

    pk: int
    ticket: int
    arrival: Arrival


class Overtaken(Exception):
    """Another process stored some of these messages while we were at it."""


def key_of(arrival: Arrival) -> Key:
    return arrival.account.pk, arrival.news.external_id


def post_key(arrival: Arrival) -> Key:
    return arrival.account.pk, arrival.news.post

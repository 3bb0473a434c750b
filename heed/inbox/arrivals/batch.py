"""A batch, from what came to what is stored."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from heed.channels.models import Account
from heed.inbox import early, posts, ratings
from heed.inbox.arrivals import matters
from heed.inbox.arrivals.homes import homes_of, merged, place_of, remember_homes
from heed.inbox.arrivals.lines import refresh
from heed.inbox.arrivals.matters import Lead
from heed.inbox.arrivals.messages import insert, keep_attachments, record
from heed.inbox.arrivals.people import Author, author_key, people_of, reach_again
from heed.inbox.arrivals.shapes import Arrival, Overtaken, Stored, key_of, post_key
from heed.inbox.posts import Key
from heed.inbox.statements import columns, run


def store(arrivals: list[Arrival]) -> Stored:
    """Store a batch of customers' messages; duplicates change nothing. Call it in a transaction."""
    while True:
        try:
            with transaction.atomic():
                return _store(arrivals)
        except Overtaken:
            continue  # now we see them


def _store(arrivals: list[Arrival]) -> Stored:
    new = _not_yet_here(arrivals)
    if not new:
        return Stored([], set())
    leads = matters.leads_of(new)
    writers = _writers(new, leads)
    new = ratings.asks_for_nothing(new, writers)
    leads = matters.without_blocked(leads, writers)
    under = posts.known_or_bare({post_key(arrival) for arrival in new.values() if arrival.news.post})
    standing = _where_they_stand(new, leads)
    homes, opened = _homes(standing, leads, writers, under)
    tickets = merged(homes)
    here = insert(new, writers, tickets)
    if len(here) < len(new) and opened:
        raise Overtaken  # what we opened a ticket with may stand elsewhere
    if not here:
        return Stored([], set())
    remember_homes(here, homes)
    reach_again(here, writers)
    keep_attachments(here)
    posts.count_comments(under[post_key(each.arrival)] for each in here if each.arrival.news.post)
    told = [each._replace(arrival=standing[key_of(each.arrival)]) for each in here]
    reopened = refresh(each for each in told if each.ticket not in opened)
    if homes != tickets and merged(homes) != tickets:
        raise Overtaken  # somebody took a merge back meanwhile: what came for that one is its own again
    events = record(told, opened, reopened)
    early.apply_to({key_of(each.arrival): each.pk for each in here})
    return Stored(events, {each.ticket for each in here})


def _writers(new: Mapping[Key, Arrival], leads: Mapping[Key, Lead]) -> dict[Key, Author]:
    """Who wrote each message."""
    elsewhere = matters.writers_elsewhere(new, leads)
    here = {key: arrival for key, arrival in new.items() if key not in elsewhere}
    people = people_of(here) if here else {}
    return {key: people[author_key(arrival)] for key, arrival in here.items()} | elsewhere


def _where_they_stand(new: dict[Key, Arrival], leads: Mapping[Key, Lead]) -> dict[Key, Arrival]:
    """The messages beside the account of the ticket they go to, which may be another than they came to."""
    others = {key: lead.account for key, lead in leads.items() if lead.account.pk != key[0]}
    return (
        {key: Arrival(others.get(key, each.account), each.news) for key, each in new.items()}
        if others
        else new
    )


def _homes(
    new: Mapping[Key, Arrival],
    leads: Mapping[Key, Lead],
    writers: Mapping[Key, Author],
    under: Mapping[Key, int],
) -> tuple[dict[Key, int], set[int]]:
    """The ticket that each message belongs to, and which of these were opened."""
    homes = {
        key: lead.home
        for key, lead in leads.items()
        if matters.goes_on(new[key].news, lead.end.solved, lead.end.solved_at, lead.account)
    }
    places = {key: place_of(each, writers[key], under) for key, each in new.items()}
    matters.part(new, places, writers, homes)
    places = {key: place for key, place in places.items() if key not in homes}
    customers = {row.pk: row.customer for row in writers.values()}
    found, opened = homes_of(new, places, customers) if places else ({}, set())
    return homes | found, opened


def _not_yet_here(arrivals: list[Arrival]) -> dict[Key, Arrival]:
    """The arrivals by account and id, without those stored before, in a fixed order.

    The order is the same in every process, so two that work on the same people wait for each
    other instead of locking each other out.
    """
    wanted = {key_of(arrival): arrival for arrival in reversed(arrivals)}
    if wanted:
        for key in run(_KNOWN_MESSAGES, *columns(wanted)):
            wanted.pop((key[0], key[1]), None)
    return _without_our_own(dict(sorted(wanted.items())))


def _without_our_own(new: dict[Key, Arrival]) -> dict[Key, Arrival]:
    """Without what another account of ours wrote, where accounts can answer for each other: that account
    hears of it, too, and nobody waits for an answer to it."""
    authors = {
        (arrival.account.network, author.external_id)
        for arrival in new.values()
        if (author := arrival.news.author) is not None and arrival.account.able.public_from != "own"
    }
    if not authors:
        return new
    ids = {external_id for _, external_id in authors}
    known = Account.objects.filter(network__in={each for each, _ in authors}, external_id__in=ids)
    ours = set(known.values_list("network", "external_id"))
    return {
        key: arrival
        for key, arrival in new.items()
        if not ours
        or arrival.news.author is None
        or (arrival.account.network, arrival.news.author.external_id) not in ours
        or arrival.account.external_id == arrival.news.author.external_id
    }


_KNOWN_MESSAGES = """
SELECT account_id, external_id FROM inbox_message
JOIN unnest(%s::bigint[], %s::text[]) AS new (account, id) ON account_id = account AND external_id = new.id
WHERE external_id <> ''
"""

"""Whatever comes is read or malformed, and a batch reads as its items do."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from heed.channels.facebook.adapter import network
from heed.channels.facebook.tests.sample import ACCOUNT, PAYLOADS
from heed.channels.meta.tests.anything import any_json, damaged, is_read_or_malformed, samples

SEEDS = samples(PAYLOADS)


@given(st.binary(max_size=80) | any_json(SEEDS).map(lambda value: json.dumps(value).encode()))
def test_anything_is_read_or_malformed(body: bytes) -> None:
    is_read_or_malformed(network, body, ACCOUNT)


@given(damaged(SEEDS))
def test_a_damaged_payload_is_read_or_malformed(body: bytes) -> None:
    is_read_or_malformed(network, body, ACCOUNT)


ITEMS = [
    (entry["id"], entry["time"], kind, item)
    for seed in SEEDS
    if isinstance(seed, dict)
    for entry in seed["entry"]
    if entry["id"] != "0"  # the dashboard's test is told once per entry, whatever it holds
    for kind in ("messaging", "standby", "changes")
    for item in entry.get(kind, ())
]


def _body(entries: list[dict[str, Any]]) -> bytes:
    return json.dumps({"object": "page", "entry": entries}).encode()


@given(st.lists(st.sampled_from(ITEMS), max_size=12), st.booleans())
def test_a_batch_reads_as_its_items_do(items: list[tuple[str, int, str, Any]], together: bool) -> None:
    single: list[dict[str, Any]] = [
        {"id": page, "time": time, kind: [item]} for page, time, kind, item in items
    ]
    entries: list[dict[str, Any]] = []
    for entry in single:
        kind = next(iter(entry.keys() - {"id", "time"}))
        same = entries and all(entries[-1].get(key) == entry[key] for key in ("id", "time"))
        if together and same and kind in entries[-1]:
            entries[-1][kind] = [*entries[-1][kind], *entry[kind]]
        else:
            entries.append(dict(entry))
    apart = [news for entry in single for news in network.read(_body([entry]), ACCOUNT)]
    assert network.read(_body(entries), ACCOUNT) == apart

"""Whatever comes is read or malformed, and a batch reads as its items do."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from heed.channels.base import Inbound, Malformed
from heed.channels.facebook.adapter import network
from heed.channels.facebook.tests.sample import ACCOUNT, PAYLOADS

SEEDS = [json.loads(path.read_bytes()) for path in sorted(PAYLOADS.glob("*.json"))]
KEYS = sorted({key for seed in SEEDS for key in json.dumps(seed).split('"') if key.isidentifier()})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner)
    ),
    max_leaves=12,
)


@given(st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything_is_read_or_malformed(body: bytes) -> None:
    _is_read_or_malformed(body)


def _is_read_or_malformed(body: bytes) -> None:
    try:
        news = network.read(body, ACCOUNT)
    except Malformed:
        return
    assert all(isinstance(each, Inbound) for each in news)


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A real payload with one value somewhere in it replaced by anything."""
    value = json.loads(json.dumps(draw(st.sampled_from(SEEDS))))
    spot: Any = value
    while True:
        inner: list[Any] = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
        if not inner:
            return value
        key = draw(st.sampled_from(inner))
        if not isinstance(spot[key], dict | list) or draw(st.integers(0, 4)) == 0:
            spot[key] = draw(JSON)
            return value
        spot = spot[key]


@given(damaged())
def test_a_damaged_payload_is_read_or_malformed(value: Any) -> None:
    _is_read_or_malformed(json.dumps(value).encode())


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

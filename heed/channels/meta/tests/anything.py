"""Payloads that no network sends: any JSON, and real ones with something wrong in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from heed.channels.base import AccountRecord, Inbound, Malformed, Network


def samples(folder: Path) -> list[Any]:
    """The payloads of a network, read."""
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]


def any_json(seeds: list[Any]) -> st.SearchStrategy[Any]:
    """JSON with the names that these payloads use, among others."""
    keys = sorted({key for seed in seeds for key in json.dumps(seed).split('"') if key.isidentifier()})
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys) | st.text(max_size=4), inner)
        ),
        max_leaves=12,
    )


@st.composite
def damaged(draw: st.DrawFn, seeds: list[Any]) -> bytes:
    """A real payload with one value somewhere in it replaced by anything."""
    value = json.loads(json.dumps(draw(st.sampled_from(seeds))))
    spot: Any = value
    while True:
        inner: list[Any] = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
        if not inner:
            return json.dumps(value).encode()
        key = draw(st.sampled_from(inner))
        if not isinstance(spot[key], dict | list) or draw(st.integers(0, 4)) == 0:
            spot[key] = draw(any_json(seeds))
            return json.dumps(value).encode()
        spot = spot[key]


def is_read_or_malformed(network: Network, body: bytes, account: AccountRecord) -> None:
    """Check that a delivery gives news or is refused as malformed, and nothing else happens."""
    try:
        news = network.read(body, account)
    except Malformed:
        return
    assert all(isinstance(each, Inbound) for each in news)

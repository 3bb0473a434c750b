"""Reading what a network sends, whatever it sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.base import Broken, Malformed, Network, NotUnderstood
from heed.channels.tests.contract import sample_of


class TestReading:
    def test_bodies_are_read_whole(self, network: Network) -> None:
        sample = sample_of(network)
        assert sample.bodies()
        for body in sample.bodies():
            assert not [each for each in network.read(body, sample.ACCOUNT) if isinstance(each, Broken)]

    def test_the_same_body_gives_the_same_news(self, network: Network) -> None:
        sample = sample_of(network)
        for body in sample.bodies():
            assert network.read(body, sample.ACCOUNT) == network.read(body, sample.ACCOUNT)

    def test_an_unknown_kind_is_not_understood(self, network: Network) -> None:
        sample = sample_of(network)
        news = network.read(sample.UNKNOWN, sample.ACCOUNT)
        assert [each for each in news if isinstance(each, NotUnderstood)]
        assert not [each for each in news if isinstance(each, Broken)]

    def test_a_poison_item_leaves_its_neighbours(self, network: Network) -> None:
        sample = sample_of(network)
        body = sample.poisoned()
        if body is None:
            return
        news = network.read(body, sample.ACCOUNT)
        assert [each for each in news if isinstance(each, Broken)]
        assert [each for each in news if not isinstance(each, Broken)]

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"nonsense", b"\xff\xfe\x00", b"null", b"7", b"[]", b"[" * 5000]
    )
    def test_garbage_is_malformed_or_nothing(self, network: Network, body: bytes) -> None:
        try:
            assert network.read(body, sample_of(network).ACCOUNT) == []
        except Malformed:
            return

    def test_a_damaged_body_never_makes_reading_fail(self, network: Network) -> None:
        sample = sample_of(network)

        @given(st.sampled_from(sample.bodies()).flatmap(_damaged))
        def read(damaged: bytes) -> None:
            with suppress(Malformed):
                network.read(damaged, sample.ACCOUNT)

        read()

    def test_ids_survive_a_number_above_2_53(self, network: Network) -> None:
        sample = sample_of(network)
        for body in sample.bodies():
            for each in network.read(body, sample.ACCOUNT):
                assert "e+" not in str(getattr(each, "external_id", ""))


@cache
def _damaged(body: bytes) -> st.SearchStrategy[bytes]:
    return _cut(body) | (_with_a_value_changed(body) if _is_json(body) else _scratched(body))


def _cut(body: bytes) -> st.SearchStrategy[bytes]:
    return st.integers(0, len(body)).map(lambda end: body[:end])


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _scratched(body: bytes) -> st.SearchStrategy[bytes]:
    """The body with a few of its bytes replaced: for networks that speak no JSON."""
    return st.builds(
        lambda at, put: body[:at] + put + body[at + len(put) :],
        st.integers(0, len(body)),
        st.binary(max_size=8),
    )


def _with_a_value_changed(body: bytes) -> st.SearchStrategy[bytes]:
    """The body with one of its values replaced by another kind of value."""
    parsed = json.loads(body)
    strange = st.sampled_from([None, 7, -1, 1e300, 10**40, "", "x", [], {}, [None], {"a": None}, True])
    return st.builds(
        lambda path, value: json.dumps(_replaced(parsed, path, value)).encode(),
        st.sampled_from(list(_paths(parsed))),
        strange,
    )


def _paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths(inner, (*here, key))


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy

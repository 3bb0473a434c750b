"""Every folder beside this file that holds an `adapter` module is a network."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from heed.channels.base import Network


class NoSuchNetwork(LookupError):
    """No folder of this name. `GET /api/v1/networks` lists the names."""


@cache
def networks() -> dict[str, Network]:
    """The networks by name, in the order of their labels."""
    here = Path(__file__).parent
    folders = [path.parent.name for path in here.glob("*/adapter.py")]
    found = [import_module(f"heed.channels.{folder}.adapter").network for folder in folders]
    return {network.name: network for network in sorted(found, key=lambda each: str(each.label).casefold())}


def network_named(name: str) -> Network:
    try:
        return networks()[name]
    except KeyError:
        raise NoSuchNetwork(name) from None

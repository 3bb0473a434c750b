"""Every folder beside this file that holds an `adapter` module is a network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from heed.channels.base import (
    AccountRecord,
    Action,
    Admission,
    Answer,
    Capabilities,
    Checked,
    Collected,
    Finding,
    Hook,
    Inbound,
    MediaSource,
    Network,
    Refusal,
    Sent,
    Target,
    Wanted,
)
from heed.lib.http import Steps


class NoSuchNetwork(LookupError):
    """No folder of this name. `GET /api/v1/networks` lists the names."""


@cache
def networks() -> dict[str, Network]:
    """The networks by name, in the order of their labels."""
    here = Path(__file__).parent
    folders = [path.parent.name for path in here.glob("*/adapter.py")]
    found = [import_module(f"heed.channels.{folder}.adapter").network for folder in folders]
    return {network.name: network for network in sorted(found, key=lambda each: str(each.label).casefold())}


class Gone(Network):
    """Stands in for a network whose folder was removed: its accounts are still listed, and do nothing."""

    short = "?"
    colour = "#777777"
    base_url = ""
    body_limit = 0
    polls = False
    fields = ()
    media_hosts = ()
    capabilities = Capabilities()
    shared_secret = ""

    def __init__(self, name: str) -> None:
        self.name = self.label = name

    def waits_for_calls(self, facts: Mapping[str, Any]) -> bool:
        return False

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        return Admission(404)

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        raise NoSuchNetwork(self.name)

    def check(self, account: AccountRecord) -> Steps[Checked]:
        return self._nothing()

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        return self._nothing()

    def collect(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        return self._nothing()

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        return self._nothing()

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        return self._nothing()

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        return self._nothing()

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        return self._nothing()

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        return self._nothing()

    def _nothing(self) -> Steps[Any]:
        yield from ()
        raise Refusal("not_configured", detail=f"there is no network {self.name}")


def network_or_stand_in(name: str) -> Network:
    """The network, or what stands in for one whose folder is not there any more."""
    return networks().get(name) or Gone(name)


def network_named(name: str) -> Network:
    try:
        return networks()[name]
    except KeyError:
        raise NoSuchNetwork(name) from None

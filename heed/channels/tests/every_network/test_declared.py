"""What a network says of itself."""

from __future__ import annotations

import re
from typing import get_args

from django.utils.translation import override

from heed.channels.base import Action, Network
from heed.channels.tests.contract import Desk, sample_of, writings
from heed.lib.text import Unit


class TestDeclared:
    def test_name_and_look(self, network: Network) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", network.name)
        assert network.label.strip()
        assert 1 <= len(network.short) <= 2
        assert re.fullmatch(r"#[0-9a-f]{6}", network.colour)

    def test_its_usual_address_is_that_of_the_payloads(self, network: Network) -> None:
        """Simulators live elsewhere, so nothing else would notice a wrong one. A network whose accounts
        have servers of their own has samples at an `.example`."""
        address = sample_of(network).ACCOUNT.base_url
        assert network.base_url == address or address.endswith(".example")

    def test_addresses(self, network: Network) -> None:
        assert network.base_url.startswith("https://")
        assert not network.base_url.endswith("/")
        assert all(host and "/" not in host for host in network.media_hosts)
        assert network.polls or 1024 <= network.body_limit <= 64 * 1024 * 1024

    def test_credentials(self, network: Network) -> None:
        names = [field.name for field in network.fields]
        assert names
        assert len(set(names)) == len(names)
        assert network.shared_secret in ("", *names)
        with override("en"):
            assert all(str(field.label).strip() for field in network.fields)

    def test_ways_to_write(self, network: Network) -> None:
        assert writings(network)
        for _, writing in writings(network):
            assert writing.limits
            assert all(limit.most > 0 and limit.unit in get_args(Unit) for limit in writing.limits)
            assert writing.window is None or writing.window > 0

    def test_files(self, network: Network) -> None:
        for files in (writing.files for _, writing in writings(network) if writing.files):
            assert files.count > 0
            assert files.types
            assert all("/" in each for each in files.types)
            assert all(most > 0 for most in files.most_bytes.values())

    def test_choices(self, network: Network) -> None:
        for visibility, writing in writings(network):
            assert visibility == "private" or not writing.choices
            for form in writing.choices:
                limits = [form.title, form.detail, form.opener, form.text]
                assert form.most > 0
                assert all(each.most > 0 and each.unit in get_args(Unit) for each in limits if each)
            sizes = [form.most for form in writing.choices]
            assert sizes == sorted(sizes)

    def test_actions_and_receipts(self, network: Network) -> None:
        can = network.capabilities
        assert can.on_theirs | can.on_ours | can.on_private <= set(get_args(Action))
        assert can.receipts <= {"delivered", "seen"}
        assert not can.private_reply or (can.public and can.private)
        assert can.private_reply or can.private_reply_within is None

    def test_what_people_expect_is_there_or_has_its_reason(self, network: Network) -> None:
        """Of a message, by whom it is and who sees it. To a mail nobody expects to react, nor to tell that
        it was read."""
        can = network.able({})
        theirs = (
            [can.on_theirs, *(can.on_theirs & names for names in can.only.values())] if can.public else []
        )
        chats = [can.on_private] if can.private and network.name != "email" else []
        expected = [
            *((names, {"like", "hide"}) for names in theirs),
            *((names, {"react", "seen"}) for names in chats),
            *((names, {"edit", "delete"}) for names in ([can.on_ours] if can.public else [])),
            *((names, {"edit", "delete"}) for names in ([can.on_private_ours] if can.private else [])),
        ]
        for names, wanted in expected:
            also = {"react"} if "like" in names else set()
            assert wanted <= names | can.why_not.keys() | also

    def test_the_sandbox_fills_in_its_form(self, network: Network, desk: Desk) -> None:
        fields = {field.name: field for field in network.fields}
        required = {name for name, field in fields.items() if field.required}
        for account in desk.simulator.accounts():
            assert required <= account.credentials.keys() <= fields.keys()

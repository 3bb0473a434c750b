"""What is signed comes in, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from heed.channels.base import Network
from heed.channels.tests.contract import sample_of


class TestDoor:
    def test_what_is_signed_rightly_is_kept(self, network: Network) -> None:
        for hook, account in sample_of(network).signed_samples():
            admission = network.admit(hook, account)
            assert (admission.status, admission.keep) == (200, True)

    def test_there_are_samples(self, network: Network) -> None:
        assert network.polls or len(sample_of(network).signed_samples()) >= 2

    def test_one_changed_byte_is_refused(self, network: Network) -> None:
        if not getattr(sample_of(network), "COVERS_THE_BODY", True):
            return  # a shared secret proves the sender; there is nothing about the body to break
        for hook, account in sample_of(network).signed_samples():
            changed = replace(hook, body=hook.body.replace(b'"', b"'", 1))
            assert network.admit(changed, account).status == 403
            assert network.admit(replace(hook, body=hook.body + b" "), account).status == 403

    def test_no_signature_is_refused(self, network: Network) -> None:
        for hook, account in sample_of(network).signed_samples():
            admission = network.admit(replace(hook, headers={}, query={}), account)
            assert (admission.status, admission.keep) == (403, False)

    def test_another_account_s_key_is_refused(self, network: Network) -> None:
        for hook, account in sample_of(network).signed_samples():
            others = {name: f"{value}x" for name, value in account.credentials.items()}
            assert network.admit(hook, replace(account, credentials=others)).status == 403

    def test_an_account_without_credentials_keeps_nothing(self, network: Network) -> None:
        for hook, account in sample_of(network).signed_samples():
            assert not network.admit(hook, replace(account, credentials={})).keep

"""Signing in, the webhook and its subscriptions, over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from heed.channels.base import AccountChanged, MessageReceived, Refusal
from heed.channels.tests.contract import NETWORKS, Desk
from heed.channels.x import signin
from heed.channels.x.tests.desk import again, learn, mentioned, news, only
from heed.sandbox.networks.x import X

network = NETWORKS["x"]


class TestConnecting:
    def test_the_webhook_and_all_subscriptions(self, desk: Desk, x: X) -> None:
        assert desk.record.facts["webhooks"] is True
        (webhook,) = x.seen()["webhooks"]
        assert (webhook["url"], webhook["valid"]) == (desk.receiver.url, True)
        assert set(x.seen()["subscriptions"]) == set(desk.record.facts["hears"])

    @pytest.mark.parametrize("shape", ["list", "one", "inside"])
    def test_checking_again_changes_nothing(self, bare: Desk, x: X, shape: str) -> None:
        x.shape = shape
        facts = learn(bare)
        before = x.seen()
        assert learn(bare) == facts
        assert x.seen() == before

    @pytest.mark.parametrize("named", [True, False])
    def test_only_what_was_taken_from_us_counts_as_lost(self, desk: Desk, x: X, named: bool) -> None:
        x.names_webhooks = named
        assert desk.run(network.check).lost == ()
        x.do("unsubscribe", event="post.delete")
        assert desk.run(network.check).lost == ("post.delete",)
        assert "post.delete" in x.seen()["subscriptions"]

    def test_a_webhook_that_fell_asleep_is_woken(self, desk: Desk, x: X) -> None:
        right, desk.receiver.answer = desk.receiver.answer, lambda hook: (200, b"{}")
        assert x.do("crc") == {"valid": [False]}
        x.do("mention", person="lea", text="Halo?")
        assert news(desk, MessageReceived) == []
        desk.receiver.answer = right
        assert learn(desk)["webhooks"] is True
        x.do("mention", person="lea", text="Je kdo tam?")
        assert desk.message("Je kdo tam?")

    def test_while_the_webhook_cannot_be_proven_it_is_polled(self, desk: Desk, x: X) -> None:
        desk.receiver.answer = lambda hook: (200, b"{}")
        x.do("crc")
        assert learn(desk)["webhooks"] is False
        x.do("mention", person="lea", text="Halo?")
        assert desk.message("Halo?")

    def test_signing_in(self, bare: Desk, x: X) -> None:
        sign = signin.SignIn()
        redirect = "https://desk.example.org/back"
        begun = bare.run(lambda record: sign.begin(record, redirect, "state-7"))
        answer = httpx.get(begun.url)
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
        }
        assert query["state"] == "state-7"
        given = bare.run(lambda record: sign.finish(record, begun.keep, query, redirect))
        bare.record = replace(bare.record, credentials={**bare.record.credentials, **given})
        assert bare.run(network.check).handle == "acme"
        with pytest.raises(Refusal):  # a code is good once
            bare.run(lambda record: sign.finish(record, begun.keep, query, redirect))

    def test_a_code_with_another_verifier(self, bare: Desk) -> None:
        sign = signin.SignIn()
        redirect = "https://desk.example.org/back"
        begun = bare.run(lambda record: sign.begin(record, redirect, "s"))
        answer = httpx.get(begun.url)
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
        }
        with pytest.raises(Refusal) as caught:
            bare.run(
                lambda record: sign.finish(record, {"verifier": "v"}, query, "https://desk.example.org/back")
            )
        assert caught.value.reason == "sign_in_again"

    def test_renewing_spends_the_refresh_token(self, desk: Desk, x: X) -> None:
        first = desk.record
        x.do("expire_token")
        message = mentioned(desk)
        assert desk.send(desk.answer_to(message, "Na poti je."))
        assert desk.record.session["refresh_token"] != first.credentials["refresh_token"]
        with pytest.raises(Refusal) as caught:
            desk.run(lambda record: network.renew(first))
        assert caught.value.reason == "sign_in_again"
        x.do("expire_token")
        assert desk.run(network.check).handle == "acme"

    def test_keys_that_never_end(self, bare: Desk, x: X) -> None:
        """X gives private events to OAuth 2 only: with such keys it is asked instead."""
        facts = learn(bare, access_token="7-token", token_secret=x.token_secret)
        assert (facts["webhooks"], facts["messages"]) == (False, True)
        assert bare.run(network.check).missing == ()
        x.do("message", person="lea", text="Halo & dober dan?")
        message = bare.message("Halo & dober dan?")
        bare.send(bare.answer_to(message, "Zdravo, čšž!"))
        assert bare.times_seen("Zdravo, čšž!") == 1
        x.do("message", person="lea", text="Slika", picture="boot")
        again(bare)
        (attachment,) = bare.message("Slika").attachments
        source = bare.run(lambda record: network.media(record, attachment.url))
        assert bare.client.fetch(
            source.url, hosts=[urlsplit(x.url).netloc], limit=10**6, headers=source.headers
        ).body.startswith(b"\x89PNG")

    def test_access_taken_back(self, desk: Desk, x: X) -> None:
        desk.gather()  # so that its lists rest
        x.do("revoke")
        assert only(desk, AccountChanged).problem == "sign_in_again"

    def test_no_credit(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        x.do("credit", on=False)
        with pytest.raises(Refusal) as caught:
            desk.send(desk.answer_to(message, "Na poti je."))
        assert caught.value.reason == "account_blocked"

"""The check: who the bot is, its webhook, and a token that does not end."""

from __future__ import annotations

from typing import Any

import pytest

from heed.channels.base import Checked, Refusal
from heed.channels.telegram.adapter import network
from heed.channels.telegram.reading import UPDATES
from heed.channels.telegram.tests.sample import ACCOUNT, SECRET
from heed.channels.telegram.tests.script import API, no, ok
from heed.channels.tests.script import Script
from heed.lib.http import Response


class TestChecking:
    me = ok({"id": 5123456789, "is_bot": True, "first_name": "Acme", "username": "acme_shoes_bot"})
    well = ok({"url": "", "has_custom_certificate": False, "pending_update_count": 0})

    def test_check_sets_the_webhook(self) -> None:
        script = Script(self.me, self.well, ok())
        assert script.run(network.check(ACCOUNT)) == Checked(
            "5123456789", "Acme", "acme_shoes_bot", facts={"waiting": 0}
        )
        assert script.requests[1].url == f"{API}/getWebhookInfo"
        assert script.requests[2].url == f"{API}/setWebhook"
        assert script.requests[2].json == {
            "url": ACCOUNT.hook_url,
            "secret_token": SECRET,
            "allowed_updates": UPDATES,
        }
        assert {"message_reaction", "my_chat_member", "deleted_business_messages"} < set(UPDATES)

    def test_check_tells_how_delivering_goes(self) -> None:
        bad = {"url": "u", "pending_update_count": 7, "last_error_date": 1767261600}
        info = ok({**bad, "last_error_message": "Wrong response from the webhook: 502"})
        facts = Script(self.me, info, ok()).run(network.check(ACCOUNT)).facts
        assert facts == {
            "waiting": 7,
            "last_error": "Wrong response from the webhook: 502",
            "last_error_at": "2026-01-01T10:00:00+00:00",
        }
        assert Script(self.me, ok(True), ok()).run(network.check(ACCOUNT)).facts == {"waiting": 0}

    def test_check_with_an_address_telegram_does_not_take(self) -> None:
        words = "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
        with pytest.raises(Refusal) as caught:
            Script(self.me, self.well, no(400, words)).run(network.check(ACCOUNT))
        assert (caught.value.reason, caught.value.detail) == ("not_configured", words)

    @pytest.mark.parametrize("response", [no(401, "Unauthorized"), no(404, "Not Found")])
    def test_check_with_a_dead_token(self, response: Response) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.check(ACCOUNT))
        assert caught.value.reason == "sign_in_again"

    @pytest.mark.parametrize("response", [Response(500, {}, b""), Response(200, {}, b"?"), ok(), no(502)])
    def test_check_with_an_answer_nobody_understands_may_be_tried_again(self, response: Any) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.check(ACCOUNT))
        assert (caught.value.reason, caught.value.retry) == ("network_down", True)

    def test_a_token_is_not_renewed(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script().run(network.renew(ACCOUNT))
        assert caught.value.reason == "sign_in_again"

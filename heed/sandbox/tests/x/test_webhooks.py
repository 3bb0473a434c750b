"""Webhooks of X: made, proven, ended, replayed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from heed.sandbox.networks.x import X
from heed.sandbox.tests.receiver import Receiver
from heed.sandbox.tests.x.calls import LEA_SAYS, ask, call, events, prove


class TestWebhooks:
    def test_one_that_does_not_know_the_secret_is_not_made(self, x: X, receiver: Receiver) -> None:
        answer = ask(x, "POST", "/2/webhooks", {"url": receiver.url}, app=True)
        assert (answer.status_code, "CrcValidationFailed" in answer.text) == (400, True)
        assert receiver.hooks[0].query["crc_token"]

    @pytest.mark.parametrize(
        "url", ["http://desk.example.org/", "https://desk.example.org:8443/", "https://a/" + "x" * 200, "7"]
    )
    def test_addresses_x_does_not_take(self, x: X, url: str) -> None:
        answer = ask(x, "POST", "/2/webhooks", {"url": url}, app=True)
        assert "UrlValidationFailed" in answer.text

    def test_only_the_app_may(self, x: X, receiver: Receiver) -> None:
        assert ask(x, "POST", "/2/webhooks", {"url": receiver.url}).status_code == 401

    def test_one_address_once_and_no_more_than_allowed(self, told: X, receiver: Receiver) -> None:
        again = ask(told, "POST", "/2/webhooks", {"url": receiver.url}, app=True)
        assert "DuplicateUrlFailed" in again.text
        told.most_webhooks = 1
        more = ask(told, "POST", "/2/webhooks", {"url": f"{receiver.url}/2"}, app=True)
        assert "WebhookLimitExceeded" in more.text

    def test_a_wrong_answer_ends_it_at_once(self, told: X, receiver: Receiver) -> None:
        receiver.answer = lambda hook: (200, b'{"response_token":"sha256=wrong"}')
        assert told.do("crc") == {"valid": [False]}
        told.do("mention", **LEA_SAYS)
        assert events(told, receiver) == []

    def test_trouble_ends_it_after_28_hours(self, told: X, receiver: Receiver) -> None:
        receiver.answer = lambda hook: (500, b"")
        told.clock.move(27 * 3600)
        assert told.do("crc") == {"valid": [True]}
        told.clock.move(2 * 3600)
        assert told.do("crc") == {"valid": [False]}

    def test_it_is_proven_again_when_asked(self, told: X, receiver: Receiver) -> None:
        receiver.answer = lambda hook: (302, b"")
        told.do("crc")
        (webhook,) = call(told, "GET", "/2/webhooks", app=True)["data"]
        assert webhook["valid"] is False
        assert ask(told, "PUT", f"/2/webhooks/{webhook['id']}", app=True).status_code == 400
        receiver.answer = lambda hook: prove(told, hook)
        assert call(told, "PUT", f"/2/webhooks/{webhook['id']}", app=True) == {"data": {"valid": True}}

    @pytest.mark.parametrize("kind", ["dm.received", "post.mention.create", "post.reply.create"])
    def test_private_events_need_the_user(self, told: X, kind: str) -> None:
        (webhook,) = call(told, "GET", "/2/webhooks", app=True)["data"]
        wanted = {"event_type": kind, "filter": {"user_id": told.us}, "webhook_id": webhook["id"]}
        refused = ask(told, "POST", "/2/activity/subscriptions", wanted, app=True)
        assert (refused.status_code, "OauthAccessTokenRequired" in refused.text) == (400, True)

    def test_a_replay_of_yesterday(self, told: X, receiver: Receiver) -> None:
        told.do("mention", **LEA_SAYS)
        told.clock.move(3 * 3600)
        told.do("mention", person="omar", text="متى؟")
        before = len(events(told, receiver))
        (webhook,) = call(told, "GET", "/2/webhooks", app=True)["data"]
        now = told.clock.now()
        span = {"from_date": stamp(now - timedelta(hours=4)), "to_date": stamp(now - timedelta(hours=1))}
        call(told, "POST", "/2/webhooks/replay", {"webhook_id": webhook["id"], **span}, app=True)
        again, end = events(told, receiver)[before:]
        assert "paket" in again["data"]["payload"]["text"]
        assert end["replay_job_status"]["job_state"] == "Complete"
        late = {**span, "to_date": stamp(now)}
        refused = ask(told, "POST", "/2/webhooks/replay", {"webhook_id": webhook["id"], **late}, app=True)
        assert refused.status_code == 400


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M")

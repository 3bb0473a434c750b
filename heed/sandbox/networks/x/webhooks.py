"""Webhooks and subscriptions: added, proved, delivered to again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.x.account import EVENTS, PRIVATE_EVENTS, Webhook
from heed.sandbox.networks.x.answers import encoded, fields_of, iso, problem
from heed.sandbox.networks.x.telling import Telling

_WITHOUT_PROOF = timedelta(hours=28)
_REPLAY = timedelta(hours=24)


class Webhooks(Telling):
    def restore(self, external_id: str, hook_url: str) -> None:
        if external_id != self.us or not hook_url:
            return
        now = self.clock.now()
        webhook = Webhook(self._number(), hook_url, now, now)
        self._webhooks[webhook.id] = webhook
        for kind in EVENTS - {"post.repost.create", "dm.indicate_typing"}:
            self._subscription(kind, webhook.id, "heed")

    def _add_webhook(self, call: Call) -> Reply:
        self._app(call)
        url = str(fields_of(call).get("url") or "")
        if not _is_address(url):
            raise problem(400, "invalid-request", "UrlValidationFailed: the url is not valid")
        if any(each.url == url for each in self._webhooks.values()):
            raise problem(400, "invalid-request", "DuplicateUrlFailed: the url is in use")
        if len(self._webhooks) >= self.most_webhooks:
            raise problem(400, "invalid-request", "WebhookLimitExceeded: no more webhooks are allowed")
        if self._prove(url) is not True:
            raise problem(400, "invalid-request", "CrcValidationFailed: the crc check failed")
        now = self.clock.now()
        webhook = Webhook(self._number(), url, now, now)
        self._webhooks[webhook.id] = webhook
        return Reply(200, {"data": shown_webhook(webhook)})

    def _list_webhooks(self, call: Call) -> Reply:
        self._app(call)
        listed = [shown_webhook(each) for each in self._webhooks.values()]
        return Reply(200, {"data": listed, "meta": {"result_count": len(listed)}} if listed else {"meta": {}})

    def _validate_webhook(self, call: Call, id: str) -> Reply:
        self._app(call)
        webhook = self._webhook(id)
        webhook.valid = self._prove(webhook.url) is True
        if not webhook.valid:
            raise problem(400, "invalid-request", "CrcValidationFailed: the crc check failed")
        webhook.proven = self.clock.now()
        return Reply(200, {"data": {"valid": True}})

    def _delete_webhook(self, call: Call, id: str) -> Reply:
        self._app(call)
        del self._webhooks[self._webhook(id).id]
        return Reply(200, {"data": {"deleted": True}})

    def _webhook(self, id: str) -> Webhook:
        if id not in self._webhooks:
            raise problem(404, "resource-not-found", "WebhookIdInvalid: there is no such webhook")
        return self._webhooks[id]

    def _prove(self, url: str) -> bool | None:
        """Ask whether the address knows the secret; None when it did not answer for now."""
        token = self.ids.name()
        status, body = self.hooks.call("GET", f"{url}?crc_token={token}")
        if status == 0 or status >= 400:
            return None
        try:
            answer = json.loads(body)["response_token"]
        except (ValueError, KeyError, TypeError):
            answer = ""
        return status < 300 and answer == self._signature(token.encode())

    def _replay(self, call: Call) -> Reply:
        """Deliver again what was delivered in a span of the last day; tell when that is done."""
        self._app(call)
        given = fields_of(call)
        webhook = self._webhook(str(given.get("webhook_id")))
        try:
            start, end = (
                datetime.strptime(str(given.get(name)), "%Y%m%d%H%M").replace(tzinfo=UTC)
                for name in ("from_date", "to_date")
            )
        except ValueError as error:
            raise problem(400, "invalid-request", "QueryParamInvalid: dates are yyyymmddHHMM") from error
        now = self.clock.now()
        if start < now - _REPLAY or start > now - timedelta(minutes=31) or end > now - timedelta(minutes=10):
            raise problem(400, "invalid-request", "QueryParamInvalid: the range is not allowed")
        job = self._number()
        bodies = [body for at, hook, body in self._told if hook == webhook.id and start <= at < end]
        ended = {
            "replay_job_status": {
                "webhook_id": webhook.id,
                "job_state": "Complete",
                "job_state_description": "Job completed successfully",
                "job_id": job,
            }
        }

        def run() -> None:
            for body in [*bodies, encoded(ended)]:
                self._post_to(webhook, body)

        self.later(0, run)
        return Reply(200, {"data": {"job_id": job, "created_at": iso(now)}})

    def _subscribe(self, call: Call) -> Reply:
        given = fields_of(call)
        kind = str(given.get("event_type"))
        narrowed = given.get("filter") or {}
        if kind not in EVENTS or not isinstance(narrowed, dict) or not narrowed.get("user_id"):
            raise problem(400, "invalid-request", f"{kind} is not a supported event type")
        if kind in PRIVATE_EVENTS:
            if call.headers.get("authorization") == f"Bearer {self._bearer()}":
                raise problem(400, "invalid-request", "OauthAccessTokenRequired: the event is a private one")
            if call.headers.get("authorization", "").startswith("OAuth "):
                raise problem(403, "unsupported-authentication", "Private events are given to OAuth 2.0 only")
            self._user(call)
        else:
            self._app(call)
        if narrowed["user_id"] != self.us:
            raise problem(403, "client-forbidden", "The user has not authorized the app")
        if str(given.get("webhook_id")) not in self._webhooks:
            raise problem(400, "invalid-request", "WebhookIdInvalid: there is no such webhook")
        if any(each["event_type"] == kind for each in self._subscriptions.values()):
            raise problem(409, "invalid-request", "DuplicateSubscriptionFailed")
        made = self._subscription(kind, str(given["webhook_id"]), str(given.get("tag") or ""))
        shown: Any = {"list": [made], "one": made}.get(self.shape, {"subscription": made})
        return Reply(200, {"data": shown, "meta": {"total_subscriptions": len(self._subscriptions)}})

    def _subscription(self, kind: str, webhook: str, tag: str) -> dict[str, Any]:
        now = iso(self.clock.now())
        made: dict[str, Any] = {
            "subscription_id": self._number(),
            "event_type": kind,
            "filter": {} if kind == "oauth.revoke" else {"user_id": self.us},
            "tag": tag,
            "webhook_id": webhook,
            "created_at": now,
            "updated_at": now,
        }
        self._subscriptions[made["subscription_id"]] = made
        return made

    def _list_subscriptions(self, call: Call) -> Reply:
        self._app(call)
        listed = [
            {name: value for name, value in each.items() if name != "webhook_id" or self.names_webhooks}
            for each in self._subscriptions.values()
        ]
        return Reply(200, {"data": listed, "meta": {"total_subscriptions": len(listed)}})

    def _change_subscription(self, call: Call, id: str) -> Reply:
        self._app(call)
        if id not in self._subscriptions:
            raise problem(404, "resource-not-found", "There is no such subscription")
        given = fields_of(call)
        for name in ("tag", "webhook_id"):
            if name in given:
                self._subscriptions[id][name] = given[name]
        return Reply(200, {"data": self._subscriptions[id]})

    def _unsubscribe(self, call: Call, id: str) -> Reply:
        self._app(call)
        self._subscriptions.pop(id, None)
        return Reply(200, {"data": {"deleted": True}})

    def play_unsubscribe(self, event: str) -> dict[str, Any]:
        """X forgets what somebody subscribed to."""
        kept = self._subscriptions.items()
        self._subscriptions = {id: each for id, each in kept if each["event_type"] != event}
        return {}

    def play_crc(self) -> dict[str, Any]:
        """The check that X makes every hour: a wrong answer ends a webhook at once, silence only later."""
        now = self.clock.now()
        for webhook in self._webhooks.values():
            proof = self._prove(webhook.url)
            if proof:
                webhook.proven = now
            elif proof is False or now - webhook.proven > _WITHOUT_PROOF:
                webhook.valid = False
        return {"valid": [each.valid for each in self._webhooks.values()]}


def _is_address(url: str) -> bool:
    """X takes https without a port; loopback stands for that here."""
    parts = urlsplit(url)
    if len(url) > 200 or not parts.hostname:
        return False
    return parts.hostname in ("127.0.0.1", "localhost") or (parts.scheme == "https" and parts.port is None)


def shown_webhook(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "valid": webhook.valid,
        "created_at": iso(webhook.created),
    }

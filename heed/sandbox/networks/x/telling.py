"""Deliveries to whoever subscribed."""

from __future__ import annotations

import base64
import hmac
from typing import Any

from heed.sandbox.networks.x.account import SIGNATURE, US, Post, Webhook
from heed.sandbox.networks.x.answers import encoded
from heed.sandbox.networks.x.records import Records


class Telling(Records):
    def _tell(self, kind: str, payload: dict[str, Any], users: list[str] = [], uuid: str = "") -> None:
        """Deliver an event to whoever subscribed to it."""
        people = [self._user_record(each) for each in users]
        wrapped = [{"data": each} for each in people] if kind == "post.delete" else people
        for subscription in self._subscriptions.values():
            webhook = self._webhooks.get(subscription["webhook_id"])
            if subscription["event_type"] != kind or webhook is None or not webhook.valid:
                continue
            event = {
                "event_uuid": uuid or f"-{self._number()}",
                "filter": subscription["filter"],
                "event_type": kind,
                "tag": subscription["tag"],
                "payload": payload,
                "includes": {"users": wrapped} if self.includes and users else {},
            }
            if kind.startswith("post.") and self.includes and kind != "post.delete":
                event["includes"] |= self._around(payload)
            self._deliver(webhook, {"data": event})

    def _tell_older(self, told: dict[str, Any]) -> None:
        """A delivery of the generation before, to the webhook that has subscriptions."""
        used = {each["webhook_id"] for each in self._subscriptions.values()}
        for webhook in self._webhooks.values():
            if webhook.id in used and webhook.valid:
                self._deliver(webhook, {"for_user_id": self.us, **told})

    def _deliver(self, webhook: Webhook, told: dict[str, Any]) -> None:
        body = encoded(told)
        self._told.append((self.clock.now(), webhook.id, body))
        self._post_to(webhook, body)

    def _post_to(self, webhook: Webhook, body: bytes) -> None:
        headers = {"Content-Type": "application/json", SIGNATURE: self._signature(body)}
        self.hooks.send(webhook.url, body, headers, signed=SIGNATURE)

    def _signature(self, body: bytes) -> str:
        digest = hmac.digest(self.consumer_secret.encode(), body, "sha256")
        return "sha256=" + base64.b64encode(digest).decode()

    def _tell_post(self, post: Post) -> None:
        """One post may be told of under two kinds of events."""
        if self.spelling == "older":
            self._tell_older({"tweet_create_events": [self._older_record(post)]})
            return
        payload = self._record(post)
        for kind in self._kinds(post):
            uuid = post.id if kind == "post.mention.create" else ""
            self._tell(kind, payload, [post.author, self.us], uuid)

    def _kinds(self, post: Post) -> list[str]:
        if post.author == self.us:
            return ["post.create"]
        answered, quoted = self._posts.get(post.parent), self._posts.get(post.quoted)
        kinds = {
            "post.mention.create": f"@{US}" in post.said.casefold(),
            "post.reply.create": answered is not None and answered.author == self.us,
            "post.quote.create": quoted is not None and quoted.author == self.us,
        }
        return [kind for kind, fits in kinds.items() if fits]

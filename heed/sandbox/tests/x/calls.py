"""Calls of X as an app makes them, and what its webhook got."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import httpx

from heed.sandbox.networks.x import SIGNATURE, X
from heed.sandbox.tests.receiver import Receiver, Taken

client = httpx.Client(timeout=120)
LEA_SAYS = {"person": "lea", "text": "Kje je moj paket?"}


def prove(x: X, hook: Taken) -> tuple[int, bytes]:
    """Answer as an app does that knows the secret."""
    token = hook.query.get("crc_token", "").encode()
    return 200, json.dumps({"response_token": signature(x, token)}).encode()


def signature(x: X, content: bytes) -> str:
    """As X signs a delivery, and an app the token by which it is tried."""
    signed = base64.b64encode(hmac.digest(x.consumer_secret.encode(), content, "sha256"))
    return f"sha256={signed.decode()}"


def ask(
    x: X, method: str, path: str, body: Any = None, *, app: bool = False, token: str = "", **query: Any
) -> Any:
    credentials = x.accounts()[0].credentials
    bearer = x._bearer() if app else token or credentials["access_token"]
    headers = {"Authorization": f"Bearer {bearer}"}
    return client.request(method, x.url + path, json=body, params=query or None, headers=headers)


def call(x: X, method: str, path: str, body: Any = None, *, app: bool = False, **query: Any) -> Any:
    answer = ask(x, method, path, body, app=app, **query)
    assert answer.is_success, answer.text
    return answer.json()


def subscribe(x: X, kind: str, webhook: str) -> Any:
    wanted = {"event_type": kind, "filter": {"user_id": x.us}, "webhook_id": webhook}
    public = kind in ("post.create", "post.delete", "post.repost.create", "oauth.revoke")
    return call(x, "POST", "/2/activity/subscriptions", wanted, app=public)


def tokens(x: X, **form: str) -> httpx.Response:
    return client.post(f"{x.url}/2/oauth2/token", data=form, auth=(x.client_id, x.client_secret))


def post(x: X, text: str = "Na poti je.", **more: Any) -> str:
    return str(call(x, "POST", "/2/tweets", {"text": text, **more})["data"]["id"])


def events(x: X, receiver: Receiver) -> list[dict[str, Any]]:
    """What was delivered, each signed rightly."""
    x.sandbox.settle()
    found = [hook for hook in receiver.hooks if hook.method == "POST"]
    for hook in found:
        assert hook.headers[SIGNATURE] == signature(x, hook.body)
    return [json.loads(hook.body) for hook in found]


def kinds(x: X, receiver: Receiver) -> list[str]:
    return [each["data"]["event_type"] for each in events(x, receiver)]

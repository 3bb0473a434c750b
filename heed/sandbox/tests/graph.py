"""Calls of the Graph API, and what came by the webhook."""

from __future__ import annotations

import json
from typing import Any

import httpx

from heed.sandbox.meta.app import MetaApp
from heed.sandbox.tests.receiver import Receiver


def call(
    simulator: MetaApp, method: str, path: str, body: Any = None, *, token: str | None = None, **query: str
) -> dict[str, Any]:
    """One call; the error's record when it is refused."""
    token = simulator.token if token is None else token
    answer = httpx.request(
        method,
        f"{simulator.url}/v25.0/{path}",
        params=query,
        json=body,
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )
    record: dict[str, Any] = answer.json()
    assert (answer.status_code == 200) == ("error" not in record)
    return record


def refused(simulator: MetaApp, method: str, path: str, body: Any = None, **query: str) -> tuple[int, int]:
    """The code and subcode of a call that must be refused."""
    error = call(simulator, method, path, body, **query)["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= error.keys()
    return error["code"], error.get("error_subcode", 0)


def as_app(simulator: MetaApp) -> str:
    return f"{simulator.app}|{simulator.secret}"


def entries(simulator: MetaApp, receiver: Receiver) -> list[dict[str, Any]]:
    simulator.sandbox.settle()
    bodies = [json.loads(hook.body) for hook in receiver.hooks if hook.method == "POST"]
    assert all(body["object"] == simulator.about for body in bodies)
    return [entry for body in bodies for entry in body["entry"]]


def messaging(simulator: MetaApp, receiver: Receiver) -> list[dict[str, Any]]:
    return [item for entry in entries(simulator, receiver) for item in entry.get("messaging", [])]


def changes(simulator: MetaApp, receiver: Receiver) -> list[dict[str, Any]]:
    return [change for entry in entries(simulator, receiver) for change in entry.get("changes", [])]

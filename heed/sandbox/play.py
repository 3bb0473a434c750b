"""The addresses by which tests and the page drive the sandbox: `/_play/…`, JSON in and out.

POST /_play/NETWORK/VERB      let a customer act; the body holds the verb's arguments
GET /_play/NETWORK            what the customers received
GET /_play/requests           the calls that came in (`?network=`)
POST, DELETE /_play/faults    script a fault (`network` and the fields of `Fault`); forget all
POST /_play/clock             `{"move": seconds}`
POST /_play/settle            run what was to happen later, wait for the webhooks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import translation

from heed.sandbox.frame import Call, Fault, PlayError, Recorded, Reply
from heed.sandbox.pages import language_of

if TYPE_CHECKING:
    from heed.sandbox.frame import Sandbox


def answer(sandbox: Sandbox, call: Call) -> Reply:
    """Answer a call under `/_play/`."""
    if call.method == "POST" and not _is_ours(call):
        return Reply(415, {"error": "Send JSON."})
    try:
        with translation.override(language_of(call)):
            return _answer(sandbox, call, call.path.strip("/").split("/")[1:])
    except PlayError as error:
        return Reply(400, {"error": str(error)})


def _answer(sandbox: Sandbox, call: Call, words: list[str]) -> Reply:
    match call.method, words:
        case "POST", ["faults"]:
            return _add_fault(sandbox, _arguments(call))
        case "DELETE", ["faults"]:
            sandbox.faults.clear()
            return Reply(200, {})
        case "GET", ["requests"]:
            wanted = call.query.get("network", "")
            return Reply(200, [_plain(each) for each in sandbox.requests if wanted in ("", each.network)])
        case "POST", ["clock"]:
            sandbox.clock.move(float(_arguments(call).get("move", 0)))
            return Reply(200, {"now": sandbox.clock.now().isoformat()})
        case "POST", ["settle"]:
            sandbox.settle()
            return Reply(200, {})
        case "GET", [network] if network in sandbox:
            with sandbox[network].lock:
                return Reply(200, sandbox[network].seen())
        case "POST", [network, verb] if network in sandbox:
            return Reply(200, sandbox[network].do(verb, **_arguments(call)))
    return Reply(404, {"error": "There is nothing here. See heed/sandbox/play.py."})


def _is_ours(call: Call) -> bool:
    """JSON only: a page of another site cannot send that without asking first."""
    return call.headers.get("content-type", "").startswith("application/json")


def _arguments(call: Call) -> dict[str, Any]:
    if not isinstance(call.json, dict):
        raise PlayError("The body must be a JSON object.")
    return call.json


def _add_fault(sandbox: Sandbox, fields: dict[str, Any]) -> Reply:
    network = fields.pop("network", "")
    if network not in sandbox:
        raise PlayError(f"No network {network!r}.")
    try:
        sandbox.fault(network, Fault(**fields))
    except TypeError as error:
        raise PlayError(str(error)) from error
    return Reply(200, {})


def _plain(each: Recorded) -> dict[str, Any]:
    return {
        "network": each.network,
        "method": each.call.method,
        "path": each.call.path,
        "query": each.call.query,
        "headers": dict(each.call.headers),
        "body": each.call.body.decode("utf-8", "replace"),
        "status": each.status,
    }

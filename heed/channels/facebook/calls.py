"""Calls to the Graph API: address, token and proof, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from heed.channels.base import AccountRecord, OutgoingFile, Quota, asked
from heed.channels.meta import graph, webhook
from heed.channels.meta.errors import refusal
from heed.channels.meta.shapes import record, web_address
from heed.lib.http import Request, Response, Steps, Upload


def address(account: AccountRecord, path: str) -> str:
    return graph.versioned(account.base_url, path)


def get(account: AccountRecord, path: str, **params: str) -> Steps[dict[str, Any]]:
    return (yield from measured(account, path, **params))[0]


def measured(
    account: AccountRecord, path: str, **params: str
) -> Steps[tuple[dict[str, Any], tuple[Quota, ...]]]:
    """The same, with what is left of the calls that are allowed."""
    response = yield Request(
        "GET", address(account, path), params=params | _proof(account), headers=_bearer(account)
    )
    return accepted(response, account), graph.quotas(response, (account.external_id,))


def ask(account: AccountRecord, path: str, **params: str) -> Steps[dict[str, Any]]:
    """A call before there is a token: what proves us stands in `params`."""
    response = yield Request("GET", address(account, path), params=params)
    return accepted(response, account)


def delete(account: AccountRecord, path: str) -> Steps[dict[str, Any]]:
    response = yield Request(
        "DELETE", address(account, path), params=_proof(account), headers=_bearer(account)
    )
    return accepted(response, account)


def post(
    account: AccountRecord, path: str, body: Mapping[str, Any], *, decisive: bool = False
) -> Steps[dict[str, Any]]:
    """Post JSON. `decisive` calls say something in public or to a person."""
    request = Request(
        "POST",
        address(account, path),
        params=_proof(account),
        headers=_bearer(account),
        json=dict(body),
        decisive=decisive,
    )
    return (yield from asked(request, lambda response: accepted(response, account, decisive=decisive)))


def upload(
    account: AccountRecord,
    path: str,
    form: Mapping[str, Any],
    file: OutgoingFile,
    *,
    field: str,
    decisive: bool = False,
) -> Steps[dict[str, Any]]:
    """Post a file as multipart; records inside the form travel as JSON text."""
    request = Request(
        "POST",
        address(account, path),
        params=_proof(account),
        headers=_bearer(account),
        form={k: v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in form.items()},
        upload=Upload(field, file.name, file.mime, file.content),
        decisive=decisive,
    )
    return (yield from asked(request, lambda response: accepted(response, account, decisive=decisive)))


def _bearer(account: AccountRecord) -> dict[str, str]:
    return {"authorization": f"Bearer {account.credentials.get('page_token', '')}"}


def _proof(account: AccountRecord) -> dict[str, str]:
    secret = webhook.secrets(account)[0]
    if not secret:
        return {}
    return {"appsecret_proof": webhook.proof(secret, account.credentials.get("page_token", ""))}


# ------------------------------------------------------------------------------- answers


def accepted(response: Response, account: AccountRecord, *, decisive: bool = False) -> dict[str, Any]:
    """The answer's record. Raises `Refusal`, or `AnswerLost` when nobody knows what happened."""
    return graph.accepted(
        response, lambda error, response: refusal(error, response, (account.external_id,)), decisive=decisive
    )


def picture_of(attachment: Mapping[str, Any]) -> str:
    """Where the file of a comment lies: the video itself, else the picture, else what is linked."""
    media = record(attachment.get("media"))
    found = (media.get("source"), record(media.get("image")).get("src"), attachment.get("url"))
    return next((address for address in map(web_address, found) if address), "")

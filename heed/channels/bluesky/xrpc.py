"""Calls to a Bluesky server: addresses, the session, and what its errors mean."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from heed.channels.base import AccountRecord, Reason, Refusal, SessionExpired
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps

PUBLIC = "https://bsky.social"
CHAT = "did:web:api.bsky.chat#bsky_chat"

_LIFE_OF_A_RIDDLE = 3600.0
_BLOCKED = frozenset({"AccountTakedown", "AccountSuspended", "AccountDeactivated"})
_BAD_SIGN_IN = frozenset(
    {"AuthenticationRequired", "AuthMissing", "InvalidToken", "AuthFactorTokenRequired", "AccountNotFound"}
)
_TOO_LONG = ("grapheme", "too long", "too big", "must not be longer", "maximum length")
_BAD_FILE = frozenset({"BlobTooLarge", "InvalidMimeType", "PayloadTooLarge", "InvalidBlob"})
_NO_CHAT = frozenset(
    {
        "MessagesDisabled",
        "NotFollowedBySender",
        "BlockedActor",
        "BlockedSubject",
        "RecipientNotFound",
        "ConvoLocked",
    }
)
_GONE = frozenset({"RecordNotFound", "NotFound", "ReactionMessageDeleted"})
_NOT_THERE = ("could not locate record", "could not find repo")
_NO_SUCH_METHOD = frozenset({"MethodNotImplemented", "XRPCNotSupported"})


@dataclass(frozen=True, slots=True)
class Session:
    did: str
    access: str
    service: str


def session_of(account: AccountRecord) -> Session:
    """The session kept for the account. Raises `SessionExpired` without one or shortly before its end."""
    kept = account.session
    if not kept.get("access_jwt") or float(kept.get("renew_at") or 0) <= clock.now().timestamp():
        raise SessionExpired
    return Session(kept["did"], kept["access_jwt"], _service_of(account))


def renew(account: AccountRecord) -> Steps[dict[str, str]]:
    """A fresh session: by the refresh token while it lives, else by the app password.

    Raises `Refusal('sign_in_again')` when the app password is no longer taken.
    """
    if account.session.get("refresh_jwt"):
        renewed = yield from _refreshed(account)
        if renewed is not None:
            return renewed
    response = yield Request(
        "POST",
        f"{account.base_url}/xrpc/com.atproto.server.createSession",
        json={
            "identifier": account.credentials.get("identifier", "").strip().removeprefix("@"),
            "password": account.credentials.get("app_password", ""),
        },
    )
    if response.status in (400, 401) and response.record.get("error") not in _BLOCKED:
        raise _refusal("sign_in_again", response)
    return _opened(response)


def query(
    account: AccountRecord,
    nsid: str,
    params: Mapping[str, str | list[str]] | None = None,
    *,
    needs: tuple[str, ...] = (),
    proxy: str = "",
) -> Steps[dict[str, Any]]:
    """Ask the server. `needs` are the keys without which the answer is not one.

    Raises `Refusal` or `SessionExpired`: an error must never look like *no news*.
    """
    session = session_of(account)
    response = yield Request(
        "GET", f"{session.service}/xrpc/{nsid}", params=params or {}, headers=_headers(session, proxy)
    )
    return checked(response, needs)


def record(account: AccountRecord, did: str, collection: str, rkey: str) -> Steps[dict[str, Any] | None]:
    """A record as it stands (`uri`, `cid`, `value`), or None when it is not there, or its whole repository.

    Only of the repositories it keeps does a server say so by name. For others it passes on what the view of
    the network says: a bad request, told apart by its words. Raises as `query`.
    """
    params: dict[str, str | list[str]] = {"repo": did, "collection": collection, "rkey": rkey}
    try:
        return (
            yield from query(account, "com.atproto.repo.getRecord", params, needs=("uri", "cid", "value"))
        )
    except Refusal as refusal:
        named = refusal.reason == "gone"
        if named or (refusal.reason == "bad_request" and refusal.detail.lower().startswith(_NOT_THERE)):
            return None
        raise


def call(
    account: AccountRecord,
    nsid: str,
    body: Mapping[str, Any],
    *,
    needs: tuple[str, ...] = (),
    proxy: str = "",
    decisive: bool = False,
) -> Steps[dict[str, Any]]:
    """Have the server do something. Raises as `query`; a `decisive` call whose outcome the server
    could not tell raises `AnswerLost`."""
    session = session_of(account)
    response = yield Request(
        "POST",
        f"{session.service}/xrpc/{nsid}",
        json=dict(body),
        headers=_headers(session, proxy),
        decisive=decisive,
    )
    if decisive and (response.status >= 500 and response.status != 503):
        raise AnswerLost(f"{nsid} answered {response.status}")
    if decisive and response.status == 200 and not all(key in response.record for key in needs):
        raise AnswerLost(f"{nsid} answered without {', '.join(needs)}")
    return checked(response, needs)


def upload(account: AccountRecord, content: bytes, mime: str) -> Steps[dict[str, Any]]:
    """Hand over a file; gives back the blob to put into a record."""
    session = session_of(account)
    response = yield Request(
        "POST",
        f"{session.service}/xrpc/com.atproto.repo.uploadBlob",
        content=content,
        headers={**_headers(session, ""), "content-type": mime},
    )
    if response.status == 413 or (response.status == 400 and response.record.get("error") != "ExpiredToken"):
        raise _refusal("file_refused", response)
    blob: dict[str, Any] = checked(response, ("blob",))["blob"]
    return blob


def checked(response: Response, needs: tuple[str, ...]) -> dict[str, Any]:
    """The answer's record. Raises `Refusal` or `SessionExpired` when it is an error or lacks a key."""
    if response.status == 200:
        record = response.record
        if all(key in record for key in needs):
            return record
        raise Refusal("network_down", retry=True, code="200", detail=f"the answer lacks {', '.join(needs)}")
    error = response.record.get("error")
    if error == "ExpiredToken":
        raise SessionExpired
    raise _refusal(_reason(response), response)


def _refreshed(account: AccountRecord) -> Steps[dict[str, str] | None]:
    """The session by its refresh token, or None when that token is dead."""
    response = yield Request(
        "POST",
        f"{_service_of(account)}/xrpc/com.atproto.server.refreshSession",
        headers={"authorization": f"Bearer {account.session['refresh_jwt']}"},
    )
    if response.status in (400, 401) and response.record.get("error") not in _BLOCKED:
        return None
    return _opened(response)


def _opened(response: Response) -> dict[str, str]:
    """The session to keep, of the answer to a sign-in. Raises `Refusal`."""
    if response.record.get("error") in _BLOCKED:
        raise _refusal("account_blocked", response)
    return _kept(checked(response, ("accessJwt", "refreshJwt", "did")))


def _kept(answer: Mapping[str, Any]) -> dict[str, str]:
    """The session to keep. It is renewed after seven eighths of its life, counted by our own clock:
    15 minutes before the end of the usual two hours, however wrong the server's clock or ours is."""
    now = clock.now().timestamp()
    life = _life(str(answer["accessJwt"]))
    return {
        "access_jwt": str(answer["accessJwt"]),
        "refresh_jwt": str(answer["refreshJwt"]),
        "did": str(answer["did"]),
        "handle": str(answer.get("handle") or ""),
        "service": _announced_service(answer),
        "renew_at": str(int(now + life * 7 / 8)),
    }


def _life(token: str) -> float:
    """How many seconds a token lives. Its signature is the server's business."""
    try:
        part = token.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return float(claims["exp"]) - float(claims.get("iat") or clock.now().timestamp())
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        return _LIFE_OF_A_RIDDLE


def _service_of(account: AccountRecord) -> str:
    """Where the account lives. The public entrance sends us on; any other address is itself the place."""
    told = account.session.get("service") if account.base_url == PUBLIC else ""
    return told or account.base_url


def _announced_service(answer: Mapping[str, Any]) -> str:
    """The account's own server as its identity document names it, or an empty text."""
    document = answer.get("didDoc")
    services = document.get("service") if isinstance(document, dict) else None
    for service in services if isinstance(services, list) else []:
        if isinstance(service, dict) and str(service.get("id", "")).endswith("#atproto_pds"):
            endpoint = str(service.get("serviceEndpoint", "")).rstrip("/")
            if urlsplit(endpoint).scheme == "https":
                return endpoint
    return ""


def _headers(session: Session, proxy: str) -> dict[str, str]:
    headers = {"authorization": f"Bearer {session.access}"}
    if proxy:
        headers["atproto-proxy"] = proxy
    return headers


def _reason(response: Response) -> Reason:
    error, message = str(response.record.get("error") or ""), _message(response).lower()
    if response.status == 429:
        return "slow_down"
    if error in _BLOCKED:  # of our own account the sign-in says so; a bad request was to ask after another
        return "unreachable" if response.status == 400 else "account_blocked"
    if message.startswith("bad token"):
        return "not_allowed"  # the app password was made without this right
    if error in _BAD_SIGN_IN or response.status == 401:
        return "sign_in_again"
    if error in _NO_SUCH_METHOD:
        return "not_configured"
    if response.status >= 500 or response.status < 400:
        return "network_down"
    if error in _GONE:
        return "gone"
    if error in _BAD_FILE or response.status == 413:
        return "file_refused"
    if "recipient" in message or error in _NO_CHAT:
        return "unreachable"
    if any(word in message for word in _TOO_LONG):
        return "too_long"
    return "not_allowed" if response.status == 403 else "bad_request"


def _refusal(reason: Reason, response: Response) -> Refusal:
    return Refusal(
        reason,
        retry=reason in ("slow_down", "network_down"),
        after=_wait(response),
        code=str(response.record.get("error") or response.status),
        detail=_message(response)[:300],
        whole_account=reason == "slow_down",  # one budget of points for all that the account does
    )


def _wait(response: Response) -> float | None:
    """The wait the server asks for, in seconds: by `Retry-After`, else by `ratelimit-reset`."""
    now = clock.now()
    asked = response.retry_after(now)
    reset = response.headers.get("ratelimit-reset", "")
    if asked is None and response.status == 429 and reset.isdigit():
        return max(1.0, int(reset) - now.timestamp())
    return asked


def _message(response: Response) -> str:
    return str(response.record.get("message") or "")

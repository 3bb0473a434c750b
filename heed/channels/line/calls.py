"""Calls to LINE: the short-lived token, and what its refusals mean."""

from __future__ import annotations

from typing import Any, Literal, NoReturn

from heed.channels.base import AccountRecord, Reason, Refusal, SessionExpired, refuse_unanswered
from heed.lib import clock
from heed.lib.http import Request, Response, Steps

PUBLIC, PUBLIC_DATA = "https://api.line.me", "https://api-data.line.me"
RENEW_BEFORE = 60.0
"""Seconds before its end from which a token is renewed: it must outlast the call it is for."""

_BY_STATUS: dict[int, Reason] = {403: "not_allowed", 404: "gone", 413: "file_refused"}
_BY_PROPERTY: tuple[tuple[str, Reason], ...] = (
    ("quotetoken", "gone"),
    ("contenturl", "file_refused"),
    ("previewimageurl", "file_refused"),
    (".duration", "file_refused"),
)


def renew(account: AccountRecord) -> Steps[dict[str, str]]:
    """A token for 15 minutes. Raises `Refusal('sign_in_again')` when id and secret are not taken."""
    response = yield Request(
        "POST",
        f"{account.base_url}/oauth2/v3/token",
        form={
            "grant_type": "client_credentials",
            "client_id": account.credentials.get("channel_id", ""),
            "client_secret": account.credentials.get("channel_secret", ""),
        },
    )
    refuse_unanswered(response)
    given = response.record
    token, seconds = given.get("access_token"), given.get("expires_in")
    if response.status == 200 and isinstance(token, str) and isinstance(seconds, int):
        return {"token": token, "renew_at": str(clock.now().timestamp() + seconds - RENEW_BEFORE)}
    if 400 <= response.status < 500:
        words = [str(given[name]) for name in ("error", "error_description") if given.get(name)]
        raise Refusal("sign_in_again", code=str(response.status), detail=": ".join(words))
    raise Refusal("network_down", retry=True, code=str(response.status), detail="no token came")


def headers(account: AccountRecord) -> dict[str, str]:
    """The header that carries the token. Raises `SessionExpired` without one or near its end."""
    token = account.session.get("token", "")
    if not token or float(account.session.get("renew_at") or 0) <= clock.now().timestamp():
        raise SessionExpired
    return {"Authorization": f"Bearer {token}"}


def data_url(account: AccountRecord) -> str:
    """Where files lie: LINE keeps them at an address of their own."""
    return PUBLIC_DATA if account.base_url == PUBLIC else account.base_url


def call(
    account: AccountRecord, method: Literal["GET", "POST", "PUT"], path: str, fields: Any = None
) -> Steps[dict[str, Any]]:
    """Call LINE and give back its answer. Raises `Refusal` or `SessionExpired`."""
    response = yield Request(
        method, f"{account.base_url}/v2/bot/{path}", headers=headers(account), json=fields
    )
    if not 200 <= response.status < 300:
        refuse(response)
    return response.record


def refuse(response: Response) -> NoReturn:
    """Raise for an answer that is not a success."""
    if response.status == 401:
        raise SessionExpired
    code, detail = str(response.status), words_of(response)
    if response.status == 429:  # so many calls a second for the whole channel
        after = response.retry_after(clock.now())
        raise Refusal("slow_down", retry=True, after=after, code=code, detail=detail, whole_account=True)
    refuse_unanswered(response)
    if response.status >= 500 or response.status < 400:
        raise Refusal("network_down", retry=True, code=code, detail=detail)
    raise Refusal(_reason(response), code=code, detail=detail)


def words_of(response: Response) -> str:
    """What LINE says of an error: a sentence, and what is wrong with which property."""
    found = [str(response.record.get("message", ""))]
    found += [f"{each.get('property', '')}: {each.get('message', '')}" for each in _details(response)]
    return "; ".join(filter(None, found))


def _reason(response: Response) -> Reason:
    """Of a 400 the named properties say what it is about; LINE's sentences are not stable. Without any
    it says only that this person gets nothing of us."""
    if response.status in _BY_STATUS:
        return _BY_STATUS[response.status]
    message = str(response.record.get("message", ""))
    if "'to'" in message or message.lower().startswith("failed to send"):
        return "unreachable"
    for detail in _details(response):
        name, words = str(detail.get("property", "")).lower(), str(detail.get("message", "")).lower()
        if name == "to":
            return "unreachable"
        if name.endswith(".text") and "length" in words:
            return "too_long"
        for ending, reason in _BY_PROPERTY:
            if name.endswith(ending):
                return reason
    return "bad_request"


def _details(response: Response) -> list[dict[str, Any]]:
    details = response.record.get("details")
    return [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []

"""Calls to WeChat. It answers HTTP 200 even when it refuses: what counts is `errcode` in the body.

The access token is part of every query, so no address may appear in a sentence that is kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import orjson

from heed.channels.base import AccountRecord, Reason, Refusal, SessionExpired, refuse_unanswered
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, Upload

EARLY = 300.0
"""Seconds before its end at which a token is renewed: so long the old one and the new one both hold."""
_CHINA = timezone(timedelta(hours=8))

_TOKEN = frozenset({40001, 40014, 41001, 42001})
_BUSY = -1
_A_DAY, _A_MINUTE = 45009, 45011
_REASONS: dict[int, Reason] = {
    40013: "sign_in_again",  # no such AppID
    40125: "sign_in_again",  # a wrong or old secret
    42007: "sign_in_again",  # the owner changed the password
    40164: "not_allowed",  # our address is not on the account's list, where it may be put afterwards
    48001: "not_allowed",
    50002: "account_blocked",
    45015: "outside_window",
    45047: "used_up",  # all messages until they write again are used up
    40003: "unreachable",
    43004: "unreachable",
    43019: "unreachable",
    43101: "unreachable",
    45002: "too_long",
    40004: "file_refused",
    40005: "file_refused",
    40006: "file_refused",
    40007: "file_refused",
    45001: "file_refused",
    45007: "file_refused",
    **dict.fromkeys(_TOKEN, "sign_in_again"),
}

_ENTERED = {40013: "app_id", 40125: "app_secret"}
"""What was entered wrongly, by the code."""


def renew(account: AccountRecord) -> Steps[dict[str, str]]:
    """A token, the same for all who ask until it ends. One that WeChat refused before its time is
    replaced by force. Raises `Refusal`."""
    made = yield from _stable_token(account, force=False)
    refused_early = not _is_over(account.session)
    if refused_early and made["access_token"] == account.session.get("access_token"):
        made = yield from _stable_token(account, force=True)
    return made


def _stable_token(account: AccountRecord, *, force: bool) -> Steps[dict[str, str]]:
    fields = {
        "grant_type": "client_credential",
        "appid": account.credentials.get("app_id", ""),
        "secret": account.credentials.get("app_secret", ""),
        "force_refresh": force,
    }
    answer = _understood((yield _post(f"{account.base_url}/cgi-bin/stable_token", fields)))
    token, seconds = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(seconds, int):
        raise Refusal("network_down", retry=True, detail="WeChat gave no token")
    held = max(seconds - EARLY, seconds / 2)
    return {
        "access_token": token,
        "renew_at": (clock.now() + timedelta(seconds=held)).isoformat(),
    }


def token_of(account: AccountRecord) -> str:
    """The token of this session. Raises `SessionExpired` when there is none, or it is about to end."""
    if _is_over(account.session):
        raise SessionExpired
    return account.session["access_token"]


def _is_over(session: Any) -> bool:
    if not session.get("access_token"):
        return True
    return clock.from_iso(session["renew_at"]) <= clock.now()


def call(
    account: AccountRecord, method: str, fields: dict[str, Any], *, decisive: bool = False
) -> Steps[dict[str, Any]]:
    """Post to `/cgi-bin/<method>` and give back the answer.

    Raises `Refusal` for an error code, `SessionExpired` when it is about the token, and `AnswerLost`
    when the answer to a decisive call cannot be understood.
    """
    params = {"access_token": token_of(account)}
    response = yield _post(f"{account.base_url}/cgi-bin/{method}", fields, params, decisive=decisive)
    return _within_session(response, decisive)


def ask(account: AccountRecord, method: str, params: dict[str, str]) -> Steps[dict[str, Any]]:
    """Get `/cgi-bin/<method>`. Raises as `call` does."""
    url = f"{account.base_url}/cgi-bin/{method}"
    response = yield Request("GET", url, params={"access_token": token_of(account), **params})
    return _within_session(response)


def upload(account: AccountRecord, kind: str, name: str, mime: str, content: bytes) -> Steps[str]:
    """Hand over a file and give back its media id. Raises as `call` does."""
    response = yield Request(
        "POST",
        f"{account.base_url}/cgi-bin/media/upload",
        params={"access_token": token_of(account), "type": kind},
        upload=Upload("media", name, mime, content),
    )
    made = _within_session(response)
    media = made.get(f"{kind}_media_id") or made.get("media_id")
    if not isinstance(media, str) or not media:
        raise Refusal("network_down", retry=True, detail="WeChat took the file and gave no id")
    return media


def refused(response: Response) -> Exception | None:
    """What an answer refuses, if it does; None for a file or for what is no answer of WeChat's."""
    code = response.record.get("errcode", 0)
    if not isinstance(code, int) or code == 0:
        return None
    detail = str(response.record.get("errmsg", ""))
    return SessionExpired(detail) if code in _TOKEN else refusal(code, detail)


def refusal(code: int, detail: str) -> Refusal:
    """An error code in our words. What is not named is a mistake in what we sent."""
    if code == _BUSY:
        return Refusal("network_down", retry=True, code=str(code), detail=detail)
    if code in (_A_DAY, _A_MINUTE):
        after = _until_midnight(clock.now()) if code == _A_DAY else 60.0 - clock.now().second
        return Refusal(
            "slow_down", retry=True, after=after, code=str(code), detail=detail, whole_account=True
        )
    reason, field = _REASONS.get(code, "bad_request"), _ENTERED.get(code, "")
    return Refusal(reason, code=str(code), detail=detail, field=field)


def next_midnight(now: datetime) -> datetime:
    """When the quotas of the day begin anew: at midnight in China."""
    there = now.astimezone(_CHINA) + timedelta(days=1)
    return there.replace(hour=0, minute=0, second=0, microsecond=0)


def _until_midnight(now: datetime) -> float:
    return (next_midnight(now) - now).total_seconds()


def _post(url: str, fields: Any, params: dict[str, str] = {}, *, decisive: bool = False) -> Request:
    """Words go as they are: WeChat refuses JSON that writes them as escapes."""
    return Request(
        "POST",
        url,
        params=params,
        headers={"Content-Type": "application/json; charset=utf-8"},
        content=orjson.dumps(fields),
        decisive=decisive,
    )


def _within_session(response: Response, decisive: bool = False) -> dict[str, Any]:
    error = refused(response)
    if isinstance(error, SessionExpired):
        raise error
    return _understood(response, decisive)


def _understood(response: Response, decisive: bool = False) -> dict[str, Any]:
    """The answer. Nobody knows what became of a decisive call without one, unless it was turned away
    before WeChat looked at it (a 4xx)."""
    refuse_unanswered(response)
    answer = response.record
    code = answer.get("errcode", 0)
    if isinstance(code, int) and code != 0:
        raise refusal(code, str(answer.get("errmsg", "")))
    if response.status == 200 and answer and isinstance(code, int):
        return answer
    if 400 <= response.status < 500:
        raise Refusal("bad_request", code=str(response.status))
    if decisive:
        raise AnswerLost(f"WeChat answered {response.status} without a word")
    raise Refusal("network_down", retry=True, code=str(response.status))

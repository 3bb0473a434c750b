"""Calls to the API, who makes them, and what its refusals mean."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from heed.channels.base import AccountRecord, OutgoingFile, Reason, Refusal, SessionExpired, refuse_unanswered
from heed.channels.x.signing import oauth1_header
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, Upload

ALMOST_OVER = timedelta(seconds=60)
"""An access token this near to its end is renewed before it is used."""

_LONGEST_WAIT = 86_400.0
"""Most buckets fill again within fifteen minutes, those of posts and messages sent within a day."""

_SHORT_WAIT = 900.0
"""The wait until a bucket of fifteen minutes is full again holds up all that the account sends: the next
message would meet the same. Until one of a day is, what goes out another way must not wait with it."""

# Details are prose and not stable: the type and code decide first.
_BY_TYPE: dict[str, Reason] = {
    "resource-not-found": "gone",
    "not-authorized-for-resource": "gone",  # a protected account, a post taken down
    "resource-unavailable": "gone",
    "usage-capped": "account_blocked",
    "rate-limit-exceeded": "slow_down",
}
_BY_CODE: dict[int, Reason] = {
    88: "slow_down",
    144: "gone",
    150: "unreachable",
    186: "too_long",
    187: "duplicate",
    326: "account_blocked",
    349: "unreachable",
    385: "gone",
    433: "not_allowed",
}
_BY_WORDS: tuple[tuple[str, Reason], ...] = (
    ("duplicate content", "duplicate"),
    ("credits", "account_blocked"),
    ("cannot send messages to this user", "unreachable"),
    ("deleted or not visible", "gone"),
)
_BY_STATUS: dict[int, Reason] = {402: "account_blocked", 403: "not_allowed", 404: "gone", 413: "file_refused"}


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as X tells it, in any of its shapes."""

    kind: str
    code: int
    detail: str


def is_oauth1(account: AccountRecord) -> bool:
    """Whether the account was connected with keys that are signed with, and that never end."""
    return bool(account.credentials.get("token_secret"))


def user_headers(account: AccountRecord, method: str, url: str, params: Mapping[str, str]) -> dict[str, str]:
    """The headers by which a call is the account's own. Raises `SessionExpired`."""
    if is_oauth1(account):
        now = int(clock.now().timestamp())
        nonce = secrets.token_hex(16)
        return {"Authorization": oauth1_header(method, url, params, account.credentials, nonce, now)}
    ends = account.session.get("expires_at")
    if ends and clock.from_iso(ends) - ALMOST_OVER <= clock.now():
        raise SessionExpired
    token = account.session.get("access_token") or account.credentials.get("access_token", "")
    return {"Authorization": f"Bearer {token}"}


def call(
    account: AccountRecord,
    method: Literal["GET", "POST", "PUT", "DELETE"],
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    body: Any = None,
    form: Mapping[str, str] | None = None,
    upload: OutgoingFile | None = None,
    bearer: str = "",
    decisive: bool = False,
    wait: float = 0.0,
) -> Steps[dict[str, Any]]:
    """Call the API as the account's user, or as the app with its `bearer`.

    Gives back the answer as a record. Raises `Refusal` and `SessionExpired`; `AnswerLost` when the
    answer to a decisive call cannot be understood. With `upload` the `form` goes as multipart.
    """
    url = f"{account.base_url}{path}"
    asked = dict(params or {})
    as_app = {"Authorization": f"Bearer {bearer}"}
    headers = as_app if bearer else user_headers(account, method, url, asked)
    response = yield Request(
        method,
        url,
        params=asked,
        headers=headers,
        json=body,
        form=form,
        upload=Upload("media", upload.name, upload.mime, upload.content) if upload else None,
        decisive=decisive,
        wait=wait,
    )
    if response.status == 401 and not bearer:
        raise Refusal("sign_in_again", code="401") if is_oauth1(account) else SessionExpired
    return understood(response, decisive=decisive)


def app_bearer(account: AccountRecord) -> Steps[str]:
    """The app's own token: always the same until somebody makes a new one. Raises `Refusal`."""
    pair = f"{account.credentials.get('consumer_key', '')}:{account.credentials.get('consumer_secret', '')}"
    response = yield Request(
        "POST",
        f"{account.base_url}/oauth2/token",
        headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
        form={"grant_type": "client_credentials"},
    )
    if response.status in (400, 401, 403):
        said = "X does not know this API key"
        raise Refusal("not_configured", code=str(response.status), detail=said, field="consumer_key")
    token = understood(response).get("access_token")
    if not isinstance(token, str) or not token:
        raise Refusal("network_down", retry=True, detail="X gave no token for the app")
    return token


def understood(response: Response, *, decisive: bool = False) -> dict[str, Any]:
    """The answer when it is a success, with partial errors left in it. Raises as `call` does."""
    if 200 <= response.status < 300:
        if decisive and not isinstance(response.record.get("data"), dict):
            raise AnswerLost(f"X answered {response.status} and did not show what it made")
        return response.record
    problem = problem_in(response.record)
    if problem.kind == "usage-capped":
        raise refusal(response.status, problem)
    if response.status == 429:
        after = seconds_to_wait(response)
        whole = after is None or after <= _SHORT_WAIT
        raise Refusal(
            "slow_down", retry=True, after=after, code="429", detail=problem.detail, whole_account=whole
        )
    refuse_unanswered(response)
    if response.status < 400 or response.status >= 500:
        if decisive:
            raise AnswerLost(f"X answered {response.status}")
        raise Refusal("network_down", retry=True, code=str(response.status), detail=problem.detail)
    raise refusal(response.status, problem)


def refusal(status: int, problem: Problem) -> Refusal:
    """What a problem means. `status` is that of the answer, or of one row of it."""
    by_words = next((reason for words, reason in _BY_WORDS if words in problem.detail.lower()), None)
    reason = (
        _BY_TYPE.get(problem.kind)
        or _BY_CODE.get(problem.code)
        or by_words
        or _BY_STATUS.get(status, "bad_request")
    )
    code = problem.kind or str(problem.code or status)
    return Refusal(reason, retry=reason == "slow_down", code=code, detail=problem.detail[:300])


def problem_in(record: Mapping[str, Any]) -> Problem:
    """The first error of an answer: a problem, a list of problems, legacy codes, or OAuth's words."""
    listed = record.get("errors")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else record
    kind = str(first.get("type") or record.get("type") or "").partition("/problems/")[2]
    code = first.get("code")
    words = [first.get("detail"), first.get("message"), record.get("detail")]
    words += [first.get("title"), record.get("error_description"), record.get("error")]
    detail = next((str(each) for each in words if each), "")
    return Problem(kind, code if isinstance(code, int) else 0, detail)


def seconds_to_wait(response: Response) -> float | None:
    """How long to wait after 429: as a proxy says it, else until X's bucket is full again."""
    named = response.retry_after(clock.now())
    if named is not None:
        return named
    reset = response.headers.get("x-rate-limit-reset", "")
    if not reset.isdigit():
        return None
    left = (clock.from_unix(reset) - clock.now()).total_seconds()
    return min(max(1.0, left), _LONGEST_WAIT)


def data(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The `data` of an answer when it is a record, else an empty one."""
    found = answer.get("data")
    return found if isinstance(found, dict) else {}


def rows(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The `data` of an answer as rows: X shows some things as a list, as one record, or inside one."""
    found = answer.get("data")
    if isinstance(found, dict):
        inner = found.get("subscription")
        found = [inner if isinstance(inner, dict) else found]
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

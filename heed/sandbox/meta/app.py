"""An app at Meta: its token and permissions, its errors, and the webhook it delivers by."""

from __future__ import annotations

import json
from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from heed.lib.crypto import hmac_sha256_hex
from heed.sandbox.frame import Call, PlayError, Reply, Sandbox, Simulator
from heed.sandbox.meta.calls import as_meta_writes, given_in, names_in, words_of
from heed.sandbox.meta.errors import Refused

SIGNATURE = "X-Hub-Signature-256"


class MetaApp(Simulator):
    """The part of a simulator that is the same for whatever a Meta app is connected to."""

    about: ClassVar[str]
    """The kind of object its webhooks are about."""
    usage: ClassVar[str]
    """The name of its limits in the usage header."""
    agent: ClassVar[str]
    """What its webhooks name as their sender."""
    fields: ClassVar[frozenset[str]]
    """What its webhook can be told of."""
    permissions: ClassVar[tuple[str, ...]]
    """What its token may do from the start."""
    first_id: ClassVar[int] = 10**14
    span_of_ids: ClassVar[int] = 10**14
    revoked: ClassVar[int] = 460
    """The subcode by which a token is told to be dead."""
    patience: ClassVar[timedelta | None] = None
    """For how long its webhook may fail before the subscription ends; None: for good."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.hook_url = ""
        self.app_fields: list[str] = []
        self.scopes = [*self.permissions]
        self.dead = 0
        self.throttled: list[Refused] = []
        self.hurries = False
        self.restored = False
        self.batch: list[dict[str, Any]] | None = None
        self.failing_since: datetime | None = None
        self.hooks.on_answer = self._count_failing
        self._codes: dict[str, str] = {}

    # ----------------------------------------------------------------------------- its data

    @property
    @abstractmethod
    def owner(self) -> str:
        """The id of what is connected: webhooks and limits are about it."""

    @property
    @abstractmethod
    def token(self) -> str:
        """What Heed calls with."""

    @property
    def app(self) -> str:
        return self._digits("app")

    @property
    def secret(self) -> str:
        return self.ids.stable(self.place, "secret", size=32)

    @property
    def verify_token(self) -> str:
        return "acme-" + self.ids.stable(self.place, "verify", size=12)

    def _digits(self, *words: str) -> str:
        """An id in digits, the same at every start."""
        return str(self.first_id + int(self.ids.stable(self.place, *words), 16) % self.span_of_ids)

    # -------------------------------------------------------------------------------- calls

    def answer(self, call: Call) -> Reply:
        try:
            return self._answered(call, words_of(call), given_in(call))
        except Refused as refused:
            return self._error(refused)

    @abstractmethod
    def _answered(self, call: Call, words: list[str], given: dict[str, Any]) -> Reply:
        """Raises `Refused`."""

    def _well(self, body: dict[str, Any]) -> Reply:
        return Reply(200, body, self._usage(0))

    def _error(self, refused: Refused) -> Reply:
        return Reply(refused.status, {"error": self._described(refused)}, self._usage(refused.minutes))

    def _described(self, refused: Refused) -> dict[str, Any]:
        error: dict[str, Any] = {
            "message": str(refused),
            "type": "OAuthException",
            "code": refused.code,
            "is_transient": refused.code in (1, 2),
            "fbtrace_id": self.ids.name("A"),
        }
        return error | ({"error_subcode": refused.sub} if refused.sub else {})

    def _usage(self, minutes: int) -> dict[str, str]:
        """Meta's own rate header, in percent; the last figure is in minutes."""
        case = {
            "type": self.usage,
            "call_count": 100 if minutes else 1,
            "total_cputime": 1,
            "total_time": 1,
            "estimated_time_to_regain_access": minutes,
        }
        return {"X-Business-Use-Case-Usage": json.dumps({self.owner: [case]})}

    # ------------------------------------------------------------------------ who may call

    def _is_the_app(self, token: str) -> bool:
        return token == f"{self.app}|{self.secret}"

    def _check_token(self, token: str, given: dict[str, Any], words: list[str]) -> None:
        """What is asked of every token but the app's own."""
        if self.dead:
            raise Refused(190, "Error validating access token", self.dead, status=401)
        self._check_proof(token, given)
        if words[-1:] == ["subscriptions"]:
            raise Refused(15, "(#15) This method must be called with an app access_token.")
        self._slow_down()

    def _check_proof(self, token: str, given: dict[str, Any]) -> None:
        proof = given.get("appsecret_proof")
        if proof is not None and proof != hmac_sha256_hex(self.secret, token.encode()):
            raise Refused(100, "Invalid appsecret_proof provided in the API argument")

    def _slow_down(self) -> None:
        if self.throttled:
            raise self.throttled.pop()

    def _consent(self, given: dict[str, Any], mark: str = "") -> Reply:
        """The consent page, at which everybody says yes at once; back with a code."""
        code = self.ids.name("AQ")
        self._codes[code] = str(given["redirect_uri"])
        back = urlencode({"state": given.get("state", ""), "code": code})
        return Reply(302, b"", {"Location": f"{given['redirect_uri']}?{back}{mark}"})

    def _redeem(self, given: dict[str, Any]) -> None:
        """A code is good once, and for the address it was sent to."""
        if self._codes.pop(str(given.get("code")), None) != given.get("redirect_uri"):
            raise Refused(100, "This authorization code has been used.", 36009)

    # -------------------------------------------------------------------------- its webhook

    def _set_callback(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("object") != self.about:
            raise Refused(100, "(#100) Invalid parameter: object")
        names = names_in(given.get("fields"), self.fields)
        if not self._shakes_hands(str(given.get("callback_url", "")), str(given.get("verify_token", ""))):
            raise Refused(2200, "(#2200) Callback verification failed")
        self.app_fields = names
        return {"success": True}

    def _shakes_hands(self, url: str, verify_token: str) -> bool:
        """Ask the address for the challenge; only one that gives it back gets webhooks."""
        challenge = str(self.ids.number())
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        if self.hooks.call("GET", f"{url}?{urlencode(query)}") != (200, challenge.encode()):
            return False
        self.hook_url = url
        return True

    def _count_failing(self, taken: bool) -> None:
        """Who takes nothing for long is told nothing more, until they subscribe again."""
        with self.lock:
            now = self.clock.now()
            self.failing_since = None if taken else self.failing_since or now
            if self.failing_since and self.patience and now - self.failing_since >= self.patience:
                self._end_subscription()

    def _end_subscription(self) -> None:
        """Forget what its webhook is told of; nothing where that never happens by itself."""
        return

    def _post_body(self, body: Any, *, at_once: bool = False) -> None:
        """Deliver a body, signed; `at_once` before the call that caused it has its answer."""
        content = as_meta_writes(body)
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: f"sha256={hmac_sha256_hex(self.secret, content)}",
            "User-Agent": self.agent,
        }
        if at_once and self.hook_url:
            self.hooks.call("POST", self.hook_url, content, headers)
        else:
            self.hooks.send(self.hook_url, content, headers, signed=SIGNATURE)

    def _seconds(self) -> int:
        return int(self.clock.now().timestamp())

    # ------------------------------------------------------------ what the company and Meta do

    def play_callback(self, url: str, verify_token: str = "") -> dict[str, Any]:
        """Enter the webhook's address in the dashboard; it is asked for the challenge."""
        if not self._shakes_hands(url, verify_token or self.verify_token):
            raise PlayError(_("The address did not give the challenge back."))
        return {}

    def play_grant(self, name: str, on: bool = True) -> dict[str, Any]:
        """Give the token a permission, or take it."""
        self.scopes = [*(each for each in self.scopes if each != name), *([name] if on else [])]
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The token is dead from now on."""
        self.dead = self.revoked
        return {}

    def play_expire_token(self) -> dict[str, Any]:
        self.dead = 463
        return {}

    def play_throttle(
        self, times: int = 1, code: int = 613, sub: int = 0, minutes: int = 0
    ) -> dict[str, Any]:
        """Refuse the next calls for calling too often, or with any other error."""
        words = f"(#{code}) Calls to this api have exceeded the rate limit."
        self.throttled = [Refused(code, words, sub, minutes=minutes) for _each in range(times)]
        return {}

    def play_hurry(self, on: bool = True) -> dict[str, Any]:
        """Deliver what a call causes before the call has its answer."""
        self.hurries = on
        return {}

    def play_deliver(self, body: Any) -> dict[str, Any]:
        """Deliver any body, rightly signed: the dashboard's test, an unknown kind, a broken item."""
        self._post_body(body)
        return {}

"""X: the API, its consent page, webhooks of both generations, and the people who write there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from django.utils.translation import gettext as _

from heed.lib.text import measure
from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, person_named
from heed.sandbox.frame import Call, ChatView, DemoAccount, Line, PlayError, PostView, Reply, Scene, Simulator

SIGNATURE = "x-twitter-webhooks-signature"
PRIVATE_EVENTS = frozenset({"dm.received", "dm.sent", "dm.read", "dm.indicate_typing", "chat.received"})
EVENTS = PRIVATE_EVENTS | {
    "post.create",
    "post.delete",
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "post.repost.create",
    "like.create",
    "oauth.revoke",
}
SCOPES = "tweet.read tweet.write tweet.moderate.write users.read dm.read dm.write media.write offline.access"
TEXT_WEIGHT = 280
MEGABYTE = 1024 * 1024
MOST_BYTES = {"image": 5 * MEGABYTE, "gif": 15 * MEGABYTE, "video": 512 * MEGABYTE}

_US = "acme"
_ACCESS = timedelta(hours=2)
_CODE = timedelta(seconds=30)
_MEDIA_LIFE = timedelta(hours=24)
_WITHOUT_PROOF = timedelta(hours=28)
_REPLAY = timedelta(hours=24)
_QUARTER = timedelta(minutes=15)
_PROBLEMS = "https://api.x.com/2/problems/"
_LINK = re.compile(
    r"https?://[^\s]+|(?<![\w@./-])[a-z0-9-]+\.(?:com|net|org|si)\b(?:/[^\s]*)?", re.IGNORECASE
)
"""What X makes a link of: a bare domain too."""
_NAMED = re.compile(r"@(\w{1,20})")
_TOKENS = re.compile(r'-?\w+:"[^"]*"|-?"[^"]*"|[()]|[^\s()]+')
_CASHTAG = re.compile(r"(?<!\w)\$[A-Za-z]{1,6}(?!\w)")
_LIMITS = {
    "me": 75,
    "post": 100,
    "remove": 50,
    "hide": 50,
    "like": 50,
    "repost": 50,
    "mentions": 300,
    "search": 300,
    "own": 900,
    "read messages": 15,
    "send messages": 15,
    "upload": 1875,
}
"""Calls per user in fifteen minutes."""


class _No(Exception):
    """An error answer of the API, as a problem or in one of its other shapes."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.reply = Reply(status, body, headers or {})


def _problem(status: int, kind: str, detail: str, title: str = "") -> _No:
    words = title or kind.replace("-", " ").title()
    return _No(status, {"title": words, "detail": detail, "type": f"{_PROBLEMS}{kind}", "status": status})


def _legacy(status: int, code: int, message: str) -> _No:
    return _No(status, {"errors": [{"code": code, "message": message}]})


@dataclass
class _Post:
    """A post. `said` is what its author typed; a reply has names put before it."""

    id: str
    author: str
    said: str
    at: datetime
    conversation: str
    parent: str = ""
    quoted: str = ""
    prefix: str = ""
    files: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    likes: set[str] = field(default_factory=set)
    reposts: set[str] = field(default_factory=set)
    faces: tuple[int, int] = (0, 0)
    hidden: bool = False
    removed: bool = False


@dataclass
class _Message:
    id: str
    sender: str
    receiver: str
    text: str
    at: datetime
    file: str = ""
    mime: str = ""
    removed: bool = False


@dataclass
class _Upload:
    """A file on its way: announced, filled in pieces, closed."""

    id: str
    mime: str
    category: str
    size: int
    at: datetime
    pieces: dict[int, bytes] = field(default_factory=dict)
    closed: bool = False
    looks: int = 0
    alt: str = ""

    @property
    def content(self) -> bytes:
        return b"".join(piece for _, piece in sorted(self.pieces.items()))

    @property
    def kind(self) -> str:
        return self.category.rpartition("_")[2]


@dataclass
class _Webhook:
    id: str
    url: str
    created: datetime
    proven: datetime
    valid: bool = True


class X(Simulator):
    """Acme's account, at the access level `level`: enterprise or self_serve."""

    name = "x"
    label = "X"
    short = "x"
    colour = "#0f1419"
    offers: ClassVar[frozenset[str]] = frozenset(
        {"mention", "comment", "message", "edit", "remove", "react", "read", "join", "leave"}
    )

    def __init__(self, sandbox: Any) -> None:
        super().__init__(sandbox)
        self.us = self.user_id(COMPANY)
        people = (*CUSTOMERS, OUTSIDER)
        self._names = {self.us: COMPANY} | {self.user_id(each.key): each.name for each in people}
        self._handles = {self.us: _US} | {
            self.user_id(each.key): each.handle.replace(".", "_") for each in people
        }
        self.level = "enterprise"
        self.spelling = "tweet"
        """How deliveries and answers call a post: `tweet`, or `post` as X is renaming them; `older` is
        the account activity deliveries before."""
        self.includes = True
        self.shape = "list"
        """How a new subscription is shown: as a `list`, `one` record or inside `subscription`."""
        self.limits = True
        self.most_webhooks = 5
        self.credit = True
        self.open_to_messages = dict.fromkeys(self._names, True)
        self.consumer_secret = self.ids.stable("x", "consumer secret", size=40)
        self.consumer_key = self.ids.stable("x", "consumer key", size=20)
        self.client_id = self.ids.stable("x", "client", size=24)
        self.client_secret = self.ids.stable("x", "client secret", size=40)
        self.token_secret = self.ids.stable("x", "token secret", size=40)
        self._began = self.clock.now()
        self._spent_tokens: set[str] = set()
        self._dead_before: float = 0
        self._revoked = False
        self._codes: dict[str, tuple[datetime, dict[str, str]]] = {}
        self._webhooks: dict[str, _Webhook] = {}
        self._subscriptions: dict[str, dict[str, Any]] = {}
        self._told: list[tuple[datetime, str, bytes]] = []
        self._posts: dict[str, _Post] = {}
        self._messages: list[_Message] = []
        self._uploads: dict[str, _Upload] = {}
        self._calls: dict[str, list[datetime]] = {}
        self._read: dict[str, datetime] = {}

    # ------------------------------------------------------------------------- the API

    def answer(self, call: Call) -> Reply:
        try:
            for method, pattern, handler in _ROUTES:
                found = re.fullmatch(pattern, call.path)
                if method == call.method and found:
                    return handler(self, call, **found.groupdict())
            raise _problem(404, "resource-not-found", f"No route for {call.method} {call.path}")
        except _No as no:
            return no.reply

    def accounts(self) -> list[DemoAccount]:
        credentials = {
            "consumer_key": self.consumer_key,
            "consumer_secret": self.consumer_secret,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "access_token": self._signed("access", "first", 0),
            "refresh_token": self._signed("refresh", "first", 0),
            "access_level": "enterprise",
        }
        return [DemoAccount(COMPANY, self.us, credentials)]

    def user_id(self, key: str) -> str:
        """Someone's id: longer than a JavaScript number can hold."""
        if key != COMPANY:
            try:
                person_named(key)
            except KeyError as error:
                raise PlayError(_("Nobody of the cast is called %s.") % key) from error
        return str(10**18 + int(self.ids.stable("x", key, size=14), 16))

    def restore(self, external_id: str, hook_url: str) -> None:
        if external_id != self.us or not hook_url:
            return
        now = self.clock.now()
        webhook = _Webhook(self._number(), hook_url, now, now)
        self._webhooks[webhook.id] = webhook
        for kind in EVENTS - {"post.repost.create", "dm.indicate_typing"}:
            self._subscription(kind, webhook.id, "heed")

    # ------------------------------------------------------------------------- tokens

    def _signed(self, kind: str, name: str, ends: float) -> str:
        """A token that says itself what it is, so that it is known again after a restart."""
        said = f"{kind}.{name}.{int(ends)}"
        return f"{said}.{self.ids.stable('x token', said, size=32)}"

    def _token(self, given: str, kind: str) -> str:
        """The token's name. Raises for one that is none, spent or over."""
        parts = given.split(".")
        if len(parts) != 4 or not parts[2].isdigit() or parts[0] != kind:
            raise _unauthorized()
        known = given == self._signed(kind, parts[1], int(parts[2]))
        if not known or given in self._spent_tokens or self._revoked:
            raise _unauthorized()
        ends = float(parts[2]) or (self._began + _ACCESS).timestamp()
        if kind == "access" and (ends <= self.clock.now().timestamp() or ends <= self._dead_before):
            raise _unauthorized()
        return parts[1]

    def _user(self, call: Call) -> str:
        """Whose call this is: signed in with OAuth 2, or signed with OAuth 1.0a."""
        if not self.credit:
            raise _problem(402, "usage-capped", "Your account has no credits left.", "CreditsDepleted")
        given = call.headers.get("authorization", "")
        if given.startswith("OAuth "):
            self._check_oauth1(call, given)
        else:
            self._token(given.removeprefix("Bearer ").strip(), "access")
        return self.us

    def _app(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {self._bearer()}":
            raise _unauthorized()

    def _bearer(self) -> str:
        return "AAAAAAAAAAAAAAAAAAAAA" + self.ids.stable("x", "bearer", size=60)

    def _check_oauth1(self, call: Call, header: str) -> None:
        said = dict(re.findall(r'(\w+)="([^"]*)"', header))
        signature = unquote(said.pop("oauth_signature", ""))
        pairs = [(name, unquote(value)) for name, value in said.items()] + list(call.pairs)
        if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            pairs += parse_qsl(call.body.decode(), keep_blank_values=True)
        joined = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(pairs))
        text = "&".join(map(_escaped, (call.method, self.url + call.path, joined)))
        key = f"{_escaped(self.consumer_secret)}&{_escaped(self.token_secret)}"
        right = base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha1")).decode()
        stamp = said.get("oauth_timestamp", "")
        fresh = stamp.isdigit() and abs(int(stamp) - self.clock.now().timestamp()) < 300
        if signature != right or not fresh or self._revoked:
            raise _legacy(401, 32, "Could not authenticate you.")

    def _app_token(self, call: Call) -> Reply:
        if call.form.get("grant_type") != "client_credentials" or not self._is_client(
            call, self.consumer_key, self.consumer_secret
        ):
            raise _legacy(403, 99, "Unable to verify your credentials")
        return Reply(200, {"token_type": "bearer", "access_token": self._bearer()})

    def _authorize(self, call: Call) -> Reply:
        """The consent page, at which everybody says yes at once."""
        asked = call.query
        wanted = ("redirect_uri", "state", "code_challenge", "scope")
        if asked.get("client_id") != self.client_id or not all(asked.get(name) for name in wanted):
            raise _No(400, {"error": "invalid_request", "error_description": "Something went wrong."})
        code = self.ids.name()
        self._codes[code] = (self.clock.now(), dict(asked))
        back = urlencode({"state": asked["state"], "code": code})
        return Reply(302, b"", {"Location": f"{asked['redirect_uri']}?{back}"})

    def _tokens(self, call: Call) -> Reply:
        form = call.form
        public = form.get("client_id") == self.client_id and "authorization" not in call.headers
        if not public and not self._is_client(call, self.client_id, self.client_secret):
            raise _No(
                401, {"error": "unauthorized_client", "error_description": "Missing valid authorization"}
            )
        invalid = _No(
            400,
            {"error": "invalid_request", "error_description": "Value passed for the token was invalid."},
        )
        if form.get("grant_type") == "refresh_token":
            given = form.get("refresh_token", "")
            try:
                self._token(given, "refresh")
            except _No:
                raise invalid from None
            self._spent_tokens.add(given)
            return Reply(200, self._new_tokens(SCOPES))
        at, asked = self._codes.pop(form.get("code", ""), (datetime.min.replace(tzinfo=UTC), {}))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = (asked.get("code_challenge"), asked.get("redirect_uri")) == (
            challenge,
            form.get("redirect_uri"),
        )
        if not fits or self.clock.now() - at > _CODE:
            raise invalid
        return Reply(200, self._new_tokens(asked["scope"]))

    def _new_tokens(self, scope: str) -> dict[str, Any]:
        self._revoked = False
        ends = (self.clock.now() + _ACCESS).timestamp()
        return {
            "token_type": "bearer",
            "expires_in": int(_ACCESS.total_seconds()),
            "access_token": self._signed("access", self.ids.name(), ends),
            "refresh_token": self._signed("refresh", self.ids.name(), 0),
            "scope": scope,
        }

    def _is_client(self, call: Call, name: str, secret: str) -> bool:
        pair = base64.b64encode(f"{name}:{secret}".encode()).decode()
        return call.headers.get("authorization") == f"Basic {pair}"

    # ------------------------------------------------------------------------- limits

    def _count(self, what: str) -> dict[str, str]:
        """Take one call from a bucket; gives back the headers that tell of it."""
        most, now = _LIMITS[what], self.clock.now()
        recent = [at for at in self._calls.get(what, []) if at > now - _QUARTER]
        reset = str(int(((recent[0] if recent else now) + _QUARTER).timestamp()) + 1)
        headers = {"x-rate-limit-limit": str(most), "x-rate-limit-reset": reset}
        if self.limits and len(recent) >= most:
            body = {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank"}
            raise _No(429, {**body, "status": 429}, {**headers, "x-rate-limit-remaining": "0"})
        self._calls[what] = [*recent, now]
        return {**headers, "x-rate-limit-remaining": str(max(0, most - len(recent) - 1))}

    # ------------------------------------------------------------------------- webhooks

    def _add_webhook(self, call: Call) -> Reply:
        self._app(call)
        url = str(_object(call).get("url") or "")
        if not _is_address(url):
            raise _problem(400, "invalid-request", "UrlValidationFailed: the url is not valid")
        if any(each.url == url for each in self._webhooks.values()):
            raise _problem(400, "invalid-request", "DuplicateUrlFailed: the url is in use")
        if len(self._webhooks) >= self.most_webhooks:
            raise _problem(400, "invalid-request", "WebhookLimitExceeded: no more webhooks are allowed")
        if self._prove(url) is not True:
            raise _problem(400, "invalid-request", "CrcValidationFailed: the crc check failed")
        now = self.clock.now()
        webhook = _Webhook(self._number(), url, now, now)
        self._webhooks[webhook.id] = webhook
        return Reply(200, {"data": _shown_webhook(webhook)})

    def _list_webhooks(self, call: Call) -> Reply:
        self._app(call)
        listed = [_shown_webhook(each) for each in self._webhooks.values()]
        return Reply(200, {"data": listed, "meta": {"result_count": len(listed)}} if listed else {"meta": {}})

    def _validate_webhook(self, call: Call, id: str) -> Reply:
        self._app(call)
        webhook = self._webhook(id)
        webhook.valid = self._prove(webhook.url) is True
        if not webhook.valid:
            raise _problem(400, "invalid-request", "CrcValidationFailed: the crc check failed")
        webhook.proven = self.clock.now()
        return Reply(200, {"data": {"valid": True}})

    def _delete_webhook(self, call: Call, id: str) -> Reply:
        self._app(call)
        del self._webhooks[self._webhook(id).id]
        return Reply(200, {"data": {"deleted": True}})

    def _webhook(self, id: str) -> _Webhook:
        if id not in self._webhooks:
            raise _problem(404, "resource-not-found", "WebhookIdInvalid: there is no such webhook")
        return self._webhooks[id]

    def _prove(self, url: str) -> bool | None:
        """Ask whether the address knows the secret; None when it did not answer for now."""
        token = self.ids.name()
        status, body = self.hooks.call("GET", f"{url}?crc_token={token}")
        if status == 0 or status >= 400:
            return None
        try:
            answer = json.loads(body)["response_token"]
        except (ValueError, KeyError, TypeError):
            answer = ""
        return status < 300 and answer == self._signature(token.encode())

    def _replay(self, call: Call) -> Reply:
        """Deliver again what was delivered in a span of the last day; tell when that is done."""
        self._app(call)
        given = _object(call)
        webhook = self._webhook(str(given.get("webhook_id")))
        try:
            start, end = (
                datetime.strptime(str(given.get(name)), "%Y%m%d%H%M").replace(tzinfo=UTC)
                for name in ("from_date", "to_date")
            )
        except ValueError as error:
            raise _problem(400, "invalid-request", "QueryParamInvalid: dates are yyyymmddHHMM") from error
        now = self.clock.now()
        if start < now - _REPLAY or start > now - timedelta(minutes=31) or end > now - timedelta(minutes=10):
            raise _problem(400, "invalid-request", "QueryParamInvalid: the range is not allowed")
        job = self._number()
        bodies = [body for at, hook, body in self._told if hook == webhook.id and start <= at < end]
        ended = {
            "replay_job_status": {
                "webhook_id": webhook.id,
                "job_state": "Complete",
                "job_state_description": "Job completed successfully",
                "job_id": job,
            }
        }

        def run() -> None:
            for body in [*bodies, _bytes(ended)]:
                self._post_to(webhook, body)

        self.later(0, run)
        return Reply(200, {"data": {"job_id": job, "created_at": _iso(now)}})

    # ------------------------------------------------------------------------- subscriptions

    def _subscribe(self, call: Call) -> Reply:
        given = _object(call)
        kind = str(given.get("event_type"))
        narrowed = given.get("filter") or {}
        if kind not in EVENTS or not isinstance(narrowed, dict) or not narrowed.get("user_id"):
            raise _problem(400, "invalid-request", f"{kind} is not a supported event type")
        if kind in PRIVATE_EVENTS:
            self._user(call)
        else:
            self._app(call)
        if narrowed["user_id"] != self.us:
            raise _problem(403, "client-forbidden", "The user has not authorized the app")
        if str(given.get("webhook_id")) not in self._webhooks:
            raise _problem(400, "invalid-request", "WebhookIdInvalid: there is no such webhook")
        if any(each["event_type"] == kind for each in self._subscriptions.values()):
            raise _problem(409, "invalid-request", "DuplicateSubscriptionFailed")
        made = self._subscription(kind, str(given["webhook_id"]), str(given.get("tag") or ""))
        shown: Any = {"list": [made], "one": made}.get(self.shape, {"subscription": made})
        return Reply(200, {"data": shown, "meta": {"total_subscriptions": len(self._subscriptions)}})

    def _subscription(self, kind: str, webhook: str, tag: str) -> dict[str, Any]:
        now = _iso(self.clock.now())
        made: dict[str, Any] = {
            "subscription_id": self._number(),
            "event_type": kind,
            "filter": {"user_id": self.us},
            "tag": tag,
            "webhook_id": webhook,
            "created_at": now,
            "updated_at": now,
        }
        self._subscriptions[made["subscription_id"]] = made
        return made

    def _list_subscriptions(self, call: Call) -> Reply:
        self._app(call)
        listed = list(self._subscriptions.values())
        return Reply(200, {"data": listed, "meta": {"total_subscriptions": len(listed)}})

    def _change_subscription(self, call: Call, id: str) -> Reply:
        self._app(call)
        if id not in self._subscriptions:
            raise _problem(404, "resource-not-found", "There is no such subscription")
        given = _object(call)
        for name in ("tag", "webhook_id"):
            if name in given:
                self._subscriptions[id][name] = given[name]
        return Reply(200, {"data": self._subscriptions[id]})

    def _unsubscribe(self, call: Call, id: str) -> Reply:
        self._app(call)
        self._subscriptions.pop(id, None)
        return Reply(200, {"data": {"deleted": True}})

    # ------------------------------------------------------------------------- deliveries

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
                "filter": {"user_id": self.us},
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

    def _deliver(self, webhook: _Webhook, told: dict[str, Any]) -> None:
        body = _bytes(told)
        self._told.append((self.clock.now(), webhook.id, body))
        self._post_to(webhook, body)

    def _post_to(self, webhook: _Webhook, body: bytes) -> None:
        headers = {"Content-Type": "application/json", SIGNATURE: self._signature(body)}
        self.hooks.send(webhook.url, body, headers, signed=SIGNATURE)

    def _signature(self, body: bytes) -> str:
        digest = hmac.digest(self.consumer_secret.encode(), body, "sha256")
        return "sha256=" + base64.b64encode(digest).decode()

    def _around(self, payload: dict[str, Any]) -> dict[str, Any]:
        """What is included beside a post: its files, and the posts it refers to."""
        name = self._word("includes")
        refers = payload.get(self._word("references")) or []
        known = [self._posts[each["id"]] for each in refers if each["id"] in self._posts]
        files = [self._file(key) for key in (payload.get("attachments") or {}).get("media_keys", [])]
        found = {name: [self._record(each) for each in known], "media": files}
        return {key: value for key, value in found.items() if value}

    def _tell_post(self, post: _Post) -> None:
        """One post may be told of under two kinds of events."""
        if self.spelling == "older":
            self._tell_older({"tweet_create_events": [self._older_record(post)]})
            return
        payload = self._record(post)
        for kind in self._kinds(post):
            uuid = post.id if kind == "post.mention.create" else ""
            self._tell(kind, payload, [post.author, self.us], uuid)

    def _kinds(self, post: _Post) -> list[str]:
        if post.author == self.us:
            return ["post.create"]
        answered, quoted = self._posts.get(post.parent), self._posts.get(post.quoted)
        kinds = {
            "post.mention.create": f"@{_US}" in post.said.casefold(),
            "post.reply.create": answered is not None and answered.author == self.us,
            "post.quote.create": quoted is not None and quoted.author == self.us,
        }
        return [kind for kind, fits in kinds.items() if fits]

    # ------------------------------------------------------------------------- records

    def _word(self, what: str) -> str:
        tweet = {
            "references": "referenced_tweets",
            "history": "edit_history_tweet_ids",
            "includes": "tweets",
            "answered": "in_reply_to_tweet_id",
        }[what]
        return tweet if self.spelling != "post" else tweet.replace("tweet", "post")

    def _user_record(self, id: str) -> dict[str, Any]:
        name, handle = self._names.get(id, id), self._handles.get(id, f"user{id[-6:]}")
        return {"id": id, "name": name, "username": handle, "verified": False, "protected": False}

    def _record(self, post: _Post) -> dict[str, Any]:
        """A post in the shape of the API."""
        text, urls = self._wire_text(post)
        references = [
            {"type": kind, "id": id}
            for kind, id in (("replied_to", post.parent), ("quoted", post.quoted))
            if id
        ]
        versions = post.versions or [post.id]
        names = [(each.start(), each.end(), each[1]) for each in _NAMED.finditer(text)]
        ids = {handle.casefold(): id for id, handle in self._handles.items()}
        record: dict[str, Any] = {
            "id": versions[-1],
            "text": text,
            "author_id": post.author,
            "created_at": _iso(post.at),
            "conversation_id": post.conversation,
            self._word("history"): versions,
            "display_text_range": [len(post.prefix), len(text)],
            "entities": {
                "mentions": [
                    {"start": start, "end": end, "username": word, "id": ids[word.casefold()]}
                    for start, end, word in names
                    if word.casefold() in ids
                ],
                "urls": urls,
            },
            "lang": "und",
            "public_metrics": {
                "like_count": len(post.likes) + post.faces[0],
                "like_count_str": str(len(post.likes) + post.faces[0]),
                "retweet_count": len(post.reposts) + post.faces[1],
                "reply_count": len(self._replies(post)),
            },
        }
        if references:
            record[self._word("references")] = references
        if post.parent:
            record[self._word("answered")] = post.parent
            record["in_reply_to_user_id"] = self._author(post.parent)
        if post.files:
            record["attachments"] = {"media_keys": list(post.files)}
        return record

    def _older_record(self, post: _Post) -> dict[str, Any]:
        """A post as the deliveries of the generation before show it."""
        record = self._record(post)
        user = self._user_record(post.author)
        named = [
            {"screen_name": each["username"], "id_str": each["id"], "indices": [each["start"], each["end"]]}
            for each in record["entities"]["mentions"]
        ]
        id = record["id"]
        return {
            "id": float(id),  # its precision is lost, as it is in the real ones for many readers
            "id_str": id,
            "created_at": post.at.astimezone(UTC).strftime("%a %b %d %H:%M:%S +0000 %Y"),
            "text": record["text"][:140],
            "truncated": len(record["text"]) > 140,
            "extended_tweet": {
                "full_text": record["text"],
                "display_text_range": record["display_text_range"],
                "entities": {"user_mentions": named, "urls": record["entities"]["urls"]},
            },
            "user": {
                "id_str": user["id"],
                "name": user["name"],
                "screen_name": user["username"],
                "profile_image_url_https": "",
            },
            "in_reply_to_status_id_str": post.parent or None,
            "in_reply_to_user_id_str": self._author(post.parent) or None,
            "quoted_status_id_str": post.quoted or None,
            "favorite_count": len(post.likes),
        }

    def _wire_text(self, post: _Post) -> tuple[str, list[dict[str, Any]]]:
        """The text as X keeps it: escaped, links shortened, an address for the files at the end."""
        urls: list[dict[str, Any]] = []

        def shorten(found: re.Match[str]) -> str:
            short = f"https://t.co/{self.ids.stable('t.co', post.id, str(len(urls)), size=10)}"
            urls.append({"url": short, "expanded_url": _whole(found[0]), "display_url": found[0][:25]})
            return short

        text = _LINK.sub(shorten, post.prefix + html.escape(post.said, quote=False))
        home = f"https://x.com/{self._handles.get(post.author, 'i')}/status/{post.id}"
        if post.quoted:
            quoted = f"https://x.com/{self._handles.get(self._author(post.quoted), 'i')}/status/{post.quoted}"
            urls.append({"url": f"https://t.co/q{post.id[-8:]}", "expanded_url": quoted})
        if post.files:
            short = f"https://t.co/f{post.id[-8:]}"
            urls.append({"url": short, "expanded_url": f"{home}/photo/1", "media_key": post.files[0]})
            text = f"{text} {short}".strip()
        return text, urls

    def _file(self, key: str) -> dict[str, Any]:
        upload = self._uploads.get(key.partition("_")[2])
        if upload is None:
            return {"media_key": key, "type": "photo", "url": unquote(key.partition("_")[2])}
        kind = {"gif": "animated_gif", "video": "video"}.get(upload.kind, "photo")
        shown = {"media_key": key, "type": kind, "url": self._picture_of(key)}
        return {**shown, "alt_text": upload.alt} if upload.alt else shown

    def _picture_of(self, key: str) -> str:
        upload = self._uploads.get(key.partition("_")[2])
        return self._kept_upload(upload) if upload else unquote(key.partition("_")[2])

    def _kept_upload(self, upload: _Upload) -> str:
        ending = upload.mime.partition("/")[2]
        return self.keep(upload.content, upload.mime, f"file.{ending}")

    def _author(self, id: str) -> str:
        return self._posts[id].author if id in self._posts else ""

    def _replies(self, post: _Post) -> list[_Post]:
        return [each for each in self._posts.values() if each.parent == post.id and not each.removed]

    # ------------------------------------------------------------------------- reading

    def _me(self, call: Call) -> Reply:
        return Reply(200, {"data": self._user_record(self._user(call))}, self._count("me"))

    def _one_user(self, call: Call, id: str) -> Reply:
        self._user(call)
        if id not in self._names:
            return Reply(200, {"errors": [_missing("user", id)]})
        return Reply(200, {"data": self._user_record(id)})

    def _one_post(self, call: Call, id: str) -> Reply:
        self._user(call)
        post = self._posts.get(id)
        if post is None or post.removed:
            return Reply(200, {"errors": [_missing("tweet", id)]})
        return self._page(call, [post], one=True)

    def _mentions(self, call: Call, id: str) -> Reply:
        self._own_only(call, id)
        headers = self._count("mentions")
        found = [
            each
            for each in self._posts.values()
            if each.author != self.us and f"@{_US}" in (each.prefix + each.said).casefold()
        ]
        return self._listed(call, found[-800:], headers)

    def _own_posts(self, call: Call, id: str) -> Reply:
        self._own_only(call, id)
        headers = self._count("own")
        return self._listed(call, [each for each in self._posts.values() if each.author == self.us], headers)

    def _search(self, call: Call) -> Reply:
        self._user(call)
        headers = self._count("search")
        asked = call.query.get("query", "")
        most = 512 if self.level == "self_serve" else 4096
        if not asked or len(asked) > most:
            raise _problem(400, "invalid-request", f"query must be 1 to {most} characters")
        oldest = self.clock.now() - timedelta(days=7)
        since = self._posts.get(call.query.get("since_id", ""))
        if since is not None and since.at < oldest:
            raise _problem(400, "invalid-request", "since_id must be a post id created within 7 days")
        fits = _query(asked)
        found = [each for each in self._posts.values() if each.at > oldest and fits(self._searched(each))]
        return self._listed(call, found, headers)

    def _searched(self, post: _Post) -> dict[str, str]:
        links = " ".join(each["expanded_url"] for each in self._wire_text(post)[1])
        handle = self._handles.get(post.author, "")
        return {"text": (post.prefix + post.said).casefold(), "url": links.casefold(), "from": handle}

    def _own_only(self, call: Call, id: str) -> None:
        if self._user(call) != id:
            raise _problem(403, "not-authorized-for-resource", "That is another user")

    def _listed(self, call: Call, posts: list[_Post], headers: dict[str, str]) -> Reply:
        asked = call.query
        living = [each for each in posts if not each.removed]
        since, until = _moment(asked.get("start_time")), _moment(asked.get("end_time"))
        found = [
            each
            for each in living
            if (since is None or each.at >= since)
            and (until is None or each.at < until)
            and int(each.id) > int(asked.get("since_id") or 0)
        ]
        newest_first = sorted(found, key=lambda each: int(each.id), reverse=True)
        most = _number_of(asked.get("max_results"), 10, 5, 100)
        start = int(asked.get("pagination_token") or asked.get("next_token") or 0)
        page = newest_first[start : start + most]
        reply = self._page(call, page)
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
        if start + most < len(newest_first):
            meta["next_token"] = str(start + most)
        assert isinstance(reply.body, dict)
        return Reply(200, {**reply.body, "meta": meta}, headers)

    def _page(self, call: Call, posts: list[_Post], *, one: bool = False) -> Reply:
        """Posts with what was asked for beside them: without the fields only id and text."""
        whole = "created_at" in call.query.get("tweet.fields", "")
        records = [self._record(each) for each in posts]
        if not whole:
            records = [{name: each[name] for name in ("id", "text")} for each in records]
        answer: dict[str, Any] = {"data": records[0] if one else records} if records else {}
        if whole and "author_id" in call.query.get("expansions", ""):
            people = [self._user_record(each) for each in sorted({each.author for each in posts})]
            answer["includes"] = {"users": people}
            for record in records:
                for name, found in self._around(record).items():
                    answer["includes"].setdefault(name, []).extend(found)
        return Reply(200, answer)

    def _usage(self, call: Call) -> Reply:
        self._app(call)
        used = {"project_cap": "3000000", "project_usage": "1200", "cap_reset_day": 1, "project_id": "7"}
        return Reply(200, {"data": used})

    # ------------------------------------------------------------------------- writing

    def _create(self, call: Call) -> Reply:
        self._user(call)
        headers = self._count("post")
        given = _object(call)
        said = str(given.get("text") or "")
        files = [str(each) for each in (given.get("media") or {}).get("media_ids") or []]
        parent = str((given.get("reply") or {}).get("in_reply_to_tweet_id") or "")
        quoted = str(given.get("quote_tweet_id") or "")
        if not said and not files:
            raise _problem(400, "invalid-request", "One or more parameters to your request was invalid.")
        if measure(said, "weighted") > TEXT_WEIGHT:
            raise _legacy(400, 186, "Tweet needs to be a bit shorter.")
        if self.level == "self_serve" and len(_CASHTAG.findall(said)) > 1:
            raise _problem(403, "client-forbidden", "Only one $CASHTAG is allowed in a post.")
        self._check_files(files, "tweet")
        self._check_target(parent, quoted)
        for each in self._posts.values():
            same = (each.said, each.parent, each.quoted) == (said, parent, quoted)
            if each.author == self.us and same and not each.removed and said:
                detail = "You are not allowed to create a Tweet with duplicate content."
                raise _No(403, {"title": "Forbidden", "detail": detail, "type": "about:blank", "status": 403})
        post = self._write(self.us, said, parent, quoted, [f"3_{each}" for each in files])
        made = {"id": post.id, "text": said, self._word("history"): [post.id]}
        return Reply(201, {"data": made}, headers)

    def _check_target(self, parent: str, quoted: str) -> None:
        for id in filter(None, (parent, quoted)):
            if not re.fullmatch(r"[0-9]{1,19}", id):
                raise _problem(400, "invalid-request", "in_reply_to_tweet_id must be an id")
            if id not in self._posts:
                self._placeholder(id)
            if self._posts[id].removed:
                raise _legacy(
                    403, 385, "You attempted to reply to a Tweet that is deleted or not visible to you."
                )
        if self.level != "self_serve":
            return
        if quoted:
            raise _problem(403, "client-forbidden", "Quote posts are not available at your access level.")
        if parent and not self._summons(self._posts[parent]):
            detail = (
                "Reply to this conversation is not allowed because you have not been mentioned or otherwise "
                "engaged by the author of the post you are replying to."
            )
            raise _No(403, {"title": "Forbidden", "detail": detail, "type": "about:blank", "status": 403})

    def _summons(self, post: _Post) -> bool:
        named = f"@{_US}" in (post.prefix + post.said).casefold()
        return post.author == self.us or named or self._author(post.quoted) == self.us

    def _placeholder(self, id: str) -> None:
        """A post of an earlier run: somebody wrote it to us."""
        self._posts[id] = _Post(id, self.user_id("lea"), f"@{_US} …", self.clock.now(), id)

    def _check_files(self, files: list[str], place: str) -> None:
        kinds = []
        for id in files:
            upload = self._uploads.get(id)
            over = upload is not None and self.clock.now() - upload.at > _MEDIA_LIFE
            if upload is None or not upload.closed or over or not upload.category.startswith(place):
                raise _problem(400, "invalid-request", "Your media IDs are invalid.")
            if upload.kind in ("gif", "video") and upload.looks < 2:
                raise _problem(400, "invalid-request", "The media is still being processed.")
            kinds.append(upload.kind)
        if len(kinds) > 4 or (len(kinds) > 1 and set(kinds) != {"image"}):
            raise _problem(400, "invalid-request", "Too many or mixed media.")

    def _delete(self, call: Call, id: str) -> Reply:
        self._user(call)
        headers = self._count("remove")
        post = self._posts.get(id)
        if post is None or post.removed:
            raise _problem(404, "resource-not-found", f"Could not find tweet {id}")
        if post.author != self.us:
            raise _problem(403, "not-authorized-for-resource", "You can only delete your own posts")
        self._remove(post)
        return Reply(200, {"data": {"deleted": True}}, headers)

    def _hide(self, call: Call, id: str) -> Reply:
        self._user(call)
        headers = self._count("hide")
        post = self._living(id)
        if self._author(post.conversation) != self.us or post.author == self.us:
            raise _problem(403, "client-forbidden", "You can only hide replies to your own conversations")
        post.hidden = _object(call).get("hidden") is True
        return Reply(200, {"data": {"hidden": post.hidden}}, headers)

    def _like(self, call: Call, id: str, post: str = "") -> Reply:
        self._own_only(call, id)
        headers = self._count("like")
        if self.level == "self_serve":
            raise _problem(403, "client-forbidden", "Likes are not available at your access level.")
        wanted = self._living(post or str(_object(call).get("tweet_id")))
        (wanted.likes.discard if post else wanted.likes.add)(self.us)
        return Reply(200, {"data": {"liked": not post}}, headers)

    def _repost(self, call: Call, id: str, post: str = "") -> Reply:
        self._own_only(call, id)
        headers = self._count("repost")
        wanted = self._living(post or str(_object(call).get("tweet_id")))
        (wanted.reposts.discard if post else wanted.reposts.add)(self.us)
        return Reply(200, {"data": {"retweeted": not post, "rest_id": wanted.id}}, headers)

    def _living(self, id: str) -> _Post:
        if re.fullmatch(r"[0-9]{1,19}", id) and id not in self._posts:
            self._placeholder(id)
        post = self._posts.get(id)
        if post is None or post.removed:
            raise _problem(404, "resource-not-found", f"Could not find tweet {id}")
        return post

    # ------------------------------------------------------------------------- files

    def _upload_begin(self, call: Call) -> Reply:
        self._user(call)
        given = _object(call)
        category, mime = str(given.get("media_category")), str(given.get("media_type"))
        size = given.get("total_bytes")
        kind = category.rpartition("_")[2]
        wrong = kind not in MOST_BYTES or not isinstance(size, int) or size < 1
        if wrong or not mime.startswith("video/" if kind == "video" else "image/"):
            raise _problem(400, "invalid-request", "media type unrecognized.")
        if int(size or 0) > MOST_BYTES[kind]:
            raise _problem(400, "invalid-request", "File size exceeds the limit.")
        upload = _Upload(self._number(), mime, category, int(size or 0), self.clock.now())
        self._uploads[upload.id] = upload
        return Reply(200, {"data": self._shown_upload(upload)}, self._count("upload"))

    def _upload_append(self, call: Call, id: str) -> Reply:
        self._user(call)
        upload = self._upload(id)
        pieces = [part.content for part in call.parts if part.name == "media"]
        number = call.form.get("segment_index", "")
        if not number.isdigit() or int(number) > 999 or len(pieces) != 1:
            raise _problem(400, "invalid-request", "segment_index and media are needed")
        upload.pieces[int(number)] = pieces[0]
        return Reply(200, {"data": {"expires_at": 0}}, self._count("upload"))

    def _upload_end(self, call: Call, id: str) -> Reply:
        self._user(call)
        upload = self._upload(id)
        if len(upload.content) != upload.size:
            raise _problem(400, "invalid-request", "The sizes of the segments do not add up.")
        upload.closed = True
        return Reply(200, {"data": self._shown_upload(upload)})

    def _upload_status(self, call: Call) -> Reply:
        self._user(call)
        upload = self._upload(call.query.get("media_id", ""))
        upload.looks += 1
        return Reply(200, {"data": self._shown_upload(upload)})

    def _describe(self, call: Call) -> Reply:
        self._user(call)
        given = _object(call)
        upload = self._upload(str(given.get("id")))
        try:
            text = given["metadata"]["alt_text"]["text"]
        except (KeyError, TypeError):
            raise _problem(400, "invalid-request", "metadata.alt_text.text is needed") from None
        if not isinstance(text, str) or not 0 < len(text) <= 1000:
            raise _problem(400, "invalid-request", "alt_text is too long.")
        upload.alt = text
        return Reply(200, {"data": {"id": upload.id, "associated_metadata": given["metadata"]}})

    def _upload(self, id: str) -> _Upload:
        if id not in self._uploads:
            raise _problem(400, "invalid-request", "Your media IDs are invalid.")
        return self._uploads[id]

    def _shown_upload(self, upload: _Upload) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": upload.id, "media_key": f"3_{upload.id}", "expires_after_secs": 86400}
        if upload.closed and upload.kind in ("gif", "video"):
            state = ("pending", "in_progress", "succeeded")[min(upload.looks, 2)]
            shown["processing_info"] = {"state": state, "check_after_secs": 1}
        return shown

    # ------------------------------------------------------------------------- messages

    def _send_message(self, call: Call, person: str) -> Reply:
        self._user(call)
        headers = self._count("send messages")
        given = _object(call)
        files = [str(each.get("media_id")) for each in given.get("attachments") or []]
        text = str(given.get("text") or "")
        if person not in self._names or person == self.us:
            raise _problem(400, "invalid-request", "participant_id is not valid")
        if (not text and not files) or len(files) > 1 or len(text) > 10_000:
            raise _problem(400, "invalid-request", "text or one attachment is needed")
        self._check_files(files, "dm")
        if not self.open_to_messages[person]:
            raise _legacy(403, 349, "You cannot send messages to this user.")
        upload = self._uploads[files[0]] if files else None
        message = self._say(
            self.us, person, text, upload.content if upload else b"", upload.mime if upload else ""
        )
        made = {"dm_conversation_id": self._conversation(person), "dm_event_id": message.id}
        return Reply(201, {"data": made}, headers)

    def _messages_with(self, call: Call, person: str) -> Reply:
        self._user(call)
        return self._message_page(
            call, [each for each in self._messages if person in (each.sender, each.receiver)]
        )

    def _all_messages(self, call: Call) -> Reply:
        self._user(call)
        return self._message_page(call, list(self._messages))

    def _message_page(self, call: Call, messages: list[_Message]) -> Reply:
        """Newest first; only three fields unless more are asked for."""
        headers = self._count("read messages")
        oldest = self.clock.now() - timedelta(days=30)
        found = [each for each in reversed(messages) if each.at > oldest and not each.removed]
        most = _number_of(call.query.get("max_results"), 100, 1, 100)
        start = int(call.query.get("pagination_token") or 0)
        page = found[start : start + most]
        fields = set(call.query.get("dm_event.fields", "").split(",")) | {"id", "event_type", "text"}
        rows = [
            {name: value for name, value in self._message_record(each).items() if name in fields}
            for each in page
        ]
        answer: dict[str, Any] = {"data": rows} if rows else {}
        files = [self._message_file(each) for each in page if each.file]
        people = [self._user_record(each) for each in sorted({each.sender for each in page})]
        if call.query.get("expansions") and page:
            answer["includes"] = {"users": people, "media": files}
        answer["meta"] = {"result_count": len(page)}
        if start + most < len(found):
            answer["meta"]["next_token"] = str(start + most)
        return Reply(200, answer, headers)

    def _message_record(self, message: _Message) -> dict[str, Any]:
        other = message.receiver if message.sender == self.us else message.sender
        record: dict[str, Any] = {
            "id": message.id,
            "event_type": "MessageCreate",
            "text": self._message_text(message)[0],
            "created_at": _iso(message.at),
            "sender_id": message.sender,
            "dm_conversation_id": self._conversation(other),
        }
        urls = self._message_text(message)[1]
        if message.file:
            home = f"https://x.com/messages/media/{message.id}"
            urls.append({"url": self._file_link(message), "expanded_url": home})
            record |= {"attachments": {"media_keys": [f"3_{message.id}"]}}
        return {**record, "entities": {"urls": urls}} if urls else record

    def _message_text(self, message: _Message) -> tuple[str, list[dict[str, Any]]]:
        """The text as X keeps it, and the links that it shortened in it."""
        urls: list[dict[str, Any]] = []

        def shorten(found: re.Match[str]) -> str:
            short = f"https://t.co/{self.ids.stable('t.co', message.id, str(len(urls)), size=10)}"
            urls.append({"url": short, "expanded_url": _whole(html.unescape(found[0]))})
            return short

        composed = unicodedata.normalize("NFC", message.text)
        text = _LINK.sub(shorten, html.escape(composed, quote=False))
        return (f"{text} {self._file_link(message)}".strip() if message.file else text), urls

    def _file_link(self, message: _Message) -> str:
        return f"https://t.co/d{message.id[-9:]}"

    def _message_file(self, message: _Message) -> dict[str, Any]:
        kind = "video" if message.mime.startswith("video/") else "photo"
        return {"media_key": f"3_{message.id}", "type": kind, "url": self._private_address(message)}

    def _private_address(self, message: _Message) -> str:
        ending = message.mime.partition("/")[2] or "bin"
        return f"https://ton.x.com/i/ton/data/dm/{message.id}/{message.id}/file.{ending}"

    def _message_media(self, call: Call, dm: str) -> Reply:
        self._user(call)
        for message in self._messages:
            if message.id == dm and message.file:
                return self.kept(urlsplit(message.file).path.removeprefix(f"/{self.name}"))
        raise _problem(404, "resource-not-found", "No such media")

    def _delete_message(self, call: Call, id: str) -> Reply:
        self._user(call)
        for message in self._messages:
            if message.id == id and message.sender == self.us:
                message.removed = True
                return Reply(200, {"data": {"deleted": True}})
        raise _problem(404, "resource-not-found", f"Could not find event {id}")

    def _conversation(self, person: str) -> str:
        return "-".join(sorted((self.us, person), key=int))

    def _say(self, sender: str, receiver: str, text: str, content: bytes = b"", mime: str = "") -> _Message:
        message = _Message(self._number(), sender, receiver, text, self.clock.now(), mime=mime)
        if content:
            message.file = self.keep(content, mime, f"file.{mime.partition('/')[2]}")
        self._messages.append(message)
        self._tell_message(message)
        return message

    def _tell_message(self, message: _Message) -> None:
        text, urls = self._message_text(message)
        data: dict[str, Any] = {"text": text, "entities": {"urls": urls}}
        if message.file:
            kind = "video" if message.mime.startswith("video/") else "photo"
            media = {"id_str": message.id, "media_url_https": self._private_address(message), "type": kind}
            data["attachment"] = {"type": "media", "media": {**media, "url": self._file_link(message)}}
        event = {
            "type": "message_create",
            "id": message.id,
            "created_timestamp": str(int(message.at.timestamp() * 1000)),
            "message_create": {
                "target": {"recipient_id": message.receiver},
                "sender_id": message.sender,
                "message_data": data,
            },
        }
        people = {each: self._user_record(each) for each in (message.sender, message.receiver)}
        if self.spelling == "older":
            users = {
                id: {"id": id, "name": each["name"], "screen_name": each["username"]}
                for id, each in people.items()
            }
            self._tell_older({"direct_message_events": [event], "users": users})
            return
        wrapped = {id: {"data": each} for id, each in people.items()}
        payload = {"direct_message_events": [event], "users": wrapped if self.includes else {}}
        self._tell("dm.sent" if message.sender == self.us else "dm.received", payload)

    # ------------------------------------------------------------------------- customers

    def _write(
        self, author: str, said: str, parent: str = "", quoted: str = "", files: list[str] = []
    ) -> _Post:
        id = self._number()
        answered = self._posts.get(parent)
        post = _Post(id, author, said, self.clock.now(), id, parent, quoted, files=list(files), versions=[id])
        if answered is not None:
            post.conversation = answered.conversation
            names = [answered.author, *re.findall(r"@(\w+)", answered.prefix)]
            handles = dict.fromkeys(self._handles.get(each, each) for each in names)
            own = self._handles.get(author, "")
            post.prefix = "".join(f"@{each} " for each in handles if each != own)
        self._posts[id] = post
        self._tell_post(post)
        return post

    def play_post(self, text: str, picture: str = "", likes: int = 0, shares: int = 0) -> dict[str, Any]:
        post = self._write(self.us, text, files=self._pictures(picture))
        post.faces = (likes, shares)
        return {"id": post.id}

    def play_mention(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        said = text if f"@{_US}" in text.casefold() else f"@{_US} {text}"
        return {"id": self._write(self.user_id(person), said, files=self._pictures(picture)).id}

    def play_comment(
        self, person: str, text: str, post: str = "", parent: str = "", picture: str = ""
    ) -> dict[str, Any]:
        """A reply; X does not tell us of one that answers somebody else's."""
        to = self._there(parent or post or self._newest_post().id)
        return {"id": self._write(self.user_id(person), text, to.id, files=self._pictures(picture)).id}

    def play_quote(self, person: str, text: str, post: str = "") -> dict[str, Any]:
        quoted = self._there(post or self._newest_post().id)
        return {"id": self._write(self.user_id(person), text, quoted=quoted.id).id}

    def play_say(self, person: str, text: str) -> dict[str, Any]:
        """A post that neither names nor quotes us: only a search finds it."""
        return {"id": self._write(self.user_id(person), text).id}

    def play_message(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        content, mime = self._content(picture)
        return {"id": self._say(self.user_id(person), self.us, text, content, mime).id}

    def play_encrypted(self, person: str) -> dict[str, Any]:
        """A message of X Chat, which no program can read."""
        sender = self.user_id(person)
        payload = {
            "id": self._number(),
            "conversation_id": f"{sender}:{self.us}",
            "sender_id": sender,
            "created_at_msec": str(int(self.clock.now().timestamp() * 1000)),
            "encoded_event": self.ids.name(),
        }
        self._tell("chat.received", payload, [sender])
        return {"id": payload["id"]}

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        """Every version of a post has an id of its own; all are told of."""
        post = self._there(id)
        if post.author != self.user_id(person):
            raise PlayError(_("Only one’s own posts can be edited."))
        named = f"@{_US} " if post.said.casefold().startswith(f"@{_US} ") and f"@{_US}" not in text else ""
        post.said, post.versions = named + text, [*post.versions, self._number()]
        self._tell_post(post)
        return {"id": post.id}

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        """X tells an account of its own deletions only: a customer's is found by looking."""
        post = self._there(id)
        if post.author != self.user_id(person):
            raise PlayError(_("Only one’s own posts can be deleted."))
        post.removed = True
        return {"id": id}

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        user, post = self.user_id(person), self._there(id)
        marks = {"like": post.likes, "repost": post.reposts}.get(reaction)
        if marks is None:
            raise PlayError(_("On X one can like or repost."))
        (marks.add if on else marks.discard)(user)
        if on and reaction == "like" and post.author == self.us:
            now = self.clock.now()
            payload = {
                "id": self._number(),
                "liked_tweet_id": post.id,
                "liked_tweet_author_id": post.author,
                "created_at": _iso(now),
                "timestamp_ms": str(int(now.timestamp() * 1000)),
            }
            self._tell("like.create", payload, [user])
        return {"id": id}

    def play_read(self, person: str) -> dict[str, Any]:
        user = self.user_id(person)
        ours = [each for each in self._messages if each.sender == self.us and each.receiver == user]
        if ours:
            self._read[user] = self.clock.now()
            event = {
                "created_timestamp": str(int(self.clock.now().timestamp() * 1000)),
                "sender_id": user,
                "target": {"recipient_id": self.us},
                "last_read_event_id": ours[-1].id,
            }
            self._tell("dm.read", {"direct_message_mark_read_events": [event]})
        return {"id": ours[-1].id if ours else ""}

    def play_leave(self, person: str) -> dict[str, Any]:
        """The customer takes no more messages from the company."""
        self.open_to_messages[self.user_id(person)] = False
        return {}

    def play_join(self, person: str) -> dict[str, Any]:
        self.open_to_messages[self.user_id(person)] = True
        return {}

    def play_answer_elsewhere(self, text: str, parent: str = "", person: str = "") -> dict[str, Any]:
        """The company answers on X itself, publicly or in a message."""
        if person:
            return {"id": self._say(self.us, self.user_id(person), text).id}
        return {"id": self._write(self.us, text, self._there(parent).id).id}

    def play_delete_elsewhere(self, id: str) -> dict[str, Any]:
        self._remove(self._there(id))
        return {"id": id}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        self._revoked = True
        payload = {"date_time": _iso(self.clock.now()), "user_id": self.us, "app_id": "7"}
        self._tell("oauth.revoke", payload)
        return {}

    def play_expire_token(self) -> dict[str, Any]:
        """All access tokens are over; refresh tokens still work."""
        self._dead_before = (self.clock.now() + _ACCESS).timestamp() + 1
        self.clock.move(2)
        return {}

    def play_level(self, level: str) -> dict[str, Any]:
        self.level = level
        return {}

    def play_credit(self, on: bool) -> dict[str, Any]:
        self.credit = on
        return {}

    def play_spelling(self, spelling: str) -> dict[str, Any]:
        self.spelling = spelling
        return {}

    def play_includes(self, on: bool) -> dict[str, Any]:
        """Whether deliveries bring along who wrote and what is referred to."""
        self.includes = on
        return {}

    def play_crc(self) -> dict[str, Any]:
        """The check that X makes every hour: a wrong answer ends a webhook at once, silence only later."""
        now = self.clock.now()
        for webhook in self._webhooks.values():
            proof = self._prove(webhook.url)
            if proof:
                webhook.proven = now
            elif proof is False or now - webhook.proven > _WITHOUT_PROOF:
                webhook.valid = False
        return {"valid": [each.valid for each in self._webhooks.values()]}

    def _remove(self, post: _Post) -> None:
        post.removed = True
        if self.spelling == "older":
            stamp = str(int(self.clock.now().timestamp() * 1000))
            status = {"id": post.id, "user_id": post.author}
            self._tell_older({"tweet_delete_events": [{"status": status, "timestamp_ms": stamp}]})
        else:
            self._tell("post.delete", {"id": post.id, "author_id": post.author}, [post.author])

    # ------------------------------------------------------------------------- what is seen

    def scene(self, person: str) -> Scene:
        user = self.user_id(person)
        roots = [each for each in self._posts.values() if not each.parent and not self._is_our_quote(each)]
        posts = [self._post_view(each, user) for each in reversed(roots)]
        lines = [
            self._message_line(each, user) for each in self._messages if user in (each.sender, each.receiver)
        ]
        return Scene(posts=posts, chats=[ChatView(self._conversation(user), COMPANY, lines)] if lines else [])

    def seen(self) -> dict[str, Any]:
        ours = [each for each in self._posts.values() if each.author == self.us]
        return {
            "posts": [
                {
                    "id": each.id,
                    "text": each.said,
                    "parent": each.parent,
                    "quoted": each.quoted,
                    "files": len(each.files),
                    "alts": [self._file(key).get("alt_text", "") for key in each.files],
                    "removed": each.removed,
                }
                for each in ours
            ],
            "likes": [each.id for each in self._posts.values() if self.us in each.likes],
            "reposts": [each.id for each in self._posts.values() if self.us in each.reposts],
            "messages": [
                {"id": each.id, "to": each.receiver, "text": each.text, "file": bool(each.file)}
                for each in self._messages
                if each.sender == self.us and not each.removed
            ],
            "webhooks": [_shown_webhook(each) for each in self._webhooks.values()],
            "subscriptions": sorted(each["event_type"] for each in self._subscriptions.values()),
        }

    def _is_our_quote(self, post: _Post) -> bool:
        return post.author == self.us and bool(post.quoted)

    def _post_view(self, post: _Post, user: str) -> PostView:
        return PostView(
            id=post.id,
            author=self._names.get(post.author, post.author),
            text=post.said,
            at=post.at,
            picture=self._picture_of(post.files[0]) if post.files else "",
            likes=len(post.likes) + post.faces[0],
            shares=len(post.reposts) + post.faces[1],
            ours=post.author == self.us,
            mine=post.author == user,
            liked=self.us in post.likes,
            reacted=user in post.likes,
            removed=post.removed,
            comments=self._lines_under(post, user),
        )

    def _lines_under(self, post: _Post, user: str) -> list[Line]:
        below = [
            each
            for each in self._posts.values()
            if each.parent == post.id or (each.quoted == post.id and self._is_our_quote(each))
        ]
        return [self._line(each, user) for each in below]

    def _line(self, post: _Post, user: str) -> Line:
        return Line(
            id=post.id,
            author=self._names.get(post.author, post.author),
            text=post.said,
            at=post.at,
            ours=post.author == self.us,
            mine=post.author == user,
            picture=self._picture_of(post.files[0]) if post.files else "",
            likes=len(post.likes),
            liked=self.us in post.likes,
            reacted=user in post.likes,
            hidden=post.hidden,
            edited=len(post.versions) > 1,
            removed=post.removed,
            replies=self._lines_under(post, user),
        )

    def _message_line(self, message: _Message, user: str) -> Line:
        ours = message.sender == self.us
        read = self._read.get(user)
        return Line(
            id=message.id,
            author=self._names[message.sender],
            text=message.text,
            at=message.at,
            ours=ours,
            mine=message.sender == user,
            picture=message.file if message.mime.startswith("image/") else "",
            files=[message.file] if message.file and not message.mime.startswith("image/") else [],
            removed=message.removed,
            state=("seen" if read and message.at <= read else "sent") if ours else "",
        )

    # ------------------------------------------------------------------------- small things

    def _number(self) -> str:
        """An id, longer than a JavaScript number can hold."""
        return str(self.ids.number() * 1000)

    def _newest_post(self) -> _Post:
        posts = [
            each
            for each in self._posts.values()
            if each.author == self.us and not each.parent and not each.quoted and not each.removed
        ]
        if not posts:
            raise PlayError(_("The company has not posted anything yet."))
        return posts[-1]

    def _there(self, id: str) -> _Post:
        post = self._posts.get(id)
        if post is None:
            raise PlayError(_("On X one does this to posts only."))
        if post.removed:
            raise PlayError(_("That post was deleted."))
        return post

    def _pictures(self, picture: str) -> list[str]:
        url = self.picture(picture)
        return [f"3_{quote(url, safe='')}"] if url else []

    def _content(self, picture: str) -> tuple[bytes, str]:
        url = self.picture(picture)
        if not url:
            return b"", ""
        if not url.startswith(self.url):
            raise PlayError(_("X takes pictures, not addresses of pictures."))
        kept = self.kept(url.removeprefix(self.url))
        return kept.content(), kept.headers["Content-Type"]


# ------------------------------------------------------------------------------- searching


def _query(text: str) -> Callable[[dict[str, str]], bool]:
    """A search as a question about a post: a space binds before OR."""
    words = _TOKENS.findall(text)
    test = _either(words)
    if words:
        raise _problem(400, "invalid-request", f"cannot parse {words[0]}")
    return test


def _either(words: list[str]) -> Callable[[dict[str, str]], bool]:
    tests = [_all(words)]
    while words and words[0] == "OR":
        words.pop(0)
        tests.append(_all(words))
    return lambda post: any(test(post) for test in tests)


def _all(words: list[str]) -> Callable[[dict[str, str]], bool]:
    tests: list[Callable[[dict[str, str]], bool]] = []
    while words and words[0] not in ("OR", ")"):
        tests.append(_one(words))
    if not tests:
        raise _problem(400, "invalid-request", "an empty group")
    return lambda post: all(test(post) for test in tests)


def _one(words: list[str]) -> Callable[[dict[str, str]], bool]:
    word = words.pop(0)
    if word == "(":
        inner = _either(words)
        if not words or words.pop(0) != ")":
            raise _problem(400, "invalid-request", "a parenthesis is missing")
        return inner
    if word.startswith("-"):
        wanted = _test(word[1:])
        return lambda post: not wanted(post)
    return _test(word)


def _test(word: str) -> Callable[[dict[str, str]], bool]:
    operator, colon, value = word.partition(":")
    value = value.strip('"').casefold()
    match operator if colon else "":
        case "from":
            return lambda post: post["from"] == value
        case "url":
            return lambda post: value in post["url"]
        case "is":
            return lambda post: False  # reposts are not found
        case _:
            return lambda post: word.strip('"').casefold() in post["text"]


# ------------------------------------------------------------------------------ small things


def _unauthorized() -> _No:
    return _No(401, {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"})


def _missing(what: str, id: str) -> dict[str, Any]:
    return {
        "title": "Not Found Error",
        "detail": f"Could not find {what} with id: [{id}].",
        "type": f"{_PROBLEMS}resource-not-found",
        "resource_id": id,
    }


def _is_address(url: str) -> bool:
    """X takes https without a port; loopback stands for that here."""
    parts = urlsplit(url)
    if len(url) > 200 or not parts.hostname:
        return False
    return parts.hostname in ("127.0.0.1", "localhost") or (parts.scheme == "https" and parts.port is None)


def _shown_webhook(webhook: _Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "valid": webhook.valid,
        "created_at": _iso(webhook.created),
    }


def _object(call: Call) -> dict[str, Any]:
    if not isinstance(call.json, dict):
        raise _problem(400, "invalid-request", "A JSON body is needed")
    return call.json


def _number_of(value: str | None, usual: int, least: int, most: int) -> int:
    number = int(value) if value and value.isdigit() else usual if not value else -1
    if not least <= number <= most:
        raise _problem(400, "invalid-request", f"max_results must be {least} to {most}")
    return number


def _moment(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise _problem(400, "invalid-request", f"{value} is not a time") from error


def _escaped(word: str) -> str:
    return quote(word, safe="-._~")


def _bytes(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


_ID = "[0-9]+"
_ROUTES: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("POST", "/oauth2/token", X._app_token),
    ("GET", "/i/oauth2/authorize", X._authorize),
    ("POST", "/2/oauth2/token", X._tokens),
    ("POST", "/2/webhooks", X._add_webhook),
    ("GET", "/2/webhooks", X._list_webhooks),
    ("POST", "/2/webhooks/replay", X._replay),
    ("PUT", f"/2/webhooks/(?P<id>{_ID})", X._validate_webhook),
    ("DELETE", f"/2/webhooks/(?P<id>{_ID})", X._delete_webhook),
    ("POST", "/2/activity/subscriptions", X._subscribe),
    ("GET", "/2/activity/subscriptions", X._list_subscriptions),
    ("PUT", f"/2/activity/subscriptions/(?P<id>{_ID})", X._change_subscription),
    ("DELETE", f"/2/activity/subscriptions/(?P<id>{_ID})", X._unsubscribe),
    ("GET", "/2/usage/tweets", X._usage),
    ("GET", "/2/users/me", X._me),
    ("GET", f"/2/users/(?P<id>{_ID})", X._one_user),
    ("GET", f"/2/users/(?P<id>{_ID})/mentions", X._mentions),
    ("GET", f"/2/users/(?P<id>{_ID})/tweets", X._own_posts),
    ("GET", "/2/tweets/search/recent", X._search),
    ("POST", "/2/tweets", X._create),
    ("GET", f"/2/tweets/(?P<id>{_ID})", X._one_post),
    ("DELETE", f"/2/tweets/(?P<id>{_ID})", X._delete),
    ("PUT", f"/2/tweets/(?P<id>{_ID})/hidden", X._hide),
    ("POST", f"/2/users/(?P<id>{_ID})/likes", X._like),
    ("DELETE", f"/2/users/(?P<id>{_ID})/likes/(?P<post>{_ID})", X._like),
    ("POST", f"/2/users/(?P<id>{_ID})/retweets", X._repost),
    ("DELETE", f"/2/users/(?P<id>{_ID})/retweets/(?P<post>{_ID})", X._repost),
    ("POST", "/2/media/upload/initialize", X._upload_begin),
    ("POST", f"/2/media/upload/(?P<id>{_ID})/append", X._upload_append),
    ("POST", f"/2/media/upload/(?P<id>{_ID})/finalize", X._upload_end),
    ("GET", "/2/media/upload", X._upload_status),
    ("POST", "/2/media/metadata", X._describe),
    ("POST", f"/2/dm_conversations/with/(?P<person>{_ID})/messages", X._send_message),
    ("GET", f"/2/dm_conversations/with/(?P<person>{_ID})/dm_events", X._messages_with),
    ("GET", "/2/dm_events", X._all_messages),
    ("GET", f"/2/dm_conversations/media/(?P<dm>{_ID})/{_ID}/[^/]+", X._message_media),
    ("DELETE", f"/2/dm_events/(?P<id>{_ID})", X._delete_message),
)


def _whole(link: str) -> str:
    """A link with its scheme: X puts one before a bare domain."""
    return link if "://" in link else f"http://{link}"


simulator = X

"""X as a network of Heed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson
from django.utils.translation import gettext_lazy as _

from heed.channels.base import (
    ADMITTED,
    REFUSED,
    WRONG_METHOD,
    AccountRecord,
    Action,
    Admission,
    Answer,
    AuthorFound,
    Capabilities,
    Checked,
    Collected,
    CredentialField,
    Files,
    Finding,
    Guide,
    Hook,
    IdentitySeen,
    Inbound,
    Invited,
    Limit,
    MediaSource,
    MessageRemoved,
    Network,
    OAuth,
    Option,
    Permission,
    PostSeen,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
    plain_media,
)
from heed.channels.x import calls, messages, polling, reading, signin, subscribing, writing
from heed.channels.x.around import around_of, person_of
from heed.channels.x.payload import Post, User
from heed.channels.x.posts import post_seen
from heed.channels.x.signing import webhook_signature
from heed.lib.crypto import same
from heed.lib.http import Steps

_IMAGES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_BYTES = {
    "image/gif": writing.GIF_BYTES,
    "image/": writing.IMAGE_BYTES,
    "video/": writing.VIDEO_BYTES,
}
_LIKES: frozenset[Action] = frozenset({"like", "unlike"})
_REPOSTS: frozenset[Action] = frozenset({"repost", "unrepost"})
_HIDING: frozenset[Action] = frozenset({"hide", "unhide"})
_ELSEWHERE = _LIKES | _REPOSTS
_NO_LIKES = _("X lets programs like posts only with an Enterprise contract.")
_NO_QUOTES = _("X lets programs quote posts only with an Enterprise contract.")
_NO_EDITS = _("On X what was sent cannot be changed from here. Delete it and write it anew.")
_NO_HIDING = _("X hides only replies under your own posts.")
_NO_MESSAGES = _(
    "This account may not write direct messages. Ask an admin to sign in with X again and allow it."
)
_MENTIONED = Invited(
    "summoned", _("X lets this access level answer only who mentioned or quoted the account.")
)


class X(Network):
    """One account. Its news comes by the X Activity API; where that is closed to it, it is polled."""

    name = "x"
    label = "X"
    short = "x"
    colour = "#0f1419"
    base_url = signin.API
    body_limit = 1024 * 1024
    polls = True
    shared_secret = "consumer_secret"  # noqa: S105  the name of a field, not a secret
    media_hosts: tuple[str, ...] = ("pbs.twimg.com", "video.twimg.com")
    oauth: OAuth | None = signin.SignIn()
    fields: tuple[CredentialField, ...] = (
        CredentialField(
            "consumer_key",
            _("API key"),
            _("In the X developer console: your app, Keys and tokens, Consumer keys."),
            secret=False,
        ),
        CredentialField(
            "consumer_secret",
            _("API key secret"),
            _("Beside the API key. X signs with it what it sends to Heed."),
        ),
        CredentialField(
            "client_id",
            _("Client ID"),
            _("On the same page, OAuth 2.0. Needed to sign in with X; not with pasted tokens."),
            secret=False,
            required=False,
            renews=True,
        ),
        CredentialField(
            "client_secret",
            _("Client secret"),
            _("Beside the client ID, when the app is a confidential client."),
            required=False,
            renews=True,
        ),
        CredentialField("access_token", _("Access token"), _("Signing in with X fills it in.")),
        CredentialField(
            "refresh_token",
            _("Refresh token"),
            _("Signing in with X fills it in."),
            required=False,
        ),
        CredentialField(
            "token_secret",
            _("Access token secret"),
            _("Only if you paste the access token of the page Keys and tokens instead of signing in."),
            required=False,
        ),
        CredentialField(
            "access_level",
            _("Access level"),
            _("It says what X lets the account do."),
            secret=False,
            required=False,
            kind="choice",
            options=(
                Option("self_serve", _("Pay per use")),
                Option(signin.ENTERPRISE, _("An enterprise contract with X"), also=("partner",)),
            ),
            usual="self_serve",
        ),
        CredentialField(
            "listen_for",
            _("Words to listen for"),
            _("A search as on X, such as “acme shoes” -giveaway. Each post found costs money."),
            secret=False,
            required=False,
        ),
    )
    capabilities = Capabilities(
        public=Writing(
            limits=(Limit("weighted", writing.TEXT_WEIGHT),),
            files=Files(
                types=(*_IMAGES, "video/mp4"),
                most_bytes=_BYTES,
                count=writing.IMAGES,
                alone=("image/gif", "video/*"),
            ),
        ),
        private=Writing(
            limits=(Limit("chars", writing.DIRECT_CHARS),),
            files=Files(types=(*_IMAGES, "video/mp4"), most_bytes=_BYTES, count=1),
        ),
        on_theirs=_LIKES | _REPOSTS | _HIDING,
        on_ours=_LIKES | _REPOSTS | {"delete"},
        on_private_ours=frozenset({"delete"}),
        only={"mention": _ELSEWHERE, "reply": _ELSEWHERE | {"delete"}, "quote": _ELSEWHERE | {"delete"}},
        why_not={
            "hide": _NO_HIDING,
            "edit": _NO_EDITS,
            "react": _("X does not let programs react to a message."),
            "seen": _("X does not let programs show that they read a message."),
        },
        quote=True,
        receipts=frozenset({"seen"}),
    )
    guide = Guide(
        steps=(
            _("In the X developer console, make a project and an app; add credit if you pay per use."),
            _("In the app, open User authentication settings: permission Read, write and direct messages."),
            _("Choose Web app and enter the return address that Heed shows below."),
            _("From Keys and tokens, copy API key, API key secret, client ID and client secret into Heed."),
            _("Sign in with X as the account that customers write to, and allow what is asked."),
            _("Heed makes the webhook and subscribes to the account’s news by itself."),
        ),
        permissions=(
            Permission("tweet.read", _("to read mentions, replies and quotes")),
            Permission("users.read", _("to know who writes")),
            Permission("offline.access", _("to stay signed in")),
            Permission("tweet.write", _("to answer, repost and delete our own posts"), needed=False),
            Permission("tweet.moderate.write", _("to hide replies"), needed=False),
            Permission("media.write", _("to send pictures and videos"), needed=False),
            Permission("dm.read", _("to read direct messages"), needed=False),
            Permission("dm.write", _("to answer direct messages"), needed=False),
            Permission("like.read", _("to see our own likes; Enterprise only"), needed=False),
            Permission("like.write", _("to like posts; Enterprise only"), needed=False),
        ),
        console="https://console.x.com",
    )
    lost_in_outage = _(
        "Posts that were deleted, read receipts and encrypted messages; of mentions older than 7 days all "
        "but the last 800, of quotes those older than 7 days, of direct messages those older than 30 days."
    )

    def private_link(self, external_id: str, handle: str) -> str:
        return f"https://x.com/messages/compose?recipient_id={external_id}" if external_id else ""

    def able(self, facts: Mapping[str, Any]) -> Capabilities:
        """Who pays per use has no likes and no quotes and answers only who mentioned the account; without
        the permission no message is written or deleted, and it is said why."""
        can = self.capabilities
        if facts.get("level") != signin.ENTERPRISE:
            can = replace(
                can,
                on_theirs=can.on_theirs - _LIKES,
                on_ours=can.on_ours - _LIKES,
                why_not={**can.why_not, "like": _NO_LIKES},
                public=replace(can.public, invited=_MENTIONED) if can.public else None,
                quote=False,
                why_no_quote=_NO_QUOTES,
            )
        if facts.get("messages") is False:
            can = replace(
                can,
                private=None,
                why_no_private=_NO_MESSAGES,
                on_private_ours=frozenset(),
                why_not={**can.why_not, "delete": _NO_MESSAGES},
            )
        return can

    def waits_for_calls(self, facts: Mapping[str, Any]) -> bool:
        """Where X has a webhook, only the words to listen for and what we did ourselves are asked for."""
        return facts.get("webhooks") is True

    # ----------------------------------------------------------------------------- the door

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        """X asks now and then whether we know the secret; everything else it signs with it."""
        secret = account.credentials.get("consumer_secret", "")
        if hook.method == "GET":
            return _challenge(hook, secret)
        if hook.method != "POST":
            return WRONG_METHOD
        given = hook.headers.get("x-twitter-webhooks-signature", "")
        if not secret or not same(given, webhook_signature(secret, hook.body)):
            return REFUSED
        return ADMITTED

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body, account)

    # --------------------------------------------------------------------------- connecting

    def check(self, account: AccountRecord) -> Steps[Checked]:
        return subscribing.check(account)

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        return signin.renew(account)

    def collect(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        return polling.collect(account, cursor)

    def backfill(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        return polling.backfill(account, cursor)

    # --------------------------------------------------------------------------- looking up

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        match wanted.what:
            case "person":
                return (yield from _person(account, wanted.external_id))
            case "post":
                return (yield from _post(account, wanted.external_id))
            case "message":
                return (yield from _message(account, wanted.external_id))

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        """Files of direct messages open with the account's own token only, at an address made of ids."""
        if not url.startswith(messages.MEDIA):
            return (yield from plain_media(url))
        path = quote(url.removeprefix(messages.MEDIA), safe="/")
        address = f"{account.base_url}/2/dm_conversations/media/{path}"
        return MediaSource(address, calls.user_headers(account, "GET", address, {}))

    # ------------------------------------------------------------------------------ writing

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        return writing.send(account, answer)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        return writing.find(account, answer)

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        return writing.act(account, action, target)


def _challenge(hook: Hook, secret: str) -> Admission:
    token = hook.query.get("crc_token", "")
    if not token or not secret:
        return Admission(403, body=b"There is nothing to answer here.")
    answer = orjson.dumps({"response_token": webhook_signature(secret, token.encode())})
    return Admission(200, body=answer, content_type="application/json")


def _person(account: AccountRecord, external_id: str) -> Steps[list[Inbound]]:
    if not external_id.isdigit():
        return []
    asked = {"user.fields": "name,username,profile_image_url"}
    answer = yield from calls.call(account, "GET", f"/2/users/{external_id}", params=asked)
    found = calls.data(answer)
    return [IdentitySeen(person=person_of(User.model_validate(found)))] if found else []


def _post(account: AccountRecord, external_id: str) -> Steps[list[Inbound]]:
    answer = yield from _shown(account, external_id)
    if answer is None:
        return [PostSeen(external_id=external_id, removed=True)]
    post = Post.model_validate(calls.data(answer))
    return [post_seen(post, around_of(answer, account), external_id)]


def _message(account: AccountRecord, external_id: str) -> Steps[list[Inbound]]:
    """Who wrote a post, or that it is gone. Direct messages bring their author along."""
    if not external_id.isdigit():
        return []
    answer = yield from _shown(account, external_id)
    if answer is None:
        return [MessageRemoved(external_id=external_id, at=None)]
    post = Post.model_validate(calls.data(answer))
    author = around_of(answer, account).person(post.author_id)
    return [AuthorFound(external_id=external_id, author=author)]


def _shown(account: AccountRecord, external_id: str) -> Steps[dict[str, Any] | None]:
    """A post with what hangs on it, or None when it is gone: X says that with 404, or with an error
    beside no data."""
    try:
        path = f"/2/tweets/{quote(external_id, safe='')}"
        answer = yield from calls.call(account, "GET", path, params=polling.POST_FIELDS)
    except Refusal as refusal:
        if refusal.reason == "gone":
            return None
        raise
    if calls.data(answer):
        return answer
    beside = calls.refusal(200, calls.problem_in(answer))
    if beside.reason != "gone":
        raise Refusal("network_down", retry=True, code=beside.code, detail=beside.detail)
    return None


network: Network = X()

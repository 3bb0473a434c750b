"""Mastodon, and servers that speak its language, as a network of Heed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from heed.channels.base import (
    AccountRecord,
    Action,
    Admission,
    Answer,
    Capabilities,
    Checked,
    Collected,
    CredentialField,
    Ear,
    Files,
    Finding,
    Guide,
    Hook,
    IdentitySeen,
    Inbound,
    Limit,
    MediaSource,
    MessageRemoved,
    Network,
    OAuth,
    Permission,
    Person,
    PostSeen,
    Quota,
    ReactionChanged,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
)
from heed.channels.mastodon import polling, reading, server, signin, writing
from heed.channels.mastodon.calls import account_path, call, record, rows, status_path
from heed.channels.mastodon.payload import Profile, Status
from heed.lib import clock
from heed.lib.http import Response, Steps

MOST_POSTS, POSTS_WITHIN = 300, timedelta(hours=3)
"""Mastodon's own limit; other servers have theirs and do not say."""
_THEIRS: frozenset[Action] = frozenset({"like", "unlike", "repost", "unrepost"})
_WHYS = {
    "read:accounts": _("To know the account and who writes to it."),
    "read:statuses": _("To read posts and the threads they stand in."),
    "read:notifications": _("To learn of mentions, private mentions, likes and boosts."),
    "write:statuses": _("To answer, boost, edit and delete."),
    "write:media": _("To send pictures and other files."),
    "write:favourites": _("To like."),
}


def _capabilities(facts: Mapping[str, Any]) -> Capabilities:
    """What the server allows. Before the text stands the customer's name, and it counts too."""
    most = int(facts.get("max_characters") or server.MOST_CHARACTERS) - writing.LONGEST_NAME
    image = int(facts.get("image_bytes") or server.IMAGE_BYTES)
    video = int(facts.get("video_bytes") or server.VIDEO_BYTES)
    writes = Writing(
        limits=(Limit("chars", max(1, most)),),
        files=Files(
            types=tuple(facts.get("types") or server.TYPES),
            most_bytes={"image/": image, "video/": video, "audio/": video, "": image},
            count=int(facts.get("max_files") or server.MOST_FILES),
            alone=("video/*", "audio/*"),
        ),
    )
    return Capabilities(
        public=writes,
        private=writes,
        on_theirs=_THEIRS,
        on_ours=_THEIRS | {"edit", "delete"},
        on_private=frozenset({"like", "unlike"}),
        on_private_ours=frozenset({"edit", "delete"}),
        why_not={
            "hide": _("Mastodon has no way to hide what other people write."),
            "seen": _("Mastodon has no way to show that a message was read."),
        },
        quote=server.can_quote(facts),
        why_no_quote=_("This server has no quotes yet: they came with Mastodon 4.5."),
        public_from="server",
    )


class Mastodon(Network):
    """One account on one server. Its news is polled; the server's stream of events only wakes us."""

    name = "mastodon"
    label = "Mastodon"
    short = "m"
    colour = "#563acc"
    base_url = "https://mastodon.social"
    body_limit = 1024 * 1024
    polls = True
    media_hosts: tuple[str, ...] = ("files.mastodon.social",)
    fields: tuple[CredentialField, ...] = (
        CredentialField(
            "access_token",
            _("Access token"),
            _("On the account's server: Preferences, Development, New application. Open it to see it."),
        ),
    )
    capabilities = _capabilities({})
    guide = Guide(
        steps=(
            _("Enter the address of the server the account lives on, such as https://mastodon.social."),
            _("Press “Sign in”: the server asks whether Heed may use the account. Say yes."),
            _(
                "Or without that: on the server open Preferences, Development, New application, tick the "
                "permissions below, save, open the application and paste its access token here."
            ),
        ),
        permissions=tuple(Permission(scope, _WHYS[scope]) for scope in signin.SCOPES),
    )
    oauth: OAuth | None = signin.SignIn()
    server_label = _("Address of the account’s server")
    lost_in_outage = _(
        "Nothing people wrote is lost. What they edited or deleted more than a day later is not noticed, "
        "nor likes and boosts taken back."
    )

    def able(self, facts: Mapping[str, Any]) -> Capabilities:
        return _capabilities(facts)

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        return Admission(404, body=b"Mastodon sends nothing here: Heed asks it for news.")

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body, account)

    def check(self, account: AccountRecord) -> Steps[Checked]:
        try:
            answer = yield from call(account, "GET", "/api/v1/accounts/verify_credentials")
        except Refusal as refusal:
            if refusal.code != "400":
                raise
            raise Refusal("sign_in_again", code="400", detail=refusal.detail) from refusal
        if not answer.record.get("id"):
            said = "this is not the address of a Mastodon server"
            raise Refusal("not_configured", detail=said, field="base_url")
        me = Profile.model_validate(answer.record)
        facts = yield from server.facts(account)
        home = AccountRecord(me.id, "", {}, account.base_url, facts=facts)
        return Checked(
            external_id=me.id,
            name=me.display_name or me.username or me.acct,
            handle=reading.handle(me.acct, home),
            missing=signin.missing((yield from _granted(account))),
            quotas=(*_quotas(answer), *(yield from _posts_left(account, me.id))),
            facts=facts,
        )

    def collect(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        return polling.collect(account, cursor)

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        if wanted.what == "person":
            found = yield from record(account, account_path(wanted.external_id))
            return [IdentitySeen(person=reading.person(Profile.model_validate(found), account))]
        try:
            found = yield from record(account, status_path(wanted.external_id))
        except Refusal as refusal:
            if refusal.reason != "gone":
                raise
            if wanted.what == "post":
                return [PostSeen(external_id=wanted.external_id, removed=True)]
            return [MessageRemoved(external_id=wanted.external_id, at=None)]
        status = Status.model_validate(found)
        if wanted.what == "post":
            return [reading.post_seen(status, account)]
        return [*reading.edited(status, account), *_done_by_us(status, account)]

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        """Servers keep files on hosts of their own choosing; private addresses stay closed all the same."""
        yield from ()
        return MediaSource(url, hosts=(urlsplit(url).hostname or "",))

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        return writing.send(account, answer)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        return writing.find(account, answer)

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        return writing.act(account, action, target, value)

    def ear(self, account: AccountRecord) -> Ear | None:
        """The stream of the account's notifications, where the server says that it has one."""
        stream = str(account.facts.get("streaming") or "")
        token = account.credentials.get("access_token", "")
        if not stream or not token:
            return None
        return Ear(
            "events",
            f"{stream}/api/v1/streaming/user/notification",
            {"authorization": f"Bearer {token}", "accept": "text/event-stream"},
        )


def _granted(account: AccountRecord) -> Steps[object]:
    """The scopes of the application the token belongs to; None where the server does not say."""
    try:
        app = yield from record(account, "/api/v1/apps/verify_credentials")
    except Refusal as refusal:
        if refusal.retry:
            raise
        return None
    return app.get("scopes")


def _quotas(answer: Response) -> tuple[Quota, ...]:
    """How many requests are left in these five minutes."""
    try:
        left = int(answer.headers.get("x-ratelimit-remaining", ""))
        of = int(answer.headers.get("x-ratelimit-limit", ""))
        resets = clock.from_iso(answer.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return ()
    return (Quota(gettext_noop("requests in 5 minutes"), left, of, resets),)


def _posts_left(account: AccountRecord, us: str) -> Steps[tuple[Quota, ...]]:
    """How many posts are left: they have a bucket of their own, of which only the answer to a post tells,
    so those of the time it counts are counted."""
    since, made, before = clock.now() - POSTS_WITHIN, 0, ""
    while made < MOST_POSTS:
        asked = {"limit": "40", **({"max_id": before} if before else {})}
        try:
            found, _ = yield from rows(account, account_path(us, "statuses"), asked)
        except Refusal as refusal:
            if refusal.retry:
                raise
            return ()
        listed = [Status.model_validate(each) for each in found]
        fresh = [each for each in listed if clock.from_iso(each.created_at) >= since]
        made += len(fresh)
        if not listed or len(fresh) < len(listed):
            break
        before = listed[-1].id
    return (Quota(gettext_noop("posts in 3 hours"), max(0, MOST_POSTS - made), MOST_POSTS),)


def _done_by_us(status: Status, account: AccountRecord) -> list[Inbound]:
    """Whether we like and boost it, as the server sees it now."""
    us, now = Person(account.external_id, account.name), clock.now()
    done = {"like": status.favourited, "repost": status.reblogged}
    return [
        ReactionChanged(target=status.id, at=now, author=us, reaction=reaction, on=on)
        for reaction, on in done.items()
        if on is not None
    ]


network = Mastodon()

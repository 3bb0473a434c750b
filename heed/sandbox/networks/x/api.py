"""Which call does what."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.x.answers import No, problem
from heed.sandbox.networks.x.playing import MORE
from heed.sandbox.networks.x.seeing import Seeing


class X(Seeing):
    """Acme's account, at the access level `level`: enterprise or self_serve."""

    name = "x"
    label = "X"
    short = "x"
    colour = "#0f1419"
    offers: ClassVar[frozenset[str]] = frozenset(
        {"mention", "comment", "message", "edit", "remove", "react", "read"}
    )
    more = MORE

    def answer(self, call: Call) -> Reply:
        try:
            for method, pattern, handler in _ROUTES:
                found = re.fullmatch(pattern, call.path)
                if method == call.method and found:
                    return handler(self, call, **found.groupdict())
            raise problem(404, "resource-not-found", f"No route for {call.method} {call.path}")
        except No as no:
            return no.reply


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
    ("GET", f"/2/users/(?P<id>{_ID})/liked_tweets", X._liked_posts),
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

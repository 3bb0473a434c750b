"""Facebook: one Page, its posts and comments, and its Messenger chats.

Graph API v25/v26 by the Page's token, webhooks signed over escaped ASCII JSON.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from heed.lib.crypto import hmac_sha256_hex
from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, person_named
from heed.sandbox.frame import (
    Call,
    ChatView,
    DemoAccount,
    Line,
    PlayError,
    PostView,
    Reply,
    Sandbox,
    Scene,
    Simulator,
)

SIGNATURE = "X-Hub-Signature-256"
WINDOW = timedelta(hours=24)
HUMAN_AGENT_WINDOW = timedelta(days=7)
HUMAN_AGENT = "human_agent"
SCOPES = (
    "pages_show_list",
    "pages_manage_metadata",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_messaging",
)
PRIVATE_REPLY_WINDOW = timedelta(days=7)
MOST_TEXT = 2000
MOST_COMMENT = 8000
MOST_EDITS = 5
MOST_READABLE = 20
MEGABYTE = 1024 * 1024
SUBSCRIBABLE = frozenset(
    {
        "feed",
        "mention",
        "ratings",
        "live_videos",
        "videos",
        "conversations",
        "messages",
        "message_echoes",
        "message_edits",
        "message_deliveries",
        "message_reads",
        "message_reactions",
        "message_mention",
        "message_context",
        "messaging_postbacks",
        "messaging_referrals",
        "messaging_optins",
        "messaging_optouts",
        "messaging_handovers",
        "messaging_policy_enforcement",
        "messaging_integrity",
        "messaging_account_linking",
        "messaging_feedback",
        "response_feedback",
        "standby",
        "inbox_labels",
        "group_feed",
        "leadgen",
        "page_change_proposal",
        "page_upcoming_change",
        "feature_access_list",
        "user_action",
        "message_template_status_update",
    }
)
FIELD_OF = {
    "message": "messages",
    "message_edit": "message_edits",
    "delivery": "message_deliveries",
    "read": "message_reads",
    "reaction": "message_reactions",
    "postback": "messaging_postbacks",
    "referral": "messaging_referrals",
    "pass_thread_control": "messaging_handovers",
}
EMOJI = {"like": "👍", "love": "❤️", "smile": "😆", "wow": "😮", "sad": "😢", "angry": "😠", "dislike": "👎"}
REACTIONS = frozenset({"like", "love", "wow", "haha", "sorry", "anger", "care"})


class Refused(Exception):
    """An error of the Graph API."""

    def __init__(self, code: int, message: str, sub: int = 0, *, status: int = 400, minutes: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.sub = sub
        self.status = status
        self.minutes = minutes


@dataclass(slots=True)
class Item:
    """A post, a comment or a review (with `stars`). `by` is the customer's key, empty for the Page;
    `likes` likewise. Of a `sticker` the webhook shows nothing.

    `top` is the comment a reply hangs under; `more_likes` come from people outside the cast.
    """

    id: str
    by: str
    text: str
    at: datetime
    post: str
    top: str = ""
    picture: str = ""
    likes: set[str] = field(default_factory=set)
    more_likes: int = 0
    shares: int = 0
    hidden: bool = False
    removed: bool = False
    edited: bool = False
    answered_privately: bool = False
    stars: int = 0
    sticker: bool = False

    @property
    def is_post(self) -> bool:
        return self.id == self.post


@dataclass(slots=True)
class Entry:
    """A private message. `by` is the customer's key, empty for the Page; `about` the one it answers."""

    mid: str
    by: str
    at: datetime
    text: str = ""
    picture: str = ""
    files: list[str] = field(default_factory=list)
    state: str = ""
    edits: int = 0
    removed: bool = False
    reactions: dict[str, str] = field(default_factory=dict)
    about: str = ""


@dataclass(slots=True)
class Chat:
    """The Page's chat with one customer; `last_in` opens the window in which it may write."""

    entries: list[Entry] = field(default_factory=list)
    last_in: datetime | None = None
    blocked: bool = False


@dataclass(slots=True)
class Wanted:
    """What is asked of one field: `likes.summary(true).limit(0)`, `messages{id,from}`."""

    arguments: dict[str, str]
    inner: dict[str, Wanted]


Node = Mapping[str, Callable[[Wanted], Any]]


class Facebook(Simulator):
    name = "facebook"
    label = "Facebook"
    short = "f"
    colour = "#1877f2"
    offers = frozenset({"comment", "mention", "message", "edit", "remove", "react", "read"})

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.hook_url = ""
        self.subscribed: list[str] = []
        self.items: dict[str, Item] = {}
        self.chats = {person.key: Chat() for person in (*CUSTOMERS, OUTSIDER)}
        self.photos: dict[str, str] = {}
        self.dead = 0
        self.throttled: list[Refused] = []
        self.hurries = False
        self.restored = False
        self.elsewhere = False
        self.scopes = [*SCOPES]
        self.codes: dict[str, str] = {}
        self.batch: list[dict[str, Any]] | None = None
        self._by_id: dict[str, str] = {}
        for person in (*CUSTOMERS, OUTSIDER):
            self._by_id[self.user_id(person.key)] = person.key
            self._by_id[self.psid(person.key)] = person.key

    # ------------------------------------------------------------------------- its data

    def accounts(self) -> list[DemoAccount]:
        credentials = {
            "app_secret": self.secret,
            "page_token": "EAAB" + self.ids.stable("facebook", "token", size=40),
            "verify_token": "acme-" + self.ids.stable("facebook", "verify", size=12),
        }
        return [DemoAccount(COMPANY, self.page, credentials)]

    @property
    def page(self) -> str:
        return self._digits("page")

    @property
    def app(self) -> str:
        return self._digits("app")

    @property
    def secret(self) -> str:
        return self.ids.stable("facebook", "secret", size=32)

    @property
    def token(self) -> str:
        return self.accounts()[0].credentials["page_token"]

    def user_id(self, person: str) -> str:
        """The id by which a commenter is known; it is not their id in Messenger."""
        return self._digits("user", person) if person else self.page

    def psid(self, person: str) -> str:
        return self._digits("psid", person)

    def _digits(self, *words: str) -> str:
        return str(10**14 + int(self.ids.stable("facebook", *words), 16) % 10**14)

    def restore(self, external_id: str, hook_url: str) -> None:
        """Chats of an earlier run are taken for open."""
        if external_id == self.page:
            self.hook_url, self.subscribed, self.restored = hook_url, sorted(SUBSCRIBABLE), True

    # ------------------------------------------------------------------------- its API

    def answer(self, call: Call) -> Reply:
        words = [word for word in call.path.split("/") if word]
        if words and re.fullmatch(r"v\d+\.\d+", words[0]):
            words = words[1:]
        given = _given(call)
        if words == ["dialog", "oauth"]:
            return self._consent(given)
        try:
            self._admit(call, given, words)
            return Reply(200, self._answer(call, words, given), self._usage(0))
        except Refused as refused:
            return self._error(refused)

    def _answer(self, call: Call, words: list[str], given: dict[str, Any]) -> dict[str, Any]:
        words = [self.page, *words[1:]] if words[:1] == ["me"] else words
        match call.method, words:
            case "GET", ["debug_token"]:
                return self._debug(given)
            case "GET", ["oauth", "access_token"]:
                return self._hand_out_token(given)
            case "GET", [self.page, "accounts"]:
                page = {"id": self.page, "name": COMPANY, "access_token": self.token}
                return {"data": [page], "paging": {}}
            case "GET", ["app"]:
                return {"id": self.app, "name": f"{COMPANY} desk"}
            case "GET", [self.app, "subscriptions"]:
                return {
                    "data": [{"object": "page", "callback_url": self.hook_url, "active": bool(self.hook_url)}]
                }
            case "POST", [self.app, "subscriptions"]:
                return self._set_callback(given)
            case method, [self.page, "subscribed_apps"]:
                return self._subscriptions(method, given)
            case "GET", [self.page]:
                return _shown(self._page_node(), _fields(given.get("fields", "id,name")))
            case "POST", [self.page, "messages"]:
                return self._send(call, given)
            case "POST", [self.page, "take_thread_control" | "pass_thread_control" as verb]:
                self._known_person(_record(given.get("recipient")))
                self.elsewhere = verb == "pass_thread_control"
                return {"success": True}
            case "POST", [self.page, "message_attachments"]:
                return {"attachment_id": self._keep_attachment(call, _record(given.get("message")))}
            case "POST", [self.page, "photos"]:
                return self._photo(call, given)
            case "POST", [self.page, "feed"]:
                return {"id": self._own_post(str(given.get("message", "")), "").id}
            case "GET", [self.page, "feed" | "published_posts" | "visitor_posts" as edge]:
                return self._edge(call, given, [(i.id, self._item_node(i)) for i in self._posts(edge)])
            case "GET", [self.page, "conversations"]:
                return self._conversations(call, given)
            case _, [id, *edge]:
                return self._on_object(call, id, edge, given)
        raise Refused(2500, "Unknown path components", status=400)

    def _on_object(self, call: Call, id: str, edge: list[str], given: dict[str, Any]) -> dict[str, Any]:
        match call.method, edge:
            case "GET", []:
                return self._read(id, given)
            case "POST", []:
                return self._change_item(self._item(id, make=True), given)
            case "DELETE", []:
                self._take_away(self._item(id, make=True))
                return {"success": True}
            case "GET", ["comments"]:
                return self._comments(call, self._item(id), given)
            case "POST", ["comments"]:
                return {"id": self._reply(self._item(id, make=True), given).id}
            case "POST" | "DELETE", ["likes"]:
                self._react(self._item(id, make=True), "", "like", call.method == "POST")
                return {"success": True}
        raise Refused(2500, f"Unknown path components: /{'/'.join(edge)}")

    # ------------------------------------------------------------------------ who may call

    def _admit(self, call: Call, given: dict[str, Any], words: list[str]) -> None:
        token = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = token or str(given.get("access_token", ""))
        if words == ["oauth", "access_token"] or (words == ["me", "accounts"] and token == self.user_token):
            return
        if not token:
            raise Refused(104, "An access token is required to request this resource.")
        if token == f"{self.app}|{self.secret}":
            return
        if token != self.token:
            raise Refused(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        if self.dead:
            raise Refused(190, "Error validating access token", self.dead, status=401)
        proof = given.get("appsecret_proof")
        if proof is not None and proof != hmac_sha256_hex(self.secret, token.encode()):
            raise Refused(100, "Invalid appsecret_proof provided in the API argument")
        if words[-1:] == ["subscriptions"]:
            raise Refused(15, "(#15) This method must be called with an app access_token.")
        if self.throttled:
            raise self.throttled.pop()

    def _error(self, refused: Refused) -> Reply:
        error: dict[str, Any] = {
            "message": str(refused),
            "type": "GraphMethodException" if refused.sub == 33 else "OAuthException",
            "code": refused.code,
            "is_transient": refused.code in (1, 2),
            "fbtrace_id": self.ids.name("A"),
        }
        if refused.sub:
            error["error_subcode"] = refused.sub
        return Reply(refused.status, {"error": error}, self._usage(refused.minutes))

    def _usage(self, minutes: int) -> dict[str, str]:
        """Meta's own rate headers, in percent; the last figure is in minutes."""
        share = 100 if minutes else 1
        case = {
            "type": "pages",
            "call_count": share,
            "total_cputime": 1,
            "total_time": 1,
            "estimated_time_to_regain_access": minutes,
        }
        app = {"call_count": share, "total_time": 1, "total_cputime": 1}
        return {
            "X-App-Usage": json.dumps(app),
            "X-Business-Use-Case-Usage": json.dumps({self.page: [case]}),
        }

    def _consent(self, given: dict[str, Any]) -> Reply:
        """The consent page, at which everybody says yes at once to what is asked for."""
        if given.get("client_id") != self.app or not given.get("redirect_uri"):
            return Reply(400, {"error": "Invalid app ID"})
        code = self.ids.name("AQ")
        self.codes[code] = str(given["redirect_uri"])
        back = urlencode({"state": given.get("state", ""), "code": code})
        return Reply(302, b"", {"Location": f"{given['redirect_uri']}?{back}"})

    def _hand_out_token(self, given: dict[str, Any]) -> dict[str, Any]:
        """A short-lived user token for a code, once; the long-lived one for that."""
        if (given.get("client_id"), given.get("client_secret")) != (self.app, self.secret):
            raise Refused(1, "Error validating client secret.")
        if given.get("grant_type") == "fb_exchange_token":
            if given.get("fb_exchange_token") != f"{self.user_token}s":
                raise Refused(190, "Error validating access token")
            return {"access_token": self.user_token, "token_type": "bearer", "expires_in": 5183944}
        if self.codes.pop(str(given.get("code")), None) != given.get("redirect_uri"):
            raise Refused(100, "This authorization code has been used.", 36009)
        return {"access_token": f"{self.user_token}s", "token_type": "bearer", "expires_in": 5000}

    @property
    def user_token(self) -> str:
        return "EAAU" + self.ids.stable("facebook", "user token", size=40)

    def _debug(self, given: dict[str, Any]) -> dict[str, Any]:
        valid = given.get("input_token") == self.token and not self.dead
        data = {
            "app_id": self.app,
            "type": "PAGE",
            "expires_at": 0,
            "is_valid": valid,
            "profile_id": self.page,
            "scopes": self.scopes,
        }
        return {"data": data}

    # --------------------------------------------------------------------------- connecting

    def _set_callback(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("object") != "page":
            raise Refused(100, "(#100) Invalid parameter: object")
        if not self._shakes_hands(str(given.get("callback_url", "")), str(given.get("verify_token", ""))):
            raise Refused(2200, "(#2200) Callback verification failed")
        return {"success": True}

    def _shakes_hands(self, url: str, verify_token: str) -> bool:
        """Ask the address for the challenge; only one that gives it back gets webhooks."""
        challenge = str(self.ids.number())
        asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        status, body = self.hooks.call("GET", f"{url}?{urlencode(asked)}")
        if status != 200 or body != challenge.encode():
            return False
        self.hook_url = url
        return True

    def _subscriptions(self, method: str, given: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "GET":
                app = {"id": self.app, "name": f"{COMPANY} desk", "subscribed_fields": self.subscribed}
                return {"data": [app] if self.subscribed else []}
            case "DELETE":
                self.subscribed = []
            case _:
                if "pages_manage_metadata" not in self.scopes:
                    raise Refused(200, "(#200) Requires pages_manage_metadata permission", status=403)
                wanted = given.get("subscribed_fields", "")
                names = wanted if isinstance(wanted, list) else str(wanted).split(",")
                for name in names:
                    if name not in SUBSCRIBABLE:
                        raise Refused(
                            100, f"(#100) Param subscribed_fields: {name!r} is not one of the values"
                        )
                self.subscribed = sorted(names)
        return {"success": True}

    # ------------------------------------------------------------------------------ reading

    def _read(self, id: str, given: dict[str, Any]) -> dict[str, Any]:
        if id in self._by_id:
            return self._profile(id, given)
        if id.startswith("m_"):
            person, entry = self._entry(id)
            if entry not in self.chats[person].entries[-MOST_READABLE:]:
                raise Refused(9000001, "This message is deleted or too old to be read.")
            return _shown(self._entry_node(person, entry), _fields(given.get("fields", "id,created_time")))
        if id.startswith("t_") and id[2:] in self._by_id:
            person = self._by_id[id[2:]]
            return _shown(self._chat_node(person), _fields(given.get("fields", "id,updated_time")))
        item = self._item(id)
        return _shown(self._item_node(item), _fields(given.get("fields", "id,message,created_time")))

    def _profile(self, id: str, given: dict[str, Any]) -> dict[str, Any]:
        """A PSID gives a name once they wrote; a commenter's id gives nothing of Messenger's."""
        person = person_named(self._by_id[id])
        first, _, last = person.name.partition(" ")
        node: dict[str, Callable[[Wanted], Any]] = {"id": lambda _: id, "name": lambda _: person.name}
        if id == self.psid(person.key):
            if not self.chats[person.key].entries and not self.restored:
                raise Refused(230, "(#230) User consent is required to access user profile")
            node |= {
                "first_name": lambda _: first,
                "last_name": lambda _: last,
                "profile_pic": lambda _: None,
            }
        return _shown(node, _fields(given.get("fields", "id,name")))

    def _page_node(self) -> Node:
        return {"id": lambda _: self.page, "name": lambda _: COMPANY, "category": lambda _: "Shoe shop"}

    def _item_node(self, item: Item) -> Node:
        """The fields of a post or comment; asking for another's is an error, as it is there."""
        below = [i for i in self.items.values() if i.id != item.id and not i.removed]
        comments = [i for i in below if (i.post if item.is_post else i.top) == item.id]
        node: dict[str, Callable[[Wanted], Any]] = {
            "id": lambda _: item.id,
            "message": lambda _: item.text or None,
            "created_time": lambda _: _iso(item.at),
            "from": lambda _: self._from(item.by),
            "permalink_url": lambda _: f"https://www.facebook.com/{item.id}",
            "is_hidden": lambda _: item.hidden,
            "can_reply_privately": lambda _: bool(item.by) and not item.answered_privately,
            "likes": lambda w: _nested([], len(item.likes) + item.more_likes, w),
            "comments": lambda w: _nested(
                [_shown(self._item_node(i), w.inner) for i in comments], len(comments), w
            ),
        }
        if item.is_post:
            return node | {
                "full_picture": lambda _: item.picture or None,
                "shares": lambda _: {"count": item.shares} if item.shares else None,
                "updated_time": lambda _: _iso(max([item.at, *(i.at for i in comments)])),
                "status_type": lambda _: "added_photos" if item.picture else "mobile_status_update",
                "is_published": lambda _: True,
            }
        return node | {
            "parent": lambda w: {"id": item.top} if item.top else None,
            "attachment": lambda _: _photo_attachment(item.picture) if item.picture else None,
            "comment_count": lambda _: len(comments),
            "like_count": lambda _: len(item.likes) + item.more_likes,
            "user_likes": lambda _: "" in item.likes,
            "is_private": lambda _: False,
            "can_comment": lambda _: True,
            "can_hide": lambda _: bool(item.by),
            "can_like": lambda _: True,
            "can_remove": lambda _: True,
            "object": lambda _: {"id": item.post},
            "private_reply_conversation": lambda w: (
                _shown(self._chat_node(item.by), w.inner or {"id": Wanted({}, {})})
                if item.answered_privately
                else None
            ),
        }

    def _comments(self, call: Call, item: Item, given: dict[str, Any]) -> dict[str, Any]:
        stream = given.get("filter") == "stream"
        rows = [
            i
            for i in self.items.values()
            if not i.is_post
            and not i.removed
            and ((i.post == item.id and (stream or not i.top)) if item.is_post else i.top == item.id)
        ]
        rows.sort(key=lambda i: i.at, reverse=given.get("order") == "reverse_chronological")
        return self._edge(call, given, [(i.id, self._item_node(i)) for i in rows])

    def _posts(self, edge: str) -> list[Item]:
        posts = [i for i in self.items.values() if i.is_post and not i.removed and not i.stars]
        posts = [i for i in posts if i.id.startswith(self.page)]
        if edge == "visitor_posts":
            posts = [i for i in posts if i.by]
        if edge == "published_posts":
            posts = [i for i in posts if not i.by]
        return sorted(posts, key=lambda i: i.at, reverse=True)

    def _conversations(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        wanted = given.get("user_id")
        people = [key for key, chat in self.chats.items() if chat.entries]
        if wanted is not None:
            people = [key for key in people if self.psid(key) == str(wanted)]
        people.sort(key=lambda key: self.chats[key].entries[-1].at, reverse=True)
        return self._edge(call, given, [(key, self._chat_node(key)) for key in people])

    def _chat_node(self, person: str) -> Node:
        entries = self.chats[person].entries
        visible = [entry for entry in reversed(entries) if not entry.removed]
        return {
            "id": lambda _: f"t_{self.psid(person)}",
            "updated_time": lambda _: _iso(entries[-1].at) if entries else None,
            "snippet": lambda _: entries[-1].text if entries else None,
            "message_count": lambda _: len(entries),
            "can_reply": lambda _: self._window_open(person),
            "participants": lambda _: {"data": [self._chat_party(person), self._chat_party("")]},
            "messages": lambda w: _nested(
                [_shown(self._entry_node(person, e), w.inner) for e in visible[:MOST_READABLE]],
                len(visible),
                w,
            ),
        }

    def _entry_node(self, person: str, entry: Entry) -> Node:
        other = "" if entry.by else person
        files = [
            {"id": _cursor(url), "mime_type": "", "name": url.split("/")[-1], "file_url": url}
            for url in entry.files
        ]
        return {
            "id": lambda _: entry.mid,
            "created_time": lambda _: _iso(entry.at),
            "from": lambda _: self._chat_party(entry.by),
            "to": lambda _: {"data": [self._chat_party(other)]},
            "message": lambda _: entry.text,
            "attachments": lambda _: {"data": files} if files else None,
        }

    def _chat_party(self, person: str) -> dict[str, str]:
        if not person:
            return {"id": self.page, "name": COMPANY, "email": f"{self.page}@facebook.com"}
        psid = self.psid(person)
        return {"id": psid, "name": person_named(person).name, "email": f"{psid}@facebook.com"}

    def _edge(self, call: Call, given: dict[str, Any], rows: list[tuple[str, Node]]) -> dict[str, Any]:
        """A page of a list. The last page has no `next`, the others its whole address."""
        limit = min(int(given.get("limit", 25)), 100)
        keys = [key for key, _ in rows]
        after = given.get("after")
        start = keys.index(_from_cursor(after)) + 1 if after and _from_cursor(after) in keys else 0
        page = rows[start : start + limit]
        fields = _fields(given.get("fields", "id"))
        paging: dict[str, Any] = {}
        if page:
            paging["cursors"] = {"before": _cursor(page[0][0]), "after": _cursor(page[-1][0])}
        if start + limit < len(rows):
            query = {**call.query, "after": _cursor(page[-1][0])}
            query.pop("access_token", None)
            paging["next"] = f"{self.url}{call.path}?{urlencode(query)}"
        return {"data": [_shown(node, fields) for _, node in page], "paging": paging}

    def _from(self, person: str) -> dict[str, str]:
        return {"id": self.user_id(person), "name": person_named(person).name if person else COMPANY}

    def _item(self, id: str, *, make: bool = False) -> Item:
        """The post or comment of this id. `make` takes a well-formed unknown one for an old one."""
        item = self.items.get(id)
        if item is None and make and re.fullmatch(r"\d{5,}_\d{5,}", id):
            item = self._old(id)
        if item is None or item.removed:
            raise Refused(
                100,
                f"Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to "
                "missing permissions, or does not support this operation.",
                33,
            )
        return item

    def _old(self, id: str) -> Item:
        first = id.partition("_")[0]
        is_post = first == self.page or first in self._by_id
        post = id if is_post else f"{self.page}_{first}"
        if post not in self.items:
            by = self._by_id.get(post.partition("_")[0], "")
            self.items[post] = Item(post, by, "", self.clock.now(), post)
        if not is_post:
            self.items[id] = Item(id, OUTSIDER.key, "", self.clock.now(), post)
        return self.items[id]

    def _entry(self, mid: str) -> tuple[str, Entry]:
        for key, chat in self.chats.items():
            for entry in chat.entries:
                if entry.mid == mid:
                    return key, entry
        raise Refused(100, f"Object with ID '{mid}' does not exist", 33)

    # ----------------------------------------------------------------------- writing publicly

    def _reply(self, under: Item, given: dict[str, Any]) -> Item:
        text, picture = str(given.get("message", "")), self._given_picture(given)
        if not text and not picture:
            raise Refused(100, "(#100) Missing message or attachment")
        _check_length("message", text, MOST_COMMENT)
        return self._add_comment(under, "", text, picture)

    def _given_picture(self, given: dict[str, Any]) -> str:
        if given.get("attachment_url"):
            return str(given["attachment_url"])
        photo = str(given.get("attachment_id", ""))
        if photo and photo not in self.photos:
            raise Refused(100, "(#100) The attachment_id is not a photo of this Page", 2018074)
        return self.photos.get(photo, "")

    def _add_comment(self, under: Item, by: str, text: str, picture: str, named: bool = True) -> Item:
        post = self.items[under.post]
        id = f"{post.id.partition('_')[2]}_{self.ids.number()}"
        top = "" if under.is_post else under.top or under.id
        item = Item(id, by, text, self.clock.now(), post.id, top, picture)
        self.items[id] = item
        if post.id.startswith(f"{self.page}_"):
            self._tell_of_comment(item, "add", named=named)
        return item

    def _change_item(self, item: Item, given: dict[str, Any]) -> dict[str, Any]:
        if "is_hidden" in given:
            if not item.by:
                raise Refused(100, "(#100) The Page's own comments cannot be hidden")
            item.hidden = _true(given["is_hidden"])
            self._tell_of_item(item, "hide" if item.hidden else "unhide", is_hidden=item.hidden)
        if "message" in given:
            if item.by:
                raise Refused(200, "(#200) Permissions error")
            item.text, item.edited = str(given["message"]), True
            self._tell_of_item(item, "edited")
        return {"success": True}

    def _take_away(self, item: Item) -> None:
        below = [i for i in self.items.values() if item.id in (i.post, i.top) and not i.removed]
        for each in {item.id: item, **{i.id: i for i in below}}.values():
            each.removed = True
        self._tell_of_item(item, "remove")

    def _react(self, item: Item, by: str, reaction: str, on: bool) -> None:
        if (by in item.likes) == on:
            return
        (item.likes.add if on else item.likes.discard)(by)
        if not item.post.startswith(f"{self.page}_"):
            return
        value: dict[str, Any] = {
            "item": "reaction",
            "reaction_type": reaction,
            "verb": "add" if on else "remove",
            "post_id": item.post,
            "parent_id": item.top or item.post,
            "from": self._from(by),
            "created_time": self._seconds(),
        }
        if not item.is_post:
            value["comment_id"] = item.id
        self._tell_change("feed", value)

    def _photo(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        url = str(given.get("url", ""))
        for part in call.parts:
            if part.name == "source" and part.filename:
                if not part.mime.startswith("image/"):
                    raise Refused(324, "(#324) Missing or invalid image file")
                url = self.keep(part.content, part.mime, part.filename)
        if not url:
            raise Refused(324, "(#324) Missing or invalid image file")
        photo = str(self.ids.number())
        self.photos[photo] = url
        if not _true(given.get("published", True)):
            return {"id": photo}
        return {"id": photo, "post_id": self._own_post(str(given.get("message", "")), url).id}

    def _own_post(self, text: str, picture: str) -> Item:
        id = f"{self.page}_{self.ids.number()}"
        self.items[id] = Item(id, "", text, self.clock.now(), id, picture=picture)
        self._tell_of_post(self.items[id])
        return self.items[id]

    # ---------------------------------------------------------------------- writing privately

    def _send(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        recipient = _record(given.get("recipient"))
        action = given.get("sender_action")
        if action:
            return self._sender_action(self._person(recipient), str(action), given)
        message = _record(given.get("message"))
        if recipient.get("comment_id") or recipient.get("post_id"):
            about = self._item(str(recipient.get("comment_id") or recipient.get("post_id")), make=True)
            if about.stars:
                raise Refused(100, "(#100) A review cannot be answered privately", 2534025)
            person = self._check_private_reply(about)
            entry = self._compose(call, message)
            about.answered_privately = True
        else:
            person = self._person(recipient)
            self._check_window(person, given)
            entry = self._compose(call, message)
            entry.about = self._referred_to(person, _record(given.get("reply_to")))
        self._post_message(person, entry, message)
        return {"recipient_id": self.psid(person), "message_id": entry.mid}

    def _referred_to(self, person: str, reply_to: dict[str, Any]) -> str:
        mid = str(reply_to.get("mid", ""))
        if mid and self._entry(mid)[0] != person:
            raise Refused(100, "(#100) The message is not of this chat")
        return mid

    def _known_person(self, recipient: dict[str, Any]) -> str:
        person = self._by_id.get(str(recipient.get("id", "")))
        if person is None or self.psid(person) != str(recipient["id"]):
            raise Refused(100, "(#100) No matching user found", 2018001)
        return person

    def _person(self, recipient: dict[str, Any]) -> str:
        person = self._known_person(recipient)
        if self.chats[person].blocked:
            raise Refused(551, "(#551) This person isn't available right now.", 1545041)
        if self.elsewhere:
            raise Refused(2018300, "(#2018300) Another app is controlling this thread now.")
        return person

    def _check_private_reply(self, about: Item) -> str:
        """Once per comment, within seven days, to a customer."""
        if not about.by or about.answered_privately:
            raise Refused(100, "(#100) This comment cannot be answered privately", 2534025)
        if self.clock.now() - about.at > PRIVATE_REPLY_WINDOW:
            raise Refused(10, "(#10) This message is sent outside of allowed window.", 2534022)
        if self.chats[about.by].blocked:
            raise Refused(551, "(#551) This person isn't available right now.", 1545041)
        return about.by

    def _check_window(self, person: str, given: dict[str, Any]) -> None:
        kind, tag = given.get("messaging_type"), given.get("tag")
        if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG"):
            raise Refused(100, "(#100) Param messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG")
        if (kind == "MESSAGE_TAG") != (tag is not None) or tag not in (None, "HUMAN_AGENT"):
            raise Refused(100, f"(#100) Param tag: {tag} is not supported")
        may_be_late = tag and HUMAN_AGENT in self.scopes
        if not self._window_open(person, HUMAN_AGENT_WINDOW if may_be_late else WINDOW):
            raise Refused(10, "(#10) This message is sent outside of allowed window.", 2018278, status=403)

    def _window_open(self, person: str, window: timedelta = WINDOW) -> bool:
        chat = self.chats[person]
        if chat.last_in is None:
            return self.restored and not chat.entries
        return self.clock.now() - chat.last_in <= window

    def _compose(self, call: Call, message: dict[str, Any]) -> Entry:
        text, attachments = message.get("text"), _attachments(message)
        if bool(text) == bool(attachments):
            raise Refused(100, "(#100) A message is text or attachments, one of them")
        _check_length("message[text]", str(text or ""), MOST_TEXT)
        entry = Entry(self.ids.name("m_"), "", self.clock.now(), str(text or ""), state="sent")
        for attachment in attachments:
            url = self._attachment_url(call, attachment)
            if attachment.get("type") == "image" and not entry.picture:
                entry.picture = url
            entry.files.append(url)
        return entry

    def _attachment_url(self, call: Call, attachment: dict[str, Any]) -> str:
        payload = _record(attachment.get("payload"))
        for part in call.parts:
            if part.name == "filedata" and part.filename:
                most = 8 if attachment.get("type") == "image" else 25
                if len(part.content) > most * MEGABYTE:
                    raise Refused(100, "(#100) Attachment size exceeds allowable limit", 2018109)
                if attachment.get("type") not in ("file", part.mime.partition("/")[0]):
                    raise Refused(100, "(#100) The type of file is not supported", 2018047)
                return self.keep(part.content, part.mime, part.filename)
        if payload.get("attachment_id"):
            if str(payload["attachment_id"]) not in self.photos:
                raise Refused(100, "(#100) The attachment is not yours", 2018074)
            return self.photos[str(payload["attachment_id"])]
        url = str(payload.get("url", ""))
        if not url.startswith(("http://", "https://")):
            raise Refused(100, "(#100) Failed to fetch the file from the url", 2018008)
        return url

    def _keep_attachment(self, call: Call, message: dict[str, Any]) -> str:
        id = str(self.ids.number())
        self.photos[id] = self._attachment_url(call, _record(message.get("attachment")))
        return id

    def _post_message(self, person: str, entry: Entry, message: dict[str, Any]) -> None:
        self.chats[person].entries.append(entry)
        self._echo(person, entry, app_id=int(self.app), metadata=message.get("metadata"))
        self.later(0.8, lambda: self._delivered(person, entry))

    def _delivered(self, person: str, entry: Entry) -> None:
        if entry.state == "sent":
            entry.state = "delivered"
        mark = {"mids": [entry.mid], "watermark": _milliseconds(entry.at)}
        self._tell_messaging(person, {"delivery": mark})

    def _sender_action(self, person: str, action: str, given: dict[str, Any]) -> dict[str, Any]:
        payload = _record(given.get("payload"))
        match action:
            case "typing_on" | "typing_off" | "mark_seen" if not given.get("message"):
                pass
            case "react" | "unreact":
                entry = self._entry(str(payload.get("message_id", "")))[1]
                entry.reactions.pop("", None)
                if action == "react":
                    word = str(payload.get("reaction", ""))
                    entry.reactions[""] = EMOJI.get(word, word)
            case _:
                raise Refused(100, "(#100) Sender action and message cannot go together", 2018014)
        return {"recipient_id": self.psid(person)}

    # ------------------------------------------------------------------------- its webhooks

    def _tell_of_comment(self, item: Item, verb: str, *, named: bool = True, **more: Any) -> None:
        post = self.items[item.post]
        value: dict[str, Any] = {
            "from": self._from(item.by),
            "post": {
                "status_type": "mobile_status_update",
                "is_published": True,
                "updated_time": _iso(post.at),
                "permalink_url": f"https://www.facebook.com/{post.id}",
                "promotion_status": "inactive",
                "id": post.id,
            },
            "post_id": item.post,
            "comment_id": item.id,
            "created_time": int(item.at.timestamp()),
            "item": "comment",
            "parent_id": item.top or item.post,
            "verb": verb,
            **more,
        }
        if not named:
            del value["from"]
        if verb in ("add", "edited") and item.text:
            value["message"] = item.text
        if verb == "add" and item.picture and not item.sticker:
            value["photo"] = item.picture
        self._tell_change("feed", value)

    def _tell_of_review(self, item: Item) -> None:
        value = {
            "item": "rating",
            "verb": "add",
            "rating": item.stars,
            "review_text": item.text,
            "reviewer_id": self.user_id(item.by),
            "reviewer_name": person_named(item.by).name,
            "open_graph_story_id": item.id,
            "created_time": self._seconds(),
        }
        self._tell_change("ratings", value)

    def _tell_of_post(self, item: Item, verb: str = "add", **more: Any) -> None:
        kind = "photo" if item.picture else "status"
        value: dict[str, Any] = {
            "item": kind,
            "verb": verb,
            "post_id": item.id,
            "from": self._from(item.by),
            "published": 1,
            "created_time": int(item.at.timestamp()),
            **more,
        }
        if item.text and verb in ("add", "edited"):
            value["message"] = item.text
        if item.picture and verb == "add":
            value |= {"photo_id": str(self.ids.number()), "link": item.picture}
        self._tell_change("feed", value)

    def _tell_of_mention(self, item: Item, verb: str, *, named: bool = True) -> None:
        value: dict[str, Any] = {
            "post_id": item.post,
            "item": "post" if item.is_post else "comment",
            "verb": verb,
        }
        if verb != "remove":
            value["message"] = item.text
        if not item.is_post:
            value["comment_id"] = item.id
        if named:
            value |= {"sender_id": self.user_id(item.by), "sender_name": person_named(item.by).name}
            value["created_time"] = self._seconds()
        self._tell_change("mention", value)

    def _tell_of_item(self, item: Item, verb: str, **more: Any) -> None:
        """An edit, removal or hiding. An edit's time is that of the edit."""
        if verb == "edited":
            more["edited_time"] = self._seconds()
        elif verb != "add":
            more["created_time"] = self._seconds()
        if not item.post.startswith(f"{self.page}_"):
            if item.by and verb in ("edited", "remove"):
                self._tell_of_mention(item, verb)
        elif item.is_post:
            self._tell_of_post(item, verb, **more)
        else:
            self._tell_of_comment(item, verb, **more)

    def _echo(self, person: str, entry: Entry, app_id: int | None, metadata: Any) -> None:
        message: dict[str, Any] = {"is_echo": True, "mid": entry.mid}
        if app_id is not None:
            message["app_id"] = app_id
        if metadata is not None:
            message["metadata"] = metadata
        if entry.text:
            message["text"] = entry.text
        if entry.about:
            message["reply_to"] = {"mid": entry.about}
        if entry.files:
            kind = "image" if entry.picture else "file"
            message["attachments"] = [{"type": kind, "payload": {"url": url}} for url in entry.files]
        if "message_echoes" in self.subscribed:
            item = {
                "sender": {"id": self.page},
                "recipient": {"id": self.psid(person)},
                "timestamp": _milliseconds(entry.at),
                "message": message,
            }
            self._deliver("messaging", item, at_once=self.hurries)

    def _tell_messaging(self, person: str, part: dict[str, Any], at: datetime | None = None) -> None:
        name = next(iter(part))
        if FIELD_OF[name] not in self.subscribed:
            return
        if self.elsewhere and name == "postback":
            part["postback"].pop("payload", None)
        item = {
            "sender": {"id": self.psid(person)},
            "recipient": {"id": self.page},
            "timestamp": _milliseconds(at or self.clock.now()),
            **part,
        }
        self._deliver("standby" if self.elsewhere else "messaging", item)

    def _tell_change(self, name: str, value: dict[str, Any]) -> None:
        if name in self.subscribed:
            self._deliver("changes", {"field": name, "value": value})

    def _deliver(self, kind: str, item: dict[str, Any], *, at_once: bool = False) -> None:
        """Send an item; `changes` carry seconds, the others milliseconds."""
        now = self.clock.now()
        time = int(now.timestamp()) if kind == "changes" else _milliseconds(now)
        entry = {"id": self.page, "time": time, kind: [item]}
        if self.batch is not None:
            _append(self.batch, entry, kind)
            return
        self._post_body({"object": "page", "entry": [entry]}, at_once=at_once)

    def _post_body(self, body: Any, *, at_once: bool = False) -> None:
        content = as_meta_writes(body)
        signature = f"sha256={hmac_sha256_hex(self.secret, content)}"
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: signature,
            "User-Agent": "facebookexternalua",
        }
        if at_once and self.hook_url:
            self.hooks.call("POST", self.hook_url, content, headers)
        else:
            self.hooks.send(self.hook_url, content, headers, signed=SIGNATURE)

    def _seconds(self) -> int:
        return int(self.clock.now().timestamp())

    # ----------------------------------------------------------------- what customers do publicly

    def play_comment(
        self,
        person: str,
        text: str = "",
        post: str = "",
        parent: str = "",
        picture: str = "",
        named: bool = True,
    ) -> dict[str, Any]:
        """Comment under a post, or answer a comment. `named` False: Meta does not say who."""
        _demand_words(text, picture)
        under = self._known(parent or post or self._newest_post())
        item = self._add_comment(under, self._key(person), text, self.picture(picture), named)
        return {"id": item.id}

    def play_visitor_post(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        """Write on the Page itself."""
        _demand_words(text, picture)
        id = f"{self.page}_{self.ids.number()}"
        self.items[id] = Item(
            id, self._key(person), text, self.clock.now(), id, picture=self.picture(picture)
        )
        self._tell_of_post(self.items[id])
        return {"id": id}

    def play_sticker(self, person: str, post: str = "") -> dict[str, Any]:
        """Comment with a sticker: the webhook carries no address of it."""
        under = self._known(post or self._newest_post())
        id = f"{under.post.partition('_')[2]}_{self.ids.number()}"
        item = Item(id, self._key(person), "", self.clock.now(), under.post, picture=self.picture("boot"))
        item.sticker = True
        self.items[id] = item
        self._tell_of_comment(item, "add")
        return {"id": id}

    def play_review(self, person: str, text: str = "", stars: int = 5) -> dict[str, Any]:
        """Review the Page."""
        id = f"{self.page}_{self.ids.number()}"
        self.items[id] = Item(id, self._key(person), text, self.clock.now(), id, stars=stars)
        self._tell_of_review(self.items[id])
        return {"id": id}

    def play_mention(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        """Write a post of one's own that mentions the Page."""
        _demand_words(text, picture)
        id = f"{self.user_id(self._key(person))}_{self.ids.number()}"
        self.items[id] = Item(id, person, text, self.clock.now(), id, picture=self.picture(picture))
        self._tell_of_mention(self.items[id], "add")
        return {"id": id}

    def play_mention_in_comment(self, person: str, text: str) -> dict[str, Any]:
        """Mention the Page in a comment under somebody's post; the webhook does not say who wrote."""
        id = f"{self.user_id(OUTSIDER.key)}_{self.ids.number()}"
        self.items[id] = Item(id, OUTSIDER.key, "New shoes?", self.clock.now(), id)
        item = self._add_comment(self.items[id], self._key(person), text, "")
        self._tell_of_mention(item, "add", named=False)
        return {"id": item.id}

    def play_share(self, person: str, post: str = "") -> dict[str, Any]:
        item = self._known(post or self._newest_post())
        item.shares += 1
        value = {
            "item": "share",
            "verb": "add",
            "share_id": str(self.ids.number()),
            "link": f"https://www.facebook.com/{item.id}",
            "post_id": item.id,
            "from": self._from(self._key(person)),
            "created_time": self._seconds(),
        }
        self._tell_change("feed", value)
        return {"id": item.id}

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        if id.startswith("m_"):
            return self._edit_message(person, id, text)
        item = self._own(person, id)
        item.text, item.edited = text, True
        self._tell_of_item(item, "edited")
        return {"id": id}

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        if id.startswith("m_"):
            entry = self._own_entry(person, id)
            entry.removed, entry.text = True, ""
            self._tell_messaging(person, {"message": {"mid": id, "is_deleted": True}})
        else:
            self._take_away(self._own(person, id))
        return {"id": id}

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        if not id.startswith("m_"):
            self._react(self._known(id), self._key(person), reaction if reaction in REACTIONS else "like", on)
            return {"id": id}
        entry = self._entry_in(person, id)
        part: dict[str, Any] = {"mid": id, "action": "react" if on else "unreact"}
        entry.reactions.pop(person, None)
        if on:
            known = reaction in EMOJI
            entry.reactions[person] = EMOJI.get(reaction, reaction)
            part |= {"reaction": reaction if known else "other", "emoji": entry.reactions[person]}
        self._tell_messaging(person, {"reaction": part})
        return {"id": id}

    # ---------------------------------------------------------------- what customers do privately

    def play_message(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        _demand_words(text, picture)
        url = self.picture(picture)
        ids = []
        if url:
            attachment = {"type": "image", "payload": {"url": url}}
            ids.append(self.play_raw(person, {"attachments": [attachment]})["id"])
        if text:
            ids.append(self.play_raw(person, {"text": text})["id"])
        return {"id": ids[-1], "ids": ids}

    def play_raw(self, person: str, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message of any kind: sticker, location, quick reply, reel, several attachments …"""
        entry = Entry(self.ids.name("m_"), self._key(person), self.clock.now(), str(message.get("text", "")))
        for attachment in _attachments(message):
            url = str(_record(attachment.get("payload")).get("url", ""))
            entry.files.append(url)
            if attachment.get("type") in ("image", "sticker"):
                entry.picture = url
        self._take_in(person, entry)
        self._tell_messaging(person, {"message": {"mid": entry.mid, **message}}, entry.at)
        return {"id": entry.mid}

    def play_postback(self, person: str, title: str, payload: str) -> dict[str, Any]:
        """Press a button."""
        entry = Entry(self.ids.name("m_"), self._key(person), self.clock.now(), title)
        self._take_in(person, entry)
        part = {"mid": entry.mid, "title": title, "payload": payload}
        self._tell_messaging(person, {"postback": part}, entry.at)
        return {"id": entry.mid}

    def play_referral(self, person: str, ref: str = "shop-window") -> dict[str, Any]:
        """Come into the chat by a link and write nothing."""
        part = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
        self._tell_messaging(self._key(person), {"referral": part})
        return {}

    def play_read(self, person: str) -> dict[str, Any]:
        """Open the chat and see what the Page wrote."""
        chat = self.chats[self._key(person)]
        unread = [entry for entry in chat.entries if not entry.by and entry.state != "seen"]
        for entry in unread:
            entry.state = "seen"
        if unread:
            self._tell_messaging(person, {"read": {"watermark": _milliseconds(unread[-1].at)}})
        return {"seen": len(unread)}

    def play_leave(self, person: str) -> dict[str, Any]:
        """Block the Page's messages."""
        self.chats[self._key(person)].blocked = True
        return {}

    def play_join(self, person: str) -> dict[str, Any]:
        self.chats[self._key(person)].blocked = False
        return {}

    def _take_in(self, person: str, entry: Entry) -> None:
        chat = self.chats[self._key(person)]
        chat.entries.append(entry)
        chat.last_in, chat.blocked = entry.at, False

    def _edit_message(self, person: str, id: str, text: str) -> dict[str, Any]:
        entry = self._own_entry(person, id)
        if entry.edits >= MOST_EDITS:
            raise PlayError("A message can be edited five times.")
        entry.text, entry.edits = text, entry.edits + 1
        self._tell_messaging(person, {"message_edit": {"mid": id, "text": text, "num_edit": entry.edits}})
        return {"id": id}

    # --------------------------------------------------------------- what the company and Meta do

    def play_post(self, text: str, picture: str = "", likes: int = 0, shares: int = 0) -> dict[str, Any]:
        """The company posts on its Page."""
        item = self._own_post(text, self.picture(picture))
        item.more_likes, item.shares = likes, shares
        return {"id": item.id}

    def play_grant(self, name: str, on: bool = True) -> dict[str, Any]:
        """Give the token a permission (or the feature `human_agent`), or take it."""
        self.scopes = [*(each for each in self.scopes if each != name), *([name] if on else [])]
        return {}

    def play_unsubscribe(self) -> dict[str, Any]:
        """Nobody took what Meta sent for an hour: it ends the Page's subscription."""
        self.subscribed = []
        return {}

    def play_bot(self, person: str, text: str) -> dict[str, Any]:
        """Another program of the company answers in a chat."""
        entry = Entry(self.ids.name("m_"), "", self.clock.now(), text, state="sent")
        self.chats[self._key(person)].entries.append(entry)
        self._echo(person, entry, app_id=int(self._digits("other app")), metadata=None)
        return {"id": entry.mid}

    def play_outside(self, text: str, person: str = "", id: str = "") -> dict[str, Any]:
        """The company answers in Meta's own inbox: a chat (`person`) or a comment (`id`)."""
        if id:
            return {"id": self._add_comment(self._known(id), "", text, "").id}
        entry = Entry(self.ids.name("m_"), "", self.clock.now(), text, state="sent")
        self.chats[self._key(person)].entries.append(entry)
        self._echo(person, entry, app_id=None, metadata=None)
        return {"id": entry.mid}

    def play_callback(self, url: str, verify_token: str = "") -> dict[str, Any]:
        """Enter the webhook's address in the dashboard; it is asked for the challenge."""
        token = verify_token or self.accounts()[0].credentials["verify_token"]
        if not self._shakes_hands(url, token):
            raise PlayError("The address did not give the challenge back.")
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The Page's token is dead: its password was changed."""
        self.dead = 460
        return {}

    def play_expire_token(self) -> dict[str, Any]:
        self.dead = 463
        return {}

    def play_throttle(self, times: int = 1, code: int = 613, minutes: int = 0) -> dict[str, Any]:
        """Refuse the next calls for calling too often."""
        words = f"(#{code}) Calls to this api have exceeded the rate limit."
        self.throttled = [Refused(code, words, minutes=minutes) for _ in range(times)]
        return {}

    def play_hurry(self, on: bool = True) -> dict[str, Any]:
        """Deliver echoes before the call that sends has its answer."""
        self.hurries = on
        return {}

    def play_hand_over(self, on: bool = True) -> dict[str, Any]:
        """Another app has the conversations: we only stand by. Off: it passes them to us."""
        self.elsewhere = on
        if not on:
            part = {"previous_owner_app_id": self._digits("other app"), "new_owner_app_id": self.app}
            for person, chat in self.chats.items():
                if chat.entries:
                    self._tell_messaging(person, {"pass_thread_control": part})
        return {}

    def play_gather(self, on: bool = True) -> dict[str, Any]:
        """Keep what happens from now on, and deliver it all in one batch with `on` False."""
        entries, self.batch = self.batch, [] if on else None
        if entries:
            self._post_body({"object": "page", "entry": entries})
        return {}

    def play_deliver(self, body: Any) -> dict[str, Any]:
        """Deliver any body, rightly signed: the dashboard's test, an unknown kind, a broken item."""
        self._post_body(body)
        return {}

    # ------------------------------------------------------------------------ finding one's way

    def _key(self, person: str) -> str:
        if person not in self.chats:
            raise PlayError(f"Nobody is called {person!r} here.")
        return person

    def _known(self, id: str) -> Item:
        item = self.items.get(id)
        if item is None or item.removed:
            raise PlayError("That is not there any more.")
        return item

    def _own(self, person: str, id: str) -> Item:
        item = self._known(id)
        if item.by != self._key(person):
            raise PlayError("Only who wrote it can do that.")
        return item

    def _entry_in(self, person: str, mid: str) -> Entry:
        for entry in self.chats[self._key(person)].entries:
            if entry.mid == mid and not entry.removed:
                return entry
        raise PlayError("That message is not there any more.")

    def _own_entry(self, person: str, mid: str) -> Entry:
        entry = self._entry_in(person, mid)
        if entry.by != person:
            raise PlayError("Only who wrote it can do that.")
        return entry

    def _newest_post(self) -> str:
        """Ours; the Page has one from the start."""
        posts = self._posts("published_posts")
        return posts[0].id if posts else str(self.play_post("The autumn shoes are here.", "boot")["id"])

    # -------------------------------------------------------------------- what customers see

    def scene(self, person: str) -> Scene:
        self._newest_post()
        posts = [item for item in self.items.values() if item.is_post]
        posts.sort(key=lambda item: item.at, reverse=True)
        chat = self.chats[self._key(person)]
        lines = [self._chat_line(entry, person) for entry in chat.entries]
        return Scene(
            posts=[self._post_view(item, person) for item in posts],
            chats=[ChatView(id=self.psid(person), title=COMPANY, lines=lines)],
        )

    def _post_view(self, item: Item, person: str) -> PostView:
        return PostView(
            id=item.id,
            author=self._from(item.by)["name"],
            text="" if item.removed else item.text,
            at=item.at,
            picture=item.picture,
            likes=len(item.likes) + item.more_likes,
            shares=item.shares,
            ours=not item.by,
            mine=item.by == person,
            liked="" in item.likes,
            removed=item.removed,
            comments=self._lines(item.id, "", person),
        )

    def _lines(self, post: str, top: str, person: str) -> list[Line]:
        """The comments under a post, or the replies under a comment. A hidden one is seen by who wrote it."""
        return [
            Line(
                id=item.id,
                author=self._from(item.by)["name"],
                text="" if item.removed else item.text,
                at=item.at,
                ours=not item.by,
                mine=item.by == person,
                picture=item.picture,
                likes=len(item.likes) + item.more_likes,
                liked="" in item.likes,
                hidden=item.hidden,
                edited=item.edited,
                removed=item.removed,
                replies=[] if top else self._lines(post, item.id, person),
            )
            for item in self.items.values()
            if not item.is_post
            and item.post == post
            and item.top == top
            and (not item.hidden or item.by == person)
        ]

    def _chat_line(self, entry: Entry, person: str) -> Line:
        return Line(
            id=entry.mid,
            author=person_named(person).name if entry.by else COMPANY,
            text=entry.text,
            at=entry.at,
            ours=not entry.by,
            mine=bool(entry.by),
            picture=entry.picture,
            files=[url for url in entry.files if url != entry.picture],
            likes=len(entry.reactions),
            liked="" in entry.reactions,
            edited=bool(entry.edits),
            removed=entry.removed,
            state=entry.state,
        )

    def seen(self) -> dict[str, Any]:
        """What the Page wrote, likes and hides."""
        items = [item for item in self.items.values() if not item.removed]
        return {
            "comments": [
                {"id": i.id, "post": i.post, "parent": i.top, "text": i.text, "picture": i.picture}
                for i in items
                if not i.by and not i.is_post
            ],
            "messages": [
                {"id": e.mid, "person": key, "text": e.text, "files": e.files, "state": e.state}
                for key, chat in self.chats.items()
                for e in chat.entries
                if not e.by
            ],
            "liked": [item.id for item in items if "" in item.likes],
            "hidden": [item.id for item in items if item.hidden],
        }


# ------------------------------------------------------------------------------ on the wire


def as_meta_writes(body: Any) -> bytes:
    """JSON in Meta's own spelling, over which it signs: ASCII with \\u00e9, and \\/ for a slash."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def _given(call: Call) -> dict[str, Any]:
    """All parameters: query, JSON body or form; objects inside a form are JSON text."""
    given: dict[str, Any] = dict(call.query)
    parsed = call.json
    if isinstance(parsed, dict):
        return given | parsed
    for name, value in call.form.items():
        given[name] = _parsed(value) if value[:1] in ("{", "[") else value
    return given


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _append(entries: list[dict[str, Any]], entry: dict[str, Any], kind: str) -> None:
    """Add to a batch; what is of one kind and follows each other shares an entry."""
    if entries and kind in entries[-1]:
        entries[-1][kind] += entry[kind]
    else:
        entries.append(entry)


def _fields(text: Any) -> dict[str, Wanted]:
    """Read `id,likes.summary(true).limit(0),messages{id,from}`."""
    wanted, rest = _some_fields(str(text))
    if rest:
        raise Refused(2500, f"Syntax error at {rest[:20]!r}")
    return wanted


def _some_fields(text: str) -> tuple[dict[str, Wanted], str]:
    wanted: dict[str, Wanted] = {}
    while True:
        found = re.match(r"\s*([a-z_]+)((?:\.[a-z_]+\([^()]*\))*)", text)
        if not found:
            raise Refused(2500, f"Syntax error at {text[:20]!r}")
        arguments = dict(re.findall(r"\.([a-z_]+)\(([^()]*)\)", found[2]))
        text = text[found.end() :]
        inner: dict[str, Wanted] = {}
        if text.startswith("{"):
            inner, text = _some_fields(text[1:])
            if not text.startswith("}"):
                raise Refused(2500, "Syntax error: expected }")
            text = text[1:]
        wanted[found[1]] = Wanted(arguments, inner)
        if not text.startswith(","):
            return wanted, text
        text = text[1:]


def _shown(node: Node, wanted: dict[str, Wanted]) -> dict[str, Any]:
    """The asked fields of an object, and always its id; those without a value are left out."""
    shown: dict[str, Any] = {"id": node["id"](Wanted({}, {}))}
    for name, each in wanted.items():
        if name not in node:
            raise Refused(100, f"(#100) Tried accessing nonexisting field ({name})")
        value = node[name](each)
        if value is not None:
            shown[name] = value
    return shown


def _nested(rows: list[dict[str, Any]], total: int, wanted: Wanted) -> dict[str, Any]:
    """A list inside an object: `.limit(n)`, `.summary(true)`."""
    limit = int(wanted.arguments.get("limit", 25))
    nested: dict[str, Any] = {"data": rows[:limit]}
    if wanted.arguments.get("summary") == "true":
        nested["summary"] = {"total_count": total}
    return nested


def _attachments(message: dict[str, Any]) -> list[dict[str, Any]]:
    several = message.get("attachments")
    if isinstance(several, list):
        return [_record(each) for each in several]
    return [_record(message["attachment"])] if message.get("attachment") else []


def _photo_attachment(url: str) -> dict[str, Any]:
    return {"type": "photo", "media": {"image": {"src": url}}, "url": url}


def _check_length(name: str, text: str, most: int) -> None:
    if len(text) > most:
        raise Refused(100, f"(#100) Length of param {name} must be less than or equal to {most}")


def _demand_words(text: str, picture: str) -> None:
    if not text.strip() and not picture:
        raise PlayError("Write something first.")


def _record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _true(value: Any) -> bool:
    return str(value).lower() in ("true", "1")


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _from_cursor(cursor: Any) -> str:
    try:
        return base64.urlsafe_b64decode(str(cursor)).decode()
    except ValueError:
        return ""


simulator = Facebook

"""Instagram: one professional account, its posts, comments and direct messages.

Graph API by the account's own token (Instagram Login) or by its Page's token (Facebook Login);
webhooks signed over escaped ASCII JSON, in each shape Meta is known to use.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

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
USERNAME = "acme"
WINDOW = timedelta(hours=24)
HUMAN_AGENT_WINDOW = timedelta(days=7)
PRIVATE_REPLY_WINDOW = timedelta(days=7)
TOKEN_LIVES = timedelta(days=60)
TOKEN_MATURES = timedelta(days=1)
MOST_BYTES = 1000
MOST_COMMENT = 300
MOST_READABLE = 20
MOST_PICTURES = 10
BY_INSTAGRAM, BY_FACEBOOK = "instagram", "facebook"
FIELDS_OF_BOTH = frozenset(
    {
        "comments",
        "live_comments",
        "messages",
        "message_reactions",
        "message_edit",
        "messaging_seen",
        "messaging_postbacks",
        "messaging_referral",
        "messaging_optins",
        "messaging_handover",
        "standby",
    }
)
FIELDS: Mapping[str, frozenset[str]] = {
    BY_INSTAGRAM: FIELDS_OF_BOTH | {"message_echoes"},
    BY_FACEBOOK: FIELDS_OF_BOTH | {"mentions", "story_insights"},
}
PAGE_FIELDS = frozenset(
    {
        "feed",
        "mention",
        "messages",
        "message_echoes",
        "message_reactions",
        "message_reads",
        "messaging_postbacks",
        "messaging_referrals",
        "standby",
    }
)
FIELD_OF = {
    "message": "messages",
    "message_edit": "message_edit",
    "read": "messaging_seen",
    "reaction": "message_reactions",
    "postback": "messaging_postbacks",
    "referral": "messaging_referral",
}


SCOPES = (
    "instagram_basic",
    "instagram_manage_comments",
    "instagram_manage_messages",
    "pages_show_list",
    "pages_read_engagement",
    "pages_manage_metadata",
    "pages_messaging",
)


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
    """A post or a comment. `by` is the customer's key, empty for us; `top` the comment a reply hangs
    under; `live` what is said under a broadcast; `more_likes` come from people outside the cast."""

    id: str
    by: str
    text: str
    at: datetime
    post: str
    top: str = ""
    picture: str = ""
    likes: set[str] = field(default_factory=set)
    more_likes: int = 0
    hidden: bool = False
    removed: bool = False
    live: bool = False
    answered_privately: bool = False

    @property
    def is_post(self) -> bool:
        return self.id == self.post


@dataclass(slots=True)
class Entry:
    """A private message. `by` is the customer's key, empty for us; `about` the one it answers."""

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
    """Our chat with one customer; `last_in` opens the window in which we may write."""

    entries: list[Entry] = field(default_factory=list)
    last_in: datetime | None = None
    blocked: bool = False


@dataclass(slots=True)
class Wanted:
    """What is asked of one field: `messages.limit(20){id,from}`."""

    arguments: dict[str, str]
    inner: dict[str, Wanted]


Node = Mapping[str, Callable[[Wanted], Any]]
Row = tuple[str, Node]


class Instagram(Simulator):
    name = "instagram"
    label = "Instagram"
    short = "ig"
    colour = "#c13584"
    offers = frozenset({"comment", "mention", "message", "remove", "react", "read"})

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.hook_url = ""
        self.app_fields: list[str] = []
        self.account_fields: list[str] = []
        self.page_fields: list[str] = []
        self.items: dict[str, Item] = {}
        self.chats = {person.key: Chat() for person in (*CUSTOMERS, OUTSIDER)}
        self.issued = self.clock.now() - 2 * TOKEN_MATURES
        self.dead = 0
        self.throttled: list[Refused] = []
        self.hurries = False
        self.restored = False
        self.elsewhere = False
        self.scopes = [*SCOPES]
        self.codes: dict[str, str] = {}
        self.flat = False
        self.id_keys: tuple[str, ...] = ("id",)
        self.broadcasting = False
        self.batch: list[dict[str, Any]] | None = None
        self._by_id = {self.igsid(person.key): person.key for person in (*CUSTOMERS, OUTSIDER)}

    # ------------------------------------------------------------------------- its data

    def accounts(self) -> list[DemoAccount]:
        """The account by Instagram Login."""
        credentials = {
            "access_token": self.token,
            "app_secret": self.secret,
            "verify_token": self.verify_token,
            "app_id": self.app,
            "instagram_app_id": self.app,
        }
        return [DemoAccount(COMPANY, self.account, credentials)]

    def by_facebook(self) -> DemoAccount:
        """The same account by Facebook Login."""
        mine = self.accounts()[0]
        credentials = {**mine.credentials, "access_token": self.page_token, "page_id": self.page}
        return DemoAccount(mine.name, mine.external_id, credentials)

    @property
    def account(self) -> str:
        return "1784" + self._digits("account")[-13:]

    @property
    def page(self) -> str:
        return self._digits("page")

    @property
    def app(self) -> str:
        return self._digits("app")

    @property
    def secret(self) -> str:
        return self.ids.stable("instagram", "secret", size=32)

    @property
    def token(self) -> str:
        return "IGAA" + self.ids.stable("instagram", "token", size=40)

    @property
    def page_token(self) -> str:
        return "EAAB" + self.ids.stable("instagram", "page token", size=40)

    @property
    def verify_token(self) -> str:
        return "acme-" + self.ids.stable("instagram", "verify", size=12)

    def igsid(self, person: str) -> str:
        """The id of a customer for this account; the same under a post and in a chat."""
        return self._digits("igsid", person) if person else self.account

    def _digits(self, *words: str) -> str:
        return str(10**15 + int(self.ids.stable("instagram", *words), 16) % 10**15)

    def restore(self, external_id: str, hook_url: str) -> None:
        """Chats of an earlier run are taken for open."""
        if external_id == self.account:
            self.hook_url, self.restored = hook_url, True
            self.account_fields = sorted(FIELDS[BY_INSTAGRAM])

    # ------------------------------------------------------------------------- its API

    def answer(self, call: Call) -> Reply:
        words = [word for word in call.path.split("/") if word]
        if words and re.fullmatch(r"v\d+\.\d+", words[0]):
            words = words[1:]
        given = _given(call)
        try:
            if words in (["oauth", "authorize"], ["dialog", "oauth"]):
                return self._consent(given)
            if words[-1:] == ["access_token"]:
                return Reply(200, self._hand_out_token(given, words), self._usage(0))
            login = self._admit(call, given, words)
            return Reply(200, self._answer(call, words, given, login), self._usage(0))
        except Refused as refused:
            return self._error(refused)

    def _answer(self, call: Call, words: list[str], given: dict[str, Any], login: str) -> dict[str, Any]:
        me = self.page if login == BY_FACEBOOK else self.account
        words = [me, *words[1:]] if words[:1] == ["me"] else words
        match call.method, words:
            case "GET", ["refresh_access_token"]:
                return self._refresh(given, login)
            case "GET", ["debug_token"]:
                known = given.get("input_token") == self.page_token and not self.dead
                data = {"app_id": self.app, "type": "PAGE", "is_valid": known, "expires_at": 0}
                return {"data": {**data, "scopes": self.scopes}}
            case "POST", [own, "take_thread_control"] if own == me:
                self.elsewhere = False
                return {"success": True}
            case "GET", [self.page] if login == "person":
                return {"id": self.page, "access_token": self.page_token}
            case "POST", [self.app, "subscriptions"]:
                return self._set_callback(given)
            case method, [own, "subscribed_apps"] if own == me:
                return self._subscriptions(method, given, login)
            case "GET", [own] if own == me or own == self.account:
                node = self._page_node() if own == self.page else self._account_node()
                return _shown(node, _fields(given.get("fields", "id")))
            case "POST", [own, "messages"] if own == me:
                return self._send(given)
            case "GET", [own, "conversations"] if own == me:
                return self._conversations(call, given)
            case "POST", [self.account, "mentions"]:
                return self._answer_mention(given)
            case "GET", [self.account, "media"]:
                return self._edge(call, given, [(i.id, self._media_node(i)) for i in self._posts()])
            case _, [id, *edge]:
                return self._on_object(call, id, edge, given)
        raise Refused(2500, "Unknown path components")

    def _on_object(self, call: Call, id: str, edge: list[str], given: dict[str, Any]) -> dict[str, Any]:
        match call.method, edge:
            case "GET", []:
                return self._read(id, given)
            case "POST", []:
                return self._hide(self._item(id, make=True), call)
            case "DELETE", []:
                return self._delete(self._item(id, make=True))
            case "GET", ["comments" | "replies" as name]:
                under = self._under(id, name)
                rows = [(i.id, self._comment_node(i)) for i in self._below(under)]
                return self._edge(call, given, rows)
            case "POST", ["comments" | "replies" as name]:
                under = self._under(id, name)
                return {"id": self._write(under, given).id}
        raise Refused(2500, f"Unknown path components: /{'/'.join(edge)}")

    # ------------------------------------------------------------------------ who may call

    def _admit(self, call: Call, given: dict[str, Any], words: list[str]) -> str:
        """Which login the call is made with. Raises `Refused`."""
        token = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = token or str(given.get("access_token", ""))
        if not token:
            raise Refused(104, "An access token is required to request this resource.")
        if token == f"{self.app}|{self.secret}":
            return "app"
        if token == f"{self.page_token}p":
            return "person"
        if token not in (self.token, self.page_token):
            raise Refused(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        login = BY_INSTAGRAM if token == self.token else BY_FACEBOOK
        if self.dead:
            raise Refused(190, "Error validating access token", self.dead, status=401)
        if login == BY_INSTAGRAM and self.clock.now() > self.issued + TOKEN_LIVES:
            raise Refused(190, "Error validating access token: Session has expired", 463, status=401)
        proof = given.get("appsecret_proof")
        if proof is not None and proof != hmac_sha256_hex(self.secret, token.encode()):
            raise Refused(100, "Invalid appsecret_proof provided in the API argument")
        if words[-1:] == ["subscriptions"]:
            raise Refused(15, "(#15) This method must be called with an app access_token.")
        if self.throttled:
            raise self.throttled.pop()
        return login

    def _error(self, refused: Refused) -> Reply:
        error: dict[str, Any] = {
            "message": str(refused),
            "type": "IGApiException" if refused.code == 10 else "OAuthException",
            "code": refused.code,
            "is_transient": refused.code in (1, 2),
            "fbtrace_id": self.ids.name("A"),
        }
        if refused.sub:
            error["error_subcode"] = refused.sub
        return Reply(refused.status, {"error": error}, self._usage(refused.minutes))

    def _usage(self, minutes: int) -> dict[str, str]:
        """Meta's own rate header, in percent; the last figure is in minutes."""
        case = {
            "type": "instagram",
            "call_count": 100 if minutes else 1,
            "total_cputime": 1,
            "total_time": 1,
            "estimated_time_to_regain_access": minutes,
        }
        return {"X-Business-Use-Case-Usage": json.dumps({self.account: [case]})}

    def _consent(self, given: dict[str, Any]) -> Reply:
        """The consent page of either login, at which everybody says yes at once."""
        if given.get("client_id") != self.app or not given.get("scope"):
            raise Refused(100, "(#100) Invalid app ID or scope")
        code = self.ids.name("AQ")
        self.codes[code] = str(given.get("redirect_uri"))
        back = urlencode({"state": given.get("state", ""), "code": code})
        return Reply(302, b"", {"Location": f"{given['redirect_uri']}?{back}#_"})

    def _hand_out_token(self, given: dict[str, Any], words: list[str]) -> dict[str, Any]:
        """A short token for a code, once; for that a long one. Instagram wraps its answer in a list."""
        if given.get("client_secret") != self.secret:
            raise Refused(1, "Error validating client secret.")
        by_instagram = given.get("grant_type") in ("authorization_code", "ig_exchange_token")
        token = self.token if by_instagram else f"{self.page_token}p"
        if given.get("code"):
            if self.codes.pop(str(given["code"]), None) != given.get("redirect_uri"):
                raise Refused(100, "This authorization code has been used", 36009)
            short = {"access_token": f"{token}s"}
            return {"data": [{**short, "user_id": self.account}]} if by_instagram else short
        if f"{token}s" not in (given.get("access_token"), given.get("fb_exchange_token")):
            raise Refused(190, "Invalid OAuth access token", status=401)
        return {"access_token": token, "token_type": "bearer", "expires_in": 5183944}

    def _refresh(self, given: dict[str, Any], login: str) -> dict[str, Any]:
        """A token of Instagram Login lives sixty days more, once it is a day old."""
        if login != BY_INSTAGRAM or given.get("grant_type") != "ig_refresh_token":
            raise Refused(100, "(#100) Invalid parameter: grant_type")
        if self.clock.now() - self.issued < TOKEN_MATURES:
            raise Refused(100, "(#100) The access token is not old enough to be refreshed")
        self.issued = self.clock.now()
        lives = int(TOKEN_LIVES.total_seconds()) - 56
        return {"access_token": self.token, "token_type": "bearer", "expires_in": lives}

    # --------------------------------------------------------------------------- connecting

    def _set_callback(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("object") != "instagram":
            raise Refused(100, "(#100) Invalid parameter: object")
        fields = _checked_names(given.get("fields"), FIELDS[BY_INSTAGRAM] | FIELDS[BY_FACEBOOK])
        if not self._shakes_hands(str(given.get("callback_url", "")), str(given.get("verify_token", ""))):
            raise Refused(2200, "(#2200) Callback verification failed")
        self.app_fields = fields
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

    def _subscriptions(self, method: str, given: dict[str, Any], login: str) -> dict[str, Any]:
        known = PAGE_FIELDS if login == BY_FACEBOOK else FIELDS[BY_INSTAGRAM]
        if method == "GET":
            names = self.page_fields if login == BY_FACEBOOK else self.account_fields
            app = {"id": self.app, "name": f"{COMPANY} desk", "subscribed_fields": names}
            return {"data": [app] if names else []}
        names = [] if method == "DELETE" else _checked_names(given.get("subscribed_fields"), known)
        if login == BY_FACEBOOK:
            self.page_fields = names
        else:
            self.account_fields = names
        return {"success": True}

    def _account_node(self) -> Node:
        return {
            "id": lambda w: self._digits("app-scoped"),
            "user_id": lambda w: self.account,
            "username": lambda w: USERNAME,
            "name": lambda w: COMPANY,
            "account_type": lambda w: "BUSINESS",
            "profile_picture_url": lambda w: None,
            "mentioned_comment": lambda w: self._mentioned(w, "comment_id"),
            "mentioned_media": lambda w: self._mentioned(w, "media_id"),
        }

    def _page_node(self) -> Node:
        own: Node = {
            "id": lambda w: self.account,
            "username": lambda w: USERNAME,
            "name": lambda w: COMPANY,
        }
        return {
            "id": lambda w: self.page,
            "name": lambda w: COMPANY,
            "instagram_business_account": lambda w: _shown(own, w.inner),
        }

    # ------------------------------------------------------------------------------ reading

    def _read(self, id: str, given: dict[str, Any]) -> dict[str, Any]:
        if id in self._by_id:
            return self._profile(id, given)
        if id.startswith("aWdf"):
            person, entry = self._entry(id)
            if entry not in self.chats[person].entries[-MOST_READABLE:]:
                raise Refused(9000001, "This message is deleted or too old to be read.")
            return _shown(self._entry_node(person, entry), _fields(given.get("fields", "id,created_time")))
        item = self._item(id)
        if self.items[item.post].by:
            raise _not_there(id)
        node = self._media_node(item) if item.is_post else self._comment_node(item)
        return _shown(node, _fields(given.get("fields", "id")))

    def _profile(self, id: str, given: dict[str, Any]) -> dict[str, Any]:
        """Only of somebody who wrote privately."""
        person = person_named(self._by_id[id])
        if not self.chats[person.key].last_in and not self.restored:
            raise Refused(230, "(#230) User consent is required to access user profile")
        node: Node = {
            "id": lambda w: id,
            "name": lambda w: person.name,
            "username": lambda w: person.handle,
            "profile_pic": lambda w: None,
        }
        return _shown(node, _fields(given.get("fields", "id,name")))

    def _mentioned(self, wanted: Wanted, key: str) -> dict[str, Any]:
        """A post or comment of somebody else that mentions us; those alone can be read this way."""
        item = self._item(wanted.arguments.get(key, ""))
        if f"@{USERNAME}" not in item.text or item.is_post != (key == "media_id"):
            raise _not_there(item.id)
        node = self._media_node(item) if item.is_post else self._comment_node(item)
        return _shown(node, wanted.inner)

    def _media_node(self, item: Item) -> Node:
        return {
            "id": lambda w: item.id,
            "caption": lambda w: item.text or None,
            "media_type": lambda w: "IMAGE",
            "media_product_type": lambda w: "FEED",
            "media_url": lambda w: item.picture or None,
            "thumbnail_url": lambda w: None,
            "permalink": lambda w: f"https://www.instagram.com/p/{item.id}/",
            "timestamp": lambda w: _iso(item.at),
            "username": lambda w: self._username(item.by),
            "owner": lambda w: None if item.by else {"id": self.account},
            "like_count": lambda w: len(item.likes) + item.more_likes,
            "comments_count": lambda w: len(self._all_below(item)),
        }

    def _comment_node(self, item: Item) -> Node:
        replies = self._below(item)
        return {
            "id": lambda w: item.id,
            "text": lambda w: item.text,
            "timestamp": lambda w: _iso(item.at),
            "username": lambda w: self._username(item.by),
            "from": lambda w: self._from(item.by),
            "hidden": lambda w: item.hidden,
            "like_count": lambda w: len(item.likes) + item.more_likes,
            "parent_id": lambda w: item.top or None,
            "media": lambda w: _shown(self._media_node(self.items[item.post]), w.inner),
            "replies": lambda w: {"data": [_shown(self._comment_node(i), w.inner) for i in replies]},
        }

    def _conversations(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("platform", "instagram") != "instagram":
            return {"data": []}
        wanted = given.get("user_id")
        people = [key for key, chat in self.chats.items() if chat.entries]
        if wanted is not None:
            people = [key for key in people if self.igsid(key) == str(wanted)]
        people.sort(key=lambda key: self.chats[key].entries[-1].at, reverse=True)
        return self._edge(call, given, [(key, self._chat_node(key)) for key in people])

    def _chat_node(self, person: str) -> Node:
        entries = self.chats[person].entries
        visible = [entry for entry in reversed(entries) if not entry.removed]
        return {
            "id": lambda w: f"aWdfZA{self.igsid(person)}",
            "updated_time": lambda w: _iso(entries[-1].at) if entries else None,
            "participants": lambda w: {"data": [self._from(person), self._from("")]},
            "messages": lambda w: {
                "data": [_shown(self._entry_node(person, e), w.inner) for e in visible[: _limit(w)]]
            },
        }

    def _entry_node(self, person: str, entry: Entry) -> Node:
        other = "" if entry.by else person
        files = [{"id": _cursor(url), "file_url": url} for url in entry.files]
        return {
            "id": lambda w: entry.mid,
            "created_time": lambda w: _iso(entry.at),
            "from": lambda w: self._from(entry.by),
            "to": lambda w: {"data": [self._from(other)]},
            "message": lambda w: entry.text,
            "attachments": lambda w: {"data": files} if files else None,
        }

    def _edge(self, call: Call, given: dict[str, Any], rows: list[Row]) -> dict[str, Any]:
        """A page of a list. The last page has no `next`, the others its whole address."""
        limit = min(int(given.get("limit", 25)), 50)
        keys = [key for key, _node in rows]
        after = _from_cursor(given.get("after"))
        start = keys.index(after) + 1 if after in keys else 0
        page = rows[start : start + limit]
        fields = _fields(given.get("fields", "id"))
        paging: dict[str, Any] = {}
        if page:
            paging["cursors"] = {"before": _cursor(page[0][0]), "after": _cursor(page[-1][0])}
        if start + limit < len(rows):
            query = {**call.query, "after": _cursor(page[-1][0])}
            query.pop("access_token", None)
            paging["next"] = f"{self.url}{call.path}?{urlencode(query)}"
        return {"data": [_shown(node, fields) for _key, node in page], "paging": paging}

    def _from(self, person: str) -> dict[str, str]:
        return {"id": self.igsid(person), "username": self._username(person)}

    def _username(self, person: str) -> str:
        return person_named(person).handle if person else USERNAME

    def _posts(self) -> list[Item]:
        posts = [i for i in self.items.values() if i.is_post and not i.by and not i.removed]
        return sorted(posts, key=lambda i: i.at, reverse=True)

    def _below(self, under: Item) -> list[Item]:
        """The comments right under a post, the replies under a comment."""
        there = [i for i in self.items.values() if not i.is_post and not i.removed]
        if under.is_post:
            return [i for i in there if i.post == under.id and not i.top]
        return [i for i in there if i.top == under.id]

    def _all_below(self, post: Item) -> list[Item]:
        return [i for i in self.items.values() if i.post == post.id and i.id != post.id and not i.removed]

    def _item(self, id: str, *, make: bool = False) -> Item:
        """The post or comment of this id. `make` takes a well-formed unknown one for an old one."""
        item = self.items.get(id)
        if item is None and make and re.fullmatch(r"17[89]\d{16,}", id):
            item = self._old(id)
        if item is None or item.removed:
            raise _not_there(id)
        return item

    def _old(self, id: str) -> Item:
        post = id if id.startswith("179") else f"179{10**15}"
        if post not in self.items:
            self.items[post] = Item(post, "", "", self.clock.now(), post)
        if id != post:
            self.items[id] = Item(id, OUTSIDER.key, "", self.clock.now(), post)
        return self.items[id]

    def _under(self, id: str, edge: str) -> Item:
        """`comments` belong to posts, `replies` to comments that are no replies themselves."""
        item = self._item(id, make=True)
        if item.is_post != (edge == "comments"):
            raise Refused(100, f"(#100) Tried accessing nonexisting field ({edge})")
        if item.top:
            raise Refused(100, "(#100) Replies are one level deep")
        return item

    def _entry(self, mid: str) -> tuple[str, Entry]:
        for key, chat in self.chats.items():
            for entry in chat.entries:
                if entry.mid == mid:
                    return key, entry
        raise _not_there(mid)

    # ----------------------------------------------------------------------- writing publicly

    def _write(self, under: Item, given: dict[str, Any]) -> Item:
        if self.items[under.post].by and f"@{USERNAME}" not in under.text:
            raise _not_there(under.id)
        return self._add_comment(under, "", _checked_comment(given))

    def _answer_mention(self, given: dict[str, Any]) -> dict[str, Any]:
        """Answer where somebody else's post or comment mentions us."""
        media = self._item(str(given.get("media_id", "")), make=True)
        under = self._item(str(given["comment_id"]), make=True) if given.get("comment_id") else media
        if f"@{USERNAME}" not in under.text and under.text:
            raise _not_there(under.id)
        return {"id": self._add_comment(under, "", _checked_comment(given)).id}

    def _add_comment(self, under: Item, by: str, text: str, *, live: bool = False) -> Item:
        item = Item(f"178{self.ids.number()}", by, text, self.clock.now(), under.post, live=live)
        item.top = "" if under.is_post else under.top or under.id
        self.items[item.id] = item
        self._tell_of_comment(item)
        return item

    def _hide(self, item: Item, call: Call) -> dict[str, Any]:
        """The parameter counts in the address only."""
        if "hide" not in call.query:
            raise Refused(100, "(#100) The parameter hide is required")
        if item.is_post or not item.by or self.items[item.post].by:
            raise Refused(100, "(#100) Only others' comments under own posts can be hidden")
        item.hidden = call.query["hide"] == "true"
        return {"success": True}

    def _delete(self, item: Item) -> dict[str, Any]:
        """With its replies. Nothing tells of it."""
        if item.is_post or self.items[item.post].by:
            raise Refused(10, "(#10) Application does not have permission for this action")
        self._take_away(item)
        return {"success": True}

    def _take_away(self, item: Item) -> None:
        for each in self.items.values():
            if item.id in (each.id, each.top, each.post):
                each.removed = True

    # ---------------------------------------------------------------------- writing privately

    def _send(self, given: dict[str, Any]) -> dict[str, Any]:
        recipient = _record(given.get("recipient"))
        if given.get("sender_action"):
            return self._sender_action(self._person(recipient), str(given["sender_action"]), given)
        message = _record(given.get("message"))
        if recipient.get("comment_id"):
            about = self._item(str(recipient["comment_id"]), make=True)
            self._check_private_reply(about, message)
            entry = self._composed(message)
            about.answered_privately = True
            person = about.by
        else:
            person = self._person(recipient)
            self._check_window(person, given)
            entry = self._composed(message)
            entry.about = str(_record(given.get("reply_to")).get("mid", ""))
            if entry.about and self._entry(entry.about)[0] != person:
                raise Refused(100, "(#100) The message is not of this chat", 2534015)
        self.chats[person].entries.append(entry)
        self._echo(person, entry)
        return {"recipient_id": self.igsid(person), "message_id": entry.mid}

    def _person(self, recipient: dict[str, Any]) -> str:
        person = self._by_id.get(str(recipient.get("id", "")))
        if person is None:
            raise Refused(100, "(#100) No matching Instagram user", 2534014)
        if self.chats[person].blocked:
            raise Refused(551, "(#551) This person isn't available right now.", 1545041)
        if self.elsewhere:
            raise Refused(100, "(#100) Your app is not the owner of this thread", 2534037)
        return person

    def _check_private_reply(self, about: Item, message: dict[str, Any]) -> None:
        """Once per comment and within seven days, text only; under a broadcast while it goes on."""
        if about.is_post or not about.by or self.items[about.post].by:
            raise Refused(100, "(#100) This comment cannot be answered privately", 2534025)
        late = self.clock.now() - about.at > PRIVATE_REPLY_WINDOW or (about.live and not self.broadcasting)
        if about.answered_privately or late:
            raise _outside_window()
        if not message.get("text") or _attachments(message):
            raise Refused(100, "(#100) A private reply is text only", 2534015)
        if self.chats[about.by].blocked:
            raise Refused(551, "(#551) This person isn't available right now.", 1545041)

    def _check_window(self, person: str, given: dict[str, Any]) -> None:
        kind, tag = given.get("messaging_type"), given.get("tag")
        if kind not in (None, "RESPONSE", "UPDATE", "MESSAGE_TAG"):
            raise Refused(100, "(#100) Param messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG")
        if (kind == "MESSAGE_TAG") != (tag is not None) or tag not in (None, "HUMAN_AGENT"):
            raise Refused(100, f"(#100) Param tag: {tag} is not supported")
        chat = self.chats[person]
        if chat.last_in is None:
            if self.restored and not chat.entries:
                return
            raise _outside_window()
        if self.clock.now() - chat.last_in > (HUMAN_AGENT_WINDOW if tag else WINDOW):
            raise _outside_window()

    def _composed(self, message: dict[str, Any]) -> Entry:
        text, attachments = str(message.get("text") or ""), _attachments(message)
        if bool(text) == bool(attachments):
            raise Refused(100, "(#100) A message is text or attachments, one of them", 2534015)
        if len(text.encode()) > MOST_BYTES:
            raise Refused(100, f"(#100) Length of param message[text] must be at most {MOST_BYTES}")
        if len(attachments) > MOST_PICTURES or (
            len(attachments) > 1 and any(each.get("type") != "image" for each in attachments)
        ):
            raise Refused(100, "(#100) Up to ten images go together", 2534015)
        entry = Entry(self.ids.name("aWdf"), "", self.clock.now(), text, state="sent")
        for attachment in attachments:
            self._attach(entry, attachment)
        return entry

    def _attach(self, entry: Entry, attachment: dict[str, Any]) -> None:
        """Files come from a public address; there is no upload."""
        kind = str(attachment.get("type", ""))
        if kind == "like_heart":
            entry.text = "❤️"
            return
        url = str(_record(attachment.get("payload")).get("url", ""))
        if kind not in ("image", "video", "audio", "file"):
            raise Refused(100, f"(#100) The type {kind} is not supported", 2018047)
        if not url.startswith(("http://", "https://")):
            raise Refused(100, "(#100) Failed to fetch the file from the url", 2018008)
        entry.files.append(url)
        if kind == "image" and not entry.picture:
            entry.picture = url

    def _sender_action(self, person: str, action: str, given: dict[str, Any]) -> dict[str, Any]:
        payload = _record(given.get("payload"))
        match action:
            case "typing_on" | "typing_off" | "mark_seen" if not given.get("message"):
                pass
            case "react" | "unreact":
                entry = self._entry(str(payload.get("message_id", "")))[1]
                entry.reactions.pop("", None)
                if action == "react":
                    entry.reactions[""] = str(payload.get("reaction", ""))
            case _:
                raise Refused(100, "(#100) Sender action and message cannot go together", 2018014)
        return {"recipient_id": self.igsid(person)}

    # ------------------------------------------------------------------------- its webhooks

    def _listening(self, name: str) -> list[str]:
        """The logins by which this field is delivered: by both, when both are set up."""
        logins = [BY_INSTAGRAM] if name in self.account_fields else []
        return logins + ([BY_FACEBOOK] if self.page_fields and name in self.app_fields else [])

    def _tell_of_comment(self, item: Item) -> None:
        post = self.items[item.post]
        mentions = f"@{USERNAME}" in item.text
        if post.by and not (mentions and item.by):
            return
        for login in self._listening("live_comments" if item.live else "comments"):
            if not post.by or login == BY_INSTAGRAM:
                name = "live_comments" if item.live else "comments"
                self._deliver_change(login, name, self._comment_value(item))
        if post.by and BY_FACEBOOK in self._listening("mentions"):
            self._deliver_change(BY_FACEBOOK, "mentions", {"media_id": post.id, "comment_id": item.id})

    def _comment_value(self, item: Item) -> dict[str, Any]:
        author = self._from(item.by)
        if not item.by:
            author["self_ig_scoped_id"] = self._digits("self")
        kind = "FEED" if not item.live else "IGTV"
        value: dict[str, Any] = {
            "from": author,
            "media": {"id": item.post, "media_product_type": kind},
            "text": item.text,
            **dict.fromkeys(self.id_keys, item.id),
        }
        return value | ({"parent_id": item.top} if item.top else {})

    def _echo(self, person: str, entry: Entry) -> None:
        """With Facebook Login echoes come with the messages, else by a field of their own."""
        message: dict[str, Any] = {"mid": entry.mid, "is_echo": True}
        if entry.text:
            message["text"] = entry.text
        if entry.about:
            message["reply_to"] = {"mid": entry.about}
        if entry.files:
            kind = "image" if entry.picture else "file"
            message["attachments"] = [{"type": kind, "payload": {"url": url}} for url in entry.files]
        item = {
            "sender": {"id": self.account},
            "recipient": {"id": self.igsid(person)},
            "timestamp": _milliseconds(entry.at),
            "message": message,
        }
        by_instagram = BY_INSTAGRAM in self._listening("message_echoes")
        logins = [BY_INSTAGRAM] if by_instagram else []
        logins += [each for each in self._listening("messages") if each == BY_FACEBOOK]
        for _login in logins:
            self._deliver("messaging", item, at_once=self.hurries)

    def _tell_messaging(self, person: str, part: dict[str, Any], at: datetime | None = None) -> None:
        item = {
            "sender": {"id": self.igsid(person)},
            "recipient": {"id": self.account},
            "timestamp": _milliseconds(at or self.clock.now()),
            **part,
        }
        for _login in self._listening(FIELD_OF[next(iter(part))]):
            self._deliver("standby" if self.elsewhere else "messaging", item)

    def _deliver_change(self, login: str, name: str, value: dict[str, Any]) -> None:
        """Instagram Login is documented to put a change flat on the entry; mostly it does not."""
        if self.flat and login == BY_INSTAGRAM:
            self._deliver_entry({"field": name, "value": value}, in_seconds=True)
        else:
            self._deliver("changes", {"field": name, "value": value})

    def _deliver(self, kind: str, item: dict[str, Any], *, at_once: bool = False) -> None:
        self._deliver_entry({kind: [item]}, in_seconds=kind == "changes", at_once=at_once)

    def _deliver_entry(self, part: dict[str, Any], *, in_seconds: bool, at_once: bool = False) -> None:
        """Changes carry seconds, messages milliseconds."""
        now = self.clock.now()
        time = int(now.timestamp()) if in_seconds else _milliseconds(now)
        entry = {"id": self.account, "time": time, **part}
        if self.batch is not None:
            self.batch.append(entry)
            return
        self._post_body({"object": "instagram", "entry": [entry]}, at_once=at_once)

    def _post_body(self, body: Any, *, at_once: bool = False) -> None:
        content = as_meta_writes(body)
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: f"sha256={hmac_sha256_hex(self.secret, content)}",
            "User-Agent": "facebookexternalua",
        }
        if at_once and self.hook_url:
            self.hooks.call("POST", self.hook_url, content, headers)
        else:
            self.hooks.send(self.hook_url, content, headers, signed=SIGNATURE)

    # ----------------------------------------------------------------- what customers do publicly

    def play_comment(
        self,
        person: str,
        text: str = "",
        post: str = "",
        parent: str = "",
        picture: str = "",
        live: bool = False,
    ) -> dict[str, Any]:
        """Comment under a post, or answer a comment; `live` under our broadcast."""
        if picture:
            raise PlayError(_("A comment on Instagram carries no picture."))
        _demand_words(text, "")
        under = self._known(parent or post or self._newest_post())
        return {"id": self._add_comment(under, self._key(person), text, live=live).id}

    def play_mention(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        """Mention us in a comment under a post of one's own."""
        _demand_words(text, "")
        text = text if f"@{USERNAME}" in text else f"@{USERNAME} {text}"
        post = self._foreign_post(person, "👟", picture)
        return {"id": self._add_comment(post, person, text).id, "post": post.id}

    def play_mention_in_caption(self, person: str, text: str, picture: str = "boot") -> dict[str, Any]:
        """Mention us under one's own picture; only Facebook Login is told of it."""
        post = self._foreign_post(person, text, picture)
        if BY_FACEBOOK in self._listening("mentions"):
            self._deliver_change(BY_FACEBOOK, "mentions", {"media_id": post.id})
        return {"id": post.id}

    def _foreign_post(self, person: str, text: str, picture: str) -> Item:
        id = f"179{self.ids.number()}"
        at = self.clock.now()
        self.items[id] = Item(id, self._key(person), text, at, id, picture=self.picture(picture))
        return self.items[id]

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        """Unsend a message, or delete a comment: of that nothing is told."""
        if not id.startswith("aWdf"):
            self._take_away(self._own(person, id))
            return {"id": id}
        entry = self._own_entry(person, id)
        entry.removed, entry.text = True, ""
        self._tell_messaging(person, {"message": {"mid": id, "is_deleted": True}})
        return {"id": id}

    def play_react(self, person: str, id: str, reaction: str = "love", on: bool = True) -> dict[str, Any]:
        """React to a message; a like of a post or comment is told to nobody."""
        if not id.startswith("aWdf"):
            likes = self._known(id).likes
            (likes.add if on else likes.discard)(self._key(person))
            return {"id": id}
        entry = self._entry_in(person, id)
        part: dict[str, Any] = {"mid": id, "action": "react" if on else "unreact"}
        entry.reactions.pop(person, None)
        if on:
            loved = reaction in ("love", "like", "❤️")
            entry.reactions[person] = "❤️" if loved else reaction
            part |= {"reaction": "love" if loved else "other", "emoji": entry.reactions[person]}
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
        """Send a message of any kind: a shared post, a reel, a heart, what cannot be shown …"""
        at = self.clock.now()
        entry = Entry(self.ids.name("aWdf"), self._key(person), at, str(message.get("text", "")))
        for attachment in _attachments(message):
            payload = _record(attachment.get("payload"))
            url = str(payload.get("url") or payload.get("story_media_url") or "")
            if url:
                entry.files.append(url)
            if attachment.get("type") == "image":
                entry.picture = url
        self._take_in(person, entry)
        self._tell_messaging(person, {"message": {"mid": entry.mid, **message}}, entry.at)
        return {"id": entry.mid}

    def play_story_mention(self, person: str, picture: str = "boot") -> dict[str, Any]:
        """Mention us in a story: it comes as a message."""
        url = self.picture(picture)
        return self.play_raw(person, {"attachments": [{"type": "story_mention", "payload": {"url": url}}]})

    def play_story_reply(self, person: str, text: str, picture: str = "sandal") -> dict[str, Any]:
        """Answer our story."""
        story = {"url": self.picture(picture), "id": f"179{self.ids.number()}"}
        return self.play_raw(person, {"text": text, "reply_to": {"story": story}})

    def play_share(self, person: str, post: str = "", both: bool = True) -> dict[str, Any]:
        """Pass on a post; while Meta changes over it comes as two attachments."""
        item = self._known(post or self._newest_post())
        shared = {"type": "share", "payload": {"url": item.picture or self.url}}
        payload = {"ig_post_media_id": item.id, "title": item.text, "url": item.picture or self.url}
        new = {"type": "ig_post", "payload": payload}
        return self.play_raw(person, {"attachments": [shared, new] if both else [new]})

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        """Edit a message; a comment cannot be edited."""
        if not id.startswith("aWdf"):
            raise PlayError(_("A comment on Instagram cannot be edited."))
        entry = self._own_entry(person, id)
        entry.text, entry.edits = text, entry.edits + 1
        part = {"mid": id, "text": text, "num_edit": entry.edits}
        self._tell_messaging(person, {"message_edit": part})
        return {"id": id}

    def play_postback(self, person: str, title: str, payload: str) -> dict[str, Any]:
        """Press a button or an icebreaker."""
        entry = Entry(self.ids.name("aWdf"), self._key(person), self.clock.now(), title)
        self._take_in(person, entry)
        part = {"mid": entry.mid, "title": title, "payload": payload}
        self._tell_messaging(person, {"postback": part}, entry.at)
        return {"id": entry.mid}

    def play_referral(self, person: str, ref: str = "shop-window") -> dict[str, Any]:
        """Come into the chat by a link and write nothing."""
        part = {"ref": ref, "source": "IGME-SOURCE-LINK", "type": "OPEN_THREAD"}
        self._tell_messaging(self._key(person), {"referral": part})
        return {}

    def play_read(self, person: str) -> dict[str, Any]:
        """Open the chat; the newest message that was not seen before is told of."""
        unread = [e for e in self.chats[self._key(person)].entries if not e.by and e.state != "seen"]
        for entry in unread:
            entry.state = "seen"
        if unread:
            self._tell_messaging(person, {"read": {"mid": unread[-1].mid}})
        return {"seen": len(unread)}

    def play_leave(self, person: str) -> dict[str, Any]:
        """Block us."""
        self.chats[self._key(person)].blocked = True
        return {}

    def play_join(self, person: str) -> dict[str, Any]:
        self.chats[self._key(person)].blocked = False
        return {}

    def _take_in(self, person: str, entry: Entry) -> None:
        chat = self.chats[self._key(person)]
        chat.entries.append(entry)
        chat.last_in, chat.blocked = entry.at, False

    # --------------------------------------------------------------- what the company and Meta do

    def play_post(self, text: str, picture: str = "", likes: int = 0, shares: int = 0) -> dict[str, Any]:
        """The company posts; of that nothing is told."""
        id = f"179{self.ids.number()}"
        item = Item(id, "", text, self.clock.now(), id, picture=self.picture(picture), more_likes=likes)
        self.items[id] = item
        return {"id": id}

    def play_broadcast(self, on: bool = True) -> dict[str, Any]:
        """Go live, or stop."""
        self.broadcasting = on
        return {}

    def play_outside(self, text: str, person: str = "", id: str = "") -> dict[str, Any]:
        """The company answers in the app itself: a chat (`person`) or a comment (`id`)."""
        if id:
            return {"id": self._add_comment(self._known(id), "", text).id}
        entry = Entry(self.ids.name("aWdf"), "", self.clock.now(), text, state="sent")
        self.chats[self._key(person)].entries.append(entry)
        self._echo(person, entry)
        return {"id": entry.mid}

    def play_callback(self, url: str, verify_token: str = "") -> dict[str, Any]:
        """Enter the webhook's address in the dashboard and tick every field there."""
        if not self._shakes_hands(url, verify_token or self.verify_token):
            raise PlayError(_("The address did not give the challenge back."))
        self.app_fields = sorted(FIELDS[BY_FACEBOOK])
        return {}

    def play_shape(self, flat: bool = False, keys: str = "id") -> dict[str, Any]:
        """How comments are delivered: flat on the entry or in `changes`, with their id in one key or
        in both (`id`, `comment_id`, `id comment_id`)."""
        self.flat, self.id_keys = flat, tuple(keys.split())
        return {}

    def play_grant(self, name: str, on: bool = True) -> dict[str, Any]:
        """Give the Page's token a permission, or take it."""
        self.scopes = [*(each for each in self.scopes if each != name), *([name] if on else [])]
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """All tokens are dead: the password was changed."""
        self.dead = 460
        return {}

    def play_expire_token(self) -> dict[str, Any]:
        self.dead = 463
        return {}

    def play_young_token(self) -> dict[str, Any]:
        """The token was made just now."""
        self.issued = self.clock.now()
        return {}

    def play_throttle(
        self, times: int = 1, code: int = 613, sub: int = 2534040, minutes: int = 0
    ) -> dict[str, Any]:
        """Refuse the next calls for calling too often, or with any other error."""
        words = f"(#{code}) Calls to this api have exceeded the rate limit."
        self.throttled = [Refused(code, words, sub, minutes=minutes) for _each in range(times)]
        return {}

    def play_hurry(self, on: bool = True) -> dict[str, Any]:
        """Deliver echoes before the call that sends has its answer."""
        self.hurries = on
        return {}

    def play_hand_over(self, on: bool = True) -> dict[str, Any]:
        """Another app has the conversations: we only stand by."""
        self.elsewhere = on
        return {}

    def play_gather(self, on: bool = True) -> dict[str, Any]:
        """Keep what happens from now on, and deliver it all in one batch with `on` False."""
        entries, self.batch = self.batch, [] if on else None
        if entries:
            self._post_body({"object": "instagram", "entry": entries})
        return {}

    def play_deliver(self, body: Any) -> dict[str, Any]:
        """Deliver any body, rightly signed: the dashboard's test, an unknown kind, a broken item."""
        self._post_body(body)
        return {}

    # ------------------------------------------------------------------------ finding one's way

    def _key(self, person: str) -> str:
        if person not in self.chats:
            raise PlayError(_("Nobody is called “%(name)s” here.") % {"name": person})
        return person

    def _known(self, id: str) -> Item:
        item = self.items.get(id)
        if item is None or item.removed:
            raise PlayError(_("That is not there any more."))
        return item

    def _own(self, person: str, id: str) -> Item:
        item = self._known(id)
        if item.by != self._key(person):
            raise PlayError(_("Only who wrote it can do that."))
        return item

    def _entry_in(self, person: str, mid: str) -> Entry:
        for entry in self.chats[self._key(person)].entries:
            if entry.mid == mid and not entry.removed:
                return entry
        raise PlayError(_("That is not there any more."))

    def _own_entry(self, person: str, mid: str) -> Entry:
        entry = self._entry_in(person, mid)
        if entry.by != person:
            raise PlayError(_("Only who wrote it can do that."))
        return entry

    def _newest_post(self) -> str:
        """Ours; we have one from the start."""
        posts = self._posts()
        return posts[0].id if posts else str(self.play_post("The autumn shoes are here.", "boot")["id"])

    # -------------------------------------------------------------------- what customers see

    def scene(self, person: str) -> Scene:
        self._newest_post()
        posts = [item for item in self.items.values() if item.is_post]
        posts.sort(key=lambda item: item.at, reverse=True)
        lines = [self._chat_line(entry, person) for entry in self.chats[self._key(person)].entries]
        return Scene(
            posts=[self._post_view(item, person) for item in posts],
            chats=[ChatView(id=self.igsid(person), title=COMPANY, lines=lines)],
        )

    def _post_view(self, item: Item, person: str) -> PostView:
        return PostView(
            id=item.id,
            author=self._username(item.by),
            text="" if item.removed else item.text,
            at=item.at,
            picture=item.picture,
            likes=len(item.likes) + item.more_likes,
            ours=not item.by,
            mine=item.by == person,
            reacted=person in item.likes,
            removed=item.removed,
            comments=self._lines(item.id, "", person),
        )

    def _lines(self, post: str, top: str, person: str) -> list[Line]:
        """The comments under a post, or the replies under one. A hidden one is seen by who wrote it."""
        items = (i for i in self.items.values() if not i.is_post and (i.post, i.top) == (post, top))
        return [self._comment_line(item, person) for item in items if not item.hidden or item.by == person]

    def _comment_line(self, item: Item, person: str) -> Line:
        return Line(
            id=item.id,
            author=self._username(item.by),
            text="" if item.removed else item.text,
            at=item.at,
            ours=not item.by,
            mine=item.by == person,
            likes=len(item.likes),
            reacted=person in item.likes,
            hidden=item.hidden,
            removed=item.removed,
            replies=[] if item.top else self._lines(item.post, item.id, person),
        )

    def _chat_line(self, entry: Entry, person: str) -> Line:
        return Line(
            id=entry.mid,
            author=self._username(entry.by),
            text=entry.text,
            at=entry.at,
            ours=not entry.by,
            mine=bool(entry.by),
            picture=entry.picture,
            files=[url for url in entry.files if url != entry.picture],
            likes=len(entry.reactions),
            liked="" in entry.reactions,
            reacted=person in entry.reactions,
            edited=bool(entry.edits),
            removed=entry.removed,
            state=entry.state,
        )

    def seen(self) -> dict[str, Any]:
        """What we wrote and hid."""
        items = [item for item in self.items.values() if not item.removed]
        return {
            "comments": [
                {"id": i.id, "post": i.post, "parent": i.top, "text": i.text}
                for i in items
                if not i.by and not i.is_post
            ],
            "messages": [
                {"id": e.mid, "person": key, "text": e.text, "files": e.files, "state": e.state}
                for key, chat in self.chats.items()
                for e in chat.entries
                if not e.by
            ],
            "hidden": [item.id for item in items if item.hidden],
        }


# ------------------------------------------------------------------------------ on the wire


def as_meta_writes(body: Any) -> bytes:
    """JSON in Meta's own spelling, over which it signs: ASCII with \\u00e9, and \\/ for a slash."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def _given(call: Call) -> dict[str, Any]:
    """All parameters: query, JSON body or form; objects inside a form are JSON text."""
    given: dict[str, Any] = dict(call.query)
    if isinstance(call.json, dict):
        return given | call.json
    for name, value in call.form.items():
        given[name] = _parsed(value) if value[:1] in ("{", "[") else value
    return given


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _checked_names(given: Any, known: Iterable[str]) -> list[str]:
    """A list of fields; one unknown name fails the whole call."""
    names = given if isinstance(given, list) else str(given or "").split(",")
    for name in names:
        if name not in known:
            raise Refused(100, f"(#100) Param subscribed_fields: {name!r} is not one of the values")
    return sorted(names)


def _checked_comment(given: dict[str, Any]) -> str:
    text = str(given.get("message", ""))
    if not text.strip():
        raise Refused(100, "(#100) The parameter message is required")
    if len(text) > MOST_COMMENT:
        raise Refused(100, f"(#100) Length of param message must be less than or equal to {MOST_COMMENT}")
    if text.count("#") > 4 or len(re.findall(r"https?://", text)) > 1:
        raise Refused(100, "(#100) A comment has at most four hashtags and one address")
    return text


def _fields(text: Any) -> dict[str, Wanted]:
    """Read `id,replies{id,text},mentioned_comment.comment_id(17){text}`."""
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


def _limit(wanted: Wanted) -> int:
    return min(int(wanted.arguments.get("limit", 25)), MOST_READABLE)


def _attachments(message: dict[str, Any]) -> list[dict[str, Any]]:
    several = message.get("attachments")
    if isinstance(several, list):
        return [_record(each) for each in several]
    return [_record(message["attachment"])] if message.get("attachment") else []


def _not_there(id: str) -> Refused:
    words = f"Unsupported request. Object with ID '{id}' does not exist or cannot be loaded."
    return Refused(100, words, 33)


def _outside_window() -> Refused:
    return Refused(10, "(#10) This message is sent outside of allowed window.", 2534022, status=403)


def _demand_words(text: str, picture: str) -> None:
    if not text.strip() and not picture:
        raise PlayError(_("Write something first."))


def _record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


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


simulator = Instagram

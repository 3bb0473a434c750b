"""The Graph API of the account: which call does what, and who may make it."""

from __future__ import annotations

from typing import Any

from heed.sandbox.cast import COMPANY
from heed.sandbox.frame import Call, Reply
from heed.sandbox.meta.calls import names_in, token_of
from heed.sandbox.meta.errors import Refused
from heed.sandbox.meta.fields import asked, shown
from heed.sandbox.networks.instagram.account import (
    BY_FACEBOOK,
    BY_INSTAGRAM,
    FIELDS,
    PAGE_FIELDS,
    TOKEN_LIVES,
    TOKEN_MATURES,
)
from heed.sandbox.networks.instagram.acting import Acting
from heed.sandbox.networks.instagram.playing import MORE


class Instagram(Acting):
    name = "instagram"
    label = "Instagram"
    short = "ig"
    colour = "#c13584"
    offers = frozenset({"comment", "mention", "message", "choose", "remove", "react", "read"})
    bare = frozenset({"comment"})
    more = MORE

    def _answered(self, call: Call, words: list[str], given: dict[str, Any]) -> Reply:
        if words in (["oauth", "authorize"], ["dialog", "oauth"]):
            if given.get("client_id") != self.app or not given.get("scope"):
                raise Refused(100, "(#100) Invalid app ID or scope")
            return self._consent(given, "#_")
        if words[-1:] == ["access_token"]:
            return self._well(self._hand_out_token(given))
        login = self._admit(call, given, words)
        return self._well(self._answer(call, words, given, login))

    def _answer(self, call: Call, words: list[str], given: dict[str, Any], login: str) -> dict[str, Any]:
        me = self.page if login == BY_FACEBOOK else self.account
        words = [me, *words[1:]] if words[:1] == ["me"] else words
        if login == BY_INSTAGRAM:
            self._check_scopes(words, given)
        match call.method, words:
            case "GET", ["refresh_access_token"]:
                return self._refresh(given, login)
            case "GET", ["debug_token"]:
                known = given.get("input_token") == self.page_token and not self.dead
                data = {"app_id": self.app, "type": "PAGE", "is_valid": known, "expires_at": 0}
                return {"data": {**data, "scopes": self.scopes}}
            case "POST", [own, "take_thread_control" | "release_thread_control" as verb] if own == me:
                self.elsewhere = verb == "release_thread_control"
                return {"success": True}
            case "GET", [self.page] if login == "person":
                return {"id": self.page, "access_token": self.page_token}
            case "GET", [self.app, "subscriptions"]:
                return {"data": [{"object": self.about, "callback_url": self.hook_url, "active": True}]}
            case "POST", [self.app, "subscriptions"]:
                return self._set_callback(given)
            case method, [own, "subscribed_apps"] if own == me:
                return self._subscriptions(method, given, login)
            case "GET", [own] if own == me or own == self.account:
                node = self._page_node() if own == self.page else self._account_node()
                return shown(node, asked(given.get("fields", "id")))
            case "POST", [own, "messages"] if own == me:
                return self._send(given)
            case "GET", [own, "conversations"] if own == me:
                return self._conversations(call, given)
            case "POST", [self.account, "mentions"]:
                return self._answer_mention(given)
            case "GET", [self.account, "media"]:
                return self._edge(call, given, [(i.id, self._media_node(i)) for i in self._own_posts()])
            case "GET", [self.account, "tags"] if login == BY_FACEBOOK:
                tagged = [self.items[id] for id in reversed(self.tagged) if not self.items[id].removed]
                return self._edge(call, given, [(i.id, self._media_node(i)) for i in tagged])
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
        token = token_of(call, given)
        if not token:
            raise Refused(104, "An access token is required to request this resource.")
        if self._is_the_app(token):
            return "app"
        if token == f"{self.page_token}p":
            return "person"
        if token not in (self.token, self.page_token):
            raise Refused(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        login = BY_INSTAGRAM if token == self.token else BY_FACEBOOK
        if login == BY_INSTAGRAM and not self.dead and self.clock.now() > self.issued + TOKEN_LIVES:
            raise Refused(190, "Error validating access token: Session has expired", 463, status=401)
        self._check_token(token, given, words)
        return login

    def _check_scopes(self, words: list[str], given: dict[str, Any]) -> None:
        """A token of Instagram Login may do what was granted when signing in."""
        about = {
            "conversations": "messages",
            "messages": "messages",
            "comments": "comments",
            "replies": "comments",
        }
        name = about.get(words[-1] if words else "", "")
        if "comments" in asked(given.get("fields") or "id"):
            name = "comments"
        if name and f"instagram_business_manage_{name}" not in self.scopes:
            raise Refused(10, "(#10) Application does not have permission for this action", status=403)

    def _described(self, refused: Refused) -> dict[str, Any]:
        error = super()._described(refused)
        return error | ({"type": "IGApiException"} if refused.code == 10 else {})

    def _hand_out_token(self, given: dict[str, Any]) -> dict[str, Any]:
        """A short token for a code, once; for that a long one. Instagram wraps its answer in a list."""
        if given.get("client_secret") != self.secret:
            raise Refused(1, "Error validating client secret.")
        by_instagram = given.get("grant_type") in ("authorization_code", "ig_exchange_token")
        token = self.token if by_instagram else f"{self.page_token}p"
        if given.get("code"):
            self._redeem(given)
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

    def _subscriptions(self, method: str, given: dict[str, Any], login: str) -> dict[str, Any]:
        known = PAGE_FIELDS if login == BY_FACEBOOK else FIELDS[BY_INSTAGRAM]
        if method == "GET":
            names = self.page_fields if login == BY_FACEBOOK else self.account_fields
            app = {"id": self.app, "name": f"{COMPANY} desk", "subscribed_fields": names}
            return {"data": [app] if names else []}
        names = [] if method == "DELETE" else names_in(given.get("subscribed_fields"), known)
        if login == BY_FACEBOOK:
            self.page_fields = names
        else:
            self.account_fields = names
        return {"success": True}

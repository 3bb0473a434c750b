"""The Graph API of the Page: which call does what, and who may make it."""

from __future__ import annotations

import json
from typing import Any

from heed.sandbox.frame import Call, Reply
from heed.sandbox.meta.calls import names_in, record, token_of
from heed.sandbox.meta.errors import Refused
from heed.sandbox.meta.fields import asked, shown
from heed.sandbox.networks.facebook.acting import Acting
from heed.sandbox.networks.facebook.playing import MORE


class Facebook(Acting):
    name = "facebook"
    label = "Facebook"
    short = "f"
    colour = "#1877f2"
    offers = frozenset({"comment", "mention", "message", "choose", "edit", "remove", "react", "read"})
    more = MORE
    has_outlet = True

    def _answered(self, call: Call, words: list[str], given: dict[str, Any]) -> Reply:
        if words == ["dialog", "oauth"]:
            if given.get("client_id") != self.app or not given.get("redirect_uri"):
                return Reply(400, {"error": "Invalid app ID"})
            return self._consent(given)
        self._admit(call, given, words)
        return self._well(self._answer(call, words, given))

    def _answer(self, call: Call, words: list[str], given: dict[str, Any]) -> dict[str, Any]:
        words = [self.page, *words[1:]] if words[:1] == ["me"] else words
        match call.method, words:
            case "GET", ["debug_token"]:
                return self._debug(given)
            case "GET", ["oauth", "access_token"]:
                return self._hand_out_token(given)
            case "GET", [self.page, "accounts"]:
                page = {"id": self.page, "name": self.company, "access_token": self.token}
                return {"data": [page], "paging": {}}
            case "GET", ["app"]:
                return {"id": self.app, "name": f"{self.company} desk"}
            case "GET", [self.app, "subscriptions"]:
                return {
                    "data": [{"object": "page", "callback_url": self.hook_url, "active": bool(self.hook_url)}]
                }
            case "POST", [self.app, "subscriptions"]:
                return self._set_callback(given)
            case method, [self.page, "subscribed_apps"]:
                return self._subscriptions(method, given)
            case "GET", [self.page]:
                return shown(self._page_node(), asked(given.get("fields", "id,name")))
            case "POST", [self.page, "messages"]:
                return self._send(call, given)
            case (
                "POST",
                [self.page, "take_thread_control" | "pass_thread_control" | "release_thread_control" as verb],
            ):
                self._known_person(record(given.get("recipient")))
                self.elsewhere = verb != "take_thread_control"
                return {"success": True}
            case "POST", [self.page, "message_attachments"]:
                return {"attachment_id": self._keep_attachment(call, record(given.get("message")))}
            case "POST", [self.page, "photos"]:
                return self._photo(call, given)
            case "POST", [self.page, "feed"]:
                return {"id": self._own_post(str(given.get("message", "")), "").id}
            case "GET", [self.page, "feed" | "published_posts" | "visitor_posts" | "tagged" as edge]:
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
        token = token_of(call, given)
        if words == ["oauth", "access_token"] or (words == ["me", "accounts"] and token == self.user_token):
            return
        if not token:
            raise Refused(104, "An access token is required to request this resource.")
        if self._is_the_app(token):
            return
        if token != self.token:
            raise Refused(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        self._check_token(token, given, words)

    def _described(self, refused: Refused) -> dict[str, Any]:
        error = super()._described(refused)
        return error | ({"type": "GraphMethodException"} if refused.sub == 33 else {})

    def _usage(self, minutes: int) -> dict[str, str]:
        app = {"call_count": 100 if minutes else 1, "total_time": 1, "total_cputime": 1}
        return {"X-App-Usage": json.dumps(app), **super()._usage(minutes)}

    def _hand_out_token(self, given: dict[str, Any]) -> dict[str, Any]:
        """A short-lived user token for a code, once; the long-lived one for that."""
        if (given.get("client_id"), given.get("client_secret")) != (self.app, self.secret):
            raise Refused(1, "Error validating client secret.")
        if given.get("grant_type") == "fb_exchange_token":
            if given.get("fb_exchange_token") != f"{self.user_token}s":
                raise Refused(190, "Error validating access token")
            return {"access_token": self.user_token, "token_type": "bearer", "expires_in": 5183944}
        self._redeem(given)
        return {"access_token": f"{self.user_token}s", "token_type": "bearer", "expires_in": 5000}

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

    def _subscriptions(self, method: str, given: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "GET":
                app = {"id": self.app, "name": f"{self.company} desk", "subscribed_fields": self.subscribed}
                return {"data": [app] if self.subscribed else []}
            case "DELETE":
                self.subscribed = []
            case _:
                if "pages_manage_metadata" not in self.scopes:
                    raise Refused(200, "(#200) Requires pages_manage_metadata permission", status=403)
                self.subscribed = names_in(given.get("subscribed_fields"), self.fields)
        return {"success": True}

"""The Cloud API of the number: which call does what, and who may make it."""

from __future__ import annotations

from typing import Any

from heed.sandbox.cast import COMPANY
from heed.sandbox.frame import Call, Reply
from heed.sandbox.meta.calls import token_of
from heed.sandbox.meta.errors import Refused, not_there
from heed.sandbox.networks.whatsapp.acting import Acting
from heed.sandbox.networks.whatsapp.number import PHONE, SECOND_PHONE
from heed.sandbox.networks.whatsapp.playing import MORE
from heed.sandbox.networks.whatsapp.templates import TEMPLATES


class WhatsApp(Acting):
    name = "whatsapp"
    label = "WhatsApp"
    short = "w"
    colour = "#128c7e"
    offers = frozenset({"message", "choose", "edit", "remove", "react", "read"})
    more = MORE

    def _answered(self, call: Call, words: list[str], given: dict[str, Any]) -> Reply:
        self._admit(call, given, words)
        if words == ["whatsapp_business", "attachments"]:
            return self._download(given)
        return self._well(self._answer(call, words, given))

    def _answer(self, call: Call, words: list[str], given: dict[str, Any]) -> dict[str, Any]:
        match call.method, words:
            case "GET", ["app"]:
                return {"id": self.app, "name": f"{COMPANY} desk"}
            case "GET", ["debug_token"]:
                valid = given.get("input_token") == self.token and not self.dead
                data = {"app_id": self.app, "type": "SYSTEM_USER", "is_valid": valid, "expires_at": 0}
                return {"data": {**data, "scopes": self.scopes}}
            case "GET", [self.business, "message_templates"]:
                wanted = given.get("status")
                rows = [{**each, "status": self._status_of(each)} for each in TEMPLATES]
                rows = [each for each in rows if wanted in (None, "", each["status"])]
                return {"data": rows, "paging": {"cursors": {"before": "a", "after": "b"}}}
            case "GET", [self.app, "subscriptions"]:
                return {"data": [{"object": self.about, "callback_url": self.hook_url, "active": True}]}
            case "POST", [self.app, "subscriptions"]:
                return self._set_callback(given)
            case method, [self.business | self.second_business as business, "subscribed_apps"]:
                if "whatsapp_business_management" not in self.scopes:
                    raise Refused(200, "You do not have the necessary permissions", status=403)
                return self._subscriptions(method, business)
            case "GET", [self.business, "phone_numbers"]:
                return {"data": [self._number(self.number_id, PHONE)]}
            case "GET", [self.number_id]:
                return self._number(self.number_id, PHONE)
            case "GET", [self.second_number]:
                return self._number(self.second_number, SECOND_PHONE)
            case "POST", [self.number_id, "messages"]:
                return self._take(given)
            case "POST", [self.number_id, "media"]:
                return {"id": self._upload(call, given)}
            case "GET", [media] if media in self.files:
                return self._address_of(media, given)
            case "DELETE", [media] if media in self.files:
                del self.files[media]
                return {"success": True}
        raise not_there("/".join(words))

    def _number(self, id: str, phone: str) -> dict[str, Any]:
        return {
            "id": id,
            "verified_name": COMPANY,
            "display_phone_number": phone,
            "quality_rating": "GREEN",
            "throughput": {"level": "STANDARD"},
            "code_verification_status": "VERIFIED",
        }

    def _admit(self, call: Call, given: dict[str, Any], words: list[str]) -> None:
        token = token_of(call, given)
        if self._is_the_app(token):
            self._check_proof(token, given)
            self._slow_down()
            return
        if token != self.token:
            raise Refused(190, "Error validating access token: the session is invalid", 467, status=401)
        self._check_token(token, given, words)

    def _described(self, refused: Refused) -> dict[str, Any]:
        return super()._described(refused) | {
            "message": f"(#{refused.code}) {refused}",
            "error_data": {"messaging_product": "whatsapp", "details": str(refused)},
        }

    def _subscriptions(self, method: str, business: str) -> dict[str, Any]:
        if method == "GET":
            app = {"whatsapp_business_api_data": {"id": self.app, "name": f"{COMPANY} desk", "link": ""}}
            return {"data": [app] if business in self.subscribed else []}
        (self.subscribed.add if method == "POST" else self.subscribed.discard)(business)
        return {"success": True}

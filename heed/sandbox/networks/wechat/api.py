"""Its API: which call does what, who may make it, and the numbers of its refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.wechat.account import Chat, Entry, Stored
from heed.sandbox.networks.wechat.acting import Acting
from heed.sandbox.networks.wechat.playing import MORE

TOKEN_LIFE = timedelta(seconds=7200)
OVERLAP = timedelta(minutes=5)
TYPING = timedelta(seconds=15)
TEXT_BYTES = 2048
MEGABYTE = 1024 * 1024
FILES: dict[str, tuple[tuple[str, ...], int]] = {
    "image": (("image/jpeg", "image/png", "image/gif"), 10 * MEGABYTE),
    "voice": (("audio/amr", "audio/mpeg"), 2 * MEGABYTE),
    "video": (("video/mp4",), 10 * MEGABYTE),
    "thumb": (("image/jpeg",), 64 * 1024),
}
SENDING = "/cgi-bin/message/custom/send"
_WORDS = {
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40125: "invalid appsecret",
    40164: "invalid ip 203.0.113.7, not in whitelist",
    41001: "access_token missing",
    41005: "media data missing",
    42001: "access_token expired",
    44004: "empty content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45072: "invalid command",
    45080: "no message from the user lately",
    45081: "already typing",
    47001: "data format error",
    48001: "api unauthorized",
    76021: "cgi_path not found, please check",
}


class Refused(Exception):
    """An error code."""

    def __init__(self, code: int) -> None:
        super().__init__(_WORDS[code])
        self.code = code


class WeChat(Acting):
    name = "wechat"
    label = "WeChat"
    short = "wc"
    colour = "#087f43"
    offers = frozenset({"message"})
    more = MORE

    def answer(self, call: Call) -> Reply:
        try:
            match call.method, call.path:
                case "POST", "/cgi-bin/stable_token":
                    return _told(self._stable_token(_fields(call)))
                case "GET", "/cgi-bin/token":
                    return _told(self._old_token(call.query))
            method = self._methods.get((call.method, call.path))
            if method is None:
                return Reply(404, "Not found")
            self._admit(call.query.get("access_token", ""))
            answer = method(self, call)
            return answer if isinstance(answer, Reply) else _told(answer)
        except Refused as refused:
            return Reply(200, {"errcode": refused.code, "errmsg": f"{refused} rid: {self.ids.name()}"})

    def _stable_token(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The same token for all who ask; in its last five minutes the next one, while both hold."""
        self._check_secret(fields)
        now = self.clock.now()
        until = self.tokens.get(self.token, now)
        if fields.get("force_refresh") is True:
            self.tokens.clear()
        if fields.get("force_refresh") is True or until - now <= OVERLAP:
            self._make_token()
        return {
            "access_token": self.token,
            "expires_in": int((self.tokens[self.token] - now).total_seconds()),
        }

    def _old_token(self, query: Mapping[str, str]) -> dict[str, Any]:
        """The way of old: each call ends the token before it."""
        self._check_secret(query)
        self.tokens.clear()
        self._make_token()
        return {"access_token": self.token, "expires_in": int(TOKEN_LIFE.total_seconds())}

    def _make_token(self) -> None:
        self.token = self.ids.name("wx_")
        self.tokens[self.token] = self.clock.now() + TOKEN_LIFE

    def _check_secret(self, given: Mapping[str, Any]) -> None:
        if self.locked_out:
            raise Refused(40164)
        if given.get("grant_type") != "client_credential":
            raise Refused(40002)
        if given.get("appid") != self.credentials["app_id"]:
            raise Refused(40013)
        if given.get("secret") != self.credentials["app_secret"] or self.revoked:
            raise Refused(40125)

    def _admit(self, token: str) -> None:
        if not token:
            raise Refused(41001)
        if token not in self.tokens:
            raise Refused(40001)
        if self.tokens[token] <= self.clock.now():
            raise Refused(42001)

    def _quota(self, call: Call) -> dict[str, Any]:
        if _fields(call).get("cgi_path") != SENDING:
            raise Refused(76021)
        if self.unverified:
            raise Refused(48001)
        used = self.sent[self.today]
        left = self.daily_limit - used
        return {"quota": {"daily_limit": self.daily_limit, "used": used, "remain": left}}

    def _user(self, call: Call) -> dict[str, Any]:
        """Names and pictures are empty since the end of 2021."""
        person = self.people.get(call.query.get("openid", ""))
        if person is None:
            raise Refused(40003)
        openid = self.openid(person)
        if not self.chats[person.key].follows:
            return {"subscribe": 0, "openid": openid, "unionid": self.unionid(person)}
        return {
            "subscribe": 1,
            "openid": openid,
            "nickname": "",
            "headimgurl": "",
            "language": person.language,
            "subscribe_time": 1735689600,
            "unionid": self.unionid(person),
            "remark": self.remarks.get(person.key, ""),
            "tagid_list": [],
        }

    def _typing(self, call: Call) -> dict[str, Any]:
        fields = _fields(call)
        chat = self._chat_with(fields)
        now = self.clock.now()
        if fields.get("command") not in ("Typing", "CancelTyping"):
            raise Refused(45072)
        if chat.wrote_at is None or now - chat.wrote_at > timedelta(seconds=30):
            raise Refused(45080)
        begins = fields["command"] == "Typing"
        if begins and chat.typing_until is not None and now < chat.typing_until:
            raise Refused(45081)
        chat.typing_until = now + TYPING if begins else None
        return {}

    def _send(self, call: Call) -> dict[str, Any]:
        fields = _fields(call)
        chat = self._chat_with(fields)
        if self.unverified:
            raise Refused(48001)
        if self.sent[self.today] >= self.daily_limit:
            raise Refused(45009)
        entry = self._entry(fields)
        self._spend(chat)
        self.sent[self.today] += 1
        chat.entries.append(entry)
        chat.typing_until = None
        return {}

    def _chat_with(self, fields: dict[str, Any]) -> Chat:
        person = self.people.get(str(fields.get("touser", "")))
        if person is None:
            raise Refused(40003)
        return self.chats[person.key]

    def _entry(self, fields: dict[str, Any]) -> Entry:
        kind = fields.get("msgtype")
        entry = Entry(self.ids.name(), "", self.clock.now())
        given = fields.get(str(kind))
        if kind not in ("text", "image", "voice", "video"):
            raise Refused(40008)
        if not isinstance(given, dict):
            raise Refused(44004)
        if kind == "text":
            entry.text = _checked_text(given.get("content"))
            return entry
        stored = self._media(str(given.get("media_id", "")))
        if stored.kind != kind:
            raise Refused(40007)
        if kind == "video" and self._media(str(given.get("thumb_media_id", ""))).kind != "thumb":
            raise Refused(40007)
        if kind == "image":
            entry.picture = stored.url
        else:
            entry.files.append(stored.url)
        return entry

    def _spend(self, chat: Chat) -> None:
        """Take one message from an allowance that is still good."""
        now = self.clock.now()
        good = [each for each in (chat.after_menu, chat.after_message) if each and each.until > now]
        if not good or not chat.follows:
            raise Refused(45015)
        allowance = next((each for each in good if each.left), None)
        if allowance is None:
            raise Refused(45047)
        allowance.left -= 1

    def _upload(self, call: Call) -> dict[str, Any]:
        kind = call.query.get("type", "")
        if kind not in FILES:
            raise Refused(40004)
        part = next((each for each in call.parts if each.name == "media" and each.filename), None)
        if part is None or not part.content:
            raise Refused(41005)
        types, most = FILES[kind]
        if part.mime not in types:
            raise Refused(40005)
        if len(part.content) > most:
            raise Refused(45001)
        id = self._store(kind, part.content, part.mime, part.filename)
        name = "thumb_media_id" if kind == "thumb" else "media_id"
        return {"type": kind, name: id, "created_at": int(self.clock.now().timestamp())}

    def _download(self, call: Call) -> Reply | dict[str, Any]:
        stored = self._media(call.query.get("media_id", ""))
        if stored.kind == "video":
            return {"video_url": stored.url}
        return Reply(200, stored.content, {"Content-Type": stored.mime})

    def _media(self, id: str) -> Stored:
        stored = self.stored.get(id)
        if stored is None or stored.until <= self.clock.now():
            raise Refused(40007)
        return stored

    _methods: dict[tuple[str, str], Callable[[WeChat, Call], Reply | dict[str, Any]]] = {
        ("POST", SENDING): _send,
        ("POST", "/cgi-bin/message/custom/typing"): _typing,
        ("POST", "/cgi-bin/openapi/quota/get"): _quota,
        ("GET", "/cgi-bin/user/info"): _user,
        ("POST", "/cgi-bin/media/upload"): _upload,
        ("GET", "/cgi-bin/media/get"): _download,
    }


def _fields(call: Call) -> dict[str, Any]:
    """The JSON of a call; WeChat takes no escaped letters in it."""
    if b"\\u" in call.body:
        raise Refused(40033)
    if not isinstance(call.json, dict):
        raise Refused(47001)
    return call.json


def _checked_text(content: Any) -> str:
    if not isinstance(content, str) or not content:
        raise Refused(44004)
    if len(content.encode()) > TEXT_BYTES:
        raise Refused(45002)
    return content


def _told(fields: dict[str, Any]) -> Reply:
    """An answer. Those that bring something have no error code; the others say that all went well."""
    return Reply(200, fields or {"errcode": 0, "errmsg": "ok"})

"""WeChat: one official account, private chats in XML, every refusal in an HTTP 200."""

from __future__ import annotations

import base64
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.utils.translation import gettext as _

from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, Person, person_named
from heed.sandbox.faults import Faults
from heed.sandbox.frame import Call, ChatView, DemoAccount, Line, PlayError, Reply, Sandbox, Scene, Simulator
from heed.sandbox.hooks import Hooks, Parcel

QUERY = "x-wechat-query"
MODES = ("plain", "compatible", "safe")
ATTEMPTS = 4
PATIENCE = 5.0
TOKEN_LIFE = timedelta(seconds=7200)
OVERLAP = timedelta(minutes=5)
MEDIA_LIFE = timedelta(days=3)
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


class Post(Hooks):
    """WeChat's deliveries. It signs in the query, waits five seconds for `success`, tries four times and
    then tells the customer that nobody is there.

    The query travels as a header until it is sent: parcels to one address stay in order, and a fault
    finds the signature to spoil at its end.
    """

    def __init__(self, network: str, faults: Faults, unavailable: Callable[[str], None]) -> None:
        super().__init__(network, faults)
        self.waits = (PATIENCE,) * ATTEMPTS
        self._unavailable = unavailable

    def call(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] = {}
    ) -> tuple[int, bytes]:
        rest = {name: value for name, value in headers.items() if name != QUERY}
        began = time.monotonic()
        status, answer = super().call(method, f"{url}?{headers[QUERY]}", body, rest)
        if time.monotonic() - began > PATIENCE:
            return 0, b""
        if method == "POST" and status == 200 and not _is_an_answer(answer):
            self._unavailable(headers[QUERY])
        return status, answer

    def _settle(self, parcel: Parcel, status: int) -> None:
        """After the last attempt it is over, whatever the answer."""
        over = parcel.attempts + 1 >= ATTEMPTS
        super()._settle(parcel, 200 if over else status)
        if over and not 200 <= status < 300:
            self._unavailable(parcel.headers[QUERY])


def _is_an_answer(answer: bytes) -> bool:
    return answer in (b"", b"success") or answer.lstrip().startswith(b"<xml>")


@dataclass(slots=True)
class Entry:
    """A message in a chat. `by` is the customer's key, empty for the account's own."""

    id: str
    by: str
    at: datetime
    text: str = ""
    picture: str = ""
    files: list[str] = field(default_factory=list)
    notice: bool = False


@dataclass(slots=True)
class Allowance:
    """What the account may send after something the customer did."""

    until: datetime
    left: int


@dataclass(slots=True)
class Chat:
    follows: bool = True
    entries: list[Entry] = field(default_factory=list)
    after_message: Allowance | None = None
    after_menu: Allowance | None = None
    wrote_at: datetime | None = None
    typing_until: datetime | None = None


@dataclass(slots=True)
class Stored:
    """A file with a media id."""

    kind: str
    content: bytes
    mime: str
    url: str
    until: datetime


class WeChat(Simulator):
    name = "wechat"
    label = "WeChat"
    short = "wc"
    colour = "#087f43"
    offers = frozenset({"message", "join", "leave"})

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.hooks = Post(self.name, sandbox.faults, self._was_unavailable)
        self.hook_url = ""
        self.mode = "safe"
        self.chats = {person.key: Chat() for person in CUSTOMERS} | {OUTSIDER.key: Chat(follows=False)}
        self.people = {self.openid(person): person for person in (*CUSTOMERS, OUTSIDER)}
        # Sam is new: nobody noted yet at WeChat who that is.
        self.remarks = {person.key: person.name for person in CUSTOMERS if person.key != "sam"}
        self.tokens: dict[str, datetime] = {}
        self.token = ""
        self.stored: dict[str, Stored] = {}
        self.sent: Counter[date] = Counter()
        self.daily_limit = 500_000
        self.revoked = self.locked_out = self.unverified = False

    # ------------------------------------------------------------------------ its data

    def accounts(self) -> list[DemoAccount]:
        def word(name: str, size: int) -> str:
            return self.ids.stable("wechat", name, size=size)

        key = base64.b64encode(bytes.fromhex(word("aes", 64))).decode()[:43]
        app = f"wx{word('app', 16)}"
        credentials = {"app_id": app, "app_secret": word("secret", 32), "token": word("token", 16)}
        return [DemoAccount(f"{COMPANY} on WeChat", app, {**credentials, "aes_key": key})]

    @property
    def credentials(self) -> Mapping[str, str]:
        return self.accounts()[0].credentials

    @property
    def today(self) -> date:
        """The day in China: by it quotas are counted."""
        return (self.clock.now() + timedelta(hours=8)).date()

    def openid(self, person: Person) -> str:
        """Twenty-eight characters, the same for ever; another account knows the person by another."""
        return "o" + self.ids.stable("wechat", "openid", person.key, size=27)

    def unionid(self, person: Person) -> str:
        return "o6_" + self.ids.stable("wechat", "unionid", person.key, size=25)

    def restore(self, external_id: str, hook_url: str) -> None:
        """Whoever wrote in an earlier run may be answered as if they had written just now."""
        self.hook_url = hook_url
        for person in CUSTOMERS:
            self._wrote(self.chats[person.key])

    # ------------------------------------------------------------------------- its API

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

    def _store(self, kind: str, content: bytes, mime: str, name: str) -> str:
        id = self.ids.name("media-")
        url = self.keep(content, mime, name)
        self.stored[id] = Stored(kind, content, mime, url, self.clock.now() + MEDIA_LIFE)
        return id

    _methods: dict[tuple[str, str], Callable[[WeChat, Call], Reply | dict[str, Any]]] = {
        ("POST", SENDING): _send,
        ("POST", "/cgi-bin/message/custom/typing"): _typing,
        ("POST", "/cgi-bin/openapi/quota/get"): _quota,
        ("GET", "/cgi-bin/user/info"): _user,
        ("POST", "/cgi-bin/media/upload"): _upload,
        ("GET", "/cgi-bin/media/get"): _download,
    }

    # ------------------------------------------------------------------- its deliveries

    def _tell(self, person: str, kind: str, fields: Mapping[str, object]) -> None:
        """Deliver a message or event. In safe mode only the sealed form goes, in compatible mode both."""
        if not self.hook_url:
            return
        openid = self.openid(person_named(person))
        head = {
            "ToUserName": "gh_" + self.ids.stable("wechat", "account", size=12),
            "FromUserName": openid,
            "CreateTime": int(self.clock.now().timestamp()),
            "MsgType": kind,
        }
        plain = _elements({**head, **fields})
        stamp = self._stamp()
        query = {"openid": openid, "timestamp": stamp[1], "nonce": stamp[2]}
        if self.mode == "plain":
            query["signature"] = _signature(*stamp)
            body = plain
        else:
            sealed = self._sealed(f"<xml>{plain}</xml>".encode())
            query |= {"signature": _signature(*stamp), "encrypt_type": "aes"}
            query["msg_signature"] = _signature(*stamp, sealed)
            shown = plain if self.mode == "compatible" else _elements({"ToUserName": head["ToUserName"]})
            body = shown + _elements({"Encrypt": sealed})
        headers = {"Content-Type": "text/xml", QUERY: urlencode(query)}
        self.hooks.send(self.hook_url, f"<xml>{body}</xml>".encode(), headers, signed=QUERY)

    def _stamp(self) -> list[str]:
        moment = int(self.clock.now().timestamp())
        return [self.credentials["token"], str(moment), str(self.ids.number() % 10**10)]

    def _sealed(self, xml: bytes) -> str:
        """Sixteen random bytes, the length, the XML and the AppID, padded to 32 and encrypted."""
        key = base64.b64decode(self.credentials["aes_key"] + "=")
        plain = self.ids.name()[:16].encode() + len(xml).to_bytes(4, "big") + xml
        plain += self.credentials["app_id"].encode()
        padding = 32 - len(plain) % 32
        writer = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).encryptor()
        return base64.b64encode(writer.update(plain + bytes([padding]) * padding)).decode()

    def _was_unavailable(self, query: str) -> None:
        """Nobody took a delivery, or answered with something else: the customer is told so."""
        person = self.people[dict(parse_qsl(query))["openid"]]
        self.later(0, lambda: self._say_unavailable(self.chats[person.key]))

    def _say_unavailable(self, chat: Chat) -> None:
        words = _("The official account cannot provide its service at the moment. Try again later.")
        chat.entries.append(Entry(self.ids.name(), "", self.clock.now(), words, notice=True))

    # ------------------------------------------------------------------ what customers do

    def play_message(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        """Write to the account. Words and a picture are two messages."""
        if not text.strip() and not picture:
            raise PlayError(_("Write something first."))
        self._must_follow(person)
        made: dict[str, Any] = {}
        if picture:
            made = self.play_media(person, "image", picture)
        if text.strip():
            made = self._write(person, "text", {"Content": text}, text=text)
        return made

    def play_media(self, person: str, kind: str, picture: str = "boot") -> dict[str, Any]:
        """Send a picture, voice message (`voice`) or `video`."""
        self._must_follow(person)
        if kind == "image":
            url = self.picture(picture)
            content, mime = self._kept.get(url.partition("/_media/")[2].split("/")[0], (b"", "image/png"))
            id = self._store("image", content, mime, "picture.png")
            fields = {"PicUrl": self.stored[id].url, "MediaId": id}
            return self._write(person, kind, fields, picture=url)
        if kind == "voice":
            id = self._store("voice", b"#!AMR\n" + b"\0" * 64, "audio/amr", "voice.amr")
            return self._write(person, kind, {"MediaId": id, "Format": "amr"}, file=self.stored[id].url)
        id = self._store("video", b"\0\0\0\x18ftypmp42" + b"\0" * 64, "video/mp4", "film.mp4")
        fields = {"MediaId": id, "ThumbMediaId": self.ids.name("media-")}
        return self._write(person, "video", fields, file=self.stored[id].url)

    def play_raw(self, person: str, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Send a message of any type: location, link …"""
        self._must_follow(person)
        return self._write(person, kind, fields)

    def play_join(self, person: str) -> dict[str, Any]:
        chat = self._chat(person)
        chat.follows = True
        chat.after_menu = self._allowance(timedelta(minutes=1), 3)
        self._tell(person, "event", {"Event": "subscribe", "EventKey": ""})
        return {}

    def play_leave(self, person: str) -> dict[str, Any]:
        self._chat(person).follows = False
        self._tell(person, "event", {"Event": "unsubscribe", "EventKey": ""})
        return {}

    def play_click(self, person: str, key: str = "OPENING_HOURS") -> dict[str, Any]:
        """Choose an entry of the account's menu: that gives a minute and three messages."""
        self._must_follow(person)
        self._chat(person).after_menu = self._allowance(timedelta(minutes=1), 3)
        self._tell(person, "event", {"Event": "CLICK", "EventKey": key})
        return {}

    def play_event(self, person: str, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Any other event."""
        self._tell(person, "event", {"Event": event, **fields})
        return {}

    # ------------------------------------------------------------ what happens at the company

    def play_paste(self, url: str) -> dict[str, Any]:
        """The admin enters an address under Server configuration: WeChat takes it if it echoes."""
        stamp, echo = self._stamp(), str(self.ids.number())
        query = {"signature": _signature(*stamp), "timestamp": stamp[1], "nonce": stamp[2], "echostr": echo}
        if self.hooks.call("GET", url, headers={QUERY: urlencode(query)}) != (200, echo.encode()):
            raise PlayError(_("The address did not answer as WeChat wants it."))
        self.hook_url = url
        return {}

    def play_mode(self, mode: str) -> dict[str, Any]:
        """Choose the plain, compatible or safe mode."""
        if mode not in MODES:
            raise PlayError(f"The modes are {', '.join(MODES)}.")
        self.mode = mode
        return {}

    def play_remark(self, person: str, text: str) -> dict[str, Any]:
        """Note on WeChat's own platform who a follower is."""
        self.remarks[person] = text
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The secret was made anew, and no token holds."""
        self.revoked = True
        self.tokens.clear()
        return {}

    def play_expire_token(self) -> dict[str, Any]:
        """Somebody ended the token before its time."""
        self.tokens.pop(self.token, None)
        self.token = ""
        return {}

    def play_lock_out(self, on: bool = True) -> dict[str, Any]:
        """Take our address off the account's allow-list."""
        self.locked_out = on
        return {}

    def play_unverify(self, on: bool = True) -> dict[str, Any]:
        """The account's verification ran out: no more customer service messages."""
        self.unverified = on
        return {}

    def play_use_up(self) -> dict[str, Any]:
        """All messages of the day are spent."""
        self.sent[self.today] = self.daily_limit
        return {}

    def _must_follow(self, person: str) -> None:
        """Nobody can write to an account they do not follow: the app has them follow it first."""
        if not self._chat(person).follows:
            self.play_join(person)

    def _write(
        self,
        person: str,
        kind: str,
        fields: dict[str, Any],
        text: str = "",
        picture: str = "",
        file: str = "",
    ) -> dict[str, Any]:
        chat = self._chat(person)
        self._wrote(chat)
        id = str(self.ids.number() * 3)
        files = [file] if file else []
        chat.entries.append(Entry(id, person, self.clock.now(), text, picture, files))
        self._tell(person, kind, {**fields, "MsgId": id})
        return {"id": id}

    def _wrote(self, chat: Chat) -> None:
        chat.wrote_at = self.clock.now()
        chat.after_message = self._allowance(timedelta(hours=48), 5)

    def _allowance(self, span: timedelta, sends: int) -> Allowance:
        return Allowance(self.clock.now() + span, sends)

    def _chat(self, person: str) -> Chat:
        if person not in self.chats:
            raise PlayError(f"Nobody is called {person!r} here.")
        return self.chats[person]

    # ------------------------------------------------------------------- what customers see

    def scene(self, person: str) -> Scene:
        chat = self._chat(person)
        lines = [self._line(entry) for entry in chat.entries]
        return Scene(chats=[ChatView(id=person, title=self.accounts()[0].name, lines=lines)])

    def _line(self, entry: Entry) -> Line:
        return Line(
            id=entry.id,
            author=person_named(entry.by).name if entry.by else self.accounts()[0].name,
            text=entry.text,
            at=entry.at,
            ours=not entry.by and not entry.notice,
            mine=bool(entry.by),
            picture=entry.picture,
            files=list(entry.files),
        )

    def seen(self) -> dict[str, Any]:
        return {
            key: [
                {"text": entry.text, "picture": entry.picture, "files": entry.files, "notice": entry.notice}
                for entry in chat.entries
                if not entry.by
            ]
            for key, chat in self.chats.items()
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


def _elements(fields: Mapping[str, object]) -> str:
    """XML as WeChat writes it: numbers as they are, words in CDATA."""
    return "".join(
        f"<{name}>{value if isinstance(value, int) else _cdata(str(value))}</{name}>"
        for name, value in fields.items()
    )


def _cdata(words: str) -> str:
    return f"<![CDATA[{words.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _signature(*words: str) -> str:
    return hashlib.sha1("".join(sorted(words)).encode(), usedforsecurity=False).hexdigest()


simulator = WeChat

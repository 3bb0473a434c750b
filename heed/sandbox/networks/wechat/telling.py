"""Its deliveries: XML, plain or sealed, and what becomes of one that nobody takes."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.utils.translation import gettext as _

from heed.sandbox.cast import person_named
from heed.sandbox.faults import Faults
from heed.sandbox.frame import Sandbox
from heed.sandbox.hooks import Hooks, Parcel
from heed.sandbox.networks.wechat.account import Account, Chat, Entry

QUERY = "x-wechat-query"
ATTEMPTS = 4
PATIENCE = 5.0


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


class Telling(Account):
    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.hooks = Post(self.name, sandbox.faults, self._was_unavailable)

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
            query["signature"] = signature(*stamp)
            body = plain
        else:
            sealed = self._sealed(f"<xml>{plain}</xml>".encode())
            query |= {"signature": signature(*stamp), "encrypt_type": "aes"}
            query["msg_signature"] = signature(*stamp, sealed)
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


def _elements(fields: Mapping[str, object]) -> str:
    """XML as WeChat writes it: numbers as they are, words in CDATA."""
    return "".join(
        f"<{name}>{value if isinstance(value, int) else _cdata(str(value))}</{name}>"
        for name, value in fields.items()
    )


def _cdata(words: str) -> str:
    return f"<![CDATA[{words.replace(']]>', ']]]]><![CDATA[>')}]]>"


def signature(*words: str) -> str:
    return hashlib.sha1("".join(sorted(words)).encode(), usedforsecurity=False).hexdigest()

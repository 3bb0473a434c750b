"""The WeChat simulator by what its sheet says."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from heed.sandbox import Sandbox
from heed.sandbox.cast import OUTSIDER, person_named
from heed.sandbox.frame import Fault, PlayError
from heed.sandbox.networks.wechat import WeChat
from heed.sandbox.tests.receiver import Receiver, Taken

client = httpx.Client()
DAY = 24 * 3600


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.answer = lambda hook: (receiver.status, hook.query.get("echostr", "success").encode())
        yield receiver


@pytest.fixture
def wechat(receiver: Receiver) -> Iterator[WeChat]:
    with Sandbox(seed=1) as sandbox:
        simulator = sandbox["wechat"]
        assert isinstance(simulator, WeChat)
        simulator.do("mode", mode="plain")
        simulator.do("paste", url=receiver.url)
        receiver.hooks.clear()
        simulator.hooks.waits = (0.0,)
        yield simulator


def post(wechat: WeChat, method: str, fields: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    query = {"access_token": token if token is not None else token_of(wechat)}
    answer = client.post(f"{wechat.url}/cgi-bin/{method}", params=query, json=fields)
    assert answer.status_code == 200
    parsed: dict[str, Any] = answer.json()
    return parsed


def token_of(wechat: WeChat, **more: Any) -> str:
    given = {
        "grant_type": "client_credential",
        "appid": wechat.credentials["app_id"],
        "secret": wechat.credentials["app_secret"],
        **more,
    }
    answer = client.post(f"{wechat.url}/cgi-bin/stable_token", json=given).json()
    return str(answer.get("access_token") or answer["errcode"])


def openid(wechat: WeChat, person: str = "lea") -> str:
    return wechat.openid(person_named(person))


def say(wechat: WeChat, text: str = "Pozdravljeni", person: str = "lea") -> int:
    fields = {"touser": openid(wechat, person), "msgtype": "text", "text": {"content": text}}
    return int(post(wechat, "message/custom/send", fields)["errcode"])


def sha(*words: str) -> str:
    return hashlib.sha1("".join(sorted(words)).encode(), usedforsecurity=False).hexdigest()


def elements(xml: bytes) -> dict[str, str]:
    return {each.tag: each.text or "" for each in ElementTree.fromstring(xml)}  # noqa: S314 - our own


def delivered(wechat: WeChat, receiver: Receiver) -> Taken:
    wechat.sandbox.settle()
    return receiver.hooks[-1]


def stamp(wechat: WeChat, hook: Taken) -> list[str]:
    return [wechat.credentials["token"], hook.query["timestamp"], hook.query["nonce"]]


class TestAddress:
    def test_it_is_tried_with_an_echo(self, wechat: WeChat, receiver: Receiver) -> None:
        wechat.do("paste", url=receiver.url)
        (hook,) = receiver.hooks
        assert (hook.method, hook.query["signature"]) == ("GET", sha(*stamp(wechat, hook)))
        assert hook.query["echostr"].isdigit()

    @pytest.mark.parametrize("answer", [(403, b""), (200, b'"1"'), (200, b"success")])
    def test_one_that_does_not_echo_is_not_taken(
        self, wechat: WeChat, receiver: Receiver, answer: tuple[int, bytes]
    ) -> None:
        receiver.answer = lambda hook: answer
        with pytest.raises(PlayError):
            wechat.do("paste", url=f"{receiver.url}/other")
        assert wechat.hook_url == receiver.url


class TestDeliveries:
    def test_plain(self, wechat: WeChat, receiver: Receiver) -> None:
        made = wechat.do("message", person="lea", text="Kje je <moj> paket & čevelj ]]>?")
        hook = delivered(wechat, receiver)
        found = elements(hook.body)
        assert hook.query["signature"] == sha(*stamp(wechat, hook))
        assert (found["MsgType"], found["MsgId"], found["FromUserName"]) == (
            "text",
            made["id"],
            openid(wechat),
        )
        assert found["Content"] == "Kje je <moj> paket & čevelj ]]>?"
        assert b"CDATA" in hook.body
        assert len(found["CreateTime"]) == 10

    def test_safe(self, wechat: WeChat, receiver: Receiver) -> None:
        wechat.do("mode", mode="safe")
        wechat.do("message", person="tuya", text="Сайн байна уу")
        hook = delivered(wechat, receiver)
        found = elements(hook.body)
        assert found.keys() == {"ToUserName", "Encrypt"}
        assert hook.query["msg_signature"] == sha(*stamp(wechat, hook), found["Encrypt"])
        key = base64.b64decode(wechat.credentials["aes_key"] + "=")
        reader = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).decryptor()
        plain = reader.update(base64.b64decode(found["Encrypt"]))
        length = int.from_bytes(plain[16:20], "big")
        assert elements(plain[20 : 20 + length])["Content"] == "Сайн байна уу"
        assert plain[20 + length : -plain[-1]].decode() == wechat.credentials["app_id"]
        assert len(plain) % 32 == 0

    def test_compatible(self, wechat: WeChat, receiver: Receiver) -> None:
        wechat.do("mode", mode="compatible")
        wechat.do("message", person="lea", text="Hej")
        assert {"Encrypt", "Content", "MsgId"} <= elements(delivered(wechat, receiver).body).keys()

    def test_events_have_no_id(self, wechat: WeChat, receiver: Receiver) -> None:
        wechat.do("leave", person="lea")
        found = elements(delivered(wechat, receiver).body)
        assert (found["MsgType"], found["Event"]) == ("event", "unsubscribe")
        assert "MsgId" not in found

    def test_who_does_not_follow_follows_before_writing(self, wechat: WeChat, receiver: Receiver) -> None:
        wechat.do("message", person=OUTSIDER.key, text="Hej")
        wechat.sandbox.settle()
        kinds = [elements(hook.body)["MsgType"] for hook in receiver.hooks]
        assert kinds == ["event", "text"]

    def test_four_attempts_all_alike_then_the_customer_is_told(
        self, wechat: WeChat, receiver: Receiver
    ) -> None:
        receiver.status = 503
        wechat.do("message", person="lea", text="Je kdo tam?")
        wechat.sandbox.settle()
        wechat.sandbox.settle()
        assert len(receiver.hooks) == 4
        assert len({(hook.body, tuple(hook.query.items())) for hook in receiver.hooks}) == 1
        assert [each["notice"] for each in wechat.seen()["lea"]] == [True]
        assert not [line for line in wechat.scene("lea").lines() if line.ours]

    @pytest.mark.parametrize(
        ("answer", "told"), [(b"success", False), (b"", False), (b"<xml></xml>", False), (b"{}", True)]
    )
    def test_an_odd_answer_is_told_to_the_customer(
        self, wechat: WeChat, receiver: Receiver, answer: bytes, told: bool
    ) -> None:
        wechat.do("mode", mode="safe")
        receiver.answer = lambda hook: (200, answer)
        wechat.do("message", person="omar", text="أين طلبي؟")
        wechat.sandbox.settle()
        wechat.sandbox.settle()
        assert [each["notice"] for each in wechat.seen()["omar"]] == [True] * told

    def test_a_spoilt_signature_is_right_at_the_next_attempt(
        self, wechat: WeChat, receiver: Receiver
    ) -> None:
        def judge(hook: Taken) -> tuple[int, bytes]:
            right = hook.query["signature"] == sha(*stamp(wechat, hook))
            return (200, b"success") if right else (403, b"")

        receiver.answer = judge
        wechat.sandbox.fault("wechat", Fault("hook", hook="bad_signature"))
        wechat.do("message", person="lea", text="Hej")
        wechat.sandbox.settle()
        assert [judge(hook)[0] for hook in receiver.hooks] == [403, 200]


class TestTokens:
    def test_all_who_ask_get_the_same(self, wechat: WeChat) -> None:
        assert token_of(wechat) == token_of(wechat)

    def test_the_next_one_comes_early_and_both_hold(self, wechat: WeChat) -> None:
        first = token_of(wechat)
        wechat.clock.move(6950)
        second = token_of(wechat)
        assert first != second
        assert [self.code(wechat, token) for token in (first, second)] == [0, 0]
        wechat.clock.move(300)
        assert [self.code(wechat, token) for token in (first, second)] == [42001, 0]

    def test_force_ends_the_one_before(self, wechat: WeChat) -> None:
        first = token_of(wechat)
        second = token_of(wechat, force_refresh=True)
        assert [self.code(wechat, token) for token in (first, second)] == [40001, 0]

    def test_the_way_of_old_ends_the_one_before(self, wechat: WeChat) -> None:
        query = {
            "grant_type": "client_credential",
            "appid": wechat.credentials["app_id"],
            "secret": wechat.credentials["app_secret"],
        }
        first = token_of(wechat)
        second = client.get(f"{wechat.url}/cgi-bin/token", params=query).json()["access_token"]
        assert [self.code(wechat, token) for token in (first, second)] == [40001, 0]

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [({"appid": "wx1"}, "40013"), ({"secret": "x"}, "40125"), ({"grant_type": "x"}, "40002")],
    )
    def test_wrong_credentials(self, wechat: WeChat, wrong: dict[str, str], code: str) -> None:
        assert token_of(wechat, **wrong) == code

    def test_an_address_that_is_not_on_the_list(self, wechat: WeChat) -> None:
        wechat.do("lock_out")
        assert token_of(wechat) == "40164"

    def test_none(self, wechat: WeChat) -> None:
        assert self.code(wechat, "") == 41001

    def code(self, wechat: WeChat, token: str) -> int:
        fields = {"cgi_path": "/cgi-bin/message/custom/send"}
        return int(post(wechat, "openapi/quota/get", fields, token).get("errcode", 0))


class TestAllowances:
    def test_five_messages_for_each_of_theirs(self, wechat: WeChat) -> None:
        wechat.do("message", person="lea", text="Hej")
        assert [say(wechat, str(number)) for number in range(6)] == [0, 0, 0, 0, 0, 45047]
        wechat.do("message", person="lea", text="Še enkrat")
        assert say(wechat) == 0

    def test_two_days(self, wechat: WeChat) -> None:
        assert say(wechat) == 45015
        wechat.do("message", person="lea", text="Hej")
        wechat.clock.move(2 * DAY - 10)
        assert say(wechat) == 0
        wechat.clock.move(20)
        assert say(wechat) == 45015

    def test_a_menu_gives_a_minute_and_three(self, wechat: WeChat) -> None:
        wechat.do("click", person="lea")
        assert [say(wechat) for _ in range(4)] == [0, 0, 0, 45047]
        wechat.clock.move(70)
        assert say(wechat) == 45015

    def test_who_left_cannot_be_written_to(self, wechat: WeChat) -> None:
        wechat.do("message", person="lea", text="Hej")
        wechat.do("leave", person="lea")
        assert say(wechat) == 45015

    def test_an_earlier_run_is_remembered_kindly(self, wechat: WeChat, receiver: Receiver) -> None:
        wechat.restore("", receiver.url)
        assert say(wechat) == 0

    def test_the_day_s_quota(self, wechat: WeChat) -> None:
        wechat.do("message", person="lea", text="Hej")
        wechat.do("use_up")
        assert say(wechat) == 45009
        wechat.clock.move(DAY)
        assert say(wechat) == 0

    def test_an_unverified_account(self, wechat: WeChat) -> None:
        wechat.do("message", person="lea", text="Hej")
        wechat.do("unverify")
        assert say(wechat) == 48001


class TestMessages:
    @pytest.mark.parametrize(
        ("text", "code"), [("ж" * 1024, 0), ("ж" * 1025, 45002), ("a" * 2049, 45002), ("", 44004)]
    )
    def test_texts_are_counted_in_bytes(self, wechat: WeChat, text: str, code: int) -> None:
        wechat.do("message", person="lea", text="Hej")
        assert say(wechat, text) == code

    def test_escaped_letters_are_refused(self, wechat: WeChat) -> None:
        wechat.do("message", person="lea", text="Hej")
        body = b'{"touser":"%s","msgtype":"text","text":{"content":"\\u0161"}}' % openid(wechat).encode()
        url = f"{wechat.url}/cgi-bin/message/custom/send"
        answer = client.post(url, params={"access_token": token_of(wechat)}, content=body)
        assert answer.json()["errcode"] == 40033

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"touser": "o_nobody", "msgtype": "text", "text": {"content": "a"}}, 40003),
            ({"msgtype": "hologram"}, 40008),
            ({"msgtype": "text"}, 44004),
            ({"msgtype": "image", "image": {"media_id": "none"}}, 40007),
        ],
    )
    def test_odd_messages(self, wechat: WeChat, fields: dict[str, Any], code: int) -> None:
        wechat.do("message", person="lea", text="Hej")
        answer = post(wechat, "message/custom/send", {"touser": openid(wechat), **fields})
        assert answer["errcode"] == code

    def test_typing(self, wechat: WeChat) -> None:
        fields = {"touser": openid(wechat), "command": "Typing"}
        codes = [post(wechat, "message/custom/typing", fields)["errcode"]]
        wechat.do("message", person="lea", text="Hej")
        codes += [post(wechat, "message/custom/typing", fields)["errcode"] for _ in range(2)]
        wechat.clock.move(31)
        codes.append(post(wechat, "message/custom/typing", fields)["errcode"])
        assert codes == [45080, 0, 45081, 45080]


class TestFiles:
    def upload(
        self, wechat: WeChat, kind: str, mime: str = "image/png", content: bytes = b"\x89PNG"
    ) -> dict[str, Any]:
        answer: dict[str, Any] = client.post(
            f"{wechat.url}/cgi-bin/media/upload",
            params={"access_token": token_of(wechat), "type": kind},
            files={"media": ("a.png", content, mime)},
        ).json()
        return answer

    def get(self, wechat: WeChat, id: str) -> httpx.Response:
        params = {"access_token": token_of(wechat), "media_id": id}
        return client.get(f"{wechat.url}/cgi-bin/media/get", params=params)

    def test_what_was_uploaded_is_seen(self, wechat: WeChat) -> None:
        wechat.do("message", person="lea", text="Hej")
        media = self.upload(wechat, "image")["media_id"]
        fields = {"touser": openid(wechat), "msgtype": "image", "image": {"media_id": media}}
        assert post(wechat, "message/custom/send", fields)["errcode"] == 0
        (line,) = [each for each in wechat.scene("lea").lines() if each.ours]
        assert client.get(line.picture).content == b"\x89PNG"

    @pytest.mark.parametrize(
        ("kind", "mime", "content", "code"),
        [
            ("paper", "image/png", b"x", 40004),
            ("image", "application/pdf", b"x", 40005),
            ("image", "image/png", b"", 41005),
            ("voice", "audio/amr", b"x" * (2 * 1024 * 1024 + 1), 45001),
        ],
    )
    def test_what_is_not_taken(self, wechat: WeChat, kind: str, mime: str, content: bytes, code: int) -> None:
        assert self.upload(wechat, kind, mime, content)["errcode"] == code

    def test_files_of_customers_are_kept_for_three_days(self, wechat: WeChat, receiver: Receiver) -> None:
        wechat.do("message", person="lea", picture="boot")
        id = elements(delivered(wechat, receiver).body)["MediaId"]
        assert self.get(wechat, id).content.startswith(b"\x89PNG")
        wechat.clock.move(3 * DAY + 1)
        assert self.get(wechat, id).json()["errcode"] == 40007

    def test_a_video_lies_elsewhere(self, wechat: WeChat, receiver: Receiver) -> None:
        wechat.do("media", person="lea", kind="video")
        id = elements(delivered(wechat, receiver).body)["MediaId"]
        assert b"ftyp" in client.get(self.get(wechat, id).json()["video_url"]).content


def test_people_have_no_names_but_a_remark_of_the_company(wechat: WeChat) -> None:
    def told(person: str) -> dict[str, Any]:
        params = {"access_token": token_of(wechat), "openid": openid(wechat, person)}
        answer: dict[str, Any] = client.get(f"{wechat.url}/cgi-bin/user/info", params=params).json()
        return answer

    assert [told(person)["remark"] for person in ("lea", "sam")] == ["Lea Marn", ""]
    assert told("lea")["nickname"] == ""
    assert told("lea")["unionid"].startswith("o6_")
    wechat.do("remark", person="sam", text="Sam Cole")
    assert told("sam")["remark"] == "Sam Cole"
    wechat.do("leave", person="sam")
    assert (told("sam")["subscribe"], "remark" in told("sam")) == (0, False)


def test_nothing_to_say(wechat: WeChat) -> None:
    with pytest.raises(PlayError):
        wechat.do("message", person="lea", text=" ")
    with pytest.raises(PlayError):
        wechat.do("message", person="nobody", text="Hej")

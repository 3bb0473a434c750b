"""The LINE simulator by what its sheet says."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from heed.lib.crypto import hmac_sha256_hex
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, PlayError
from heed.sandbox.networks.line import LineSimulator
from heed.sandbox.tests.receiver import Receiver

client = httpx.Client()
KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def line(receiver: Receiver) -> Iterator[LineSimulator]:
    with Sandbox(seed=1) as sandbox:
        simulator = sandbox["line"]
        assert isinstance(simulator, LineSimulator)
        put = call(simulator, "PUT", "channel/webhook/endpoint", {"endpoint": receiver.url})
        assert put.status_code == 200
        receiver.hooks.clear()
        yield simulator


def token(line: LineSimulator, **changes: str) -> httpx.Response:
    account = line.accounts()[0].credentials
    given = {"client_id": account["channel_id"], "client_secret": account["channel_secret"]}
    form = {"grant_type": "client_credentials", **given, **changes}
    return client.post(f"{line.url}/oauth2/v3/token", data=form)


def call(
    line: LineSimulator, method: str, path: str, fields: Any = None, key: str = "", bearer: str = ""
) -> httpx.Response:
    bearer = bearer or token(line).json()["access_token"]
    headers = {"Authorization": f"Bearer {bearer}", **({"X-Line-Retry-Key": key} if key else {})}
    return client.request(method, f"{line.url}/v2/bot/{path}", json=fields, headers=headers)


def push(
    line: LineSimulator, text: str = "Pozdravljeni", person: str = "lea", key: str = ""
) -> httpx.Response:
    fields = {"to": line.user_id(person), "messages": [{"type": "text", "text": text}]}
    return call(line, "POST", "message/push", fields, key)


def deliveries(line: LineSimulator, receiver: Receiver) -> list[dict[str, Any]]:
    line.sandbox.settle()
    return [json.loads(hook.body) for hook in receiver.hooks]


def events(line: LineSimulator, receiver: Receiver) -> list[dict[str, Any]]:
    return [event for delivery in deliveries(line, receiver) for event in delivery["events"]]


def ours(line: LineSimulator, person: str = "lea") -> list[str]:
    return [each.text for each in line.scene(person).lines() if each.ours]


# ------------------------------------------------------------------------------ the token


def test_a_token_lives_a_quarter_of_an_hour(line: LineSimulator) -> None:
    given = token(line).json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 899)
    assert call(line, "GET", "info", bearer=given["access_token"]).status_code == 200
    line.clock.move(900)
    assert call(line, "GET", "info", bearer=given["access_token"]).status_code == 401


@pytest.mark.parametrize("change", [{"client_secret": "no"}, {"client_id": "1"}, {"grant_type": "password"}])
def test_nobody_else_gets_one(line: LineSimulator, change: dict[str, str]) -> None:
    assert token(line, **change).status_code in (400, 401)


def test_revoking_ends_all(line: LineSimulator) -> None:
    given = token(line).json()["access_token"]
    line.do("revoke")
    assert call(line, "GET", "info", bearer=given).status_code == 401
    assert token(line).json()["error"] == "invalid_client"


# ---------------------------------------------------------------------------- the webhook


def test_trying_the_webhook_sends_an_empty_signed_delivery(line: LineSimulator, receiver: Receiver) -> None:
    tried = call(line, "POST", "channel/webhook/test", {}).json()
    assert (tried["success"], tried["statusCode"], tried["reason"]) == (True, 200, "OK")
    (hook,) = receiver.hooks
    assert json.loads(hook.body) == {"destination": line.accounts()[0].external_id, "events": []}
    expected = base64.b64encode(bytes.fromhex(hmac_sha256_hex(line.secret, hook.body))).decode()
    assert hook.headers["x-line-signature"] == expected


def test_a_webhook_that_does_not_answer(line: LineSimulator, receiver: Receiver) -> None:
    receiver.status = 403
    tried = call(line, "POST", "channel/webhook/test", {"endpoint": receiver.url}).json()
    assert (tried["success"], tried["statusCode"]) == (False, 403)
    tried = call(line, "POST", "channel/webhook/test", {"endpoint": "http://127.0.0.1:9/"}).json()
    assert (tried["success"], tried["statusCode"], tried["reason"]) == (False, 0, "COULD_NOT_CONNECT")


def test_an_address_must_be_one(line: LineSimulator, receiver: Receiver) -> None:
    assert call(line, "PUT", "channel/webhook/endpoint", {"endpoint": "ftp://x"}).status_code == 400
    known = call(line, "GET", "channel/webhook/endpoint").json()
    assert known == {"endpoint": receiver.url, "active": True}


def test_switched_off_nothing_comes(line: LineSimulator, receiver: Receiver) -> None:
    line.do("switch", use_webhook=False)
    line.do("message", person="lea", text="hej")
    assert deliveries(line, receiver) == []
    assert call(line, "GET", "channel/webhook/endpoint").json()["active"] is False


# ------------------------------------------------------------------------------- events


def test_the_first_message_adds_the_account(line: LineSimulator, receiver: Receiver) -> None:
    line.do("message", person="lea", text="Kje je paket?")
    followed, written = events(line, receiver)
    assert followed["type"] == "follow"
    assert followed["follow"] == {"isUnblocked": False}
    assert written["source"] == {"type": "user", "userId": line.user_id("lea")}
    assert written["message"]["text"] == "Kje je paket?"
    assert written["mode"] == "active"
    assert written["deliveryContext"] == {"isRedelivery": False}


def test_several_messages_come_in_one_delivery(line: LineSimulator, receiver: Receiver) -> None:
    line.do("join", person="lea")
    line.do("burst", person="lea", texts=["Ena", "Dva"])
    line.do("message", person="lea", text="Levi", picture="boot")
    kinds = [
        [event.get("message", {}).get("type") for event in each["events"]]
        for each in deliveries(line, receiver)
    ]
    assert kinds == [[None], ["text", "text"], ["image", "text"]]


def test_pictures_sent_together_share_a_set(line: LineSimulator, receiver: Receiver) -> None:
    line.do("album", person="lea", pictures=["boot", "box"])
    sets = [each["message"]["imageSet"] for each in events(line, receiver) if each["type"] == "message"]
    assert [(each["index"], each["total"]) for each in sets] == [(1, 2), (2, 2)]
    assert sets[0]["id"] == sets[1]["id"]


def test_what_was_not_taken_comes_again_and_says_so(line: LineSimulator, receiver: Receiver) -> None:
    line.hooks.waits = (0.05,)
    statuses = iter([500, 200])
    receiver.answer = lambda hook: (next(statuses), b"")
    line.chats["lea"].friend = True
    line.do("message", person="lea", text="hej")
    first, second = deliveries(line, receiver)
    assert first["events"][0]["deliveryContext"]["isRedelivery"] is False
    assert second["events"][0]["deliveryContext"]["isRedelivery"] is True
    again = {**second["events"][0], "deliveryContext": {"isRedelivery": False}}
    assert again == first["events"][0]
    hook = receiver.hooks[1]
    assert hook.headers["x-line-signature"] == line.signed(hook.body)["X-Line-Signature"]


def test_without_redelivery_it_is_gone(line: LineSimulator, receiver: Receiver) -> None:
    line.do("switch", redelivery=False)
    receiver.status = 500
    line.chats["lea"].friend = True
    line.do("message", person="lea", text="hej")
    assert len(deliveries(line, receiver)) == 1


def test_redelivered_in_another_order(line: LineSimulator, receiver: Receiver) -> None:
    line.do("message", person="lea", text="hej")
    line.do("redeliver", last=2)
    *_, again = deliveries(line, receiver)
    assert [event["type"] for event in again["events"]] == ["message", "follow"]
    assert all(event["deliveryContext"]["isRedelivery"] for event in again["events"])


def test_a_spoilt_signature(line: LineSimulator, receiver: Receiver) -> None:
    line.sandbox.fault("line", Fault("hook", hook="bad_signature"))
    line.do("join", person="lea")
    deliveries(line, receiver)
    hook = receiver.hooks[0]
    assert hook.headers["x-line-signature"] != line.signed(hook.body)["X-Line-Signature"]


def test_in_standby_nothing_can_be_replied_to(line: LineSimulator, receiver: Receiver) -> None:
    line.do("standby")
    line.do("message", person="lea", text="hej")
    assert {(each["mode"], "replyToken" in each) for each in events(line, receiver)} == {("standby", False)}


def test_taking_a_message_back(line: LineSimulator, receiver: Receiver) -> None:
    made = line.do("message", person="lea", picture="boot")
    assert call(line, "GET", f"message/{made['id']}/content").status_code == 200
    line.do("remove", person="lea", id=made["id"])
    assert events(line, receiver)[-1]["unsend"] == {"messageId": made["id"]}
    assert "replyToken" not in events(line, receiver)[-1]
    assert call(line, "GET", f"message/{made['id']}/content").status_code == 404
    with pytest.raises(PlayError):
        line.do("remove", person="lea", id=made["id"])


def test_blocking_and_coming_back(line: LineSimulator, receiver: Receiver) -> None:
    line.do("join", person="nadia")
    line.do("leave", person="nadia")
    assert push(line, person="nadia").status_code == 200
    assert ours(line, "nadia") == []
    assert call(line, "GET", f"profile/{line.user_id('nadia')}").status_code == 404
    line.do("message", person="nadia", text="Spet tu")
    assert [each["type"] for each in events(line, receiver)] == ["follow", "unfollow", "follow", "message"]
    assert events(line, receiver)[2]["follow"] == {"isUnblocked": True}
    assert call(line, "GET", f"profile/{line.user_id('nadia')}").json()["displayName"] == "Nadia Karim"


# ------------------------------------------------------------------------------- sending


def test_a_key_is_taken_once_in_a_day(line: LineSimulator) -> None:
    line.do("join", person="lea")
    first = push(line, key=KEY)
    again = push(line, key=KEY)
    assert (first.status_code, again.status_code) == (200, 409)
    assert again.json()["sentMessages"] == first.json()["sentMessages"]
    assert again.headers["x-line-accepted-request-id"] == first.headers["x-line-request-id"]
    assert ours(line) == ["Pozdravljeni"]
    line.clock.move(24 * 3600)
    assert push(line, key=KEY).status_code == 200


def test_a_refused_push_does_not_use_its_key(line: LineSimulator) -> None:
    assert push(line, key=KEY).status_code == 400
    line.do("join", person="lea")
    assert push(line, key=KEY).status_code == 200
    assert push(line, key="not-a-uuid").status_code == 400


def test_the_month_s_messages(line: LineSimulator) -> None:
    line.do("join", person="lea")
    line.do("use_up", left=1)
    assert push(line).status_code == 200
    refused = push(line)
    assert (refused.status_code, refused.json()["message"]) == (429, "You have reached your monthly limit.")
    quota = call(line, "GET", "message/quota").json()
    assert quota == {"type": "limited", "value": line.quota}
    assert call(line, "GET", "message/quota/consumption").json() == {"totalUsage": line.quota}


def test_too_fast_is_another_429(line: LineSimulator) -> None:
    line.do("join", person="lea")
    line.do("hurry")
    assert "rate limit" in push(line).json()["message"]
    assert push(line).status_code == 200


def test_a_reply_token_works_once_and_soon(line: LineSimulator, receiver: Receiver) -> None:
    def reply(event: dict[str, Any], key: str = "") -> httpx.Response:
        fields = {"replyToken": event["replyToken"], "messages": [{"type": "text", "text": "Živjo"}]}
        return call(line, "POST", "message/reply", fields, key)

    line.do("message", person="lea", text="hej")
    followed, written = events(line, receiver)
    assert reply(written, KEY).status_code == 400
    assert reply(written).status_code == 200
    assert reply(written).json()["message"] == "Invalid reply token"
    line.clock.move(61)
    assert reply(followed).json()["message"] == "Invalid reply token"
    assert ours(line) == ["Živjo"]


@pytest.mark.parametrize(
    ("messages", "wrong"),
    [
        ([], "messages"),
        ([{"type": "text", "text": "a"}] * 6, "messages"),
        ([{"type": "hologram"}], "messages[0].type"),
        ([{"type": "text", "text": ""}], "messages[0].text"),
        ([{"type": "text", "text": "👟" * 2501}], "messages[0].text"),
        ([{"type": "text", "text": "a", "quoteToken": "other"}], "messages[0].quoteToken"),
        (
            [{"type": "text", "text": "a"}, {"type": "image", "originalContentUrl": "https://x/1"}],
            "messages[1].previewImageUrl",
        ),
        (
            [{"type": "image", "originalContentUrl": "http://x/1", "previewImageUrl": "https://x/1"}],
            "messages[0].originalContentUrl",
        ),
        ([{"type": "file", "originalContentUrl": "https://x/1"}], "messages[0].type"),
        ([{"type": "video", "originalContentUrl": "https://x/1"}], "messages[0].previewImageUrl"),
        ([{"type": "audio", "originalContentUrl": "https://x/1"}], "messages[0].duration"),
        ([{"type": "audio", "originalContentUrl": "https://x/1", "duration": 0}], "messages[0].duration"),
        ([{"type": "audio", "originalContentUrl": "https://x/1", "duration": 2.5}], "messages[0].duration"),
    ],
)
def test_what_a_message_must_have(line: LineSimulator, messages: list[Any], wrong: str) -> None:
    line.do("join", person="lea")
    for path in ("message/push", "message/validate/push"):
        refused = call(line, "POST", path, {"to": line.user_id("lea"), "messages": messages})
        assert refused.status_code == 400
        assert refused.json()["details"][0]["property"] == wrong
    assert ours(line) == []


def test_a_picture_is_fetched_from_its_address(line: LineSimulator) -> None:
    line.do("join", person="lea")
    url = line.keep(b"\x89PNG picture", "image/png", "boot.png")
    image = {"type": "image", "originalContentUrl": url, "previewImageUrl": url}
    call(line, "POST", "message/push", {"to": line.user_id("lea"), "messages": [image]})
    line.sandbox.settle()
    (shown,) = [each for each in line.scene("lea").lines() if each.ours]
    assert shown.picture != url
    assert httpx.get(shown.picture).content == b"\x89PNG picture"


CLIP = b"\x00\x00\x00\x10ftypisom"
VOICE = b"\x00\x00\x00\x10ftypM4A "


@pytest.mark.parametrize(
    ("kind", "content", "preview", "shown"),
    [
        ("video", CLIP, b"\x89PNG film", True),
        ("video", VOICE, b"\x89PNG film", False),
        ("video", b"\x1a\x45\xdf\xa3 webm", b"\x89PNG film", False),
        ("video", CLIP, b"GIF89a", False),
        ("video", CLIP, b"\x89PNG" + bytes(1024 * 1024), False),
        ("audio", VOICE, b"", True),
        ("audio", b"ID3\x04", b"", True),
        ("audio", CLIP, b"", False),
        ("audio", b"OggS", b"", False),
        ("image", b"\xff\xd8\xff", b"\xff\xd8\xff", True),
        ("image", b"GIF89a", b"\x89PNG", False),
    ],
)
def test_what_is_fetched_must_be_what_the_message_says(
    line: LineSimulator, kind: str, content: bytes, preview: bytes, shown: bool
) -> None:
    line.do("join", person="lea")
    message: dict[str, Any] = {
        "type": kind,
        "originalContentUrl": line.keep(content, "application/octet-stream", "1"),
    }
    if kind == "audio":
        message["duration"] = 3000
    else:
        message["previewImageUrl"] = line.keep(preview, "application/octet-stream", "2")
    taken = call(line, "POST", "message/push", {"to": line.user_id("lea"), "messages": [message]})
    assert taken.status_code == 200
    line.sandbox.settle()
    (seen,) = [each for each in line.scene("lea").lines() if each.ours]
    places = [*seen.files, *([seen.picture] if seen.picture else [])]
    assert len(places) == (2 if kind == "video" else 1) * shown
    assert {httpx.get(place).content for place in places} <= {content, preview}


def test_a_video_is_prepared_first(line: LineSimulator) -> None:
    made = line.do("file", person="lea", name="zip.mp4", content="vvv", kind="video")
    place = f"message/{made['id']}/content"
    assert call(line, "GET", place).status_code == 202
    assert call(line, "GET", f"{place}/transcoding").json() == {"status": "processing"}
    line.clock.move(4)
    assert call(line, "GET", f"{place}/transcoding").json() == {"status": "succeeded"}
    assert call(line, "GET", place).content == b"vvv"
    assert call(line, "GET", "message/1/content").status_code == 404


def test_marking_as_read_goes_up_to_the_message(line: LineSimulator, receiver: Receiver) -> None:
    for text in ("Ena", "Dva", "Tri"):
        line.do("message", person="lea", text=text)
    second = events(line, receiver)[2]["message"]
    fields = {"markAsReadToken": second["markAsReadToken"]}
    assert call(line, "POST", "chat/markAsRead", fields).status_code == 200
    assert [each.state for each in line.scene("lea").lines()] == ["seen", "seen", ""]
    assert call(line, "POST", "chat/markAsRead", {"markAsReadToken": "no"}).status_code == 400


@pytest.mark.parametrize(("seconds", "status"), [(5, 202), (60, 202), (7, 400), (65, 400), (0, 400)])
def test_the_dots(line: LineSimulator, seconds: int, status: int) -> None:
    fields = {"chatId": line.user_id("lea"), "loadingSeconds": seconds}
    assert call(line, "POST", "chat/loading/start", fields).status_code == status


def test_after_a_restart_people_and_webhook_are_known(line: LineSimulator) -> None:
    with Sandbox(seed=2) as fresh:
        again = fresh["line"]
        assert isinstance(again, LineSimulator)
        assert again.accounts() == line.accounts()
        assert again.user_id("lea") == line.user_id("lea")
        again.restore(line.accounts()[0].external_id, line.hook_url)
        assert again.hook_url == line.hook_url
        assert push(again).status_code == 200

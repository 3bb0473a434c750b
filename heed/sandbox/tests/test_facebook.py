"""The Facebook simulator by what its sheet says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from heed.lib.crypto import hmac_sha256_hex
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, PlayError
from heed.sandbox.networks.facebook import Facebook
from heed.sandbox.tests.graph import as_app, call, changes, entries, messaging, refused
from heed.sandbox.tests.receiver import Receiver

FIELDS = (
    "feed,mention,messages,message_echoes,message_edits,message_deliveries,message_reads,"
    "message_reactions,messaging_postbacks,messaging_referrals,standby"
)


@pytest.fixture
def facebook(receiver: Receiver) -> Iterator[Facebook]:
    with Sandbox(seed=1) as sandbox:
        simulator = sandbox["facebook"]
        assert isinstance(simulator, Facebook)
        simulator.do("callback", url=receiver.url)
        call(simulator, "POST", f"{simulator.page}/subscribed_apps", {"subscribed_fields": FIELDS})
        receiver.hooks.clear()
        yield simulator


def message(facebook: Facebook, person: str = "lea", **more: Any) -> dict[str, Any]:
    plain = {"recipient": {"id": facebook.psid(person)}, "messaging_type": "RESPONSE"}
    return {**plain, "message": {"text": "Na poti je."}, **more}


def send(facebook: Facebook, **more: Any) -> dict[str, Any]:
    return call(facebook, "POST", "me/messages", message(facebook, **more))


def not_sent(facebook: Facebook, **more: Any) -> tuple[int, int]:
    return refused(facebook, "POST", "me/messages", message(facebook, **more))


def told(facebook: Facebook, receiver: Receiver) -> list[dict[str, Any]]:
    return [change["value"] for change in changes(facebook, receiver)]


# ---------------------------------------------------------------------------- on the wire


def test_times_are_seconds_for_changes_and_milliseconds_for_messages(
    facebook: Facebook, receiver: Receiver
) -> None:
    facebook.do("post", text="Triglav")
    facebook.do("message", person="lea", text="Živjo")
    post, hello = entries(facebook, receiver)
    assert post["time"] < 10**11
    assert hello["time"] > 10**12


# ----------------------------------------------------------------------------- connecting


def test_nothing_is_delivered_before_the_handshake(receiver: Receiver) -> None:
    with Sandbox(seed=1) as sandbox:
        sandbox["facebook"].restore("somebody else's page", receiver.url)
        sandbox["facebook"].do("message", person="lea", text="Živjo")
        sandbox.settle()
        assert receiver.hooks == []


def test_webhook_by_the_app_itself(facebook: Facebook, receiver: Receiver) -> None:
    wanted = {"object": "page", "callback_url": receiver.url, "verify_token": "v", "fields": "feed"}
    path = f"{facebook.app}/subscriptions"
    assert call(facebook, "POST", path, wanted, token=as_app(facebook)) == {"success": True}
    (handshake,) = receiver.hooks
    assert handshake.method == "GET"
    assert handshake.query["hub.verify_token"] == "v"
    assert refused(facebook, "POST", path, wanted) == (15, 0)


def test_subscribed_fields(facebook: Facebook, receiver: Receiver) -> None:
    path = f"{facebook.page}/subscribed_apps"
    assert refused(facebook, "POST", path, {"subscribed_fields": "feed,moon"})[0] == 100
    call(facebook, "POST", path, {"subscribed_fields": "feed"})
    assert call(facebook, "GET", path)["data"][0]["subscribed_fields"] == ["feed"]
    facebook.do("message", person="lea", text="nobody hears this")
    assert entries(facebook, receiver) == []


def test_tokens(facebook: Facebook) -> None:
    assert refused(facebook, "GET", "me", token="") == (104, 0)
    assert refused(facebook, "GET", "me", token="EAABwrong") == (190, 0)
    assert refused(facebook, "GET", "me", appsecret_proof="wrong") == (100, 0)
    assert call(
        facebook, "GET", "me", appsecret_proof=hmac_sha256_hex(facebook.secret, facebook.token.encode())
    )
    assert call(facebook, "GET", "debug_token", input_token=facebook.token)["data"]["is_valid"]
    facebook.do("expire_token")
    assert refused(facebook, "GET", "me") == (190, 463)
    facebook.do("revoke")
    assert refused(facebook, "GET", "me") == (190, 460)


def test_unversioned_path_and_token_in_the_query(facebook: Facebook) -> None:
    answer = httpx.get(f"{facebook.url}/me", params={"access_token": facebook.token})
    assert answer.json() == {"id": facebook.page, "name": "Acme"}


def test_usage_headers(facebook: Facebook) -> None:
    facebook.do("throttle", code=613, minutes=4)
    answer = httpx.get(f"{facebook.url}/me", params={"access_token": facebook.token})
    usage = json.loads(answer.headers["x-business-use-case-usage"])
    assert answer.json()["error"]["code"] == 613
    assert usage[facebook.page][0]["estimated_time_to_regain_access"] == 4
    assert httpx.get(f"{facebook.url}/me", params={"access_token": facebook.token}).status_code == 200


def test_ids_and_credentials_stay_after_a_restart(facebook: Facebook) -> None:
    with Sandbox() as again:
        assert again["facebook"].accounts() == facebook.accounts()


# -------------------------------------------------------------------------------- reading


def test_only_asked_fields(facebook: Facebook) -> None:
    post = facebook.do("post", text="Triglav", likes=3)["id"]
    comment = facebook.do("comment", person="lea", text="Lepi")["id"]
    assert call(facebook, "GET", post, fields="message") == {"id": post, "message": "Triglav"}
    seen = call(facebook, "GET", post, fields="likes.summary(true).limit(0),comments{message,from{id}}")
    assert seen["likes"] == {"data": [], "summary": {"total_count": 3}}
    assert seen["comments"]["data"] == [
        {"id": comment, "message": "Lepi", "from": {"id": facebook.user_id("lea"), "name": "Lea Marn"}}
    ]
    assert refused(facebook, "GET", comment, fields="id,full_picture") == (100, 0)
    assert refused(facebook, "GET", comment, fields="id,") == (2500, 0)
    assert refused(facebook, "GET", "1_2") == (100, 33)


def test_pages_of_comments(facebook: Facebook) -> None:
    post = facebook.do("post", text="Triglav")["id"]
    made = [facebook.do("comment", person="lea", text=f"{n}")["id"] for n in range(7)]
    query = {"limit": "3", "order": "reverse_chronological", "fields": "id", "filter": "stream"}
    page = call(facebook, "GET", f"{post}/comments", **query)
    found = [row["id"] for row in page["data"]]
    while "next" in page["paging"]:
        assert page["paging"]["next"].startswith(facebook.url)
        assert facebook.token not in page["paging"]["next"]
        page = httpx.get(page["paging"]["next"], headers={"Authorization": f"Bearer {facebook.token}"}).json()
        found += [row["id"] for row in page["data"]]
    assert found == made[::-1]


def test_toplevel_and_stream(facebook: Facebook) -> None:
    post = facebook.do("post", text="Triglav")["id"]
    comment = facebook.do("comment", person="lea", text="Kje?")["id"]
    reply = facebook.do("comment", person="omar", text="Tu", parent=comment)["id"]
    deeper = facebook.do("comment", person="lea", text="Hvala", parent=reply)["id"]

    def ids(of: str, **query: str) -> list[str]:
        return [row["id"] for row in call(facebook, "GET", f"{of}/comments", **query)["data"]]

    assert ids(post) == [comment]
    assert ids(post, filter="stream") == [comment, reply, deeper]
    assert ids(comment) == [reply, deeper]


def test_conversations(facebook: Facebook) -> None:
    for number in range(30):
        facebook.do("message", person="lea", text=f"{number}")
    facebook.do("message", person="omar", text="سلام")
    fields = "id,messages.limit(3){message,from}"
    omar, lea = call(facebook, "GET", "me/conversations", fields=fields)["data"]
    assert omar["messages"]["data"][0]["from"]["id"] == facebook.psid("omar")
    assert [row["message"] for row in lea["messages"]["data"]] == ["29", "28", "27"]
    (only,) = call(facebook, "GET", "me/conversations", user_id=facebook.psid("lea"))["data"]
    assert only["id"] == lea["id"]
    oldest = facebook.chats["lea"].entries[0].mid
    assert refused(facebook, "GET", oldest) == (9000001, 0)
    assert call(facebook, "GET", lea["messages"]["data"][0]["id"], fields="message")["message"] == "29"


def test_profile_only_of_who_wrote(facebook: Facebook) -> None:
    psid = facebook.psid("lea")
    assert refused(facebook, "GET", psid, fields="first_name") == (230, 0)
    facebook.do("message", person="lea", text="Živjo")
    assert call(facebook, "GET", psid, fields="first_name,last_name")["last_name"] == "Marn"
    assert refused(facebook, "GET", facebook.user_id("lea"), fields="first_name") == (100, 0)


# -------------------------------------------------------------------------------- writing


def test_own_comment_comes_back_as_feed_event(facebook: Facebook, receiver: Receiver) -> None:
    comment = facebook.do("comment", person="lea", text="Kje?")["id"]
    made = call(facebook, "POST", f"{comment}/comments", {"message": "Na poti je."})["id"]
    event = told(facebook, receiver)[-1]
    assert (event["comment_id"], event["parent_id"]) == (made, comment)
    assert event["from"] == {"id": facebook.page, "name": "Acme"}


def test_what_a_comment_may_be(facebook: Facebook) -> None:
    comment = facebook.do("comment", person="lea", text="Kje?")["id"]
    path = f"{comment}/comments"
    assert refused(facebook, "POST", path, {}) == (100, 0)
    assert refused(facebook, "POST", path, {"message": "x" * 8001}) == (100, 0)
    assert refused(facebook, "POST", path, {"attachment_id": "7"}) == (100, 2018074)
    facebook.do("remove", person="lea", id=comment)
    assert refused(facebook, "POST", path, {"message": "x"}) == (100, 33)


def test_hidden_like_and_delete(facebook: Facebook, receiver: Receiver) -> None:
    comment = facebook.do("comment", person="lea", text="Kje?")["id"]
    call(facebook, "POST", comment, {"is_hidden": True})
    call(facebook, "POST", f"{comment}/likes")
    state = call(facebook, "GET", comment, fields="is_hidden,user_likes,like_count")
    assert (state["is_hidden"], state["user_likes"], state["like_count"]) == (True, True, 1)
    call(facebook, "DELETE", f"{comment}/likes")
    call(facebook, "DELETE", comment)
    assert [change["verb"] for change in told(facebook, receiver)][-4:] == [
        "hide",
        "add",
        "remove",
        "remove",
    ]
    assert refused(facebook, "GET", comment) == (100, 33)


def test_only_own_words_can_be_changed(facebook: Facebook) -> None:
    comment = facebook.do("comment", person="lea", text="Kje?")["id"]
    own = call(facebook, "POST", f"{comment}/comments", {"message": "Tu"})["id"]
    assert refused(facebook, "POST", comment, {"message": "x"}) == (200, 0)
    assert refused(facebook, "POST", own, {"is_hidden": True}) == (100, 0)
    call(facebook, "POST", own, {"message": "Tukaj"})
    assert call(facebook, "GET", own, fields="message")["message"] == "Tukaj"


def test_replies_go_with_their_comment(facebook: Facebook) -> None:
    comment = facebook.do("comment", person="lea", text="Kje?")["id"]
    reply = facebook.do("comment", person="omar", text="Tu", parent=comment)["id"]
    facebook.do("remove", person="lea", id=comment)
    assert refused(facebook, "GET", reply) == (100, 33)


def test_an_id_of_an_earlier_run_is_taken_for_an_old_comment(facebook: Facebook) -> None:
    assert call(facebook, "POST", "1234567_7654321/comments", {"message": "Na poti je."})["id"]
    assert refused(facebook, "POST", "12_34/comments", {"message": "x"}) == (100, 33)
    assert refused(facebook, "POST", "nonsense/comments", {"message": "x"}) == (100, 33)


# -------------------------------------------------------------------------------- Messenger


def test_echo_with_metadata_and_delivery(facebook: Facebook, receiver: Receiver) -> None:
    facebook.do("message", person="lea", text="Kje?")
    sent = send(facebook, message={"text": "Na poti je.", "metadata": "key-1"})
    _, echo, delivery = messaging(facebook, receiver)
    assert echo["message"]["mid"] == sent["message_id"]
    assert (echo["message"]["is_echo"], echo["message"]["metadata"]) == (True, "key-1")
    assert echo["sender"]["id"] == facebook.page
    assert isinstance(echo["message"]["app_id"], int)
    assert delivery["delivery"]["mids"] == [sent["message_id"]]
    assert delivery["sender"]["id"] == facebook.psid("lea") == sent["recipient_id"]


def test_read_by_watermark(facebook: Facebook, receiver: Receiver) -> None:
    facebook.do("message", person="lea", text="Kje?")
    send(facebook)
    send(facebook)
    assert facebook.do("read", person="lea") == {"seen": 2}
    assert facebook.do("read", person="lea") == {"seen": 0}
    reads = [item["read"] for item in messaging(facebook, receiver) if "read" in item]
    newest = facebook.chats["lea"].entries[-1].at
    assert reads == [{"watermark": int(newest.timestamp() * 1000)}]
    assert {line.state for line in facebook.scene("lea").lines() if line.ours} == {"seen"}


def test_window(facebook: Facebook) -> None:
    assert not_sent(facebook) == (10, 2018278)
    facebook.do("message", person="lea", text="Kje?")
    assert send(facebook)["message_id"]
    facebook.clock.move(timedelta(hours=25).total_seconds())
    assert not_sent(facebook) == (10, 2018278)
    assert not_sent(facebook, messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT") == (10, 2018278)
    facebook.do("grant", name="human_agent")
    assert send(facebook, messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")["message_id"]
    facebook.clock.move(timedelta(days=7).total_seconds())
    assert not_sent(facebook, messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT") == (10, 2018278)


@pytest.mark.parametrize(
    "more",
    [
        {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"},
        {"messaging_type": "MESSAGE_TAG"},
        {"tag": "HUMAN_AGENT"},
        {"messaging_type": None},
        {"message": {}},
        {"message": {"text": "x" * 2001}},
        {"message": {"text": "x", "attachment": {"type": "image", "payload": {"url": "https://a.b/c"}}}},
    ],
)
def test_what_a_message_may_be(facebook: Facebook, more: dict[str, Any]) -> None:
    facebook.do("message", person="lea", text="Kje?")
    assert not_sent(facebook, **more) == (100, 0)


def test_whom_one_may_write_to(facebook: Facebook) -> None:
    facebook.do("message", person="lea", text="Kje?")
    assert not_sent(facebook, recipient={"id": "12"}) == (100, 2018001)
    assert not_sent(facebook, recipient={"id": facebook.user_id("lea")}) == (100, 2018001)
    assert not_sent(facebook, sender_action="typing_on") == (100, 2018014)
    facebook.do("leave", person="lea")
    assert not_sent(facebook) == (551, 1545041)
    facebook.do("join", person="lea")
    facebook.do("hand_over")
    assert not_sent(facebook) == (2018300, 0)


def test_private_reply(facebook: Facebook) -> None:
    comment = facebook.do("comment", person="lea", text="Kje?")["id"]
    body = {"recipient": {"comment_id": comment}, "message": {"text": "Številka?"}}
    assert call(facebook, "POST", "me/messages", body)["recipient_id"] == facebook.psid("lea")
    assert refused(facebook, "POST", "me/messages", body) == (100, 2534025)
    talk = call(facebook, "GET", comment, fields="private_reply_conversation{messages{message}}")
    rows = talk["private_reply_conversation"]["messages"]["data"]
    assert [row["message"] for row in rows] == ["Številka?"]
    assert not_sent(facebook) == (10, 2018278)


def test_late_private_reply(facebook: Facebook) -> None:
    comment = facebook.do("comment", person="lea", text="Kje?")["id"]
    facebook.clock.move(timedelta(days=7, seconds=1).total_seconds())
    body = {"recipient": {"comment_id": comment}, "message": {"text": "Številka?"}}
    assert refused(facebook, "POST", "me/messages", body) == (10, 2534022)


def test_five_edits(facebook: Facebook, receiver: Receiver) -> None:
    id = facebook.do("message", person="lea", text="0")["id"]
    for number in range(1, 6):
        facebook.do("edit", person="lea", id=id, text=f"{number}")
    with pytest.raises(PlayError):
        facebook.do("edit", person="lea", id=id, text="6")
    assert messaging(facebook, receiver)[-1]["message_edit"] == {"mid": id, "text": "5", "num_edit": 5}


# ---------------------------------------------------------------------------------- verbs


def test_batch(facebook: Facebook, receiver: Receiver) -> None:
    facebook.do("post", text="Triglav")
    receiver.wait(1)
    facebook.do("gather")
    facebook.do("comment", person="lea", text="1")
    facebook.do("comment", person="lea", text="2")
    facebook.do("message", person="lea", text="3")
    facebook.do("gather", on=False)
    (body,) = [json.loads(hook.body) for hook in receiver.wait(2)[1:]]
    first, second = body["entry"]
    assert (len(first["changes"]), len(second["messaging"])) == (2, 1)


def test_faults_of_deliveries(facebook: Facebook, receiver: Receiver) -> None:
    facebook.sandbox.fault("facebook", Fault("hook", hook="duplicate"))
    facebook.do("message", person="lea", text="1")
    first, second = entries(facebook, receiver)
    assert first == second


def test_only_what_is_one_s_own(facebook: Facebook) -> None:
    comment = facebook.do("comment", person="lea", text="Kje?")["id"]
    mid = facebook.do("message", person="lea", text="Kje?")["id"]
    for id in (comment, mid):
        with pytest.raises(PlayError):
            facebook.do("edit", person="omar", id=id, text="x")
        with pytest.raises(PlayError):
            facebook.do("remove", person="omar", id=id)
    for verb in ("comment", "mention", "message", "visitor_post"):
        with pytest.raises(PlayError):
            facebook.do(verb, person="lea", text=" ")
        with pytest.raises(PlayError):
            facebook.do(verb, person="nobody", text="x")


def test_scene(facebook: Facebook) -> None:
    post = facebook.do("post", text="Triglav", picture="boot", likes=2)["id"]
    comment = facebook.do("comment", person="lea", text="Kje?", post=post)["id"]
    call(facebook, "POST", f"{comment}/comments", {"message": "Tu"})
    (view,) = facebook.scene("lea").posts
    assert (view.id, view.likes, view.ours) == (post, 2, True)
    (line,) = view.comments
    assert (line.text, line.mine) == ("Kje?", True)
    assert [(reply.text, reply.ours) for reply in line.replies] == [("Tu", True)]
    assert facebook.seen()["comments"][0]["text"] == "Tu"

"""The Instagram simulator by what its sheet says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from heed.lib import clock
from heed.sandbox import Sandbox
from heed.sandbox.frame import PlayError
from heed.sandbox.networks.instagram import Instagram
from heed.sandbox.tests.graph import call, changes, entries, messaging, refused
from heed.sandbox.tests.receiver import Receiver

DAY = 24 * 60 * 60
FIELDS = (
    "comments,live_comments,messages,message_echoes,message_reactions,message_edit,"
    "messaging_seen,messaging_postbacks,messaging_referral"
)


@pytest.fixture
def instagram(receiver: Receiver) -> Iterator[Instagram]:
    """Connected by Instagram Login."""
    with Sandbox(seed=1) as sandbox:
        simulator = sandbox["instagram"]
        assert isinstance(simulator, Instagram)
        simulator.do("callback", url=receiver.url)
        call(simulator, "POST", "me/subscribed_apps", subscribed_fields=FIELDS)
        receiver.hooks.clear()
        yield simulator


@pytest.fixture
def by_page(instagram: Instagram) -> Instagram:
    """Connected by Facebook Login instead."""
    call(instagram, "DELETE", "me/subscribed_apps")
    call(instagram, "POST", "me/subscribed_apps", token=instagram.page_token, subscribed_fields="messages")
    return instagram


def message(instagram: Instagram, person: str = "lea", **more: Any) -> dict[str, Any]:
    plain = {"recipient": {"id": instagram.igsid(person)}, "message": {"text": "Na poti je."}}
    return {**plain, **more}


def send(instagram: Instagram, token: str | None = None, **more: Any) -> dict[str, Any]:
    return call(instagram, "POST", "me/messages", message(instagram, **more), token=token)


def not_sent(instagram: Instagram, **more: Any) -> tuple[int, int]:
    return refused(instagram, "POST", "me/messages", message(instagram, **more))


def reply_privately(comment: str) -> dict[str, Any]:
    return {"recipient": {"comment_id": comment}}


# ---------------------------------------------------------------------------- on the wire


def test_times_are_seconds_for_changes_and_milliseconds_for_messages(
    instagram: Instagram, receiver: Receiver
) -> None:
    instagram.do("comment", person="lea", text="Lepi")
    instagram.do("message", person="lea", text="Živjo")
    comment, hello = entries(instagram, receiver)
    assert comment["time"] < 10**11
    assert hello["time"] > 10**12


# ----------------------------------------------------------------------------- connecting


def test_nothing_is_delivered_before_the_handshake(receiver: Receiver) -> None:
    with Sandbox(seed=1) as sandbox:
        sandbox["instagram"].restore("somebody else's account", receiver.url)
        sandbox["instagram"].do("message", person="lea", text="Živjo")
        sandbox.settle()
        assert receiver.hooks == []


def test_webhook_by_the_app_itself(instagram: Instagram, receiver: Receiver) -> None:
    wanted = {"object": "instagram", "callback_url": receiver.url, "verify_token": "v", "fields": "comments"}
    path, app = f"{instagram.app}/subscriptions", f"{instagram.app}|{instagram.secret}"
    assert call(instagram, "POST", path, wanted, token=app) == {"success": True}
    (handshake,) = receiver.hooks
    assert (handshake.method, handshake.query["hub.verify_token"]) == ("GET", "v")
    assert refused(instagram, "POST", path, wanted) == (15, 0)


def test_unknown_fields_fail_the_whole_call(instagram: Instagram) -> None:
    path = "me/subscribed_apps"
    assert refused(instagram, "POST", path, subscribed_fields="comments,moon") == (100, 0)
    assert refused(instagram, "POST", path, subscribed_fields="comments,mentions") == (100, 0)
    call(instagram, "POST", path, subscribed_fields="comments")
    assert call(instagram, "GET", path)["data"][0]["subscribed_fields"] == ["comments"]


def test_who_the_token_belongs_to(instagram: Instagram) -> None:
    me = call(instagram, "GET", "me", fields="id,user_id,username")
    assert (me["user_id"], me["username"]) == (instagram.account, "acme")
    assert me["id"] != instagram.account
    fields = "instagram_business_account{id}"
    page = call(instagram, "GET", "me", token=instagram.page_token, fields=fields)
    assert page == {"id": instagram.page, "instagram_business_account": {"id": instagram.account}}


def test_tokens(instagram: Instagram) -> None:
    assert refused(instagram, "GET", "me", token="") == (104, 0)
    assert refused(instagram, "GET", "me", token="IGAAwrong") == (190, 0)
    assert refused(instagram, "GET", "me", appsecret_proof="wrong") == (100, 0)
    instagram.do("expire_token")
    assert refused(instagram, "GET", "me") == (190, 463)
    instagram.do("revoke")
    assert refused(instagram, "GET", "me", token=instagram.page_token) == (190, 460)


def test_a_token_lives_sixty_days(instagram: Instagram) -> None:
    query = {"grant_type": "ig_refresh_token", "access_token": instagram.token}
    fresh = httpx.get(f"{instagram.url}/refresh_access_token", params=query).json()
    assert fresh["expires_in"] > 59 * DAY
    assert refused(instagram, "GET", "refresh_access_token", **query) == (100, 0)
    with clock.moved(timedelta(days=61)):
        assert refused(instagram, "GET", "me") == (190, 463)
        assert "error" not in call(instagram, "GET", "me", token=instagram.page_token)


def test_usage_headers(instagram: Instagram) -> None:
    instagram.do("throttle", minutes=4)
    answer = httpx.get(f"{instagram.url}/me", params={"access_token": instagram.token})
    usage = json.loads(answer.headers["x-business-use-case-usage"])
    assert (answer.json()["error"]["code"], answer.json()["error"]["error_subcode"]) == (613, 2534040)
    assert usage[instagram.account][0]["estimated_time_to_regain_access"] == 4


def test_ids_and_credentials_stay_after_a_restart(instagram: Instagram) -> None:
    with Sandbox() as again:
        assert again["instagram"].accounts() == instagram.accounts()


def test_what_an_earlier_run_knew_can_be_answered(instagram: Instagram) -> None:
    old = f"178{10**15 + 7}"
    assert "id" in call(instagram, "POST", f"{old}/replies", message="Na poti je.")
    assert refused(instagram, "POST", "nonsense/replies", message="Na poti je.") == (100, 33)
    instagram.restore(instagram.account, instagram.hook_url)
    assert "message_id" in send(instagram, person="omar")


# -------------------------------------------------------------------------------- comments


@pytest.mark.parametrize("keys", ["id", "comment_id", "id comment_id"])
def test_keys_of_a_comment(instagram: Instagram, receiver: Receiver, keys: str) -> None:
    instagram.do("shape", keys=keys)
    id = instagram.do("comment", person="lea", text="Lepi")["id"]
    (change,) = changes(instagram, receiver)
    value = change["value"]
    assert {key: value[key] for key in ("id", "comment_id") if key in value} == dict.fromkeys(
        keys.split(), id
    )
    assert value["from"] == {"id": instagram.igsid("lea"), "username": "lea.marn"}
    assert value["media"]["media_product_type"] == "FEED"


def test_flat_comments_come_by_instagram_login_only(instagram: Instagram, receiver: Receiver) -> None:
    instagram.do("shape", flat=True)
    instagram.do("comment", person="lea", text="Lepi")
    (entry,) = entries(instagram, receiver)
    assert (entry["field"], entry["value"]["text"]) == ("comments", "Lepi")
    assert "changes" not in entry


def test_by_both_logins_everything_comes_twice(instagram: Instagram, receiver: Receiver) -> None:
    call(instagram, "POST", "me/subscribed_apps", token=instagram.page_token, subscribed_fields="messages")
    id = instagram.do("message", person="lea", text="Živjo")["id"]
    assert [item["message"]["mid"] for item in messaging(instagram, receiver)] == [id, id]


def test_own_reply_comes_back_as_a_comment(instagram: Instagram, receiver: Receiver) -> None:
    comment = instagram.do("comment", person="lea", text="Kje?")["id"]
    made = call(instagram, "POST", f"{comment}/replies", message="Na poti je.")["id"]
    value = changes(instagram, receiver)[-1]["value"]
    assert (value["id"], value["parent_id"]) == (made, comment)
    assert value["from"]["id"] == instagram.account
    assert value["from"]["self_ig_scoped_id"]


def test_no_webhook_for_posts_removals_and_likes(instagram: Instagram, receiver: Receiver) -> None:
    instagram.do("post", text="Triglav")
    comment = instagram.do("comment", person="lea", text="Kje?")["id"]
    instagram.do("react", person="omar", id=comment)
    instagram.do("remove", person="lea", id=comment)
    assert len(entries(instagram, receiver)) == 1
    with pytest.raises(PlayError):
        instagram.do("edit", person="lea", id=comment, text="Kdaj?")


def test_where_comments_are_written(instagram: Instagram) -> None:
    post = instagram.do("post", text="Triglav")["id"]
    comment = instagram.do("comment", person="lea", text="Kje?")["id"]
    reply = instagram.do("comment", person="omar", text="Tu", parent=comment)["id"]
    assert "id" in call(instagram, "POST", f"{post}/comments", message="Na voljo.")
    assert refused(instagram, "POST", f"{post}/replies", message="x") == (100, 0)
    assert refused(instagram, "POST", f"{comment}/comments", message="x") == (100, 0)
    assert refused(instagram, "POST", f"{reply}/replies", message="x") == (100, 0)
    assert refused(instagram, "POST", f"{comment}/replies", message=" ") == (100, 0)
    assert refused(instagram, "POST", f"{comment}/replies", message="ž" * 301) == (100, 0)
    assert refused(instagram, "POST", f"{comment}/replies", message="#a #b #c #d #e") == (100, 0)
    assert refused(instagram, "POST", f"{comment}/likes") == (2500, 0)


def test_hiding_counts_in_the_address_only(instagram: Instagram) -> None:
    comment = instagram.do("comment", person="lea", text="Kje?")["id"]
    own = call(instagram, "POST", f"{comment}/replies", message="Tu.")["id"]
    assert refused(instagram, "POST", comment, {"hide": True}) == (100, 0)
    assert refused(instagram, "POST", own, hide="true") == (100, 0)
    call(instagram, "POST", comment, hide="true")
    assert call(instagram, "GET", comment, fields="hidden")["hidden"] is True
    assert [line.id for line in instagram.scene("omar").lines()] == []
    assert comment in [line.id for line in instagram.scene("lea").lines()]
    call(instagram, "POST", comment, hide="false")
    assert comment in [line.id for line in instagram.scene("omar").lines()]


def test_deleting_takes_the_replies_along(instagram: Instagram) -> None:
    comment = instagram.do("comment", person="lea", text="Kje?")["id"]
    reply = instagram.do("comment", person="omar", text="Tu", parent=comment)["id"]
    call(instagram, "DELETE", comment)
    assert refused(instagram, "GET", reply) == (100, 33)
    assert refused(instagram, "DELETE", comment) == (100, 33)


def test_pages_of_replies(instagram: Instagram) -> None:
    comment = instagram.do("comment", person="lea", text="Kje?")["id"]
    made = [instagram.do("comment", person="omar", text=f"{n}", parent=comment)["id"] for n in range(7)]
    page = call(instagram, "GET", f"{comment}/replies", limit="3", fields="id,text")
    found = [row["id"] for row in page["data"]]
    while "next" in page["paging"]:
        assert page["paging"]["next"].startswith(instagram.url)
        headers = {"Authorization": f"Bearer {instagram.token}"}
        page = httpx.get(page["paging"]["next"], headers=headers).json()
        found += [row["id"] for row in page["data"]]
    assert found == made


def test_only_asked_fields(instagram: Instagram) -> None:
    post = instagram.do("post", text="Triglav", likes=3)["id"]
    comment = instagram.do("comment", person="lea", text="Lepi")["id"]
    assert call(instagram, "GET", post, fields="caption,like_count") == {
        "id": post,
        "caption": "Triglav",
        "like_count": 3,
    }
    shown = call(instagram, "GET", comment, fields="text,from,media{caption}")
    assert shown["media"] == {"id": post, "caption": "Triglav"}
    assert refused(instagram, "GET", comment, fields="id,caption") == (100, 0)
    assert refused(instagram, "GET", comment, fields="id,") == (2500, 0)


def test_mentions_name_ids_only(by_page: Instagram, receiver: Receiver) -> None:
    made = by_page.do("mention", person="lea", text="@acme lepi so")
    caption = by_page.do("mention_in_caption", person="omar", text="Nove @acme")["id"]
    in_comment, in_caption = (change["value"] for change in changes(by_page, receiver))
    assert in_comment == {"media_id": made["post"], "comment_id": made["id"]}
    assert in_caption == {"media_id": caption}
    me, page = by_page.account, by_page.page_token
    asked = f"mentioned_comment.comment_id({made['id']}){{text,username}}"
    read = call(by_page, "GET", me, token=page, fields=asked)
    assert read["mentioned_comment"]["text"] == "@acme lepi so"
    assert refused(
        by_page, "GET", me, token=page, fields=f"mentioned_media.media_id({made['post']}){{id}}"
    ) == (
        100,
        33,
    )
    assert refused(by_page, "GET", caption, token=page) == (100, 33)
    reply = {"media_id": made["post"], "comment_id": made["id"], "message": "Hvala!"}
    assert "id" in call(by_page, "POST", f"{me}/mentions", reply, token=page)
    assert "Hvala!" in [line.text for line in by_page.scene("lea").lines() if line.ours]


# -------------------------------------------------------------------------------- messages


def test_echo_by_either_login(instagram: Instagram, receiver: Receiver) -> None:
    instagram.do("message", person="lea", text="Živjo")
    sent = send(instagram)
    assert sent["recipient_id"] == instagram.igsid("lea")
    _hello, echo = messaging(instagram, receiver)
    assert echo["sender"]["id"] == instagram.account
    assert echo["message"] == {"mid": sent["message_id"], "is_echo": True, "text": "Na poti je."}
    call(instagram, "POST", "me/subscribed_apps", subscribed_fields="messages")
    send(instagram)
    assert len(messaging(instagram, receiver)) == 2


def test_echo_with_facebook_login_comes_with_the_messages(by_page: Instagram, receiver: Receiver) -> None:
    by_page.do("message", person="lea", text="Živjo")
    sent = send(by_page, token=by_page.page_token)
    assert messaging(by_page, receiver)[-1]["message"]["mid"] == sent["message_id"]


def test_echo_before_the_answer(instagram: Instagram, receiver: Receiver) -> None:
    instagram.do("message", person="lea", text="Živjo")
    receiver.wait(1)
    instagram.do("hurry")
    send(instagram)
    assert json.loads(receiver.hooks[-1].body)["entry"][0]["messaging"][0]["message"]["is_echo"]


def test_the_window(instagram: Instagram) -> None:
    assert not_sent(instagram) == (10, 2534022)
    instagram.do("message", person="lea", text="Živjo")
    assert "message_id" in send(instagram)
    instagram.clock.move(DAY + 60)
    assert not_sent(instagram) == (10, 2534022)
    human = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    assert "message_id" in send(instagram, **human)
    assert not_sent(instagram, messaging_type="MESSAGE_TAG", tag="ACCOUNT_UPDATE") == (100, 0)
    instagram.clock.move(6 * DAY)
    assert not_sent(instagram, **human) == (10, 2534022)


def test_what_a_message_may_hold(instagram: Instagram) -> None:
    instagram.do("message", person="lea", text="Živjo")
    picture = {"type": "image", "payload": {"url": "https://desk.acme.example/f/1"}}
    assert "message_id" in send(instagram, message={"text": "ж" * 500})
    assert not_sent(instagram, message={"text": "ж" * 501}) == (100, 0)
    assert not_sent(instagram, message={"text": "a", "attachment": picture}) == (100, 2534015)
    assert not_sent(instagram, message={}) == (100, 2534015)
    assert "message_id" in send(instagram, message={"attachments": [picture] * 10})
    assert not_sent(instagram, message={"attachments": [picture] * 11}) == (100, 2534015)
    no_address = {"type": "image", "payload": {"url": "boot.png"}}
    assert not_sent(instagram, message={"attachment": no_address}) == (100, 2018008)
    assert not_sent(instagram, message={"attachment": {"type": "sticker"}}) == (100, 2018047)


def test_who_cannot_be_written_to(instagram: Instagram) -> None:
    assert not_sent(instagram, recipient={"id": "1"}) == (100, 2534014)
    instagram.do("message", person="lea", text="Živjo")
    instagram.do("hand_over")
    assert not_sent(instagram) == (100, 2534037)
    instagram.do("leave", person="lea")
    assert not_sent(instagram) == (551, 1545041)


def test_a_private_reply_goes_once_and_opens_nothing(instagram: Instagram) -> None:
    comment = instagram.do("comment", person="lea", text="Kje?")["id"]
    heart = {"attachment": {"type": "like_heart"}}
    assert not_sent(instagram, **reply_privately(comment), message=heart) == (100, 2534015)
    sent = send(instagram, **reply_privately(comment))
    assert sent["recipient_id"] == instagram.igsid("lea")
    assert not_sent(instagram, **reply_privately(comment)) == (10, 2534022)
    assert not_sent(instagram) == (10, 2534022)
    own = call(instagram, "POST", f"{comment}/replies", message="Tu.")["id"]
    assert not_sent(instagram, **reply_privately(own)) == (100, 2534025)


def test_a_private_reply_after_seven_days(instagram: Instagram) -> None:
    comment = instagram.do("comment", person="lea", text="Kje?")["id"]
    instagram.clock.move(7 * DAY + 1)
    assert not_sent(instagram, **reply_privately(comment)) == (10, 2534022)


def test_private_replies_under_a_broadcast(instagram: Instagram, receiver: Receiver) -> None:
    instagram.do("broadcast")
    comment = instagram.do("comment", person="lea", text="Kdaj?", live=True)["id"]
    assert changes(instagram, receiver)[0]["field"] == "live_comments"
    instagram.do("broadcast", on=False)
    assert not_sent(instagram, **reply_privately(comment)) == (10, 2534022)


def test_what_customers_do_in_the_chat(instagram: Instagram, receiver: Receiver) -> None:
    id = instagram.do("message", person="lea", text="Živjo")["id"]
    sent = send(instagram)["message_id"]
    instagram.do("edit", person="lea", id=id, text="Zdravo")
    instagram.do("remove", person="lea", id=id)
    instagram.do("react", person="lea", id=sent, reaction="👟")
    instagram.do("react", person="lea", id=sent, on=False)
    instagram.do("read", person="lea")
    instagram.do("read", person="lea")
    parts = [
        {key: value for key, value in item.items() if key not in ("sender", "recipient", "timestamp")}
        for item in messaging(instagram, receiver)
    ]
    assert parts[2:] == [
        {"message_edit": {"mid": id, "text": "Zdravo", "num_edit": 1}},
        {"message": {"mid": id, "is_deleted": True}},
        {"reaction": {"mid": sent, "action": "react", "reaction": "other", "emoji": "👟"}},
        {"reaction": {"mid": sent, "action": "unreact"}},
        {"read": {"mid": sent}},
    ]
    (hello, answer) = instagram.scene("lea").chats[0].lines
    assert (hello.removed, answer.state) == (True, "seen")


def test_standing_by(instagram: Instagram, receiver: Receiver) -> None:
    instagram.do("hand_over")
    instagram.do("message", person="lea", text="Živjo")
    (entry,) = entries(instagram, receiver)
    assert entry["standby"][0]["message"]["text"] == "Živjo"


def test_conversations(instagram: Instagram) -> None:
    for number in range(30):
        instagram.do("message", person="lea", text=f"{number}")
    instagram.do("message", person="omar", text="سلام")
    fields = "id,participants,messages.limit(3){message,from}"
    omar, lea = call(instagram, "GET", "me/conversations", fields=fields)["data"]
    assert omar["messages"]["data"][0]["from"] == {
        "id": instagram.igsid("omar"),
        "username": "omar.badr",
    }
    assert [row["message"] for row in lea["messages"]["data"]] == ["29", "28", "27"]
    (only,) = call(instagram, "GET", "me/conversations", user_id=instagram.igsid("lea"))["data"]
    assert only["id"] == lea["id"]
    assert refused(instagram, "GET", instagram.chats["lea"].entries[0].mid) == (9000001, 0)


def test_profile_only_of_who_wrote(instagram: Instagram) -> None:
    igsid = instagram.igsid("lea")
    instagram.do("comment", person="lea", text="Kje?")
    assert refused(instagram, "GET", igsid, fields="name,username") == (230, 0)
    instagram.do("message", person="lea", text="Živjo")
    assert call(instagram, "GET", igsid, fields="name,username")["username"] == "lea.marn"


def test_only_one_s_own_can_be_taken_back(instagram: Instagram) -> None:
    id = instagram.do("message", person="lea", text="Živjo")["id"]
    comment = instagram.do("comment", person="lea", text="Kje?")["id"]
    for wrong in (comment, "1785"):
        with pytest.raises(PlayError):
            instagram.do("remove", person="omar", id=wrong)
    with pytest.raises(PlayError):
        instagram.do("remove", person="omar", id=id)
    with pytest.raises(PlayError):
        instagram.do("comment", person="lea", text="", picture="")
    with pytest.raises(PlayError):
        instagram.do("comment", person="lea", text="Glej", picture="boot")

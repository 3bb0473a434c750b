"""The X simulator by what its sheet says."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, PlayError
from heed.sandbox.networks.x import EVENTS, SIGNATURE, X
from heed.sandbox.tests.receiver import Receiver, Taken

client = httpx.Client(timeout=120)
LEA_SAYS = {"person": "lea", "text": "Kje je moj paket?"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def x() -> Iterator[X]:
    with Sandbox(seed=1) as sandbox:
        simulator = sandbox["x"]
        assert isinstance(simulator, X)
        yield simulator


@pytest.fixture
def told(x: X, receiver: Receiver) -> X:
    """A simulator with a webhook and all subscriptions."""
    receiver.answer = lambda hook: prove(x, hook)
    webhook = call(x, "POST", "/2/webhooks", {"url": receiver.url}, app=True)["data"]
    for kind in EVENTS:
        subscribe(x, kind, webhook["id"])
    return x


def prove(x: X, hook: Taken) -> tuple[int, bytes]:
    """Answer as an app does that knows the secret."""
    token = hook.query.get("crc_token", "").encode()
    signed = base64.b64encode(hmac.digest(x.consumer_secret.encode(), token, "sha256")).decode()
    return 200, json.dumps({"response_token": f"sha256={signed}"}).encode()


def ask(
    x: X, method: str, path: str, body: Any = None, *, app: bool = False, token: str = "", **query: Any
) -> Any:
    credentials = x.accounts()[0].credentials
    bearer = x._bearer() if app else token or credentials["access_token"]
    headers = {"Authorization": f"Bearer {bearer}"}
    return client.request(method, x.url + path, json=body, params=query or None, headers=headers)


def call(x: X, method: str, path: str, body: Any = None, *, app: bool = False, **query: Any) -> Any:
    answer = ask(x, method, path, body, app=app, **query)
    assert answer.is_success, answer.text
    return answer.json()


def subscribe(x: X, kind: str, webhook: str) -> Any:
    wanted = {"event_type": kind, "filter": {"user_id": x.us}, "webhook_id": webhook}
    public = kind in ("post.create", "post.delete", "post.repost.create", "oauth.revoke")
    return call(x, "POST", "/2/activity/subscriptions", wanted, app=public)


def tokens(x: X, **form: str) -> httpx.Response:
    return client.post(f"{x.url}/2/oauth2/token", data=form, auth=(x.client_id, x.client_secret))


def post(x: X, text: str = "Na poti je.", **more: Any) -> str:
    return str(call(x, "POST", "/2/tweets", {"text": text, **more})["data"]["id"])


def events(x: X, receiver: Receiver) -> list[dict[str, Any]]:
    """What was delivered, each signed rightly."""
    x.sandbox.settle()
    found = [hook for hook in receiver.hooks if hook.method == "POST"]
    for hook in found:
        signed = base64.b64encode(hmac.digest(x.consumer_secret.encode(), hook.body, "sha256")).decode()
        assert hook.headers[SIGNATURE] == f"sha256={signed}"
    return [json.loads(hook.body) for hook in found]


def kinds(x: X, receiver: Receiver) -> list[str]:
    return [each["data"]["event_type"] for each in events(x, receiver)]


class TestTokens:
    def test_an_access_token_lives_for_two_hours(self, x: X) -> None:
        assert ask(x, "GET", "/2/users/me").status_code == 200
        x.clock.move(7201)
        assert ask(x, "GET", "/2/users/me").status_code == 401

    def test_a_refresh_token_is_good_once(self, x: X) -> None:
        first = x.accounts()[0].credentials["refresh_token"]
        given = tokens(x, grant_type="refresh_token", refresh_token=first).json()
        assert given["expires_in"] == 7200
        assert ask(x, "GET", "/2/users/me", token=given["access_token"]).status_code == 200
        again = tokens(x, grant_type="refresh_token", refresh_token=first)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_request")
        assert tokens(x, grant_type="refresh_token", refresh_token=given["refresh_token"]).is_success

    def test_a_token_of_an_earlier_run_is_known(self, x: X) -> None:
        with Sandbox() as before:
            earlier = before["x"]
            assert isinstance(earlier, X)
            refresh = earlier.accounts()[0].credentials["refresh_token"]
            given = tokens(earlier, grant_type="refresh_token", refresh_token=refresh).json()
        assert ask(x, "GET", "/2/users/me", token=given["access_token"]).status_code == 200
        assert tokens(x, grant_type="refresh_token", refresh_token=given["refresh_token"]).is_success

    @pytest.mark.parametrize("token", ["", "x", "access.first.0.wrong", "a.b.c.d", "refresh.first.0"])
    def test_what_is_no_token(self, x: X, token: str) -> None:
        assert ask(x, "GET", "/2/users/me", token=token or "none").status_code == 401
        assert tokens(x, grant_type="refresh_token", refresh_token=token).status_code == 400

    def test_a_code_lives_for_thirty_seconds(self, x: X) -> None:
        asked = {
            "client_id": x.client_id,
            "redirect_uri": "https://desk.example.org/",
            "state": "s",
            "scope": "tweet.read",
            "code_challenge": "x",
        }
        back = client.get(f"{x.url}/i/oauth2/authorize", params=asked).headers["location"]
        x.clock.move(31)
        code = httpx.URL(back).params["code"]
        assert tokens(x, grant_type="authorization_code", code=code, code_verifier="v").status_code == 400

    def test_the_app_s_own_token(self, x: X) -> None:
        form = {"grant_type": "client_credentials"}
        right = client.post(f"{x.url}/oauth2/token", data=form, auth=(x.consumer_key, x.consumer_secret))
        assert right.json() == {"token_type": "bearer", "access_token": x._bearer()}
        wrong = client.post(f"{x.url}/oauth2/token", data=form, auth=(x.consumer_key, "wrong"))
        assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (403, 99)


class TestWebhooks:
    def test_one_that_does_not_know_the_secret_is_not_made(self, x: X, receiver: Receiver) -> None:
        answer = ask(x, "POST", "/2/webhooks", {"url": receiver.url}, app=True)
        assert (answer.status_code, "CrcValidationFailed" in answer.text) == (400, True)
        assert receiver.hooks[0].query["crc_token"]

    @pytest.mark.parametrize(
        "url", ["http://desk.example.org/", "https://desk.example.org:8443/", "https://a/" + "x" * 200, "7"]
    )
    def test_addresses_x_does_not_take(self, x: X, url: str) -> None:
        answer = ask(x, "POST", "/2/webhooks", {"url": url}, app=True)
        assert "UrlValidationFailed" in answer.text

    def test_only_the_app_may(self, x: X, receiver: Receiver) -> None:
        assert ask(x, "POST", "/2/webhooks", {"url": receiver.url}).status_code == 401

    def test_one_address_once_and_no_more_than_allowed(self, told: X, receiver: Receiver) -> None:
        again = ask(told, "POST", "/2/webhooks", {"url": receiver.url}, app=True)
        assert "DuplicateUrlFailed" in again.text
        told.most_webhooks = 1
        more = ask(told, "POST", "/2/webhooks", {"url": f"{receiver.url}/2"}, app=True)
        assert "WebhookLimitExceeded" in more.text

    def test_a_wrong_answer_ends_it_at_once(self, told: X, receiver: Receiver) -> None:
        receiver.answer = lambda hook: (200, b'{"response_token":"sha256=wrong"}')
        assert told.do("crc") == {"valid": [False]}
        told.do("mention", **LEA_SAYS)
        assert events(told, receiver) == []

    def test_trouble_ends_it_after_28_hours(self, told: X, receiver: Receiver) -> None:
        receiver.answer = lambda hook: (500, b"")
        told.clock.move(27 * 3600)
        assert told.do("crc") == {"valid": [True]}
        told.clock.move(2 * 3600)
        assert told.do("crc") == {"valid": [False]}

    def test_it_is_proven_again_when_asked(self, told: X, receiver: Receiver) -> None:
        receiver.answer = lambda hook: (302, b"")
        told.do("crc")
        (webhook,) = call(told, "GET", "/2/webhooks", app=True)["data"]
        assert webhook["valid"] is False
        assert ask(told, "PUT", f"/2/webhooks/{webhook['id']}", app=True).status_code == 400
        receiver.answer = lambda hook: prove(told, hook)
        assert call(told, "PUT", f"/2/webhooks/{webhook['id']}", app=True) == {"data": {"valid": True}}

    @pytest.mark.parametrize("kind", ["dm.received", "post.mention.create", "post.reply.create"])
    def test_private_events_need_the_user(self, told: X, kind: str) -> None:
        (webhook,) = call(told, "GET", "/2/webhooks", app=True)["data"]
        wanted = {"event_type": kind, "filter": {"user_id": told.us}, "webhook_id": webhook["id"]}
        refused = ask(told, "POST", "/2/activity/subscriptions", wanted, app=True)
        assert (refused.status_code, "OauthAccessTokenRequired" in refused.text) == (400, True)

    def test_a_replay_of_yesterday(self, told: X, receiver: Receiver) -> None:
        told.do("mention", **LEA_SAYS)
        told.clock.move(3 * 3600)
        told.do("mention", person="omar", text="متى؟")
        before = len(events(told, receiver))
        (webhook,) = call(told, "GET", "/2/webhooks", app=True)["data"]
        now = told.clock.now()
        span = {"from_date": stamp(now - timedelta(hours=4)), "to_date": stamp(now - timedelta(hours=1))}
        call(told, "POST", "/2/webhooks/replay", {"webhook_id": webhook["id"], **span}, app=True)
        again, end = events(told, receiver)[before:]
        assert "paket" in again["data"]["payload"]["text"]
        assert end["replay_job_status"]["job_state"] == "Complete"
        late = {**span, "to_date": stamp(now)}
        refused = ask(told, "POST", "/2/webhooks/replay", {"webhook_id": webhook["id"], **late}, app=True)
        assert refused.status_code == 400


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M")


class TestDeliveries:
    def test_one_post_under_two_kinds(self, told: X, receiver: Receiver) -> None:
        told.do("post", text="Zimska kolekcija je tu.")
        told.do("comment", person="lea", text="@acme kje je 38?")
        assert kinds(told, receiver) == ["post.create", "post.mention.create", "post.reply.create"]
        mention, reply = (each["data"] for each in events(told, receiver)[1:])
        assert mention["payload"] == reply["payload"]
        assert mention["event_uuid"] == mention["payload"]["id"]
        assert reply["event_uuid"].startswith("-")

    def test_names_before_a_reply_are_no_mention(self, told: X, receiver: Receiver) -> None:
        told.do("post", text="Zimska kolekcija je tu.")
        told.do("comment", person="lea", text="Kje je 38?")
        assert kinds(told, receiver) == ["post.create", "post.reply.create"]
        payload = events(told, receiver)[-1]["data"]["payload"]
        assert payload["text"] == "@acme Kje je 38?"
        assert payload["display_text_range"][0] == 6

    def test_a_reply_to_somebody_else_is_not_told(self, told: X, receiver: Receiver) -> None:
        told.do("post", text="Zimska kolekcija je tu.")
        question = told.do("comment", person="lea", text="Kje je 38?")
        told.do("comment", person="sam", text="Same here", parent=question["id"])
        assert len(events(told, receiver)) == 2

    def test_ids_beyond_javascript(self, told: X) -> None:
        assert int(told.do("mention", **LEA_SAYS)["id"]) > 2**53
        assert int(told.user_id("lea")) > 2**53

    @pytest.mark.parametrize(
        ("spelling", "references"), [("tweet", "referenced_tweets"), ("post", "referenced_posts")]
    )
    def test_both_spellings(self, told: X, receiver: Receiver, spelling: str, references: str) -> None:
        told.do("spelling", spelling=spelling)
        told.do("post", text="Zimska kolekcija je tu.")
        told.do("comment", person="lea", text="Kje je 38?")
        event = events(told, receiver)[-1]["data"]
        assert event["payload"][references][0]["type"] == "replied_to"
        assert list(event["includes"]) == ["users", f"{spelling}s"]

    def test_the_generation_before(self, told: X, receiver: Receiver) -> None:
        told.do("spelling", spelling="older")
        told.do("mention", **LEA_SAYS)
        told.do("message", **LEA_SAYS)
        post, message = events(told, receiver)
        assert post["for_user_id"] == message["for_user_id"] == told.us
        assert post["tweet_create_events"][0]["user"]["screen_name"] == "lea_marn"
        assert message["users"][told.user_id("lea")]["screen_name"] == "lea_marn"

    def test_without_includes(self, told: X, receiver: Receiver) -> None:
        told.do("includes", on=False)
        told.do("mention", **LEA_SAYS)
        assert events(told, receiver)[0]["data"]["includes"] == {}

    def test_a_message_in_its_old_shape(self, told: X, receiver: Receiver) -> None:
        told.do("message", person="lea", text="Slika", picture="boot")
        (event,) = events(told, receiver)
        (message,) = event["data"]["payload"]["direct_message_events"]
        data = message["message_create"]["message_data"]
        assert data["text"].endswith(data["attachment"]["media"]["url"])
        assert event["data"]["payload"]["users"][told.user_id("lea")]["data"]["username"] == "lea_marn"

    def test_a_deletion_wraps_its_people(self, told: X, receiver: Receiver) -> None:
        made = told.do("post", text="Napaka")
        told.do("delete_elsewhere", id=made["id"])
        event = events(told, receiver)[-1]["data"]
        assert event["payload"] == {"id": made["id"], "author_id": told.us}
        assert event["includes"]["users"][0]["data"]["username"] == "acme"

    def test_a_spoilt_signature(self, told: X, receiver: Receiver) -> None:
        told.sandbox.fault("x", Fault("hook", hook="bad_signature"))
        told.do("mention", **LEA_SAYS)
        told.sandbox.settle()
        hook = receiver.hooks[-1]
        signed = base64.b64encode(hmac.digest(told.consumer_secret.encode(), hook.body, "sha256")).decode()
        assert hook.headers[SIGNATURE] != f"sha256={signed}"


class TestPosting:
    def test_what_a_post_may_be(self, x: X) -> None:
        assert ask(x, "POST", "/2/tweets", {"text": "ž" * 281}).json()["errors"][0]["code"] == 186
        assert ask(x, "POST", "/2/tweets", {}).status_code == 400
        assert ask(x, "POST", "/2/tweets", {"text": "a", "media": {"media_ids": ["7"]}}).status_code == 400
        post(x, "日" * 140)

    def test_a_repeat(self, x: X) -> None:
        post(x, "Na poti je.")
        again = ask(x, "POST", "/2/tweets", {"text": "Na poti je."})
        assert (again.status_code, "duplicate content" in again.json()["detail"]) == (403, True)

    def test_the_answered_post_is_gone(self, x: X) -> None:
        made = x.do("mention", **LEA_SAYS)
        x.do("remove", person="lea", id=made["id"])
        reply = {"text": "Na poti je.", "reply": {"in_reply_to_tweet_id": made["id"]}}
        assert ask(x, "POST", "/2/tweets", reply).json()["errors"][0]["code"] == 385

    def test_a_post_of_an_earlier_run_can_be_answered(self, x: X) -> None:
        post(x, "Na poti je.", reply={"in_reply_to_tweet_id": "1700000000000000001"})
        wrong = {"text": "a", "reply": {"in_reply_to_tweet_id": "x1"}}
        assert ask(x, "POST", "/2/tweets", wrong).status_code == 400

    def test_what_self_serve_may_not(self, x: X) -> None:
        x.do("level", level="self_serve")
        stranger = x.do("say", person="jan", text="Danes sije sonce.")
        fan = x.do("mention", **LEA_SAYS)
        refused = ask(
            x, "POST", "/2/tweets", {"text": "Res!", "reply": {"in_reply_to_tweet_id": stranger["id"]}}
        )
        assert (refused.status_code, "not been mentioned" in refused.json()["detail"]) == (403, True)
        assert ask(x, "POST", "/2/tweets", {"text": "Res!", "quote_tweet_id": fan["id"]}).status_code == 403
        assert ask(x, "POST", f"/2/users/{x.us}/likes", {"tweet_id": fan["id"]}).status_code == 403
        assert ask(x, "POST", "/2/tweets", {"text": "$AB $CD"}).status_code == 403
        post(x, "Res!", reply={"in_reply_to_tweet_id": fan["id"]})

    def test_hiding_only_under_our_own(self, x: X) -> None:
        x.do("post", text="Zimska kolekcija je tu.")
        ours = x.do("comment", person="lea", text="Kje je 38?")
        theirs = x.do("mention", **LEA_SAYS)
        call(x, "PUT", f"/2/tweets/{ours['id']}/hidden", {"hidden": True})
        assert [each.hidden for each in x.scene("lea").lines()] == [True]
        assert ask(x, "PUT", f"/2/tweets/{theirs['id']}/hidden", {"hidden": True}).status_code == 403

    def test_a_hundred_posts_in_a_quarter_of_an_hour(self, x: X) -> None:
        for number in range(100):
            answer = ask(x, "POST", "/2/tweets", {"text": f"Objava {number}"})
            assert answer.headers["x-rate-limit-remaining"] == str(99 - number)
        refused = ask(x, "POST", "/2/tweets", {"text": "Še ena"})
        assert (refused.status_code, refused.headers["x-rate-limit-remaining"]) == (429, "0")
        assert int(refused.headers["x-rate-limit-reset"]) > x.clock.now().timestamp()
        x.clock.move(901)
        post(x, "Še ena")

    def test_no_credit(self, x: X) -> None:
        x.do("credit", on=False)
        assert ask(x, "POST", "/2/tweets", {"text": "a"}).status_code == 402

    def test_what_is_gone_is_an_error_beside_no_data(self, x: X) -> None:
        answer = call(x, "GET", "/2/tweets/7")
        assert "data" not in answer
        assert answer["errors"][0]["type"].endswith("resource-not-found")


class TestFiles:
    def upload(self, x: X, content: bytes, mime: str, category: str) -> str:
        about = {"media_type": mime, "total_bytes": len(content), "media_category": category}
        media = call(x, "POST", "/2/media/upload/initialize", about)["data"]["id"]
        token = x.accounts()[0].credentials["access_token"]
        for number, start in enumerate(range(0, len(content), 4)):
            piece = {"media": ("f", content[start : start + 4], mime)}
            answer = client.post(
                f"{x.url}/2/media/upload/{media}/append",
                data={"segment_index": str(number)},
                files=piece,
                headers={"Authorization": f"Bearer {token}"},
            )
            assert answer.is_success, answer.text
        return str(media)

    def test_a_picture_in_pieces(self, x: X) -> None:
        media = self.upload(x, b"123456789", "image/png", "tweet_image")
        early = ask(x, "POST", "/2/tweets", {"text": "a", "media": {"media_ids": [media]}})
        assert early.status_code == 400
        call(x, "POST", f"/2/media/upload/{media}/finalize")
        post(x, "a", media={"media_ids": [media]})
        picture = x.scene("lea").posts[0].picture
        assert client.get(picture).content == b"123456789"

    def test_a_video_takes_a_while(self, x: X) -> None:
        media = self.upload(x, b"vvvv", "video/mp4", "tweet_video")
        closed = call(x, "POST", f"/2/media/upload/{media}/finalize")["data"]["processing_info"]
        assert (closed["state"], closed["check_after_secs"]) == ("pending", 1)
        early = ask(x, "POST", "/2/tweets", {"text": "a", "media": {"media_ids": [media]}})
        assert early.status_code == 400
        states = [
            call(x, "GET", "/2/media/upload", command="STATUS", media_id=media)["data"]["processing_info"][
                "state"
            ]
            for _ in range(2)
        ]
        assert states == ["in_progress", "succeeded"]
        post(x, "a", media={"media_ids": [media]})

    def test_a_piece_that_is_missing(self, x: X) -> None:
        about = {"media_type": "image/png", "total_bytes": 9, "media_category": "tweet_image"}
        media = call(x, "POST", "/2/media/upload/initialize", about)["data"]["id"]
        assert ask(x, "POST", f"/2/media/upload/{media}/finalize").status_code == 400

    def test_a_day_later_it_is_gone(self, x: X) -> None:
        media = self.upload(x, b"123", "image/png", "tweet_image")
        call(x, "POST", f"/2/media/upload/{media}/finalize")
        x.clock.move(86401)
        token = tokens(
            x, grant_type="refresh_token", refresh_token=x.accounts()[0].credentials["refresh_token"]
        )
        body = {"text": "a", "media": {"media_ids": [media]}}
        answer = ask(x, "POST", "/2/tweets", body, token=token.json()["access_token"])
        assert answer.status_code == 400

    @pytest.mark.parametrize(
        "about",
        [
            {"media_type": "image/png", "total_bytes": 6 * 1024 * 1024, "media_category": "tweet_image"},
            {"media_type": "text/plain", "total_bytes": 9, "media_category": "tweet_image"},
            {"media_type": "image/png", "total_bytes": 0, "media_category": "tweet_image"},
            {"media_type": "image/png", "total_bytes": 9, "media_category": "tweet_song"},
        ],
    )
    def test_files_x_does_not_take(self, x: X, about: dict[str, Any]) -> None:
        assert ask(x, "POST", "/2/media/upload/initialize", about).status_code == 400


class TestMessages:
    def test_only_three_fields_unless_asked(self, x: X) -> None:
        x.do("message", **LEA_SAYS)
        (bare,) = call(x, "GET", "/2/dm_events")["data"]
        assert set(bare) == {"id", "event_type", "text"}
        wanted: dict[str, Any] = {"dm_event.fields": "sender_id,dm_conversation_id"}
        (whole,) = call(x, "GET", "/2/dm_events", **wanted)["data"]
        members = whole["dm_conversation_id"].split("-")
        assert members == sorted([x.us, x.user_id("lea")], key=int)

    def test_fifteen_reads_in_a_quarter_of_an_hour(self, x: X) -> None:
        for _ in range(15):
            call(x, "GET", "/2/dm_events")
        assert ask(x, "GET", "/2/dm_events").status_code == 429

    def test_who_takes_none(self, x: X) -> None:
        lea = x.user_id("lea")
        x.do("leave", person="lea")
        refused = ask(x, "POST", f"/2/dm_conversations/with/{lea}/messages", {"text": "Zdravo"})
        assert refused.json()["errors"][0]["code"] == 349
        x.do("join", person="lea")
        made = call(x, "POST", f"/2/dm_conversations/with/{lea}/messages", {"text": "Zdravo"})["data"]
        assert x.scene("lea").chats[0].lines[0].id == made["dm_event_id"]

    def test_a_file_opens_with_the_account_s_token_only(self, x: X) -> None:
        made = x.do("message", person="lea", text="Slika", picture="boot")
        path = f"/2/dm_conversations/media/{made['id']}/{made['id']}/file.png"
        assert ask(x, "GET", path).content.startswith(b"\x89PNG")
        assert ask(x, "GET", path, token="none").status_code == 401

    def test_seen_is_shown(self, told: X, receiver: Receiver) -> None:
        lea = told.user_id("lea")
        call(told, "POST", f"/2/dm_conversations/with/{lea}/messages", {"text": "Zdravo"})
        assert told.scene("lea").chats[0].lines[0].state == "sent"
        told.do("read", person="lea")
        assert told.scene("lea").chats[0].lines[0].state == "seen"
        assert kinds(told, receiver) == ["dm.sent", "dm.read"]


class TestSearch:
    def found(self, x: X, query: str) -> list[str]:
        answer = call(x, "GET", "/2/tweets/search/recent", query=query)
        return [each["text"] for each in answer.get("data", [])]

    def test_words_and_operators(self, x: X) -> None:
        x.do("say", person="jan", text="Zimski čevlji so topli")
        x.do("say", person="sam", text="Boots are warm")
        assert self.found(x, "boots") == ["Boots are warm"]
        assert self.found(x, '"čevlji so"') == ["Zimski čevlji so topli"]
        assert len(self.found(x, "boots OR čevlji -is:retweet")) == 2
        assert self.found(x, "(boots OR čevlji) -from:sam_cole") == ["Zimski čevlji so topli"]
        assert self.found(x, "boots čevlji") == []

    def test_quotes_by_their_link(self, x: X) -> None:
        x.do("post", text="Zimska kolekcija je tu.")
        x.do("quote", person="sam", text="Finally!")
        assert self.found(x, 'url:"x.com/acme/status"') == ["Finally!"]

    @pytest.mark.parametrize("query", ["(boots", "boots OR", "()", "boots )"])
    def test_what_cannot_be_read(self, x: X, query: str) -> None:
        assert ask(x, "GET", "/2/tweets/search/recent", query=query).status_code == 400

    def test_a_week_and_so_many_letters(self, x: X) -> None:
        x.do("say", person="sam", text="Boots are warm")
        x.do("level", level="self_serve")
        assert ask(x, "GET", "/2/tweets/search/recent", query="a" * 513).status_code == 400
        x.clock.move(8 * 86400)
        refresh = x.accounts()[0].credentials["refresh_token"]
        token = tokens(x, grant_type="refresh_token", refresh_token=refresh).json()["access_token"]
        answer = ask(x, "GET", "/2/tweets/search/recent", token=token, query="boots").json()
        assert "data" not in answer


class TestPlaying:
    def test_what_cannot_be(self, x: X) -> None:
        with pytest.raises(PlayError):
            x.do("comment", **LEA_SAYS)
        made = x.do("mention", **LEA_SAYS)
        for verb in ("edit", "remove"):
            facts = {"text": "x"} if verb == "edit" else {}
            with pytest.raises(PlayError):
                x.do(verb, person="omar", id=made["id"], **facts)
        with pytest.raises(PlayError):
            x.do("react", person="lea", id=made["id"], reaction="wave")
        with pytest.raises(PlayError):
            x.do("mention", person="nobody", text="hej")

    def test_what_people_see(self, x: X) -> None:
        x.do("post", text="Zimska kolekcija je tu.", picture="box", likes=318, shares=12)
        question = x.do("comment", person="lea", text="Kje je 38?")
        post(x, "Kmalu.", reply={"in_reply_to_tweet_id": question["id"]})
        (seen,) = x.scene("lea").posts
        assert (seen.likes, seen.shares, seen.ours, bool(seen.picture)) == (318, 12, True, True)
        mine, ours = x.scene("lea").lines()
        assert (mine.text, mine.mine, ours.text, ours.ours) == ("Kje je 38?", True, "Kmalu.", True)

    def test_a_restart_knows_its_webhook(self, x: X, receiver: Receiver) -> None:
        x.restore("somebody else", receiver.url)
        assert x.seen()["webhooks"] == []
        x.restore(x.us, receiver.url)
        x.do("mention", **LEA_SAYS)
        assert kinds(x, receiver) == ["post.mention.create"]

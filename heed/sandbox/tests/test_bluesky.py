"""The Bluesky of the sandbox says no where the real one does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from heed.sandbox import Sandbox
from heed.sandbox.frame import PlayError, Simulator

POST = "app.bsky.feed.post"
KEY = "3lbhvxm6fs223"
QUOTE = "app.bsky.embed.record"
CHAT = {"atproto-proxy": "did:web:api.bsky.chat#bsky_chat"}


class Caller:
    """Someone with the account's app password."""

    def __init__(self, bluesky: Simulator) -> None:
        self.http = httpx.Client(base_url=f"{bluesky.url}/xrpc/", trust_env=False)
        self.credentials = bluesky.accounts()[0].credentials
        self.session: dict[str, Any] = self.sign_in().json()

    def sign_in(self, password: str = "") -> httpx.Response:
        return self.http.post(
            "com.atproto.server.createSession",
            json={
                "identifier": self.credentials["identifier"],
                "password": password or self.credentials["app_password"],
            },
        )

    def refresh(self, token: str) -> httpx.Response:
        return self.http.post(
            "com.atproto.server.refreshSession", headers={"authorization": f"Bearer {token}"}
        )

    def get(self, nsid: str, headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        return self.http.get(nsid, params=params, headers={**self.headers(), **(headers or {})})

    def call(self, nsid: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        return self.http.post(nsid, json=body, headers={**self.headers(), **(headers or {})})

    def post(self, rkey: str = "", **record: Any) -> httpx.Response:
        value = {"$type": POST, "text": "Pozdravljeni", "createdAt": "2026-11-21T10:00:00.000Z", **record}
        body: dict[str, Any] = {"repo": self.session["did"], "collection": POST, "record": value}
        if rkey:
            body["rkey"] = rkey
        return self.call("com.atproto.repo.createRecord", **body)

    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.session['accessJwt']}"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as sandbox:
        yield sandbox


@pytest.fixture
def bluesky(sandbox: Sandbox) -> Simulator:
    return sandbox["bluesky"]


@pytest.fixture
def acme(bluesky: Simulator) -> Caller:
    return Caller(bluesky)


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_a_wrong_password(acme: Caller) -> None:
    assert error(acme.sign_in("wrong")) == (401, "AuthenticationRequired")


def test_an_access_token_lives_two_hours(acme: Caller, sandbox: Sandbox) -> None:
    assert acme.get("com.atproto.server.getSession").status_code == 200
    sandbox.clock.move(7201)
    assert error(acme.get("com.atproto.server.getSession")) == (400, "ExpiredToken")


def test_a_refresh_token_serves_once(acme: Caller) -> None:
    old = acme.session["refreshJwt"]
    assert acme.refresh(old).status_code == 200
    assert error(acme.refresh(old)) == (400, "ExpiredToken")


def test_an_access_token_does_not_refresh(acme: Caller) -> None:
    assert error(acme.refresh(acme.session["accessJwt"])) == (400, "InvalidToken")


def test_a_token_of_somebody_else(acme: Caller) -> None:
    acme.session["accessJwt"] = acme.session["accessJwt"][:-4] + "AAAA"
    assert error(acme.get("com.atproto.server.getSession")) == (400, "InvalidToken")


def test_the_thirty_first_sign_in(acme: Caller, sandbox: Sandbox) -> None:
    for _ in range(29):
        assert acme.sign_in().status_code == 200
    refused = acme.sign_in()
    assert error(refused) == (429, "RateLimitExceeded")
    assert int(refused.headers["ratelimit-reset"]) > sandbox.clock.now().timestamp()
    sandbox.clock.move(301)
    assert acme.sign_in().status_code == 200


def test_a_session_survives_a_restart(acme: Caller) -> None:
    with Sandbox(seed=1) as later:
        again = Caller(later["bluesky"])
        again.session = acme.session
        assert again.get("com.atproto.server.getSession").json()["did"] == acme.session["did"]


def test_a_key_that_is_taken(acme: Caller) -> None:
    assert acme.post(KEY).status_code == 200
    assert error(acme.post(KEY)) == (500, "InternalServerError")


def test_writing_costs_points(acme: Caller) -> None:
    first, second = acme.post(), acme.post()
    left = [int(each.headers["ratelimit-remaining"]) for each in (first, second)]
    assert left[0] - left[1] == 3


@pytest.mark.parametrize(
    "record",
    [
        {"text": "a" * 301},
        {"text": None},
        {"createdAt": "yesterday"},
        {"reply": {"root": {"uri": "at://did:plc:x/app.bsky.feed.post/3lbhvxm6fs223", "cid": "bafyreix"}}},
        {"reply": {"root": {"uri": "nowhere", "cid": "bafy"}, "parent": {"uri": "nowhere", "cid": "bafy"}}},
        {"facets": [{"index": {"byteStart": 1, "byteEnd": 99}, "features": []}]},
        {"embed": {"record": {"uri": f"at://did:plc:x/{POST}/{KEY}", "cid": "bafyreix"}}},
        {"embed": {"$type": QUOTE, "record": {"uri": f"at://did:plc:x/{POST}/{KEY}"}}},
        {"embed": {"$type": QUOTE, "record": {"uri": "nowhere", "cid": "bafyreix"}}},
        {"embed": {"$type": f"{QUOTE}WithMedia", "record": {"uri": "nowhere", "cid": "bafyreix"}}},
    ],
)
def test_records_that_are_not_valid(acme: Caller, record: dict[str, Any]) -> None:
    assert error(acme.post(**record)) == (400, "InvalidRequest")


@pytest.mark.parametrize(("start", "end", "status"), [(0, 2, 200), (1, 2, 400), (0, 3, 400), (2, 2, 400)])
def test_a_facet_inside_a_letter(acme: Caller, start: int, end: int, status: int) -> None:
    tag = {"$type": "app.bsky.richtext.facet#tag", "tag": "x"}
    facet = {"index": {"byteStart": start, "byteEnd": end}, "features": [tag]}
    assert acme.post(text="čš", facets=[facet]).status_code == status


def test_a_picture_nobody_uploaded(acme: Caller) -> None:
    blob = {"$type": "blob", "ref": {"$link": "bafkreinothing"}, "mimeType": "image/png", "size": 1}
    embed = {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": blob}]}
    assert error(acme.post(embed=embed)) == (400, "BlobNotFound")


def test_a_deleted_record_is_gone_everywhere(acme: Caller, bluesky: Simulator) -> None:
    uri = acme.post(KEY).json()["uri"]
    place: dict[str, Any] = {"repo": acme.session["did"], "collection": POST, "rkey": KEY}
    assert acme.get("com.atproto.repo.getRecord", **place).status_code == 200
    assert acme.call("com.atproto.repo.deleteRecord", **place).status_code == 200
    assert error(acme.get("com.atproto.repo.getRecord", **place)) == (400, "RecordNotFound")
    assert acme.get("app.bsky.feed.getPosts", uris=[uri]).json() == {"posts": []}
    assert acme.get("com.atproto.repo.listRecords", repo=place["repo"], collection=POST).json() == {
        "records": []
    }


def test_notifications_are_paged_newest_first(acme: Caller, bluesky: Simulator) -> None:
    said = [bluesky.do("mention", person="lea", text=str(number))["id"] for number in range(5)]
    first = acme.get("app.bsky.notification.listNotifications", limit=3).json()
    bluesky.do("mention", person="omar", text="vmes")
    second = acme.get("app.bsky.notification.listNotifications", limit=3, cursor=first["cursor"]).json()
    uris = [each["uri"] for each in [*first["notifications"], *second["notifications"]]]
    assert uris == said[::-1]
    assert "cursor" not in second


def test_reasons_are_told_apart(acme: Caller, bluesky: Simulator) -> None:
    post = bluesky.do("post", text="The Triglav boot is back.")["id"]
    bluesky.do("mention", person="lea", text="ena")
    bluesky.do("comment", person="omar", text="dve", post=post)
    bluesky.do("quote", person="jan", text="tri", post=post)
    bluesky.do("react", person="sam", id=post)
    listed = acme.get("app.bsky.notification.listNotifications").json()["notifications"]
    assert [each["reason"] for each in listed] == ["like", "quote", "reply", "mention"]
    wanted = acme.get("app.bsky.notification.listNotifications", reasons=["like", "quote"]).json()
    assert [each["reason"] for each in wanted["notifications"]] == ["like", "quote"]


def test_a_like_taken_back_is_told_no_more(acme: Caller, bluesky: Simulator) -> None:
    post = bluesky.do("post", text="The Triglav boot is back.")["id"]
    bluesky.do("react", person="sam", id=post)
    bluesky.do("react", person="sam", id=post, on=False)
    assert acme.get("app.bsky.notification.listNotifications").json()["notifications"] == []


def test_chat_goes_through_its_own_service(acme: Caller, bluesky: Simulator) -> None:
    assert error(acme.get("chat.bsky.convo.getLog")) == (404, "XRPCNotSupported")
    assert acme.get("chat.bsky.convo.getLog", CHAT).json()["logs"] == []
    bluesky.do("chat_right", on=False)
    refused = acme.get("chat.bsky.convo.getLog", CHAT)
    assert (error(refused), refused.json()["message"]) == ((400, "InvalidToken"), "Bad token method")


def test_the_chat_log_goes_on_from_its_cursor(acme: Caller, bluesky: Simulator) -> None:
    bluesky.do("message", person="omar", text="ena")
    first = acme.get("chat.bsky.convo.getLog", CHAT).json()
    assert [each["$type"].partition("#")[2] for each in first["logs"]] == [
        "logBeginConvo",
        "logCreateMessage",
    ]
    bluesky.do("message", person="omar", text="dve")
    second = acme.get("chat.bsky.convo.getLog", CHAT, cursor=first["cursor"]).json()
    assert [each["message"]["text"] for each in second["logs"]] == ["dve"]
    assert acme.get("chat.bsky.convo.getLog", CHAT, cursor=second["cursor"]).json() == {
        "logs": [],
        "cursor": second["cursor"],
    }


def test_someone_who_takes_no_messages(acme: Caller, bluesky: Simulator) -> None:
    lea = bluesky.do("message", person="lea", text="ena")
    assert lea["id"]
    convo = acme.get("chat.bsky.convo.getLog", CHAT).json()["logs"][0]["convoId"]
    bluesky.do("leave", person="lea")
    message = {"text": "Na poti je."}
    refused = acme.call("chat.bsky.convo.sendMessage", CHAT, convoId=convo, message=message)
    assert error(refused) == (400, "MessagesDisabled")
    bluesky.do("join", person="lea")
    assert acme.call("chat.bsky.convo.sendMessage", CHAT, convoId=convo, message=message).status_code == 200


def test_what_the_author_forbids_is_shown(acme: Caller, bluesky: Simulator) -> None:
    asked = bluesky.do("mention", person="lea", text="Kje je paket?")["id"]
    bluesky.do("close", id=asked, to=["reply", "quote"])
    [post] = acme.get("app.bsky.feed.getPosts", uris=[asked]).json()["posts"]
    assert post["viewer"] == {"replyDisabled": True, "embeddingDisabled": True}


def reaction(acme: Caller, bluesky: Simulator, **more: Any) -> dict[str, Any]:
    message = bluesky.do("message", person="lea", text="ena")["id"]
    convo = acme.get("chat.bsky.convo.getLog", CHAT).json()["logs"][0]["convoId"]
    return {"convoId": convo, "messageId": message, "value": "👍", **more}


def test_a_reaction_stands_until_it_is_taken_back(acme: Caller, bluesky: Simulator) -> None:
    given = reaction(acme, bluesky)
    told = acme.call("chat.bsky.convo.addReaction", CHAT, **given).json()["message"]
    assert [each["value"] for each in told["reactions"]] == ["👍"]
    told = acme.call("chat.bsky.convo.removeReaction", CHAT, **given).json()["message"]
    assert told["reactions"] == []


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"value": "ab"}, "ReactionInvalidValue"),
        ({"value": "👍👍"}, "ReactionInvalidValue"),
        ({"messageId": "3lbhvxm6fs223"}, "InvalidRequest"),
        ({"convoId": "nowhere"}, "InvalidConvo"),
    ],
)
def test_reactions_that_are_not_taken(
    acme: Caller, bluesky: Simulator, more: dict[str, str], named: str
) -> None:
    refused = acme.call("chat.bsky.convo.addReaction", CHAT, **reaction(acme, bluesky, **more))
    assert error(refused) == (400, named)


def test_the_sixth_reaction_and_one_to_what_is_gone(acme: Caller, bluesky: Simulator) -> None:
    given = reaction(acme, bluesky)
    for emoji in "👍🙏👏🎉🔥":
        assert acme.call("chat.bsky.convo.addReaction", CHAT, **{**given, "value": emoji}).status_code == 200
    sixth = acme.call("chat.bsky.convo.addReaction", CHAT, **{**given, "value": "💯"})
    assert error(sixth) == (400, "ReactionLimitReached")
    bluesky.do("remove", person="lea", id=given["messageId"])
    gone = acme.call("chat.bsky.convo.removeReaction", CHAT, **given)
    assert error(gone) == (400, "ReactionMessageDeleted")


def test_a_message_answers_one_of_its_own_conversation(acme: Caller, bluesky: Simulator) -> None:
    there = reaction(acme, bluesky)
    for message, status in ((there["messageId"], 200), ("3lbhvxm6fs223", 400)):
        said = {"text": "Da.", "replyTo": {"messageId": message}}
        answer = acme.call("chat.bsky.convo.sendMessage", CHAT, convoId=there["convoId"], message=said)
        assert answer.status_code == status


def test_what_the_customer_sees(acme: Caller, bluesky: Simulator) -> None:
    asked = bluesky.do("mention", person="lea", text="Kje je paket?", picture="boot")
    ref = {"uri": asked["id"], "cid": asked["cid"]}
    acme.post(text="Jutri.", reply={"root": ref, "parent": ref})
    [post] = bluesky.scene("lea").posts
    assert (post.mine, post.text) == (True, "@acme.bsky.example Kje je paket?")
    assert httpx.get(post.picture, trust_env=False).headers["content-type"] == "image/png"
    assert [(line.ours, line.text) for line in post.comments] == [(True, "Jutri.")]


def test_an_unknown_address_counts_as_one_of_an_earlier_run(acme: Caller) -> None:
    ref = {"uri": f"at://did:plc:earlier/{POST}/{KEY}", "cid": "bafyreiearlier"}
    assert acme.post(text="Jutri.", reply={"root": ref, "parent": ref}).status_code == 200


def test_what_a_customer_cannot_do(bluesky: Simulator) -> None:
    with pytest.raises(PlayError):
        bluesky.do("comment", person="lea", text="Kam?")
    post = bluesky.do("post", text="The Triglav boot is back.")["id"]
    with pytest.raises(PlayError):
        bluesky.do("remove", person="lea", id=post)
    with pytest.raises(PlayError):
        bluesky.do("mention", person="nobody", text="Kdo?")

"""What goes out, and what is made of the answers: the steps driven with scripted responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from heed.channels.base import (
    AccountRecord,
    Answer,
    AuthorFound,
    CannotTell,
    Checked,
    IdentitySeen,
    MessageEdited,
    NotThere,
    OutgoingFile,
    Person,
    PostSeen,
    Refusal,
    Sent,
    SessionExpired,
    Target,
    Wanted,
)
from heed.channels.instagram.adapter import network
from heed.channels.instagram.connecting import BY_FACEBOOK_LOGIN, BY_INSTAGRAM_LOGIN
from heed.channels.instagram.tests.sample import ACCOUNT, APP, BY_FACEBOOK, IG, PAGE, SECRET, TOKEN
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, Unreachable, drive

Scripted = Response | Exception
PROOF = "a6024693394a23e652049c7c3571712892f80c08425a659c3fdb161563eefa4f"
BY_IG = "https://graph.instagram.com/v25.0"
BY_FB = "https://graph.facebook.com/v25.0"
COMMENT = Target("1789", "public", "comment", "1790", {})
REPLY = Target("1795", "public", "reply", "1790", {"top": "1789"})
POST = Target("1790", "public", "comment", "1790", {})
MENTION = Target("1802", "public", "mention", "1801", {"mentioned": "comment", "media": "1801"})
IN_CAPTION = Target("1801", "public", "mention", "1801", {"mentioned": "media", "media": "1801"})
MESSAGE = Target("aWdfX1", "private", "message", "", {})
PICTURE = OutgoingFile("boot.png", "image/png", b"\x89PNG", "https://desk.acme.example/f/1")
BILL = OutgoingFile("bill.pdf", "application/pdf", b"%PDF", "https://desk.acme.example/f/2")
PUBLIC = Answer("key-1", "public", "It leaves today.", "1001", COMMENT)
PRIVATE = Answer("key-1", "private", "It leaves today.", "1001", MESSAGE)
FILE = Answer("key-1", "private", "", "1001", MESSAGE, files=(PICTURE,))
PRIVATE_REPLY = Answer("key-1", "private", "It leaves today.", "1001", COMMENT)
STARTED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SENT_MESSAGE = {"recipient_id": "1001", "message_id": "aWdfOut"}


class Script:
    """Answers requests from a list and remembers them."""

    def __init__(self, *answers: Scripted) -> None:
        self.answers = [*answers]
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run(self, steps: Steps[Any]) -> Any:
        result = drive(steps, self)
        assert not self.answers, "not all answers were asked for"
        return result


def ok(record: Any) -> Response:
    return Response(200, {}, json.dumps(record).encode())


def no(
    code: int, sub: int = 0, *, status: int = 400, message: str = "", headers: Mapping[str, str] = {}
) -> Response:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    if sub:
        error["error_subcode"] = sub
    return Response(status, headers, json.dumps({"error": error}).encode())


def refused(steps: Steps[Any], *answers: Scripted) -> Refusal:
    with pytest.raises(Refusal) as caught:
        Script(*answers).run(steps)
    return caught.value


def as_app(request: Request) -> bool:
    return request.headers["authorization"] == f"Bearer {APP}|{SECRET}"


# ---------------------------------------------------------------------------------- logins


def test_instagram_login() -> None:
    script = Script(ok(SENT_MESSAGE))
    sent = script.run(network.send(ACCOUNT, PRIVATE))
    assert sent == Sent("aWdfOut", person="1001")
    (request,) = script.requests
    assert (request.method, request.url) == ("POST", f"{BY_IG}/{IG}/messages")
    assert request.json == {"recipient": {"id": "1001"}, "message": {"text": "It leaves today."}}
    assert request.headers == {"authorization": f"Bearer {TOKEN}"}
    assert request.params == {}
    assert request.decisive


def test_facebook_login_by_the_page_id() -> None:
    script = Script(ok(SENT_MESSAGE))
    script.run(network.send(BY_FACEBOOK, PRIVATE))
    (request,) = script.requests
    assert request.url == f"{BY_FB}/{PAGE}/messages"
    assert request.headers == {"authorization": "Bearer EAAB-test-token"}
    assert request.params == {"appsecret_proof": PROOF}


def test_facebook_login_by_the_base_address() -> None:
    credentials = {**ACCOUNT.credentials, "access_token": "EAAB-test-token"}
    account = replace(ACCOUNT, base_url="https://graph.facebook.com", credentials=credentials, session={})
    script = Script(ok(SENT_MESSAGE))
    script.run(network.send(account, PRIVATE))
    assert script.requests[0].url == f"{BY_FB}/me/messages"


def test_another_base_address_is_kept() -> None:
    account = replace(BY_FACEBOOK, base_url="http://127.0.0.1:9/instagram/v26.0")
    script = Script(ok(SENT_MESSAGE))
    script.run(network.send(account, PRIVATE))
    assert script.requests[0].url == f"http://127.0.0.1:9/instagram/v26.0/{PAGE}/messages"


# ----------------------------------------------------------------------------------- tokens


def test_a_first_call_asks_for_a_session() -> None:
    with pytest.raises(SessionExpired):
        Script().run(network.send(replace(ACCOUNT, session={}), PRIVATE))


def test_an_old_session_is_renewed() -> None:
    session = {"token": "IGAA-old", "renew_at": clock.now().isoformat()}
    account = replace(ACCOUNT, session=session)
    with pytest.raises(SessionExpired):
        Script().run(network.send(account, PRIVATE))
    script = Script(ok({"access_token": "IGAA-new", "token_type": "bearer", "expires_in": 5183944}))
    fresh = script.run(network.renew(account))
    (request,) = script.requests
    assert request.url == "https://graph.instagram.com/refresh_access_token"
    assert request.params == {"grant_type": "ig_refresh_token", "access_token": "IGAA-old"}
    assert fresh["token"] == "IGAA-new"
    left = clock.from_iso(fresh["renew_at"]) - clock.now()
    assert timedelta(days=49) < left <= timedelta(days=50)
    script = Script(ok({"user_id": IG}), ok({"success": True}), ok({"data": []}))
    ends = script.run(network.check(replace(account, session=fresh, hook_url=""))).expires_at
    assert timedelta(days=59) < ends - clock.now() <= timedelta(days=60)


def test_a_young_token_is_used_as_it_is() -> None:
    fresh = Script(no(100)).run(network.renew(replace(ACCOUNT, session={})))
    assert fresh["token"] == TOKEN
    assert timedelta(days=1) < clock.from_iso(fresh["renew_at"]) - clock.now() < timedelta(days=2)


def test_a_session_that_cannot_be_renewed() -> None:
    refusal = refused(network.renew(ACCOUNT), no(190, 463, status=401))
    assert (refusal.reason, refusal.retry) == ("sign_in_again", False)


def test_renewing_while_meta_is_down() -> None:
    refusal = refused(network.renew(replace(ACCOUNT, session={})), no(2, status=500))
    assert (refusal.reason, refusal.retry) == ("network_down", True)


def test_a_page_s_token_is_not_renewed() -> None:
    assert refused(network.renew(BY_FACEBOOK)).reason == "sign_in_again"


# ------------------------------------------------------------------------------- connecting

DONE = ok({"success": True})
ALL = [each.name for each in BY_FACEBOOK_LOGIN]
GRANTED = ok({"data": {"expires_at": 0, "scopes": ALL}})


def test_check_by_instagram_login() -> None:
    me = {"id": "55", "user_id": IG, "username": "acme", "name": "Acme Shoes"}
    app = {"id": APP, "subscribed_fields": ["comments", "messages"]}
    script = Script(ok({"data": [me]}), ok({"success": True}), ok({"success": True}), ok({"data": [app]}))
    assert script.run(network.check(ACCOUNT)) == Checked(
        IG, "Acme Shoes", "acme", facts={"human_agent": False}
    )
    me_call, webhook, subscribe, verify = script.requests
    assert me_call.url == f"{BY_IG}/me"
    assert (webhook.url, as_app(webhook)) == (f"{BY_FB}/{APP}/subscriptions", True)
    assert webhook.params["object"] == "instagram"
    assert webhook.params["callback_url"] == "https://desk.acme.example/hooks/abc"
    assert webhook.params["verify_token"] == "shoes"
    assert subscribe.url == verify.url == f"{BY_IG}/{IG}/subscribed_apps"
    assert {"comments", "messages", "messaging_seen", "message_echoes"} <= set(
        str(subscribe.params["subscribed_fields"]).split(",")
    )


def test_unknown_fields_are_left_out_at_the_second_try() -> None:
    account = replace(ACCOUNT, hook_url="")
    script = Script(ok({"user_id": IG}), no(100), ok({"success": True}), ok({"data": []}))
    script.run(network.check(account))
    assert "message_echoes" in script.requests[1].params["subscribed_fields"]
    assert "message_echoes" not in script.requests[2].params["subscribed_fields"]


def test_a_subscription_that_did_not_take() -> None:
    listed = {"data": [{"id": APP, "subscribed_fields": ["comments"]}]}
    account = replace(ACCOUNT, hook_url="")
    refusal = refused(network.check(account), ok({"user_id": IG}), ok({"success": True}), ok(listed))
    assert refusal.reason == "not_configured"


def test_meta_may_not_let_us_set_the_webhook() -> None:
    """Each secret is tried, as either may be the app's; then the address is pasted by hand."""
    account = replace(ACCOUNT, credentials={**ACCOUNT.credentials, "app_secret": f"ig-secret,{SECRET}"})
    script = Script(ok({"user_id": IG}), no(190), no(100), ok({"success": True}), ok({"data": []}))
    assert script.run(network.check(account)).external_id == IG
    assert [as_app(each) for each in script.requests] == [False, False, True, False, False]


def test_check_by_facebook_login() -> None:
    page = {"id": PAGE, "name": "Acme", "instagram_business_account": {"id": IG, "username": "acme"}}
    ours = {"id": APP, "subscribed_fields": ["mention", "feed"]}
    others = {"id": "1", "subscribed_fields": ["leadgen"]}
    script = Script(ok(page), GRANTED, DONE, ok({"data": [others, ours]}), DONE)
    assert script.run(network.check(BY_FACEBOOK)) == Checked(IG, "acme", "acme", facts={"human_agent": False})
    page_call, token, webhook, listed, subscribe = script.requests
    assert page_call.url == f"{BY_FB}/{PAGE}"
    assert (token.url, token.params, as_app(token)) == (
        f"{BY_FB}/debug_token",
        {"input_token": "EAAB-test-token"},
        True,
    )
    assert (webhook.url, as_app(webhook)) == (f"{BY_FB}/{APP}/subscriptions", True)
    assert "mentions" in str(webhook.params["fields"]).split(",")
    assert listed.url == subscribe.url == f"{BY_FB}/{PAGE}/subscribed_apps"
    assert subscribe.params["subscribed_fields"] == "feed,mention,messages"


def test_a_page_that_is_subscribed_already() -> None:
    page = {"id": PAGE, "instagram_business_account": {"id": IG}}
    rows = {"data": [{"id": APP, "subscribed_fields": ["feed", "messages"]}]}
    Script(ok(page), GRANTED, ok(rows)).run(network.check(replace(BY_FACEBOOK, hook_url="")))


def test_missing_permissions_are_named() -> None:
    page = ok({"id": PAGE, "instagram_business_account": {"id": IG}})
    few = ok({"data": {"expires_at": 1800000000, "scopes": [name for name in ALL if "comments" not in name]}})
    nobody = ok({"data": []})
    account = replace(BY_FACEBOOK, hook_url="")
    checked = Script(page, few, nobody, DONE).run(network.check(account))
    assert checked.missing == ("instagram_manage_comments",)
    assert checked.expires_at == datetime(2027, 1, 15, 8, tzinfo=UTC)
    refusal = refused(network.check(account), page, few, nobody, no(200))
    assert "instagram_manage_comments" in refusal.detail


def test_each_secret_may_be_the_app_s() -> None:
    credentials = {**BY_FACEBOOK.credentials, "app_secret": f"other,{SECRET}"}
    account = replace(BY_FACEBOOK, credentials=credentials, hook_url="")
    page = ok({"id": PAGE, "instagram_business_account": {"id": IG}})
    script = Script(page, no(190), GRANTED, ok({"data": []}), DONE)
    assert script.run(network.check(account)).missing == ()
    assert [as_app(each) for each in script.requests[1:3]] == [False, True]


@pytest.mark.parametrize("account", [ACCOUNT, BY_FACEBOOK])
def test_human_agent(account: AccountRecord) -> None:
    assert network.able({"human_agent": False}) == network.capabilities
    able = network.able({"human_agent": True})
    assert able.private is not None
    assert able.private.late is not None
    assert (able.private.late.name, able.private.late.until) == ("human_agent", 7 * 24 * 3600)
    script = Script(ok(SENT_MESSAGE))
    script.run(network.send(account, replace(PRIVATE, late="human_agent", chosen=True)))
    assert script.requests[0].json == {
        "recipient": {"id": "1001"},
        "messaging_type": "MESSAGE_TAG",
        "tag": "HUMAN_AGENT",
        "reply_to": {"mid": "aWdfX1"},
        "message": {"text": "It leaves today."},
    }


@pytest.mark.parametrize("error", [no(2018300), no(100, 2534037)])
def test_the_thread_is_taken_from_another_app(error: Response) -> None:
    script = Script(error, DONE, ok(SENT_MESSAGE))
    assert script.run(network.send(ACCOUNT, PRIVATE)) == Sent("aWdfOut", person="1001")
    first, take, second = script.requests
    assert (take.url, take.json) == (f"{BY_IG}/{IG}/take_thread_control", {"recipient": {"id": "1001"}})
    assert not take.decisive
    assert first == second
    assert refused(network.send(ACCOUNT, PRIVATE), error, no(2018171)).code == "2018171"


# ------------------------------------------------------------------------------ signing in

BACK = "https://desk.acme.example/sign-in/back"


def signing_in(account: AccountRecord, query: Mapping[str, str] = {"code": "AQ1#_"}) -> Steps[Any]:
    assert network.oauth is not None
    return network.oauth.finish(account, {}, query, BACK)


def test_sign_in_with_instagram() -> None:
    assert network.oauth is not None
    account = replace(ACCOUNT, credentials={"app_secret": f"{SECRET},meta", "instagram_app_id": "31"})
    begun = Script().run(network.oauth.begin(account, BACK, "s1"))
    asked = parse_qs(urlsplit(begun.url).query)
    assert begun.url.startswith("https://www.instagram.com/oauth/authorize?")
    assert (asked["client_id"], asked["state"], asked["redirect_uri"]) == (["31"], ["s1"], [BACK])
    assert asked["scope"] == [",".join(each.name for each in BY_INSTAGRAM_LOGIN)]
    script = Script(ok({"data": [{"access_token": "short", "user_id": IG}]}), ok({"access_token": "long"}))
    assert script.run(signing_in(account)) == {"access_token": "long"}
    code, exchange = script.requests
    assert code.url == "https://api.instagram.com/oauth/access_token"
    assert code.form is not None
    assert (code.form["code"], code.form["client_secret"]) == ("AQ1", SECRET)
    assert exchange.url == "https://graph.instagram.com/access_token"
    assert exchange.params["access_token"] == "short"


def test_sign_in_with_facebook() -> None:
    assert network.oauth is not None
    begun = Script().run(network.oauth.begin(BY_FACEBOOK, BACK, "s1"))
    assert begun.url.startswith("https://www.facebook.com/v25.0/dialog/oauth?")
    assert parse_qs(urlsplit(begun.url).query)["scope"] == [",".join(ALL)]
    script = Script(
        ok({"access_token": "short"}), ok({"access_token": "person"}), ok({"access_token": "EAAB-page"})
    )
    assert script.run(signing_in(BY_FACEBOOK)) == {"access_token": "EAAB-page"}
    _, exchange, page = script.requests
    assert exchange.params["fb_exchange_token"] == "short"
    assert (page.url, page.headers) == (f"{BY_FB}/{PAGE}", {"authorization": "Bearer person"})


def test_sign_in_refused() -> None:
    assert network.oauth is not None
    refusal = refused(signing_in(BY_FACEBOOK, {"error": "access_denied", "error_description": "No."}))
    assert (refusal.reason, refusal.code) == ("not_allowed", "access_denied")
    assert refused(network.oauth.begin(ACCOUNT, BACK, "s1")).detail == "instagram_app_id is missing."
    assert refused(signing_in(BY_FACEBOOK), ok({})).reason == "not_allowed"


def test_a_page_without_instagram() -> None:
    assert refused(network.check(BY_FACEBOOK), ok({"id": PAGE})).reason == "not_configured"


def test_the_token_of_another_account() -> None:
    assert refused(network.check(ACCOUNT), ok({"user_id": "17841"})).reason == "not_configured"


# --------------------------------------------------------------------------------- sending


@pytest.mark.parametrize("account", [ACCOUNT, BY_FACEBOOK])
def test_reply_to_a_comment(account: AccountRecord) -> None:
    script = Script(ok({"id": "1950"}))
    sent = script.run(network.send(account, PUBLIC))
    assert sent == Sent("1950", refs={"top": "1789"})
    (request,) = script.requests
    assert request.method == "POST"
    assert request.url.endswith("/v25.0/1789/replies")
    assert request.params["message"] == "It leaves today."
    assert request.decisive


def test_reply_to_a_reply_goes_under_the_comment() -> None:
    script = Script(ok({"id": "1950"}))
    script.run(network.send(ACCOUNT, replace(PUBLIC, to=REPLY)))
    assert script.requests[0].url == f"{BY_IG}/1789/replies"


def test_comment_under_a_post() -> None:
    script = Script(ok({"id": "1950"}))
    assert script.run(network.send(ACCOUNT, replace(PUBLIC, to=POST))) == Sent("1950")
    assert script.requests[0].url == f"{BY_IG}/1790/comments"


@pytest.mark.parametrize(
    ("to", "where"),
    [(MENTION, {"media_id": "1801", "comment_id": "1802"}), (IN_CAPTION, {"media_id": "1801"})],
)
def test_answer_to_a_mention(to: Target, where: dict[str, str]) -> None:
    script = Script(ok({"id": "1950"}))
    assert script.run(network.send(ACCOUNT, replace(PUBLIC, to=to))) == Sent("1950")
    (request,) = script.requests
    assert request.url == f"{BY_IG}/{IG}/mentions"
    assert request.params == {"message": "It leaves today.", **where}
    assert request.decisive


def test_private_reply_to_a_comment() -> None:
    script = Script(ok(SENT_MESSAGE))
    assert script.run(network.send(BY_FACEBOOK, PRIVATE_REPLY)) == Sent("aWdfOut", person="1001")
    assert script.requests[0].json == {
        "recipient": {"comment_id": "1789"},
        "message": {"text": "It leaves today."},
    }


@pytest.mark.parametrize(("file", "kind"), [(PICTURE, "image"), (BILL, "file")])
def test_a_file_is_named_by_its_address(file: OutgoingFile, kind: str) -> None:
    script = Script(ok(SENT_MESSAGE))
    assert script.run(network.send(ACCOUNT, replace(FILE, files=(file,)))) == Sent("aWdfOut", person="1001")
    (request,) = script.requests
    assert request.json["message"] == {"attachment": {"type": kind, "payload": {"url": file.url}}}
    assert request.decisive


@pytest.mark.parametrize(
    "answer",
    [
        replace(PUBLIC, files=(PICTURE,)),
        replace(PRIVATE_REPLY, files=(PICTURE,)),
        replace(PRIVATE, files=(PICTURE,)),
        replace(FILE, files=(PICTURE, BILL)),
        replace(FILE, files=(replace(PICTURE, url=""),)),
        replace(FILE, files=(replace(PICTURE, content=b"x" * (8 * 1024 * 1024 + 1)),)),
    ],
)
def test_files_that_cannot_go(answer: Answer) -> None:
    assert refused(network.send(ACCOUNT, answer)).reason == "file_refused"


@pytest.mark.parametrize("person", ["", "@omar.badr"])
def test_nobody_to_write_to(person: str) -> None:
    assert refused(network.send(ACCOUNT, replace(PRIVATE, person=person))).reason == "unreachable"


def test_accepted_without_an_id_is_unknown() -> None:
    with pytest.raises(AnswerLost):
        Script(ok({"success": True})).run(network.send(ACCOUNT, PRIVATE))


@pytest.mark.parametrize(
    ("answer", "reason", "retry"),
    [
        (no(10, 2534022, status=403), "outside_window", False),
        (no(10), "not_allowed", False),
        (no(10, 2534077), "sign_in_again", False),
        (no(10, 1893063), "account_blocked", False),
        (no(100, 2534014), "unreachable", False),
        (no(100, 2534025), "already_done", False),
        (no(100, 2534013), "not_configured", False),
        (no(100, 33), "gone", False),
        (no(100, 2018008), "file_refused", False),
        (no(100, message="(#100) Length of param message[text] is too long"), "too_long", False),
        (no(100, message="Invalid appsecret_proof provided"), "not_configured", False),
        (no(100), "bad_request", False),
        (no(190, 463, status=401), "sign_in_again", False),
        (no(200, 2534041), "not_allowed", False),
        (no(230), "not_allowed", False),
        (no(551, 1545041), "unreachable", False),
        (no(613, 2534040), "slow_down", True),
        (no(613, 2018338), "slow_down", False),
        (no(4), "slow_down", True),
        (no(80002), "slow_down", True),
        (no(1), "network_down", True),
        (no(2, status=503), "network_down", True),
        (no(368), "account_blocked", False),
        (no(9010), "unreachable", False),
        (no(2018171), "not_allowed", False),
        (no(2534068), "not_allowed", False),
        (no(123456, status=404), "gone", False),
        (Response(429, {"retry-after": "7"}, b""), "slow_down", True),
        (Response(403, {}, b"<html>"), "network_down", True),
    ],
)
def test_what_errors_mean(answer: Response, reason: str, retry: bool) -> None:
    refusal = refused(network.send(ACCOUNT, PRIVATE), answer)
    assert (refusal.reason, refusal.retry) == (reason, retry)


def test_the_wait_that_meta_asks_for() -> None:
    cases = {IG: [{"estimated_time_to_regain_access": 3}], "1": [{"estimated_time_to_regain_access": 9}]}
    headers = {"x-business-use-case-usage": json.dumps(cases)}
    assert refused(network.send(ACCOUNT, PRIVATE), no(80002, headers=headers)).after == 180


@pytest.mark.parametrize("answer", [Response(500, {}, b"<html>"), Response(200, {}, b"<html>")])
def test_an_unreadable_answer_is_unknown(answer: Response) -> None:
    with pytest.raises(AnswerLost):
        Script(answer).run(network.send(ACCOUNT, PRIVATE))


def test_nobody_there() -> None:
    with pytest.raises(Unreachable):
        Script(Unreachable("closed")).run(network.send(ACCOUNT, PRIVATE))


# ---------------------------------------------------------------------------------- finding


def row(id: str, text: str, person: str = IG, at: str = "2026-11-21T12:00:03+0000") -> dict[str, Any]:
    return {
        "id": id,
        "text": text,
        "message": text,
        "timestamp": at,
        "created_time": at,
        "from": {"id": person},
    }


def after(seconds: float) -> timedelta:
    return STARTED + timedelta(seconds=seconds) - clock.now()


def find(answer: Answer, *answers: Scripted, later: float = 120, account: AccountRecord = ACCOUNT) -> Any:
    with clock.moved(after(later)):
        return Script(*answers).run(network.find(account, replace(answer, started=STARTED)))


TEXT = "It leaves today."


def test_find_our_reply() -> None:
    earlier = row("1", TEXT, at="2026-11-21T11:00:00+0000")
    first = {
        "data": [earlier, row("2", TEXT, "1001")],
        "paging": {"cursors": {"after": "c1"}, "next": "https://x"},
    }
    script = Script(ok(first), ok({"data": [row("1950", f" {TEXT}")]}))
    with clock.moved(after(5)):
        found = script.run(network.find(ACCOUNT, replace(PUBLIC, started=STARTED)))
    assert found == Sent("1950", at=STARTED + timedelta(seconds=3), refs={"top": "1789"})
    assert [request.url for request in script.requests] == [f"{BY_IG}/1789/replies"] * 2
    assert script.requests[1].params["after"] == "c1"


def test_find_under_a_post() -> None:
    assert find(replace(PUBLIC, to=POST), ok({"data": [row("1950", TEXT)]})) == Sent(
        "1950", at=STARTED + timedelta(seconds=3)
    )


def test_absence_is_proven_once_it_settled() -> None:
    assert find(PUBLIC, ok({"data": [row("2", "Thanks!", "1001")]})) == NotThere()
    assert find(PUBLIC, ok({"data": []}), later=5) == CannotTell(ask_again=15)


@pytest.mark.parametrize("answer", [PUBLIC, PRIVATE])
def test_it_settles_from_the_last_attempt_on(answer: Answer) -> None:
    """An attempt that was repeated is as fresh as its last try, however long ago the first one was."""
    again = replace(answer, tried=STARTED + timedelta(seconds=110))
    assert find(again, ok({"data": []})) == CannotTell(ask_again=15)


@pytest.mark.parametrize(
    ("answer", "listed"),
    [
        (PUBLIC, {"data": [row("1950", TEXT)]}),
        (PRIVATE, {"data": [{"id": "t", "messages": {"data": [row("1950", TEXT)]}}]}),
    ],
)
def test_what_belongs_to_another_answer_is_not_this_one(answer: Answer, listed: dict[str, Any]) -> None:
    another = replace(answer, taken=frozenset({"1950"}))
    assert not isinstance(find(another, ok(listed)), Sent)


def test_the_same_words_by_somebody_else_prove_nothing() -> None:
    nameless = {key: value for key, value in row("1950", TEXT).items() if key != "from"}
    assert find(PUBLIC, ok({"data": [nameless]})) == CannotTell()
    assert find(PUBLIC, ok({"data": [row("1950", TEXT, "99")]})) == CannotTell()


def test_an_endless_list_proves_nothing() -> None:
    page = {"data": [row("2", "Hm", "1001")], "paging": {"cursors": {"after": "c"}, "next": "https://x"}}
    assert find(PUBLIC, *[ok(page)] * 10) == CannotTell()


@pytest.mark.parametrize("to", [MENTION, IN_CAPTION])
def test_answers_to_mentions_cannot_be_found(to: Target) -> None:
    assert find(replace(PUBLIC, to=to)) == CannotTell()


@pytest.mark.parametrize(("account", "whose"), [(ACCOUNT, f"{BY_IG}/{IG}"), (BY_FACEBOOK, f"{BY_FB}/{PAGE}")])
def test_find_our_message(account: AccountRecord, whose: str) -> None:
    talk = {"id": "t", "messages": {"data": [row("a", TEXT, "1001"), row("aWdfOut", TEXT)]}}
    script = Script(ok({"data": [talk]}))
    with clock.moved(after(5)):
        found = script.run(network.find(account, replace(PRIVATE, started=STARTED)))
    assert found == Sent("aWdfOut", at=STARTED + timedelta(seconds=3), person="1001")
    (request,) = script.requests
    assert request.url == f"{whose}/conversations"
    assert (request.params["platform"], request.params["user_id"]) == ("instagram", "1001")


def test_an_absent_message_proves_nothing() -> None:
    assert find(PRIVATE, ok({"data": []})) == CannotTell()
    assert find(PRIVATE, ok({"data": []}), later=5) == CannotTell(ask_again=15)


def test_files_alone_cannot_be_found() -> None:
    assert find(FILE) == CannotTell()


def test_finding_what_may_not_be_read() -> None:
    assert find(PRIVATE, no(10)) == CannotTell()


def test_finding_later_when_asked_to_slow_down() -> None:
    with pytest.raises(Refusal) as caught:
        find(PRIVATE, no(613, 2534040))
    assert caught.value.retry


# ----------------------------------------------------------------------------------- acting


@pytest.mark.parametrize(("action", "hide"), [("hide", "true"), ("unhide", "false")])
def test_hiding_stands_in_the_address(action: Any, hide: str) -> None:
    script = Script(ok({"success": True}))
    assert script.run(network.act(ACCOUNT, action, COMMENT, "1001")) == {}
    (request,) = script.requests
    assert (request.method, request.url) == ("POST", f"{BY_IG}/1789")
    assert request.params == {"hide": hide}
    assert request.json is None


@pytest.mark.parametrize("answer", [ok({"success": True}), no(100, 33)])
def test_delete(answer: Response) -> None:
    script = Script(answer)
    assert script.run(network.act(ACCOUNT, "delete", COMMENT, "1001")) == {}
    assert (script.requests[0].method, script.requests[0].url) == ("DELETE", f"{BY_IG}/1789")


@pytest.mark.parametrize("target", [MENTION, IN_CAPTION])
def test_nothing_can_be_done_under_others_posts(target: Target) -> None:
    assert refused(network.act(ACCOUNT, "hide", target, "1001")).reason == "not_allowed"


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("seen", {"sender_action": "mark_seen"}),
        ("typing", {"sender_action": "typing_on"}),
        ("like", {"sender_action": "react", "payload": {"message_id": "aWdfX1", "reaction": "love"}}),
        ("unlike", {"sender_action": "unreact", "payload": {"message_id": "aWdfX1"}}),
    ],
)
def test_acting_on_messages(action: Any, body: dict[str, Any]) -> None:
    script = Script(ok({"recipient_id": "1001"}))
    script.run(network.act(BY_FACEBOOK, action, MESSAGE, "1001"))
    (request,) = script.requests
    assert request.url == f"{BY_FB}/{PAGE}/messages"
    assert request.json == {"recipient": {"id": "1001"}, **body}
    assert not request.decisive


def test_a_comment_cannot_be_liked() -> None:
    assert refused(network.act(ACCOUNT, "like", COMMENT, "1001")).reason == "bad_request"


# -------------------------------------------------------------------------------- looking up

MEDIA = {
    "id": "1790",
    "caption": "Autumn",
    "media_type": "IMAGE",
    "media_url": "https://scontent.cdninstagram.com/v/boot.jpg",
    "permalink": "https://www.instagram.com/p/abc/",
    "timestamp": "2026-11-21T12:00:00+0000",
    "username": "acme",
    "owner": {"id": IG},
    "like_count": 7,
    "comments_count": 2,
}
SEEN = PostSeen(
    external_id="1790",
    at=STARTED,
    author=Person(IG, handle="acme"),
    text="Autumn",
    picture_url="https://scontent.cdninstagram.com/v/boot.jpg",
    permalink="https://www.instagram.com/p/abc/",
    likes=7,
    comments=2,
)


def look(wanted: Wanted, *answers: Scripted) -> Any:
    return Script(*answers).run(network.look_up(ACCOUNT, wanted))


def test_a_post() -> None:
    assert look(Wanted("post", "1790"), ok(MEDIA)) == [SEEN]


def test_a_film_is_shown_by_its_still() -> None:
    film = {**MEDIA, "media_type": "VIDEO", "thumbnail_url": "https://scontent.cdninstagram.com/v/still.jpg"}
    (seen,) = look(Wanted("post", "1790"), ok(film))
    assert seen.picture_url == "https://scontent.cdninstagram.com/v/still.jpg"
    (seen,) = look(Wanted("post", "1790"), ok({**MEDIA, "media_type": "VIDEO"}))
    assert seen.picture_url is None


@pytest.mark.parametrize("answer", [no(100, 33), no(10), no(230), no(9010), no(2018218), no(200)])
@pytest.mark.parametrize("what", ["post", "message", "person"])
def test_what_cannot_be_read_is_no_news(what: Any, answer: Response) -> None:
    assert look(Wanted(what, "1790"), answer) == []


def test_a_dead_token_while_looking() -> None:
    assert refused(network.look_up(ACCOUNT, Wanted("post", "1790")), no(190)).reason == "sign_in_again"


def test_a_comment_that_came_without_an_author() -> None:
    comment = {
        "id": "1789",
        "text": "Where is it?",
        "timestamp": "2026-11-21T12:00:00+0000",
        "from": {"id": "1001", "username": "lea.marn"},
    }
    assert look(Wanted("message", "1789", {"look_up": True}), ok(comment)) == [
        AuthorFound(external_id="1789", author=Person("1001", handle="lea.marn")),
        MessageEdited(external_id="1789", at=STARTED, text="Where is it?"),
    ]


def test_a_mention_in_a_comment() -> None:
    mentioned = {
        "id": "1802",
        "text": "@acme look",
        "timestamp": "2026-11-21T12:00:00+0000",
        "username": "omar.badr",
        "media": {"id": "1801", "permalink": "https://www.instagram.com/p/xyz/"},
    }
    script = Script(ok({"mentioned_comment": mentioned, "id": IG}))
    wanted = Wanted("message", "1802", MENTION.refs)
    assert script.run(network.look_up(ACCOUNT, wanted)) == [
        AuthorFound(external_id="1802", author=Person("@omar.badr", handle="omar.badr")),
        MessageEdited(external_id="1802", at=STARTED, text="@acme look"),
        PostSeen(external_id="1801", permalink="https://www.instagram.com/p/xyz/"),
    ]
    (request,) = script.requests
    assert request.url == f"{BY_IG}/{IG}"
    assert str(request.params["fields"]).startswith("mentioned_comment.comment_id(1802){id,text,")


def test_a_mention_in_a_caption() -> None:
    media = {**MEDIA, "id": "1801", "owner": {"id": "1002"}, "username": "omar.badr"}
    script = Script(ok({"mentioned_media": media, "id": IG}))
    author = Person("1002", handle="omar.badr")
    assert script.run(network.look_up(ACCOUNT, Wanted("message", "1801", IN_CAPTION.refs))) == [
        AuthorFound(external_id="1801", author=author),
        MessageEdited(external_id="1801", at=STARTED, text="Autumn"),
        replace(SEEN, external_id="1801", author=author),
    ]
    assert str(script.requests[0].params["fields"]).startswith("mentioned_media.media_id(1801){id,caption,")


def test_a_mention_that_is_gone() -> None:
    assert look(Wanted("message", "1801", IN_CAPTION.refs), ok({"id": IG})) == []


def test_a_person() -> None:
    profile = {"name": "Lea Marn", "username": "lea.marn", "profile_pic": "https://x.fbcdn.net/l.jpg"}
    assert look(Wanted("person", "1001"), ok(profile)) == [
        IdentitySeen(person=Person("1001", "Lea Marn", "lea.marn", "https://x.fbcdn.net/l.jpg"))
    ]
    assert look(Wanted("person", "1001"), ok({"id": "1001"})) == []


def test_a_bare_username_is_not_looked_up() -> None:
    assert look(Wanted("person", "@omar.badr")) == []

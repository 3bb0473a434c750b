"""Whatever goes wrong, the answer is a problem document with a sentence that helps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.accounts.models import User
from heed.api.tests.conftest import Caller, Desk
from heed.api.urls import api
from heed.inbox import reach


def operations() -> list[tuple[str, str]]:
    paths: dict[str, dict[str, Any]] = api.get_openapi_schema()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def filled(path: str, value: str = "1") -> str:
    for name in ("account_id", "number", "message_id", "attachment_id", "delivery_id"):
        path = path.replace("{" + name + "}", value)
    return path


def test_every_address_of_the_issue_is_there() -> None:
    known = set(operations())
    for method, path in [
        ("POST", "/accounts"),
        ("GET", "/accounts"),
        ("GET", "/networks"),
        ("GET", "/tickets"),
        ("GET", "/tickets/{number}"),
        ("PATCH", "/tickets/{number}"),
        ("GET", "/tickets/{number}/messages"),
        ("POST", "/tickets/{number}/messages"),
        ("POST", "/tickets/{number}/answered"),
        ("DELETE", "/tickets/{number}/answered"),
        ("GET", "/deliveries"),
        ("POST", "/deliveries/{delivery_id}/replay"),
    ]:
        assert (method, f"/api/v1{path}") in known


@pytest.mark.parametrize(("method", "path"), operations())
def test_nothing_is_told_without_a_token(method: str, path: str, maja: User) -> None:
    missing = Caller(None)(method, filled(path))
    assert (missing.status, missing.json["type"]) == (401, "urn:heed:no-token")
    assert missing.headers["WWW-Authenticate"].startswith("Bearer")
    wrong = Caller("heed_wrong")(method, filled(path))
    assert (wrong.status, wrong.json["type"]) == (401, "urn:heed:wrong-token")


def test_the_token_of_someone_who_left(call: Caller, maja: User) -> None:
    assert call("GET", "tickets").status == 200
    User.objects.filter(pk=maja.pk).update(is_active=False)
    assert call("GET", "tickets").status == 401


def test_the_document_describes_the_api_and_needs_no_token() -> None:
    answer = Caller(None)("GET", "openapi.json")
    assert answer.status == 200
    assert answer.json["info"]["title"] == "Heed"
    assert "bearer" in json.dumps(answer.json["components"]["securitySchemes"])


@pytest.mark.parametrize("path", ["", "nowhere", "tickets/1/nowhere", "accounts/"])
def test_an_address_that_is_not_there(call: Caller, path: str) -> None:
    answer = call("GET", path)
    assert (answer.status, answer.json["type"]) == (404, "urn:heed:no-such-address")
    assert "openapi.json" in answer.json["detail"]


def test_the_wrong_method_is_told_the_right_ones(call: Caller) -> None:
    answer = call("PUT", "accounts", {})
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")
    assert "GET, POST" in answer.json["detail"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"text": '])
def test_what_is_no_json(call: Caller, desk: Desk, body: bytes) -> None:
    answer = call("POST", f"tickets/{desk.ticket().pk}/messages", body)
    assert (answer.status, answer.json["type"]) == (400, "urn:heed:bad-json")


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"x"', b""])
def test_json_that_is_no_object(call: Caller, desk: Desk, body: bytes) -> None:
    answer = call("POST", f"tickets/{desk.ticket().pk}/messages", body)
    assert answer.status == 422
    assert "JSON object" in answer.json["detail"]


def test_a_failure_of_ours_is_said_and_logged(
    call: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("the roof leaks")

    monkeypatch.setattr(reach, "tickets", broken)
    answer = call("GET", "tickets")
    assert (answer.status, answer.json["type"]) == (500, "urn:heed:failure")
    assert b"roof" not in answer.content
    assert "the roof leaks" in caplog.text


def test_sentences_come_in_the_callers_language(call: Caller) -> None:
    answer = call("GET", "tickets/99", **{"Accept-Language": "sl"})
    assert answer.headers["Content-Language"] == "sl"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [
        "text",
        "visibility",
        "to",
        "key",
        "attachments",
        "status",
        "assignee",
        "network",
        "credentials",
        "name",
        "a\ud800",
    ]
)


@given(
    operation=st.sampled_from([each for each in operations() if each[0] in ("POST", "PATCH")]),
    body=st.dictionaries(FIELDS, ANYTHING | st.sampled_from(["public", "note", "pigeon", "a\x00\ud800"])),
)
def test_no_body_makes_it_fall_over(
    operation: tuple[str, str], body: dict[str, Any], call: Caller, desk: Desk
) -> None:
    method, path = operation
    ticket = desk.ticket(f"Sam{reach.latest_event()}-{desk.account.messages.count()} Cole")
    assert call(method, filled(path, str(ticket.pk)), body).status < 500

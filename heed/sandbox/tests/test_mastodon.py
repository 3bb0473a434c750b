"""The Mastodon of the sandbox says no where a real server does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from heed.lib import clock
from heed.sandbox import Sandbox
from heed.sandbox.frame import PlayError
from heed.sandbox.networks.mastodon import Mastodon


@pytest.fixture
def server() -> Iterator[Mastodon]:
    with Sandbox(seed=1) as sandbox:
        found = sandbox["mastodon"]
        assert isinstance(found, Mastodon)
        yield found


class Caller:
    """Someone with the account's token."""

    def __init__(self, server: Mastodon) -> None:
        token = server.accounts()[0].credentials["access_token"]
        self.http = httpx.Client(
            base_url=f"{server.url}/api/", trust_env=False, headers={"Authorization": f"Bearer {token}"}
        )

    def post(self, status: str = "Pozdravljeni", key: str = "", **fields: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.http.post("v1/statuses", json={"status": status, **fields}, headers=headers)

    def notifications(self, **params: Any) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.http.get("v1/notifications", params=params).json()
        return listed


@pytest.fixture
def acme(server: Mastodon) -> Caller:
    return Caller(server)


def test_a_wrong_token(server: Mastodon, acme: Caller) -> None:
    acme.http.headers["Authorization"] = "Bearer wrong"
    assert acme.http.get("v1/notifications").status_code == 401
    assert acme.http.get("v1/streaming/user/notification").status_code == 401
    assert acme.http.get("v1/streaming/health").text == "OK"


def test_a_key_gives_the_first_status_back_for_an_hour(server: Mastodon, acme: Caller) -> None:
    first, again = acme.post(key="k-1").json()["id"], acme.post(key="k-1").json()["id"]
    assert first == again
    server.clock.move(3601)
    assert acme.post(key="k-1").json()["id"] != first


def test_without_a_key_it_is_another(acme: Caller) -> None:
    assert acme.post().json()["id"] != acme.post().json()["id"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("x" * 500, 200),
        ("x" * 501, 422),
        ("https://acme.example/" + "x" * 900, 200),
        ("x" * 470 + " https://a.si", 200),
        ("x" * 480 + " https://a.si", 422),
        ("@omar_badr@social.example " + "x" * 489, 200),
        (" ", 422),
    ],
)
def test_the_length(acme: Caller, status: str, code: int) -> None:
    assert acme.post(status).status_code == code


def test_posts_have_a_bucket_of_their_own(server: Mastodon, acme: Caller) -> None:
    for _ in range(300):
        server._spend("posts")
    full = acme.post()
    assert (full.status_code, full.headers["X-RateLimit-Limit"]) == (429, "300")
    assert clock.from_iso(full.headers["X-RateLimit-Reset"]) > server.clock.now()
    assert acme.http.get("v1/notifications").status_code == 200
    server.clock.move(3 * 3600 + 1)
    assert acme.post().status_code == 200


def test_requests_are_counted_in_five_minutes(server: Mastodon, acme: Caller) -> None:
    left = [int(acme.http.get("v1/notifications").headers["X-RateLimit-Remaining"]) for _ in range(3)]
    assert left == [299, 298, 297]
    for _ in range(297):
        server._spend("requests")
    assert acme.http.get("v1/notifications").status_code == 429


def test_pages_go_up_and_down(server: Mastodon, acme: Caller) -> None:
    for number in range(5):
        server.do("mention", person="lea", text=f"{number}")
    newest = acme.notifications()
    assert len(newest) == 5
    oldest, *_rest = newest[::-1]
    just_above = acme.notifications(min_id=oldest["id"], limit=2)
    assert [each["id"] for each in just_above] == [newest[2]["id"], newest[3]["id"]]
    assert [each["id"] for each in acme.notifications(since_id=oldest["id"], limit=2)] == [
        newest[0]["id"],
        newest[1]["id"],
    ]
    assert [each["id"] for each in acme.notifications(max_id=newest[1]["id"], limit=1)] == [newest[2]["id"]]
    links = acme.http.get("v1/notifications").headers["link"]
    assert f'min_id={newest[0]["id"]}>; rel="prev"' in links


def test_strangers_are_held_back_from_who_does_not_ask(server: Mastodon, acme: Caller) -> None:
    server.do("message", person="lea", text="Samo za vas")
    assert acme.notifications() == []
    assert len(acme.notifications(include_filtered="true")) == 1


def test_an_answer_without_the_name_reaches_nobody(server: Mastodon, acme: Caller) -> None:
    asked = server.do("message", person="lea", text="Kje je?")["id"]
    acme.post("Na poti.", visibility="direct", in_reply_to_id=asked)
    assert [line.text for chat in server.scene("lea").chats for line in chat.lines] == ["Kje je?"]
    acme.post("@lea_marn Na poti.", visibility="direct", in_reply_to_id=asked)
    assert [line.text for chat in server.scene("lea").chats for line in chat.lines] == ["Kje je?", "Na poti."]


def test_what_was_said_to_others_is_not_shown(server: Mastodon, acme: Caller) -> None:
    with server.lock:
        secret = server._write("lea", "@omar_badr@social.example psst", "direct")
    assert acme.http.get(f"v1/statuses/{secret.id}").status_code == 404


def test_a_removed_parent(server: Mastodon, acme: Caller) -> None:
    asked = server.do("mention", person="lea", text="Kje je?")["id"]
    server.do("remove", person="lea", id=asked)
    assert acme.post("@lea_marn Tu.", in_reply_to_id=asked).status_code == 404
    assert acme.notifications() == []


def test_a_film_takes_its_time(acme: Caller) -> None:
    made = acme.http.post("v2/media", files={"file": ("zip.mp4", b"mp4", "video/mp4")})
    assert (made.status_code, made.json()["url"]) == (202, None)
    media = made.json()["id"]
    assert acme.post(media_ids=[media]).status_code == 422
    assert acme.http.get(f"v1/media/{media}").status_code == 206
    assert acme.http.get(f"v1/media/{media}").status_code == 200
    assert acme.post(media_ids=[media]).status_code == 200


@pytest.mark.parametrize(("mime", "code"), [("image/png", 200), ("application/pdf", 422), ("text/html", 422)])
def test_which_files_are_taken(acme: Caller, mime: str, code: int) -> None:
    assert acme.http.post("v2/media", files={"file": ("a", b"x", mime)}).status_code == code


def test_an_edit_without_its_pictures_loses_them(server: Mastodon, acme: Caller) -> None:
    media = acme.http.post("v2/media", files={"file": ("a.png", b"x", "image/png")}).json()["id"]
    made = acme.post(media_ids=[media]).json()
    assert len(made["media_attachments"]) == 1
    changed = acme.http.put(f"v1/statuses/{made['id']}", json={"status": "Popravek"}).json()
    assert (changed["media_attachments"], changed["edited_at"] is not None) == ([], True)
    versions = acme.http.get(f"v1/statuses/{made['id']}/history").json()
    assert [each["content"] for each in versions] == ["<p>Pozdravljeni</p>", "<p>Popravek</p>"]


def test_only_who_boosted_is_told_of_an_edit(server: Mastodon, acme: Caller) -> None:
    asked = server.do("mention", person="lea", text="Kje je?")["id"]
    server.do("edit", person="lea", id=asked, text="Kje je paket?")
    assert [each["type"] for each in acme.notifications()] == ["mention"]
    acme.http.post(f"v1/statuses/{asked}/reblog")
    server.do("edit", person="lea", id=asked, text="Kje je paket 88140?")
    assert [each["type"] for each in acme.notifications()] == ["update", "mention"]


def test_the_html_of_a_status(server: Mastodon, acme: Caller) -> None:
    content = acme.post("<b> & @lea_marn\nhttps://acme.example/a/very/long/address/of/88140").json()[
        "content"
    ]
    assert content.startswith('<p>&lt;b&gt; &amp; <span class="h-card"')
    assert "<br>" in content
    assert '<span class="invisible">https://</span><span class="ellipsis">' in content


def test_somebody_else_s_words_are_theirs(server: Mastodon, acme: Caller) -> None:
    asked = server.do("mention", person="lea", text="Kje je?")["id"]
    assert acme.http.delete(f"v1/statuses/{asked}").status_code == 404
    with pytest.raises(PlayError):
        server.do("edit", person="omar", id=asked, text="x")


def test_words_of_an_earlier_run_can_still_be_answered(server: Mastodon, acme: Caller) -> None:
    earlier = str(server._born - 5000)
    assert acme.post("@lea_marn Tu.", in_reply_to_id=earlier).status_code == 200
    assert acme.http.get(f"v1/statuses/{server._born + 10**9}").status_code == 404
    assert acme.http.get("v1/statuses/abc").status_code == 404


def test_an_application_must_name_itself(server: Mastodon) -> None:
    assert httpx.post(f"{server.url}/api/v1/apps", json={}, trust_env=False).status_code == 422

"""People, posts and authors looked up, and where a file is."""

from __future__ import annotations

from typing import Any

import pytest

from heed.channels.base import (
    AccountRecord,
    AuthorFound,
    IdentitySeen,
    MessageRemoved,
    Person,
    PostSeen,
    Wanted,
)
from heed.channels.x.adapter import network
from heed.channels.x.tests.sample import ACCOUNT, ACME, LEA
from heed.channels.x.tests.script import API, Script, own, problem, refused


def beside(kind: str) -> dict[str, Any]:
    """An error beside no data."""
    return {"errors": [{"type": f"https://api.x.com/2/problems/{kind}", "detail": "no"}]}


def looked_up(script: Script, what: Any, external_id: str, account: AccountRecord = ACCOUNT) -> Any:
    return script.run(network.look_up(account, Wanted(what, external_id)))


class TestLookingUp:
    def test_a_person(self) -> None:
        script = Script({"data": {"id": LEA, "name": "Lea Marn", "username": "lea_marn"}})
        assert looked_up(script, "person", LEA) == [IdentitySeen(person=Person(LEA, "Lea Marn", "lea_marn"))]
        assert script.asked == [f"GET /users/{LEA}"]
        assert looked_up(Script(), "person", "?7") == []

    def test_a_post(self) -> None:
        shown = {
            "data": {**own("78"), "public_metrics": {"like_count": 4, "reply_count": 2}},
            "includes": {"users": [{"id": ACME, "name": "Acme", "username": "acme"}]},
        }
        (seen,) = looked_up(Script(shown), "post", "78")
        assert isinstance(seen, PostSeen)
        assert (seen.text, seen.likes, seen.comments) == ("Na poti je.", 4, 2)
        assert seen.author == Person(ACME, "Acme", "acme")

    @pytest.mark.parametrize("answer", [beside("resource-not-found"), problem(404, "resource-not-found")])
    def test_what_is_gone(self, answer: Any) -> None:
        assert looked_up(Script(answer), "post", "78") == [PostSeen(external_id="78", removed=True)]
        assert looked_up(Script(answer), "message", "78") == [MessageRemoved(external_id="78", at=None)]

    @pytest.mark.parametrize("answer", [beside("internal-error"), beside("field-hydration-failure"), {}])
    @pytest.mark.parametrize("what", ["post", "message"])
    def test_what_x_cannot_show_just_now_is_not_gone(self, what: str, answer: Any) -> None:
        caught = refused(Script(answer), network.look_up(ACCOUNT, Wanted(what, "78")))  # type: ignore[arg-type]
        assert (caught.reason, caught.retry) == ("network_down", True)

    def test_who_wrote(self) -> None:
        shown = {"data": own("78"), "includes": {}}
        assert looked_up(Script(shown), "message", "78") == [
            AuthorFound(external_id="78", author=Person(ACME))
        ]
        assert looked_up(Script(), "message", "chat:7") == []

    def test_a_file_of_a_message(self) -> None:
        source = Script().run(network.media(ACCOUNT, "media:5/77/boot.jpg"))
        assert source.url == f"{API}/dm_conversations/media/5/77/boot.jpg"
        assert source.headers == {"Authorization": "Bearer access-demo"}

    def test_a_file_of_a_post(self) -> None:
        source = Script().run(network.media(ACCOUNT, "https://pbs.twimg.com/media/a.jpg"))
        assert (source.url, source.headers) == ("https://pbs.twimg.com/media/a.jpg", {})

"""Files as they are fetched; nothing else is looked up."""

from __future__ import annotations

from typing import Any

import pytest

from heed.channels.base import MediaSource, Refusal, Wanted
from heed.channels.telegram.adapter import network
from heed.channels.telegram.tests.sample import ACCOUNT, TOKEN
from heed.channels.telegram.tests.script import API, LEA, no, ok
from heed.channels.tests.script import Script


class TestFiles:
    def test_where_a_file_is_now(self) -> None:
        script = Script(ok({"file_id": "f1", "file_unique_id": "u", "file_path": "photos/file 1.jpg"}))
        found = script.run(network.media(ACCOUNT, "media:f1"))
        assert found == MediaSource(f"https://api.telegram.org/file/bot{TOKEN}/photos/file%201.jpg")
        assert (script.requests[0].url, script.requests[0].json) == (f"{API}/getFile", {"file_id": "f1"})

    def test_a_web_address_stays_as_it_is(self) -> None:
        found = Script().run(network.media(ACCOUNT, "https://acme.example/x"))
        assert found == MediaSource("https://acme.example/x")

    @pytest.mark.parametrize(
        ("response", "retry"),
        [
            (no(400, "Bad Request: file is too big"), False),
            (no(400, "Bad Request: wrong file_id or the file is temporarily unavailable"), False),
            (no(429, retry_after=3), True),
            (no(500), True),
            (ok({"file_id": "f1"}), True),
        ],
    )
    def test_a_file_that_cannot_be_had(self, response: Any, retry: bool) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.media(ACCOUNT, "media:f1"))
        assert caught.value.retry == retry

    def test_there_is_nothing_to_collect_or_look_up(self) -> None:
        assert Script().run(network.collect(ACCOUNT, {"seen": 1})).bodies == ()
        assert Script().run(network.look_up(ACCOUNT, Wanted("person", str(LEA)))) == []

"""X's search: words, operators, links."""

from __future__ import annotations

import pytest

from heed.sandbox.networks.x import X
from heed.sandbox.tests.x.calls import ask, call, tokens


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

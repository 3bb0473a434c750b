"""Tokens of X: how long they live, and which are taken."""

from __future__ import annotations

import httpx
import pytest

from heed.sandbox import Sandbox
from heed.sandbox.networks.x import X
from heed.sandbox.tests.x.calls import ask, client, tokens


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

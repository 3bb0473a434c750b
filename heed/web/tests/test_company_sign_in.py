"""Signing in at the company's own server, against a small one that signs real tokens, on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.urls import reverse

from heed.accounts import inviting, policy
from heed.accounts.models import AuditRow, SignInPolicy, User
from heed.lib.loopback import Loopback
from heed.web.company_sign_in import CompanyAdapter

CLIENT, SECRET = "heed-client", "hush-secret"


@cache
def key_of_the_server() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class Server:
    """An OpenID Connect server. What it says of whoever signs in can be changed by a test."""

    def __init__(self) -> None:
        self.key = key_of_the_server()
        self.claims: dict[str, Any] = {
            "sub": "ana-1",
            "email": "ana@acme.example",
            "email_verified": True,
            "name": "Ana Kovač",
        }
        self.userinfo: dict[str, Any] = {}
        self.signing: Any = self.key
        self.algorithm = "RS256"
        self.header: dict[str, Any] = {"kid": "one"}
        self.challenge = ""
        self.paths: list[str] = []
        self.http = Loopback(_handler(self)).begin()
        self.address = self.http.url

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "userinfo_endpoint": f"{self.address}/me",
        }

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]}

    def token(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """Trades the code for tokens, if the client and the proof of the browser are the right ones."""
        proof = hashlib.sha256(form.get("code_verifier", [""])[0].encode()).digest()
        proven = base64.urlsafe_b64encode(proof).decode().rstrip("=")
        given = (form.get("client_id"), form.get("client_secret"), form.get("code"))
        if given != ([CLIENT], [SECRET], ["the-code"]) or proven != self.challenge:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, **self.claims}
        signed = jwt.encode(claims, self.signing, self.algorithm, self.header)
        return 200, {"access_token": "an-access-token", "token_type": "Bearer", "id_token": signed}


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {
                "/.well-known/openid-configuration": server.configuration(),
                "/keys": server.keys(),
                "/me": {"sub": server.claims["sub"], **server.userinfo},
            }
            self._answer(200, answers.get(urlsplit(self.path).path, {}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer(*server.token(parse_qs(body)))

        def _answer(self, status: int, record: dict[str, Any]) -> None:
            server.paths.append(urlsplit(self.path).path)
            body = json.dumps(record).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests are quiet."""

    return Handler


@pytest.fixture
def server(maja: User) -> Iterator[Server]:
    running = Server()
    connect(maja, running)
    yield running
    running.http.end()
    policy.forget()


def connect(by: User, server: Server, **facts: Any) -> None:
    given: dict[str, Any] = {"domains": [], "joins": False, "role_key": "agent", "factor": False}
    policy.connect_company(
        by, name="Acme", server=server.address, client_id=CLIENT, client_secret=SECRET, **given | facts
    )


def sign_in(server: Server, client: Client, **change: str) -> Any:
    """What the browser does: it is sent away, signs in there and comes back with a code."""
    away = client.post(reverse("openid_connect_login", args=["company"]), {"next": "/preferences/"})
    query = parse_qs(urlsplit(away.context["url"]).query)
    assert (query["client_id"], query["code_challenge_method"]) == ([CLIENT], ["S256"])
    server.challenge = query["code_challenge"][0]
    back = {"code": "the-code", "state": query["state"][0], **change}
    return client.get(reverse("openid_connect_callback", args=["company"]), back)


def is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


def test_a_colleague_comes_in_and_goes_on_where_they_wanted(server: Server, ana: User) -> None:
    client = Client()
    assert sign_in(server, client).headers["Location"] == "/preferences/"
    assert is_in(client)
    row = AuditRow.objects.filter(what="signed_in").get()
    assert (row.actor, row.facts["by"]) == (ana.pk, ["socialaccount"])
    assert "/keys" in server.paths


def test_the_sign_in_page_offers_it(server: Server) -> None:
    assert "Sign in with Acme" in Client().get("/sign-in/").content.decode()


def test_one_who_came_once_is_known_by_their_number(server: Server, ana: User) -> None:
    sign_in(server, Client())
    server.claims["email"] = "ana.new@acme.example"
    client = Client()
    sign_in(server, client)
    assert is_in(client)


def test_a_stranger_stays_out(server: Server) -> None:
    client = Client()
    server.claims |= {"sub": "oto", "email": "oto@else.example"}
    answer = sign_in(server, client)
    assert (answer.status_code, is_in(client)) == (403, False)
    assert "Nobody has invited this address" in answer.content.decode()
    assert User.objects.count() == 1


def test_an_invited_person_comes_in_with_their_role(server: Server, maja: User) -> None:
    inviting.invite(maja, "ana@acme.example", "lead")
    client = Client()
    sign_in(server, client)
    assert is_in(client)
    assert User.objects.get(email="ana@acme.example").rights.may("routing")


@pytest.mark.parametrize(
    ("facts", "comes_in"),
    [
        ({"joins": True, "domains": ["acme.example"]}, True),
        ({"joins": False, "domains": ["acme.example"]}, False),
        ({"joins": True, "domains": ["else.example"]}, False),
    ],
)
def test_a_domain_lets_in_only_if_the_admin_says_so(
    server: Server, maja: User, facts: dict[str, Any], comes_in: bool
) -> None:
    connect(maja, server, **facts)
    client = Client()
    sign_in(server, client)
    assert is_in(client) is comes_in


@pytest.mark.parametrize(
    ("domains", "verified", "comes_in"),
    [
        ([], None, False),
        ([], "no", False),
        (["acme.example"], None, True),
        (["acme.example"], False, False),
    ],
)
def test_an_address_that_nobody_vouches_for_opens_nothing(
    server: Server, maja: User, ana: User, domains: list[str], verified: Any, comes_in: bool
) -> None:
    connect(maja, server, domains=domains)
    server.claims["email_verified"] = verified
    if verified is None:
        del server.claims["email_verified"]
    client = Client()
    sign_in(server, client)
    assert is_in(client) is comes_in


def test_somebody_whose_access_ended_stays_out(server: Server, ana: User) -> None:
    sign_in(server, Client())
    User.objects.filter(pk=ana.pk).update(is_active=False)
    client = Client()
    assert "Your access to this desk has ended" in sign_in(server, client).content.decode()
    assert not is_in(client)


@pytest.mark.parametrize(
    "forge",
    [
        lambda server: setattr(server, "signing", rsa.generate_private_key(65537, 2048)),
        lambda server: server.__dict__.update(signing=SECRET * 4, algorithm="HS256"),
        lambda server: server.__dict__.update(signing=None, algorithm="none"),
        lambda server: server.header.update(kid="two"),
        lambda server: server.claims.update(iss="https://else.example"),
        lambda server: server.claims.update(aud="somebody-else"),
        lambda server: server.claims.update(exp=int(time.time()) - 600),
        lambda server: server.claims.update(sub=None),
        lambda server: server.userinfo.update(sub="maja-1", email="maja@acme.example", email_verified=True),
    ],
    ids=["key", "secret as key", "none", "kid", "issuer", "audience", "over", "nobody", "two people"],
)
def test_a_token_that_is_not_good_lets_nobody_in(server: Server, ana: User, forge: Any) -> None:
    forge(server)
    client = Client()
    answer = sign_in(server, client)
    assert (answer.status_code, is_in(client)) == (401, False)
    assert AuditRow.objects.filter(what="sign_in_failed").exists()


def test_a_sign_in_that_another_browser_began_is_refused(server: Server, ana: User) -> None:
    sign_in(server, Client())
    other = Client()
    back = {"code": "the-code", "state": "made-up"}
    answer = other.get(reverse("openid_connect_callback", args=["company"]), back)
    assert (answer.status_code, is_in(other)) == (401, False)


@pytest.mark.parametrize("wanted", ["https://else.example/", "//else.example/", "javascript:alert(1)"])
def test_one_is_not_led_elsewhere(server: Server, ana: User, wanted: str) -> None:
    client = Client()
    away = client.post(reverse("openid_connect_login", args=["company"]), {"next": wanted})
    query = parse_qs(urlsplit(away.context["url"]).query)
    server.challenge = query["code_challenge"][0]
    back = {"code": "the-code", "state": query["state"][0]}
    answer = client.get(reverse("openid_connect_callback", args=["company"]), back)
    assert answer.headers["Location"] == "/"


def test_requests_go_through_the_guard(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from heed.lib.http import Client as Guarded
    from heed.web import company_sign_in

    monkeypatch.setattr(company_sign_in, "_client", lambda: Guarded(()))  # no private host is allowed
    answer = Client().post(reverse("openid_connect_login", args=["company"]))
    assert answer.status_code == 401
    assert not server.paths


def test_a_server_that_is_gone_or_talks_nonsense(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "configuration", lambda: {"issuer": 7})
    assert Client().post(reverse("openid_connect_login", args=["company"])).status_code == 401
    server.http.end()
    assert Client().post(reverse("openid_connect_login", args=["company"])).status_code == 401


def test_without_a_company_there_is_no_such_page(db: None) -> None:
    policy.forget()
    assert Client().post(reverse("openid_connect_login", args=["company"])).status_code == 404
    assert Client().post(reverse("openid_connect_login", args=["other"])).status_code == 404
    assert CompanyAdapter(None).list_apps(None) == []  # type: ignore[arg-type]


def test_the_secret_is_kept_locked(server: Server, maja: User) -> None:
    held = SignInPolicy.objects.get()
    assert SECRET.encode() not in bytes(held.locked_company)
    assert SECRET not in str(list(AuditRow.objects.values()))
    connect(maja, server, role_key="lead")
    company = policy.company()
    assert company is not None
    assert company.client_secret == SECRET


def test_the_environment_goes_before(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEED_OPENID_SERVER", "https://login.acme.example/")
    monkeypatch.setenv("HEED_OPENID_CLIENT_ID", "from-outside")
    company = policy.company()
    assert company is not None
    assert (company.server, company.client_id) == ("https://login.acme.example", "from-outside")

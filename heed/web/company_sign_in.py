"""Signing in at the company's own server (OpenID Connect). allauth speaks the protocol; here is where its
requests go out, whose word counts, and who becomes a colleague by it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any, NoReturn, cast

import jwt
import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from requests.adapters import BaseAdapter

from heed.accounts import audit, inviting, policy, reach, verbs
from heed.accounts.models import User
from heed.accounts.policy import Company
from heed.lib.http import AnswerLost, Client, Request, TooLarge, Unreachable

log = logging.getLogger("heed.sign_in")

PROVIDER = "company"
"""The name of the one server there can be; it stands in the addresses."""

_LARGEST = 256 * 1024
_METHODS = ("GET", "POST")
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures with a key pair only: the client's secret signs nobody in."""

_SKEW = 60
"""Seconds by which the server's clock may differ from ours."""


@cache
def _client() -> Client:
    return Client(settings.HEED_ALLOW_PRIVATE_HOSTS, total=20.0)


class Guarded(BaseAdapter):
    """Sends what `requests` would send through the one seam for outgoing HTTP, with its guard."""

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        method = request.method or "GET"
        body = request.body.encode() if isinstance(request.body, str) else request.body
        if method not in _METHODS or not isinstance(body, bytes | None):
            raise requests.exceptions.InvalidSchema(method)
        headers = {k: v for k, v in request.headers.items() if k.lower() != "accept-encoding"}
        asked = Request(method, request.url or "", headers=headers, content=body)  # type: ignore[arg-type]
        try:
            found = _client().send(asked, limit=_LARGEST)
        except (Unreachable, AnswerLost, TooLarge) as error:
            raise requests.exceptions.ConnectionError(str(error)) from error
        answer = requests.Response()
        answer.status_code = found.status
        answer.headers.update({k: v for k, v in found.headers.items() if k != "content-encoding"})
        answer._content = found.body
        answer.url = request.url or ""
        answer.request = request
        return answer

    def close(self) -> None:
        """The client is the process's and stays."""


class CompanyAdapter(DefaultSocialAccountAdapter):
    """One server, from our own settings; its word for an address lets in whom the admin wants in."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        company = policy.company()
        if company is None or provider not in (None, PROVIDER, "openid_connect"):
            return []
        return [_app(company)]

    def get_requests_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.max_redirects = 3
        session.adapters.clear()
        for scheme in ("https://", "http://"):
            session.mount(scheme, Guarded())
        return session

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: Any) -> User:
        """Nobody is made of what the server says; `pre_social_login` finds out who it is."""
        return cast(User, sociallogin.user)

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Who it is: somebody who came before, a colleague or an invited person by their address, or
        somebody of the company's mail domains, if the admin lets these in."""
        company = policy.company()
        if company is None:
            raise Http404
        if sociallogin.is_existing:
            if not cast(User, sociallogin.user).is_active:
                _turn_away(request, "inactive", sociallogin)
            return
        email = _proven_address(sociallogin, company)
        if not email:
            _turn_away(request, "address", sociallogin)
        person = reach.by_email(email) or _newcomer(email, _name(sociallogin), company)
        if person is None or not person.is_active:
            _turn_away(request, "inactive" if person else "unknown", sociallogin)
        sociallogin.connect(request, person)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        extra_context: Any = None,
    ) -> None:
        raise ImmediateHttpResponse(_failed(request, exception))


class Verified(OpenIDConnectOAuth2Adapter):
    """As allauth's, but what the server says of itself is looked at, and the identity token counts only
    with a good signature, however it came."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Raises `OAuth2Error` when the server's description of itself lacks something."""
        found: dict[str, Any] = super().openid_config
        for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(found.get(name), str):
                raise OAuth2Error(f"the server does not name its {name}")
        return found

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> SocialLogin:
        claims = self._claims(app, str(kwargs["response"].get("id_token") or ""))
        said = dict(claims)
        if "userinfo_endpoint" in self.openid_config:
            more = self._fetch_user_info(token.token)
            if more.get("sub") != claims["sub"]:
                raise OAuth2Error("the server speaks of two people")
            said |= more
        provider: Any = self.get_provider()  # type: ignore[no-untyped-call]
        login: SocialLogin = provider.sociallogin_from_response(request, {"userinfo": said})
        login.account.uid = f"{claims['sub']} {claims['iss']}"[:191]  # another server has other people
        return login

    def _claims(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        """What the identity token says, its signature checked against the server's keys."""
        try:
            kid = jwt.get_unverified_header(id_token).get("kid")
            with self._session() as session:
                answer = session.get(self.openid_config["jwks_uri"])
                answer.raise_for_status()
                keys = jwt.PyJWKSet.from_dict(answer.json()).keys
            fitting = [each for each in keys if kid is None or each.key_id == kid]
            if len(fitting) != 1:
                raise OAuth2Error("the server has no such key")
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key=fitting[0],
                algorithms=_ALGORITHMS,
                audience=app.client_id,
                issuer=self.openid_config["issuer"],
                leeway=_SKEW,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.PyJWTError as error:
            raise OAuth2Error(f"the identity token is not good: {type(error).__name__}") from error
        return claims

    def _session(self) -> requests.Session:
        return CompanyAdapter(self.request).get_requests_session()


@require_POST
def begin(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Send the browser to the company's server. A page does it and no redirect: our policy lets no form
    lead elsewhere, and browsers hold a form's redirects to it too."""
    provider: Any = _adapter(request, provider_id).get_provider()  # type: ignore[no-untyped-call]
    try:
        answer = provider.redirect(request, process="login", next_url=_way_back(request))
    except (requests.RequestException, OAuth2Error, KeyError, ValueError, TypeError) as error:
        return _failed(request, error)
    if answer.status_code != 302:
        return answer  # type: ignore[no-any-return]
    away = render(request, "account/company_away.html", {"url": answer.url, "company": policy.company()})
    away.headers["Refresh"] = f"0; url={answer.url}"
    return away


@require_safe
def finish(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """The company's server sent the browser back."""
    adapter = _adapter(request, provider_id)
    try:
        view: Any = OAuth2CallbackView.adapter_view(adapter)  # type: ignore[no-untyped-call]
        answer: HttpResponseBase = view(request)
    except (requests.RequestException, KeyError, ValueError, TypeError, AttributeError) as error:
        return _failed(request, error)  # what the server sent is no answer to what was asked
    return answer


def _failed(request: HttpRequest, error: Exception | None) -> HttpResponse:
    audit.record(None, "sign_in_failed", "user", step="company", error=type(error).__name__)
    log.warning("signing in at the company's server: %s: %s", type(error).__name__, error)
    return render(request, "account/company_failed.html", {"company": policy.company()}, status=401)


def _way_back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else settings.LOGIN_REDIRECT_URL


def _adapter(request: HttpRequest, provider_id: str) -> Verified:
    if policy.company() is None or provider_id != PROVIDER:
        raise Http404
    return Verified(request, PROVIDER)


def _app(company: Company) -> SocialApp:
    return SocialApp(
        provider="openid_connect",
        provider_id=PROVIDER,
        name=company.name,
        client_id=company.client_id,
        secret=company.client_secret,
        settings={"server_url": company.server, "oauth_pkce_enabled": True},
    )


def _proven_address(login: SocialLogin, company: Company) -> str:
    """The address the server vouches for: it says so itself, or says nothing and the admin named the
    domain as the company's."""
    said: Mapping[str, Any] = login.account.extra_data["userinfo"]
    email = str(said.get("email") or "").strip().lower()
    verified = said.get("email_verified")
    if verified in (True, "true") or (verified is None and company.vouches_for(email)):
        return email
    return ""


def _name(login: SocialLogin) -> str:
    said = login.account.extra_data["userinfo"]
    parts = (said.get("name"), " ".join(filter(None, (said.get("given_name"), said.get("family_name")))))
    return next((str(each).strip() for each in parts if each), "")


def _newcomer(email: str, name: str, company: Company) -> User | None:
    """Who comes for the first time: invited, or of a domain whose people may just come."""
    if invited := inviting.accept_by_mail(email, name):
        return invited
    if not (company.joins and company.vouches_for(email)):
        return None
    return verbs.join(email, name, company.role)


def _turn_away(request: HttpRequest, why: str, login: SocialLogin) -> NoReturn:
    audit.record(None, "sign_in_failed", "user", step="company", error=why)
    facts = {"why": why, "company": policy.company()}
    raise ImmediateHttpResponse(render(request, "account/company_turned_away.html", facts, status=403))

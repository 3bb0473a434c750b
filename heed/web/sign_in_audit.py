"""Signing in and out, and what is done to passwords and second factors, goes into the audit."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as accounts
from allauth.mfa import signals as factors
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.http import HttpRequest

from heed.accounts import audit, reach
from heed.accounts.models import User


def _signed_in(sender: object, request: HttpRequest, user: User, **facts: Any) -> None:
    steps = request.session.get("account_authentication_methods", [])
    audit.record(user, "signed_in", user, by=[str(step.get("method", "")) for step in steps])


def _signed_out(sender: object, user: User | None, **facts: Any) -> None:
    if user is not None:
        audit.record(user, "signed_out", user)


def _failed(sender: object, credentials: dict[str, Any], **facts: Any) -> None:
    """What was typed is kept only when it is somebody's address: people type passwords into any field."""
    tried = reach.by_email(str(credentials.get("email", "")))
    audit.record(None, "sign_in_failed", tried or "user")


def _factor_failed(sender: object, user: User, **facts: Any) -> None:
    audit.record(user, "sign_in_failed", user, step="second factor")


def _password_changed(sender: object, user: User, **facts: Any) -> None:
    audit.record(user, "password_changed", user)


def _factor_set(sender: object, user: User, authenticator: Any, **facts: Any) -> None:
    audit.record(user, "factor_set", user, type=str(authenticator.type))


def _factor_removed(sender: object, user: User, authenticator: Any, **facts: Any) -> None:
    audit.record(user, "factor_removed", user, type=str(authenticator.type))


def listen() -> None:
    """Called once, when the pages are set up."""
    accounts.user_logged_in.connect(_signed_in)
    user_logged_out.connect(_signed_out)
    user_login_failed.connect(_failed)
    factors.authentication_failed.connect(_factor_failed)
    for signal in (accounts.password_changed, accounts.password_set):
        signal.connect(_password_changed)
    factors.authenticator_added.connect(_factor_set)
    factors.authenticator_removed.connect(_factor_removed)

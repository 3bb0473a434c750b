"""What is done to people."""

from __future__ import annotations

from heed.accounts.models import ApiToken, User


def ensure_person(email: str, name: str, password: str | None = None, role: str = User.Role.AGENT) -> User:
    """The person with this address, made when there is none. An existing password stays."""
    person = User.objects.filter(email__iexact=email).first()
    if person is None:
        person = User.objects.create_user(email, password, name=name, role=role)
    return person


def grant_token(user: User, name: str, token: str) -> ApiToken:
    """Let programs that show this token act for the person."""
    granted, _ = ApiToken.objects.update_or_create(
        digest=ApiToken.digest_of(token), defaults={"user": user, "name": name}
    )
    return granted


def choose_language(user: User, language: str) -> None:
    User.objects.filter(pk=user.pk).update(language=language)
    user.language = language


def choose_theme(user: User, theme: str) -> None:
    User.objects.filter(pk=user.pk).update(theme=theme)
    user.theme = theme

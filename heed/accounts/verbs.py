"""What is done to people."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import ApiToken, User
from heed.accounts.rights import BUILT_IN
from heed.lib import live


class CannotChange(Exception):
    """What was entered cannot be used. `sentence` says why; `field` says where."""

    def __init__(self, sentence: str | Promise, field: str) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence
        self.field = field


def ensure_person(email: str, name: str, password: str | None = None, role: str = "agent") -> User:
    """The person with this address, made when there is none. An existing password stays."""
    person = User.objects.filter(email__iexact=email).first()
    if person is None:
        person = User.objects.create_user(email, password, name=name, role=role)
    return person


def add_person(email: str, name: str, password: str, role: str) -> User:
    """Let a new colleague in. Raises `CannotChange`."""
    email, name = email.strip(), name.strip()
    person = User(email=email.lower(), name=name[:120])
    _check_email(email)
    if not name:
        raise CannotChange(_("Enter the name."), "name")
    if role not in BUILT_IN:
        raise CannotChange(_("Choose a role."), "role")
    _check_password(password, person)
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name[:120], role=role)
    except IntegrityError as taken:
        raise CannotChange(_("Someone already signs in with this e-mail address."), "email") from taken


def renew_password(person: User, password: str) -> None:
    """Give a colleague who forgot theirs a new password; their sessions end. Raises `CannotChange`."""
    _check_password(password, person)
    person.set_password(password)
    person.save(update_fields=["password"])
    live.tell(["people"])


def let_in(person: User) -> None:
    """Let a colleague who was shut out sign in again."""
    User.objects.filter(pk=person.pk).update(is_active=True)
    live.tell(["people"])


def shut_out(person: User, by: User) -> None:
    """End a colleague's access: sign-in, open sessions, tokens. What they wrote stays.

    Nobody shuts out themselves, so an owner is always left. Raises `CannotChange`.
    """
    if person.pk == by.pk:
        raise CannotChange(_("You cannot end your own access."), "person")
    User.objects.filter(pk=person.pk).update(is_active=False)
    live.tell(["people"])


def grant_token(user: User, name: str, token: str) -> ApiToken:
    """Let programs that show this token act for the person. It takes the place of the token the
    person had under this name: that one is void."""
    digest = ApiToken.digest_of(token)
    with transaction.atomic():
        ApiToken.objects.filter(user=user, name=name).exclude(digest=digest).delete()
        granted, _made = ApiToken.objects.update_or_create(
            digest=digest, defaults={"user": user, "name": name}
        )
    return granted


def choose_language(user: User, language: str) -> None:
    User.objects.filter(pk=user.pk).update(language=language)
    user.language = language


def choose_theme(user: User, theme: str) -> None:
    User.objects.filter(pk=user.pk).update(theme=theme)
    user.theme = theme


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as wrong:
        raise CannotChange(_("This is not an e-mail address."), "email") from wrong


def _check_password(password: str, person: User) -> None:
    try:
        validate_password(password, person)
    except ValidationError as weak:
        raise CannotChange(" ".join(weak.messages), "password") from weak

"""What is done to people."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from heed.accounts import audit, granting, losing, renaming
from heed.accounts.granting import demand, demand_another_owner
from heed.accounts.models import ApiToken, Brand, User
from heed.accounts.refusals import CannotChange
from heed.lib import live


def ensure_person(email: str, name: str, password: str | None = None, role: str = "agent") -> User:
    """The person with this address, made when there is none. An existing password stays."""
    person = User.objects.filter(email__iexact=email).first()
    if person is None:
        person = User.objects.create_user(email, password, name=name, role=role)
    return person


def join(email: str, name: str, key: str) -> User | None:
    """Let somebody in whom the company's own sign-in vouches for, with the role the admin chose; None when
    that role is gone or somebody else was faster."""
    try:
        grant = granting.unsaved(key, granting.EVERYWHERE)
        with transaction.atomic():
            person = User.objects.create_user(email, None, role="", name=name[:120] or email)
            grant.user = person
            grant.save()
            audit.record(person, "joined", person, role=grant.title)
    except (CannotChange, IntegrityError):
        return None
    return person


def renew_password(person: User, password: str, by: User) -> None:
    """Give a colleague who forgot theirs a new password; their sessions end. Raises `CannotChange`."""
    demand(by, person)
    _check_password(password, person)
    person.set_password(password)
    with transaction.atomic():
        person.save(update_fields=["password"])
        audit.record(by, "password_changed", person)
        live.tell(["people"])


def let_in(person: User, by: User) -> None:
    """Let a colleague who was shut out sign in again. Raises `CannotChange`."""
    demand(by, person)
    with transaction.atomic():
        if User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
            audit.record(by, "let_in", person)
        live.tell(["people"])


def shut_out(person: User, by: User) -> int:
    """End a colleague's access: sign-in, open sessions, tokens. What they wrote stays; what they have that is
    not solved goes back; how many tickets that were.

    Nobody shuts out themselves, and an owner is always left. Raises `CannotChange`.
    """
    if person.pk == by.pk:
        raise CannotChange(_("You cannot end your own access."), "person")
    demand(by, person)
    with transaction.atomic():
        if person.grants.filter(role="owner").exists():
            demand_another_owner(person)
        lost, given = losing.Losing([person], "access"), 0
        if User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
            given = lost.follow()
            audit.record(by, "shut_out", person, **losing.told(given))
        live.tell(["people"])
    return given


def name_brand(by: User, brand: Brand, name: str) -> Brand:
    """Keep a brand, new or known, under this name. Raises `CannotChange`."""
    new, before = brand.pk is None, brand.name
    brand.name = name.strip()[:120]
    if not brand.name:
        raise CannotChange(_("Enter the name."), "name")
    try:
        with transaction.atomic():
            brand.save()
            audit.record(by, "made" if new else "renamed", brand, before=before)
            if not new:
                renaming.tell("brand", brand.pk, before, brand.name)
    except IntegrityError as taken:
        raise CannotChange(_("There is a brand of this name already."), "name") from taken
    return brand


def make_token(by: User, name: str) -> str:
    """A token for programs that act for oneself; nobody can read it again. Raises `CannotChange`."""
    name = name.strip()[:120]
    if not name:
        raise CannotChange(_("Enter what the token is for."), "name")
    token = ApiToken.fresh()
    with transaction.atomic():
        if ApiToken.objects.filter(user=by, name=name).exists():
            raise CannotChange(_("You have a token of this name already."), "name")
        made = ApiToken.objects.create(user=by, name=name, digest=ApiToken.digest_of(token))
        audit.record(by, "token_made", made)
    return token


def remove_token(by: User, token: ApiToken) -> None:
    """The token is void from now on. Raises `CannotChange` for the token of somebody who may do more."""
    if token.user_id != by.pk:
        demand(by, token.user)
    with transaction.atomic():
        audit.record(by, "token_removed", token, of=token.user)
        token.delete()


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


def choose_keys(user: User, keys: dict[str, str], *, single_keys: bool) -> None:
    """Their own shortcuts, which the page that knows the actions has checked."""
    User.objects.filter(pk=user.pk).update(keys=keys, single_keys=single_keys)
    user.keys, user.single_keys = keys, single_keys


def _check_password(password: str, person: User) -> None:
    try:
        validate_password(password, person)
    except ValidationError as weak:
        raise CannotChange(" ".join(weak.messages), "password") from weak

"""Invitations: how somebody new gets in. A token lets one person in, once, for a week."""

from __future__ import annotations

import hashlib
import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from heed.accounts import audit
from heed.accounts.granting import EVERYWHERE, Place, may_give, role, unsaved
from heed.accounts.models import Grant, Invitation, User
from heed.accounts.refusals import CannotChange, NotHere
from heed.lib import clock, live


class NoSuchInvitation(NotHere):
    """No open invitation with this token or id."""


def invite(
    by: User, email: str, key: str, place: Place = EVERYWHERE, name: str = ""
) -> tuple[Invitation, str]:
    """Invite somebody to a role; gives the invitation and its token, which nobody can read again. Raises
    `CannotChange`."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as wrong:
        raise CannotChange(_("This is not an e-mail address."), "email") from wrong
    if User.objects.filter(email__iexact=email).exists():
        raise CannotChange(_("Someone already signs in with this e-mail address."), "email")
    if not may_give(by, role(key)):
        raise CannotChange(_("You cannot give what you may not do yourself."), "role")
    grant = unsaved(key, place)
    token = secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            Invitation.objects.filter(
                email=email, accepted_at=None, withdrawn_at=None, expires_at__lte=clock.now()
            ).update(withdrawn_at=clock.now())
            invitation = Invitation.objects.create(
                email=email,
                name=name.strip()[:120],
                role=grant.role,
                own=grant.own,
                brand=grant.brand,
                team=grant.team,
                account=grant.account,
                digest=_digest(token),
                invited_by=by,
                expires_at=clock.now() + Invitation.HOLDS,
            )
            audit.record(by, "invited", invitation, role=grant.title, where=place.name)
    except IntegrityError as twice:
        raise CannotChange(_("This address is invited already."), "email") from twice
    return invitation, token


def invite_again(by: User, invitation: Invitation) -> str:
    """A new token for another week; the one before is void. Raises `CannotChange`."""
    if not may_give(by, role(invitation.grant.key)):
        raise CannotChange(_("You cannot give what you may not do yourself."), "role")
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        changed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).update(
            digest=_digest(token), invited_by=by, expires_at=clock.now() + Invitation.HOLDS
        )
        if not changed:
            raise CannotChange(_("This invitation is not open any more."), "email")
        audit.record(by, "invited_again", invitation)
    return token


def withdraw(by: User, invitation: Invitation) -> None:
    """Nobody gets in with it any more. Raises `CannotChange` where they would be more than who withdraws."""
    if not may_give(by, role(invitation.grant.key)):
        raise CannotChange(
            _("%(name)s may do more than you. Ask an owner.") % {"name": invitation.email}, "person"
        )
    with transaction.atomic():
        changed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).update(
            withdrawn_at=clock.now()
        )
        if changed:
            audit.record(by, "invitation_withdrawn", invitation)


def accept(token: str, name: str, password: str) -> User:
    """Become a colleague: the token works once. Raises `NoSuchInvitation`, or `CannotChange` when the
    name or password cannot be used, and then it works again."""
    name = name.strip()[:120]
    if not name:
        raise CannotChange(_("Enter your name."), "name")
    with transaction.atomic():
        invitation = _standing(_open().filter(digest=_digest(token)).select_for_update(of=("self",)))
        try:
            validate_password(password, User(email=invitation.email, name=name))
        except ValidationError as weak:
            raise CannotChange(" ".join(weak.messages), "password") from weak
        return _let_in(invitation, name, password)


def accept_by_mail(email: str, name: str) -> User | None:
    """The colleague this invited address becomes when it is proven otherwise, by the company's sign-in;
    None when it is not invited."""
    with transaction.atomic():
        try:
            invitation = _standing(_open().filter(email=email.lower()).select_for_update(of=("self",)))
        except NoSuchInvitation:
            return None
        return _let_in(invitation, name.strip()[:120] or invitation.name or email, None)


def with_token(token: str) -> Invitation:
    """The open invitation of a token. Raises `NoSuchInvitation`."""
    return _standing(_open().filter(digest=_digest(token)).select_related("invited_by", "own"))


def open_invitations() -> list[Invitation]:
    """Those nobody accepted yet, expired ones too, newest first."""
    found = Invitation.objects.filter(accepted_at=None, withdrawn_at=None)
    return list(found.select_related("own", "brand", "team", "invited_by").order_by("-invited_at")[:200])


def one(invitation_id: int) -> Invitation:
    """An invitation that nobody accepted yet. Raises `NoSuchInvitation`."""
    found = Invitation.objects.select_related("own", "brand", "team")
    invitation = found.filter(pk=invitation_id, accepted_at=None, withdrawn_at=None).first()
    if invitation is None:
        raise NoSuchInvitation
    return invitation


def _open() -> QuerySet[Invitation]:
    return Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now())


def _standing(found: QuerySet[Invitation]) -> Invitation:
    """The one that was found, if whoever invited may still do so. Raises `NoSuchInvitation`."""
    invitation = found.first()
    if invitation is None or not may_give(invitation.invited_by, role(invitation.grant.key)):
        raise NoSuchInvitation
    return invitation


def _let_in(invitation: Invitation, name: str, password: str | None) -> User:
    """Inside a transaction that holds the invitation."""
    try:
        with transaction.atomic():
            person = User.objects.create_user(invitation.email, password, role="", name=name)
    except IntegrityError as twice:
        raise NoSuchInvitation from twice
    grant: Grant = invitation.grant
    grant.user = person
    grant.save()
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=clock.now())
    audit.record(person, "joined", person, role=grant.title)
    live.tell(["people"])
    return person


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

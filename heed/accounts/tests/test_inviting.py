"""Invitations: one person, once, for a week."""

from __future__ import annotations

from datetime import timedelta

import pytest

from heed.accounts import granting, inviting
from heed.accounts.granting import Place
from heed.accounts.inviting import NoSuchInvitation
from heed.accounts.models import AuditRow, Brand, Invitation, User
from heed.accounts.refusals import CannotChange
from heed.lib import clock

pytestmark = pytest.mark.django_db

GOOD = "seven brown boots"


@pytest.fixture
def maja() -> User:
    return User.objects.create_user("maja@acme.example", None, role="owner", name="Maja Zupan")


def later(**time: float) -> None:
    Invitation.objects.update(expires_at=clock.now() - timedelta(**time))


def test_whoever_accepts_has_what_they_were_invited_to(maja: User) -> None:
    brand = Brand.objects.create(name="Acme Kids")
    _, token = inviting.invite(maja, " Ana@Acme.example ", "agent", Place("brand", brand.pk), "Ana Kovač")
    ana = inviting.accept(token, "Ana Kovač", GOOD)
    assert (ana.email, ana.check_password(GOOD)) == ("ana@acme.example", True)
    assert ana.rights.where("answer").brands == {brand.pk}
    assert not inviting.open_invitations()


def test_a_token_works_once_and_is_kept_nowhere(maja: User) -> None:
    invitation, token = inviting.invite(maja, "ana@acme.example", "agent")
    assert token not in str(Invitation.objects.filter(pk=invitation.pk).values().get())
    assert token not in str(list(AuditRow.objects.values()))
    inviting.accept(token, "Ana Kovač", GOOD)
    with pytest.raises(NoSuchInvitation):
        inviting.accept(token, "Oto Tujec", GOOD)
    assert User.objects.count() == 2


def test_a_weak_password_does_not_use_it_up(maja: User) -> None:
    _, token = inviting.invite(maja, "ana@acme.example", "agent")
    for name, password in (("Ana Kovač", "short"), ("  ", GOOD)):
        with pytest.raises(CannotChange):
            inviting.accept(token, name, password)
    assert inviting.accept(token, "Ana Kovač", GOOD).name == "Ana Kovač"


def test_it_ends_after_a_week_and_can_be_sent_again(maja: User) -> None:
    invitation, old = inviting.invite(maja, "ana@acme.example", "agent")
    later(seconds=1)
    with pytest.raises(NoSuchInvitation):
        inviting.with_token(old)
    new = inviting.invite_again(maja, invitation)
    with pytest.raises(NoSuchInvitation):
        inviting.with_token(old)
    assert inviting.with_token(new) == invitation


def test_withdrawn_it_lets_nobody_in(maja: User) -> None:
    invitation, token = inviting.invite(maja, "ana@acme.example", "agent")
    inviting.withdraw(maja, invitation)
    with pytest.raises(NoSuchInvitation):
        inviting.accept(token, "Ana Kovač", GOOD)
    with pytest.raises(CannotChange):
        inviting.invite_again(maja, invitation)
    inviting.invite(maja, "ana@acme.example", "agent")


def test_an_address_is_invited_once_at_a_time(maja: User) -> None:
    inviting.invite(maja, "ana@acme.example", "agent")
    with pytest.raises(CannotChange):
        inviting.invite(maja, "ANA@acme.example", "lead")
    later(seconds=1)
    inviting.invite(maja, "ana@acme.example", "lead")
    assert [each.role for each in inviting.open_invitations()] == ["lead"]
    with pytest.raises(CannotChange):
        inviting.invite(maja, "maja@acme.example", "agent")
    with pytest.raises(CannotChange, match="not an e-mail address"):
        inviting.invite(maja, "ana", "agent")


def test_an_invitation_is_worth_what_its_sender_may_still_give(maja: User) -> None:
    ivo = User.objects.create_user("ivo@acme.example", None, role="admin", name="Ivo Horvat")
    with pytest.raises(CannotChange):
        inviting.invite(ivo, "oto@else.example", "owner")
    _, token = inviting.invite(ivo, "oto@else.example", "admin")
    granting.take(maja, ivo.grants.get())
    with pytest.raises(NoSuchInvitation):
        inviting.accept(token, "Oto Tujec", GOOD)


def test_the_companys_sign_in_accepts_for_its_address(maja: User) -> None:
    inviting.invite(maja, "ana@acme.example", "lead")
    assert inviting.accept_by_mail("oto@else.example", "Oto") is None
    ana = inviting.accept_by_mail("Ana@acme.example", "Ana Kovač")
    assert ana is not None
    assert ana.rights.may("routing")
    assert not ana.has_usable_password()


def test_nobody_withdraws_an_invitation_they_could_not_give(maja: User) -> None:
    admin = User.objects.create_user("ivo@acme.example", None, role="admin", name="Ivo Horvat")
    invitation, token = inviting.invite(maja, "ana@acme.example", "owner")
    with pytest.raises(CannotChange):
        inviting.withdraw(admin, invitation)
    assert inviting.with_token(token)
    inviting.withdraw(maja, invitation)
    assert not inviting.open_invitations()

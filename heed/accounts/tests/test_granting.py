"""Who may give which role to whom, and that an owner is always left."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from heed.accounts import granting, verbs
from heed.accounts.granting import EVERYWHERE, Place
from heed.accounts.models import ApiToken, AuditRow, Brand, Grant, OwnRole, Team, User
from heed.accounts.refusals import CannotChange

pytestmark = pytest.mark.django_db


def someone(name: str, role: str) -> User:
    return User.objects.create_user(f"{name.lower()}@acme.example", None, role=role, name=name)


def test_a_role_is_given_and_taken() -> None:
    maja, ana = someone("Maja", "owner"), someone("Ana", "")
    brand = Brand.objects.create(name="Acme Kids")
    grant = granting.give(maja, ana, "agent", Place("brand", brand.pk, "Acme Kids"))
    assert User.objects.get(pk=ana.pk).rights.where("answer").brands == {brand.pk}
    with pytest.raises(CannotChange):
        granting.give(maja, ana, "agent", Place("brand", brand.pk))
    granting.take(maja, grant, "Acme Kids")
    assert not User.objects.get(pk=ana.pk).rights.may("see")
    assert list(AuditRow.objects.order_by("id").values_list("what", "facts__where")) == [
        ("role_given", "Acme Kids"),
        ("role_taken", "Acme Kids"),
    ]


def test_an_admin_does_not_change_owners() -> None:
    maja, admin = someone("Maja", "owner"), someone("Ivo", "admin")
    for change in (
        lambda: granting.give(admin, maja, "agent"),
        lambda: granting.give(admin, admin, "owner"),
        lambda: granting.take(admin, maja.grants.get()),
        lambda: verbs.shut_out(maja, admin),
        lambda: verbs.renew_password(maja, "seven brown boots", admin),
    ):
        with pytest.raises(CannotChange):
            change()
    User.objects.filter(pk=maja.pk).update(is_active=False)
    maja.refresh_from_db()
    with pytest.raises(CannotChange):
        verbs.let_in(maja, admin)


def test_nobody_gives_what_they_may_not_do() -> None:
    maja = someone("Maja", "owner")
    people_only = granting.make_role(maja, "Staff", ["people"])
    ana = someone("Ana", "")
    granting.give(maja, ana, f"own:{people_only.pk}")
    ana = User.objects.get(pk=ana.pk)
    ivo = someone("Ivo", "agent")
    for change in (
        lambda: granting.give(ana, ana, "admin"),
        lambda: granting.make_role(ana, "More", ["accounts"]),
        lambda: granting.change_role(ana, people_only, "Staff", ["people", "audit"]),
        lambda: verbs.shut_out(ivo, ana),
    ):
        with pytest.raises(CannotChange):
            change()
    other = someone("Lea", "")
    granting.give(ana, other, f"own:{people_only.pk}")
    assert User.objects.get(pk=other.pk).rights.may("people")


@pytest.mark.parametrize(
    ("key", "place", "field"),
    [
        ("king", EVERYWHERE, "role"),
        ("own:404", EVERYWHERE, "role"),
        ("owner", Place("brand", 1), "place"),
        ("agent", Place("brand", 404), "place"),
        ("agent", Place("team", 404), "place"),
        ("agent", Place("account", None), "place"),
    ],
)
def test_what_cannot_be_given_is_said(key: str, place: Place, field: str) -> None:
    maja, ana = someone("Maja", "owner"), someone("Ana", "")
    Brand.objects.create(name="Acme")
    with pytest.raises(CannotChange) as refused:
        granting.give(maja, ana, key, place)
    assert refused.value.field == field
    assert not ana.grants.exists()


def test_an_archived_team_is_no_place() -> None:
    maja, ana = someone("Maja", "owner"), someone("Ana", "")
    team = Team.objects.create(name="Returns", archived=True)
    with pytest.raises(CannotChange):
        granting.give(maja, ana, "agent", Place("team", team.pk))


def test_a_role_about_the_whole_desk_holds_everywhere() -> None:
    maja, ana = someone("Maja", "owner"), someone("Ana", "")
    brand = Brand.objects.create(name="Acme")
    own = granting.make_role(maja, "Auditor", ["audit"])
    with pytest.raises(CannotChange):
        granting.give(maja, ana, f"own:{own.pk}", Place("brand", brand.pk))


def test_the_last_owner_stays() -> None:
    maja, ana = someone("Maja", "owner"), someone("Ana", "owner")
    granting.take(maja, ana.grants.get())
    with pytest.raises(CannotChange):
        granting.take(maja, maja.grants.get())
    ana.is_active = False
    ana.save()
    Grant.objects.create(user=ana, role="owner")
    with pytest.raises(CannotChange):  # the other owner cannot sign in
        granting.take(maja, maja.grants.get())


def end_access(person: User, by: User, start: threading.Barrier, refused: list[CannotChange]) -> None:
    start.wait()
    try:
        verbs.shut_out(person, by)
    except CannotChange as cannot:
        refused.append(cannot)
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_end_each_others_access_leave_one() -> None:
    for _round in range(5):
        User.objects.all().delete()
        maja, ana = someone("Maja", "owner"), someone("Ana", "owner")
        start = threading.Barrier(2)
        refused: list[CannotChange] = []
        pairs = ((maja, ana), (ana, maja))
        threads = [threading.Thread(target=end_access, args=(*pair, start, refused)) for pair in pairs]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert len(refused) == 1
        assert User.objects.filter(is_active=True).count() == 1


@pytest.mark.parametrize(
    ("name", "permissions", "field"),
    [
        ("", ["see"], "name"),
        ("Lead", ["see"], "name"),
        ("Night", ["see"], "name"),
        ("Empty", [], "permissions"),
        ("Unknown", ["rule the world"], "permissions"),
        ("Blind", ["answer"], "permissions"),
    ],
)
def test_a_role_that_cannot_be_made(name: str, permissions: list[str], field: str) -> None:
    maja = someone("Maja", "owner")
    granting.make_role(maja, "Night", ["see", "answer"])
    with pytest.raises(CannotChange) as refused:
        granting.make_role(maja, name, permissions)
    assert refused.value.field == field
    assert OwnRole.objects.count() == 1


def test_a_changed_role_holds_at_once_and_one_in_use_stays() -> None:
    maja, ana = someone("Maja", "owner"), someone("Ana", "")
    own = granting.make_role(maja, "Night", ["see"])
    grant = granting.give(maja, ana, f"own:{own.pk}")
    granting.change_role(maja, own, "Night shift", ["see", "note"])
    assert User.objects.get(pk=ana.pk).rights.may("note")
    with pytest.raises(CannotChange):
        granting.remove_role(maja, own)
    granting.take(maja, grant)
    granting.remove_role(maja, own)
    assert not OwnRole.objects.exists()


def test_who_may_do_more_keeps_their_token() -> None:
    maja, admin = someone("Maja", "owner"), someone("Ivo", "admin")
    verbs.make_token(maja, "Figures")
    own = verbs.make_token(admin, "Export")
    with pytest.raises(CannotChange):
        verbs.remove_token(admin, ApiToken.objects.get(user=maja))
    assert ApiToken.objects.filter(user=maja).exists()
    verbs.remove_token(admin, ApiToken.objects.get(digest=ApiToken.digest_of(own)))
    verbs.make_token(admin, "Export")
    verbs.remove_token(maja, ApiToken.objects.get(user=admin))
    assert not ApiToken.objects.filter(user=admin).exists()

"""Views people keep, who sees and changes them, and what the search box proposes."""

from __future__ import annotations

import pytest
from django.db import DataError

from heed.accounts.models import Grant, Membership, Team, User
from heed.accounts.rights import NotAllowed
from heed.channels.models import Account
from heed.inbox import reach
from heed.inbox.conditions import BadCondition, Condition, complete
from heed.inbox.conditions.names import tags_named
from heed.inbox.models import Customer, Identity, SavedView, Tag, Ticket
from heed.inbox.reach import saved
from heed.inbox.verbs import CannotTend, rename_tag, saving


@pytest.fixture
def returns(ana: User) -> Team:
    team = Team.objects.create(name="Returns")
    Membership.objects.create(team=team, user=ana)
    return team


@pytest.fixture
def lead(db: None) -> User:
    return User.objects.create_user("nadia@acme.example", role="lead", name="Nadia Karim")


def _names(user: User) -> list[str]:
    return [view.name for view in saved.saved_views(user)]


def test_ones_own_view_is_ones_own(ana: User, ivo: User) -> None:
    view = saving.keep_view(ana, "  Zips  ", "tag:none is:open ", order="waiting")
    assert (view.name, view.condition, view.order) == ("Zips", "tag:none is:open", "waiting")
    assert _names(ana) == ["Zips"]
    assert _names(ivo) == []
    with pytest.raises(reach.NoSuchView):
        saved.saved_view(ivo, view.pk)
    with pytest.raises(NotAllowed):
        saving.drop_view(view, ivo)


def test_sharing_needs_the_permission(ana: User, ivo: User, lead: User, returns: Team) -> None:
    with pytest.raises(NotAllowed):
        saving.keep_view(ana, "For all", "is:open", shared=True)
    saving.keep_view(lead, "For all", "is:open", shared=True)
    saving.keep_view(lead, "For returns", "is:open", team=returns)
    assert _names(ana) == ["For all", "For returns"]
    assert _names(ivo) == ["For all"]


def test_a_shared_view_is_changed_by_whoever_may_share(ana: User, maja: User, lead: User) -> None:
    view = saving.keep_view(lead, "For all", "is:open", shared=True)
    with pytest.raises(NotAllowed):
        saving.change_view(view, ana, name="Mine now", condition="is:open", shared=True)
    saving.change_view(view, maja, name="For everybody", condition="is:new", shared=True)
    assert _names(ana) == ["For everybody"]
    own = saving.keep_view(ana, "Own", "is:open")
    with pytest.raises(NotAllowed):
        saving.change_view(own, ana, name="Own", condition="is:open", shared=True)
    saving.drop_view(view, maja)
    assert _names(ana) == ["Own"]


@pytest.mark.parametrize(
    ("name", "condition"), [("", "is:open"), ("x" * 61, "is:open"), ("Taken", "is:open")]
)
def test_a_bad_name_is_refused(ana: User, name: str, condition: str) -> None:
    saving.keep_view(ana, "Taken", "is:new")
    with pytest.raises(CannotTend):
        saving.keep_view(ana, name, condition)
    assert SavedView.objects.count() == 1


@pytest.mark.parametrize("condition", ["is:opne", "team:nowhere", "(zip"])
def test_a_bad_condition_is_refused(ana: User, condition: str) -> None:
    with pytest.raises(BadCondition):
        saving.keep_view(ana, "Zips", condition)


def test_too_many_are_refused(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "MOST_VIEWS", 1)
    saving.keep_view(ana, "One", "")
    with pytest.raises(CannotTend):
        saving.keep_view(ana, "Two", "")


def test_views_are_put_in_order(ana: User, lead: User) -> None:
    shared = saving.keep_view(lead, "Shared", "is:open", shared=True)
    one, two, three = (saving.keep_view(ana, name, "is:open") for name in ("One", "Two", "Three"))
    saving.arrange_views(ana, [three.pk, shared.pk, one.pk])
    own = [name for name in _names(ana) if name != "Shared"]
    assert own == ["Three", "One", "Two"]
    shared.refresh_from_db()
    assert shared.position == 0, "somebody else's view stays where it is"
    assert two.pk


def test_a_view_is_counted_for_the_person_and_not_again_at_once(account: Account, ana: User) -> None:
    view = saving.keep_view(ana, "Open", "is:open")
    assert saved.counted(ana, [view]) == {}
    customer = Customer.objects.create(name="Lea Marn")
    for number in range(3):
        identity = Identity.objects.create(account=account, customer=customer, external_id=f"p{number}")
        Ticket.objects.create(account=account, identity=identity, customer=customer, kind="private")
    assert saved.count_views(ana, [view]) == {view.pk: 3}
    Ticket.objects.all().delete()
    assert saved.count_views(ana, [view]) == saved.counted(ana, [view]) == {view.pk: 3}
    jan = User.objects.create_user("jan@acme.example", role="", name="Jan")
    Grant.objects.create(user=jan, role="agent", account=account.pk + 1)
    assert saved.count_views(jan, [view]) == {view.pk: 0}
    SavedView.objects.filter(pk=view.pk).update(condition="gone:1")
    view.refresh_from_db()
    assert saved.count_views(ana, [view]) == {view.pk: 0}


def test_a_tag_of_a_sign_alone_is_that_one_only() -> None:
    known = ["👍", "❤️", "zip"]
    found = [tags_named(each, known) for each in ("🔥", "❤", "❤*", "*", "ZI*")]
    assert found == [frozenset(), {"❤️"}, {"❤️"}, set(known), {"zip"}]


def test_a_view_that_cannot_be_counted_takes_no_other_with_it(
    ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, fine = saving.keep_view(ana, "Bad", "is:open"), saving.keep_view(ana, "Fine", "is:solved")

    def count(_user: User, _view: str, condition: Condition) -> int:
        if condition.text == bad.condition:
            raise DataError
        return 7

    monkeypatch.setattr(saved, "count", count)
    assert saved.count_views(ana, [bad, fine]) == {bad.pk: 0, fine.pk: 7}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tea", ["team:"]),
        ("-tea", ["team:"]),
        ("(tea", ["team:"]),
        ("zip is:unan", ["unanswered"]),
        ("is:open,sol", ["solved"]),
        ("unans", ["is:unanswered"]),
        ("tag:he", ['"worn heel"', "heel"]),
        ('tag:"worn', ['"worn heel"']),
        ("assignee:iv", ['"Ivo Horvat"']),
        ("team:", ["Returns", "none"]),
        ("from:insta", ["instagram"]),
        ("nothing:x", []),
        ('"quoted', []),
        ("#41", []),
        ("xyzzy", []),
    ],
)
def test_the_box_proposes_what_goes_on(
    ana: User, ivo: User, returns: Team, text: str, found: list[str]
) -> None:
    Tag.objects.create(name="heel")
    Tag.objects.create(name="worn heel")
    proposed = complete(text, len(text), ana)
    assert sorted(each.text for each in proposed) == sorted(found)
    for each in proposed:
        assert each.end == len(text)
        begun = text[each.start : each.end].strip('"').lower()
        assert begun in each.text.lower()


def test_nothing_one_may_not_see_is_proposed(account: Account, returns: Team) -> None:
    Account.objects.create(network="rubber", name="Acme Two", external_id="2", base_url="http://127.0.0.1:1")
    jan = User.objects.create_user("jan@acme.example", role="", name="Jan")
    Grant.objects.create(user=jan, role="agent", account=account.pk)
    assert [each.text for each in complete("account:ac", 10, jan)] == ["Acme"]
    assert [each.text for each in complete("team:", 5, jan)] == ["none"]
    assert len(complete("", 0, jan)) > 15
    assert complete("is:open zip", 3, jan)[0].text == "unanswered"


def test_a_view_goes_on_asking_for_a_tag_that_is_renamed(maja: User, ana: User) -> None:
    Tag.objects.bulk_create([Tag(name="zipper"), Tag(name="heel")])
    view = saving.keep_view(ana, "Zips", "is:open tag:zipper")
    other = saving.keep_view(ana, "Heels", "is:open tag:heel*")
    rename_tag(maja, Tag.objects.get(name="zipper"), "Broken zip")
    assert SavedView.objects.get(pk=view.pk).condition == 'is:open tag:"broken zip"'
    assert SavedView.objects.get(pk=other.pk).condition == "is:open tag:heel*"

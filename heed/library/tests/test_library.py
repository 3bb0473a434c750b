"""Quick texts and guidelines: whose they are, who may change them, which holds where."""

from __future__ import annotations

import pytest

from heed.accounts.models import AuditRow, Brand, Grant, Membership, Team, User
from heed.accounts.refusals import CannotChange
from heed.accounts.rights import NotAllowed
from heed.library import filling, reach, verbs
from heed.library.models import Guideline, QuickText

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@acme.example", None, name="Ana Kovač")


@pytest.fixture
def ivo() -> User:
    return User.objects.create_user("ivo@acme.example", None, name="Ivo Horvat")


@pytest.fixture
def maja() -> User:
    return User.objects.create_user("maja@acme.example", None, name="Maja Zupan", role="owner")


@pytest.fixture
def oto() -> User:
    return User.objects.create_user("oto@elsewhere.example", None, name="Oto Tujec", role="")


def names(user: User) -> set[str]:
    return {each.name for each in reach.quick_texts(user)}


def test_placeholders_are_filled_and_unknown_ones_stay() -> None:
    known = {"first_name": "Lea", "order": "", "a": "{first_name}"}
    text = "Hi {first_name}, about {order} and {refund}: {a} {Not one} {{x}}"
    assert filling.fill(text, known) == "Hi Lea, about {order} and {refund}: {first_name} {Not one} {{x}}"
    assert filling.unknown("{x} {first_name} {y} {x}", known) == ["x", "y"]


def test_everyone_sees_their_own_the_shared_ones_and_those_of_their_teams(
    ana: User, ivo: User, maja: User, oto: User
) -> None:
    returns, press = Team.objects.create(name="Returns"), Team.objects.create(name="Press")
    Membership.objects.create(team=returns, user=ana)
    verbs.make_quick_text(ana, "mine", "Mine")
    verbs.make_quick_text(ivo, "his", "His")
    verbs.make_quick_text(maja, "all", "All", shared=True)
    verbs.make_quick_text(maja, "returns", "Send it back", team=returns)
    verbs.make_quick_text(maja, "press", "No comment", team=press)
    assert names(ana) == {"mine", "all", "returns"}
    assert names(ivo) == {"his", "all"}
    assert names(maja) == {"all", "returns", "press"}
    assert names(oto) == set()
    with pytest.raises(reach.NoSuchQuickText):
        reach.quick_text(ana, QuickText.objects.get(name="press").pk)
    with pytest.raises(NotAllowed):
        verbs.make_quick_text(oto, "x", "X")
    ana.is_active = False
    assert names(ana) == set()


def test_shared_ones_need_the_permission(ana: User, ivo: User, maja: User) -> None:
    shared = verbs.make_quick_text(maja, "sizes", "Sizes run small.", shared=True)
    own = verbs.make_quick_text(ivo, "his", "His")
    with pytest.raises(NotAllowed):
        verbs.make_quick_text(ana, "x", "X", shared=True)
    with pytest.raises(NotAllowed):
        verbs.make_quick_text(ana, "x", "X", team=Team.objects.create(name="Returns"))
    for text in (shared, own):
        with pytest.raises(NotAllowed):
            verbs.change_quick_text(ana, text, "mine", "Mine now")
        with pytest.raises(NotAllowed):
            verbs.drop_quick_text(ana, text)
    assert {each.text for each in QuickText.objects.all()} == {"Sizes run small.", "His"}
    with pytest.raises(NotAllowed):  # what is another's own is nobody else's, not even an owner's
        verbs.drop_quick_text(maja, own)


def test_names_are_typed_after_a_slash(ana: User) -> None:
    made = verbs.make_quick_text(ana, " /Hvala-Še ", "Hvala!\r\nAna", language="sl")
    assert (made.name, made.title, made.text) == ("hvala-še", "Hvala!", "Hvala!\nAna")
    verbs.make_quick_text(ana, "hvala-še", "Thank you!", language="en")
    for name, text, language, field in (
        ("two words", "x", "", "name"),
        ("", "x", "", "name"),
        ("x" * 41, "x", "", "name"),
        ("x", " ", "", "text"),
        ("x", "x" * 5001, "", "text"),
        ("x", "x", "Slovene", "language"),
        ("hvala-še", "again", "sl", "name"),
    ):
        with pytest.raises(CannotChange) as refused:
            verbs.make_quick_text(ana, name, text, language=language)
        assert refused.value.field == field, (name, text[:10], language)
    assert QuickText.objects.count() == 2


def test_there_is_an_end_to_them(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "MOST_OWN", 1)
    verbs.make_quick_text(ana, "one", "One")
    with pytest.raises(CannotChange):
        verbs.make_quick_text(ana, "two", "Two")


def test_uses_are_counted_and_the_most_used_comes_first(ana: User) -> None:
    verbs.make_quick_text(ana, "aaa", "A")
    often = verbs.make_quick_text(ana, "zzz", "Z")
    verbs.count_use(often)
    verbs.count_use(often)
    assert [(each.name, each.used) for each in reach.quick_texts(ana)] == [("zzz", 2), ("aaa", 0)]


def test_shared_ones_are_audited_and_own_ones_are_nobodys_business(ana: User, maja: User) -> None:
    verbs.drop_quick_text(ana, verbs.make_quick_text(ana, "mine", "Mine"))
    assert not AuditRow.objects.exists()
    shared = verbs.make_quick_text(maja, "all", "All", shared=True)
    verbs.change_quick_text(maja, shared, "all", "All of you")
    verbs.drop_quick_text(maja, shared)
    assert list(AuditRow.objects.order_by("pk").values_list("what", flat=True)) == [
        "made",
        "changed",
        "removed",
    ]


def test_the_nearest_guideline_holds(maja: User) -> None:
    brand, team = Brand.objects.create(name="Acme Kids"), Team.objects.create(name="Returns")
    assert reach.guideline(team.pk, 7, brand.pk) is None
    verbs.write_guideline(maja, "# Tone\nWarm.")
    verbs.write_guideline(maja, "Playful.", brand=brand)
    verbs.write_guideline(maja, "Short.", account=7)
    verbs.write_guideline(maja, "Label first.", team=team)

    def text(*place: int | None) -> str:
        found = reach.guideline(*place)
        return found.text if found else ""

    assert text(team.pk, 7, brand.pk) == "Label first."
    assert text(None, 7, brand.pk) == "Short."
    assert text(team.pk + 1, 8, brand.pk) == "Playful."
    assert text(None, 8, None) == "# Tone\nWarm."
    assert len(reach.guidelines(maja, {})) == 4


def test_guidelines_are_read_where_one_works(maja: User) -> None:
    kids, grown = Brand.objects.create(name="Acme Kids"), Brand.objects.create(name="Acme")
    returns, care = Team.objects.create(name="Returns"), Team.objects.create(name="Care")
    verbs.write_guideline(maja, "Warm.")
    for text, place in (("Playful.", kids), ("Plain.", grown)):
        verbs.write_guideline(maja, text, brand=place)
    for number in (7, 8):
        verbs.write_guideline(maja, f"Account {number}.", account=number)
    for text, team in (("Label first.", returns), ("Listen.", care)):
        verbs.write_guideline(maja, text, team=team)
    ivo = User.objects.create_user("ivo@acme.example", role="", name="Ivo")
    Grant.objects.create(user=ivo, role="agent", team=returns)
    texts = [each.text for each in reach.guidelines(ivo, {7: kids.pk})]
    assert texts == ["Warm.", "Playful.", "Account 7.", "Label first."]
    member = User.objects.create_user("ana@acme.example", role="", name="Ana Kovač")
    Membership.objects.create(user=member, team=care)
    assert [each.text for each in reach.guidelines(member, {})] == ["Warm.", "Listen."]


def test_those_who_may_write_guidelines_and_take_them_away(ana: User, maja: User) -> None:
    with pytest.raises(NotAllowed):
        verbs.write_guideline(ana, "Anything goes.")
    with pytest.raises(CannotChange):
        verbs.write_guideline(maja, "x" * 50_001)
    verbs.write_guideline(maja, "Warm.")
    again = verbs.write_guideline(maja, "Warm and short.\r\nAlways.")
    assert again is not None
    assert (again.text, again.changed_by) == ("Warm and short.\nAlways.", maja)
    assert Guideline.objects.count() == 1
    assert verbs.write_guideline(maja, "  ") is None
    assert not Guideline.objects.exists()
    assert AuditRow.objects.filter(kind="guideline").count() == 3

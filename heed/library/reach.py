"""Quick texts and guidelines, for those who may read them."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from heed.accounts.models import User
from heed.accounts.refusals import NotHere
from heed.library.models import Guideline, QuickText

_MOST = 2000


class NoSuchQuickText(NotHere):
    """No quick text with this id, or not for this person."""


def quick_texts(user: User) -> list[QuickText]:
    """All this person may put into an answer: their own, everybody's and those of their teams, the most
    used first. Who looks after shared ones sees those of all teams."""
    found = _seen(user).select_related("team", "owner").order_by("-used", "name", "language", "pk")
    return list(found[:_MOST])


def quick_text(user: User, quick_text_id: int) -> QuickText:
    """One of them; raises `NoSuchQuickText`."""
    found = _seen(user).select_related("team", "owner").filter(pk=quick_text_id).first()
    if found is None:
        raise NoSuchQuickText(quick_text_id)
    return found


def everybodys(name: str = "") -> list[QuickText]:
    """Those that are everybody's, by name and language; with a name only its versions."""
    found = QuickText.objects.filter(owner=None, team=None).order_by("name", "language", "pk")
    return list(found.filter(name=name) if name else found[:_MOST])


def in_language(name: str, language: str) -> QuickText | None:
    """The version of everybody's quick text that fits a language: its own, else the one for any, else the
    English one, else the first there is."""
    found = everybodys(name) if name else []
    wanted = (language, "", "en")
    found.sort(key=lambda each: wanted.index(each.language) if each.language in wanted else len(wanted))
    return found[0] if found else None


def may_change(user: User, quick_text: QuickText) -> bool:
    """One's own everybody may change, shared ones those with the permission `desk`."""
    return user.rights.may("desk") if quick_text.shared else quick_text.owner_id == user.pk


def guideline(team: int | None, account: int | None, brand: int | None) -> Guideline | None:
    """What holds for a ticket of this team, account and brand: the nearest that is written."""
    places = [Q(team=team)] * (team is not None) + [Q(account=account)] * (account is not None)
    places += [Q(brand=brand)] * (brand is not None) + [Q(team=None, account=None, brand=None)]
    wanted, nearness = Q(), []
    for far, place in enumerate(places):
        wanted |= place
        nearness.append(When(place, then=Value(far)))
    found = Guideline.objects.filter(wanted).select_related("team", "brand", "changed_by")
    return found.order_by(Case(*nearness, output_field=IntegerField())).first()


def guidelines(user: User, accounts: Mapping[int, int | None]) -> list[Guideline]:
    """Those of the places this person works in: the desk's own first, then brands, accounts and teams. All
    of them for those who write them or see all tickets. `accounts` are the accounts they see tickets on,
    each with its brand."""
    found = Guideline.objects.select_related("team", "brand", "changed_by")
    seen = user.rights.where("see")
    if not (seen.everywhere or user.rights.may("desk")):
        teams = seen.teams | set(user.teams.values_list("pk", flat=True))
        brands = seen.brands | {brand for brand in accounts.values() if brand is not None}
        widest = Q(team=None, brand=None, account=None)
        found = found.filter(widest | Q(team__in=teams) | Q(brand__in=brands) | Q(account__in=accounts))
    return sorted(found, key=_rank)


def _rank(one: Guideline) -> tuple[int, str]:
    if one.team is not None:
        return 3, one.team.name
    if one.account is not None:
        return 2, str(one.account)
    return (1, one.brand.name) if one.brand is not None else (0, "")


def _seen(user: User) -> QuerySet[QuickText]:
    if not user.is_active:
        return QuickText.objects.none()
    mine = Q(owner=user)
    if user.rights.may("desk"):
        return QuickText.objects.filter(mine | Q(owner=None))
    shared = Q(owner=None) & (Q(team=None) | Q(team__in=user.teams.values("pk")))
    return QuickText.objects.filter(mine | shared if user.rights.may("see") else mine)

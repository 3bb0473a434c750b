"""Quick texts and guidelines."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from ninja import Router, Status

from heed.accounts import reach as people
from heed.accounts.models import Brand, Team
from heed.accounts.rights import need
from heed.api.bearer import Asking
from heed.api.problems import Problem
from heed.api.shapes.library import (
    GuidelineGiven,
    GuidelineOut,
    Guidelines,
    QuickTextChange,
    QuickTextGiven,
    QuickTextOut,
    QuickTexts,
    of_guideline,
    of_quick_text,
)
from heed.channels import reach as channels
from heed.inbox import reach as inbox
from heed.inbox.known import known
from heed.inbox.reach.seeing import accounts_seen
from heed.library import reach, verbs
from heed.library.filling import fill
from heed.library.models import QuickText

router = Router(tags=["library"])


@router.get("/quick-texts", response=QuickTexts, summary="One's own quick texts and the shared ones")
def list_quick_texts(request: Asking, ticket: int | None = None) -> Any:
    """The most used first. With `ticket`, each also `filled` with what is known there."""
    found = reach.quick_texts(request.auth)
    if ticket is None:
        return {"items": [of_quick_text(each) for each in found]}
    facts = known(inbox.ticket(request.auth, ticket), request.auth)
    return {"items": [of_quick_text(each, fill(each.text, facts)) for each in found]}


@router.post("/quick-texts", response={201: QuickTextOut}, summary="Keep a quick text")
def make_quick_text(request: Asking, given: QuickTextGiven) -> Any:
    """One's own; with `shared` or a `team` it needs the permission `desk`."""
    made = verbs.make_quick_text(
        request.auth,
        given.name,
        given.text,
        title=given.title,
        language=given.language,
        shared=given.shared,
        team=_team(given.team),
    )
    return Status(201, of_quick_text(made))


@router.patch("/quick-texts/{quick_text}", response=QuickTextOut, summary="Change a quick text")
def change_quick_text(request: Asking, quick_text: int, given: QuickTextChange) -> Any:
    found = _quick_text(request, quick_text)
    change = given.model_dump(exclude_unset=True)
    kept = {name: change.get(name) or getattr(found, name) for name in ("name", "text", "title")}
    language = found.language if change.get("language") is None else change["language"]
    team = _team(change["team"]) if "team" in change else found.team
    changed = verbs.change_quick_text(request.auth, found, **kept, language=language, team=team)
    return of_quick_text(changed)


@router.delete("/quick-texts/{quick_text}", response={204: None}, summary="Delete a quick text")
def drop_quick_text(request: Asking, quick_text: int) -> Any:
    verbs.drop_quick_text(request.auth, _quick_text(request, quick_text))
    return Status(204, None)


@router.get("/guidelines", response=Guidelines, summary="How the team works")
def list_guidelines(request: Asking, ticket: int | None = None) -> Any:
    """Those of the places one works in; with `ticket`, the one that holds there."""
    need(request.auth, "see")
    if ticket is None:
        accounts = {each.pk: each.brand_id for each in accounts_seen(request.auth)}
        return {"items": [of_guideline(each) for each in reach.guidelines(request.auth, accounts)]}
    found = inbox.ticket(request.auth, ticket)
    nearest = reach.guideline(found.team_id, found.account_id, found.account.brand_id)
    return {"items": [of_guideline(nearest)] if nearest else []}


@router.put("/guidelines", response={200: GuidelineOut, 204: None}, summary="Write how a team works")
def write_guideline(request: Asking, given: GuidelineGiven) -> Any:
    """For one team, account or brand, or without them for everybody. An empty text takes it away."""
    need(request.auth, "desk")
    if sum(place is not None for place in (given.team, given.account, given.brand)) > 1:
        raise Problem(422, "not-valid", _("Give a team, an account or a brand, not several."))
    account = channels.account(given.account).pk if given.account is not None else None
    written = verbs.write_guideline(
        request.auth, given.text, team=_team(given.team), account=account, brand=_brand(given.brand)
    )
    return Status(200, of_guideline(written)) if written else Status(204, None)


def _quick_text(request: Asking, quick_text: int) -> QuickText:
    need(request.auth, "note")
    return reach.quick_text(request.auth, quick_text)


def _team(wanted: int | None) -> Team | None:
    found = next((each for each in people.teams() if each.pk == wanted), None)
    if wanted is not None and found is None:
        raise Problem(422, "not-valid", _("There is no team with this id."))
    return found


def _brand(wanted: int | None) -> Brand | None:
    found = people.brand(wanted) if wanted is not None else None
    if wanted is not None and found is None:
        raise Problem(422, "not-valid", _("There is no brand with this id."))
    return found

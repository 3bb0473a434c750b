"""What was measured: of a time, and how near an account is to "very responsive"."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import AwareDatetime

from heed.accounts import audit
from heed.accounts.models import User
from heed.accounts.rights import NotAllowed, need
from heed.api.bearer import Asking
from heed.api.problems import Problem
from heed.api.shapes.figures import COLUMNS, FiguresOut, Responsive, of_service, of_verdict, rows_of
from heed.channels import reach as channels
from heed.insights.responsive import fastest_90_of_30_days, median_of_7_days
from heed.insights.service import service
from heed.insights.talks import talks
from heed.lib import clock
from heed.routing import desk_hours
from heed.routing.desk_hours import Place

router = Router(tags=["figures"])

USUAL = timedelta(days=30)
LONGEST = timedelta(days=366)


@router.get("/figures", response=FiguresOut, summary="The figures of a time")
def figures(request: Asking, since: AwareDatetime | None = None, until: AwareDatetime | None = None) -> Any:
    """Of the matters that began from `since` until before `until`, and of what people did in that
    time, on the tickets one may see figures of. Without them: the last 30 days. Durations are seconds."""
    need(request.auth, "figures")
    now = clock.now()
    begins, ends = _period(since, until, now)
    return of_service(service(request.auth, begins, ends, now), begins, ends)


@router.get("/figures.csv", response={200: None}, summary="The figures of a time as a table")
def figures_as_csv(
    request: Asking, since: AwareDatetime | None = None, until: AwareDatetime | None = None
) -> Any:
    """The same as CSV. It needs the right to export as well, and stands in the audit."""
    _need_export(request.auth)
    now = clock.now()
    begins, ends = _period(since, until, now)
    found = service(request.auth, begins, ends, now)
    audit.record(
        request.auth,
        "exported",
        "figures",
        format="csv",
        since=begins.isoformat(),
        until=ends.isoformat(),
    )
    page = io.StringIO()
    csv.writer(page).writerows([COLUMNS, *rows_of(found)])
    answer = HttpResponse(page.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="heed-figures.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get(
    "/accounts/{account_id}/responsive", response=Responsive, summary="How near it is to “very responsive”"
)
def responsive(request: Asking, account_id: int, bots: bool = True) -> Any:
    """The two published calculations, by the hours that hold for the account now. `missing` is how many more
    would have had to be answered, `cut` says that older talks were left out. Without `bots` only people's
    answers count."""
    need(request.auth, "figures")
    account, now = channels.account(account_id), clock.now()
    lines, cut = talks(request.auth, account, now)
    hours = desk_hours.read().hours(Place(account=account.pk, brand=account.brand_id or 0), now)
    found = (
        median_of_7_days(lines, now, hours, bots=bots),
        fastest_90_of_30_days(lines, hours, bots=bots),
    )
    return {"cut": cut, "items": [of_verdict(each) for each in found]}


def _period(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    ends = until or now
    begins = since or ends - USUAL
    if not timedelta() < ends - begins <= LONGEST:
        raise Problem(422, "bad-period", _("“since” must lie before “until”, by 366 days at most."))
    return begins, ends


def _need_export(user: User) -> None:
    """Raises `NotAllowed` unless they may export all they may see figures of."""
    need(user, "figures")
    need(user, "export")
    seen, taken = user.rights.where("figures"), user.rights.where("export")
    within = (
        not seen.everywhere
        and seen.brands <= taken.brands
        and seen.accounts <= taken.accounts
        and seen.teams <= taken.teams
    )
    if not (taken.everywhere or within):
        raise NotAllowed("export")

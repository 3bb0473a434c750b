"""The audit: who did what, to read and to take along."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from heed.accounts import audit, reach
from heed.accounts.audit import DEEDS, FACTS, THINGS, VALUES, Wanted
from heed.accounts.models import AuditRow
from heed.channels import reach as channels
from heed.lib.text import whole
from heed.web import audit_words
from heed.web.admins import permitted
from heed.web.gate import person

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_COLUMNS = ("number", "at", "who", "who_id", "what", "kind", "target", "name", "facts", "address", "digest")
_PAGE = 50


class WantedForm(forms.Form):
    """Which rows one looks for."""

    who = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    what = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("To what"), required=False)
    since = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=gettext_lazy("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        anybody = [(str(each.pk), each.name) for each in reach.people()]
        every = ("", gettext_lazy("All"))
        self.fields["who"].choices = [every, *anybody]  # type: ignore[attr-defined]
        self.fields["what"].choices = [every, *DEEDS.items()]  # type: ignore[attr-defined]
        self.fields["kind"].choices = [every, *THINGS.items()]  # type: ignore[attr-defined]

    def wanted(self) -> Wanted:
        """What was chosen; what cannot be read counts as not chosen."""
        self.is_valid()
        given = self.cleaned_data
        until = given.get("until")
        return Wanted(
            int(given["who"]) if given.get("who") else None,
            given.get("what") or "",
            given.get("kind") or "",
            since=_morning(given.get("since")),
            until=_morning(until + timedelta(days=1)) if until else None,
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A row in words."""

    row: AuditRow
    sentence: SafeString
    facts: list[tuple[str, str]]


@require_safe
@permitted("audit")
def audit_page(request: HttpRequest) -> HttpResponse:
    form = WantedForm(request.GET)
    wanted = form.wanted()
    found = audit.rows(wanted, before=whole(request.GET.get("before", "")), limit=_PAGE + 1)
    chosen = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    names = {each.pk: each.name for each in channels.accounts()} if _numbered(found) else {}
    facts = {
        "form": form,
        "rows": [_shown(each, names) for each in found[:_PAGE]],
        "older": urlencode(chosen | {"before": found[_PAGE - 1].pk}) if len(found) > _PAGE else "",
        "chosen": chosen,
        "first": "before" not in request.GET,
    }
    return render(request, "settings/audit.html", facts)


@require_POST
@permitted("audit")
def export(request: HttpRequest) -> HttpResponseBase:
    """All that was looked for, as one file. That it was taken is a row itself."""
    form = WantedForm(request.POST)
    wanted = form.wanted()
    kind = request.POST.get("format", "csv")
    if kind not in FORMATS:
        kind = "csv"
    chosen = {name: request.POST[name] for name in form.fields if request.POST.get(name)}
    audit.record(person(request), "exported", "audit", format=kind, chosen=chosen)
    answer = StreamingHttpResponse(_pieces(wanted, kind), content_type=FORMATS[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="heed-audit.{kind}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _pieces(wanted: Wanted, kind: str) -> AsyncIterator[bytes]:
    """The file piece by piece: it may be large, and the server takes it as it comes."""
    if kind == "csv":
        yield _csv([_COLUMNS])
    batches = audit.all_rows(wanted)
    while batch := await sync_to_async(_next)(batches):
        if kind == "csv":
            yield _csv([_cells(each) for each in batch])
        else:
            yield "".join(json.dumps(_record(each), ensure_ascii=False) + "\n" for each in batch).encode()


def _next(batches: Iterator[list[AuditRow]]) -> list[AuditRow]:
    return next(batches, [])


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    page = io.StringIO()
    csv.writer(page).writerows(rows)
    return page.getvalue().encode()


def _cells(row: AuditRow) -> tuple[str, ...]:
    """No cell starts like a formula: spreadsheets would reckon with what a stranger wrote."""
    record = _record(row)
    record["facts"] = json.dumps(row.facts, ensure_ascii=False) if row.facts else ""
    cells = ["" if record[name] is None else str(record[name]) for name in _COLUMNS]
    return tuple(f"'{each}" if each[:1] in ("=", "+", "-", "@", "\t", "\r") else each for each in cells)


def _record(row: AuditRow) -> dict[str, Any]:
    return {
        "number": row.seq,
        "at": row.at.isoformat(),
        "who": row.actor_name,
        "who_id": row.actor,
        "what": row.what,
        "kind": row.kind,
        "target": row.target,
        "name": row.target_name,
        "facts": row.facts,
        "address": row.ip,
        "digest": row.digest,
    }


def _numbered(rows: list[AuditRow]) -> bool:
    """Whether one of them tells an account by its number only."""
    return any(isinstance(row.facts.get("account"), int) for row in rows)


def _shown(row: AuditRow, accounts: Mapping[int, str]) -> Shown:
    facts = [
        (str(FACTS.get(name, name)), _fact(name, value))
        for name, value in row.facts.items()
        if value not in ("", None, [], {})
    ]
    return Shown(row, audit_words.sentence(row, accounts), facts)


def _fact(name: str, value: Any) -> str:
    """A fact in words: lists by commas, and what was before and after by its own names."""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, list):
        return ", ".join(_fact(name, each) for each in value)
    if isinstance(value, dict):
        return "; ".join(f"{FACTS.get(key, key)}: {_fact(key, each)}" for key, each in value.items())
    return str(VALUES.get((name, str(value)), "" if value is None else value))


def _morning(day: Any) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time())) if day else None


urlpatterns = [
    path("settings/audit/", audit_page, name="audit"),
    path("settings/audit/export/", export, name="export_audit"),
]

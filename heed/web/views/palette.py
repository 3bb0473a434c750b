"""What the palette (Ctrl K) offers: where one can go, and what one may do where one is."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from heed.accounts import reach as people
from heed.accounts.models import User
from heed.inbox import reach, wordless
from heed.inbox.conditions import BadCondition
from heed.inbox.models import Ticket
from heed.inbox.reach import saved
from heed.inbox.reach.seeing import accounts_seen
from heed.inbox.search import finding
from heed.lib.text import whole
from heed.web import actions, desk_settings, nav, words
from heed.web.gate import person, signed_in

_MOST_FOUND = 7
_MOST_LETTERS = 200

Goal = dict[str, str]


@require_safe
@signed_in
def palette(request: HttpRequest) -> HttpResponse:
    """Where this person can go; with `ticket`, what they may do with that one. The answer is JSON."""
    user = person(request)
    number = whole(request.GET.get("ticket", ""))
    ticket = reach.ticket(user, number) if number is not None else None
    goals = [goal for group in _goals(user) for goal in group]
    return JsonResponse({"goals": goals, "deeds": _deeds(user, ticket)})


@require_safe
@signed_in
def found(request: HttpRequest) -> HttpResponse:
    """The tickets of a number, a person or some words."""
    user, asked = person(request), request.GET.get("q", "").strip()[:_MOST_LETTERS]
    if not asked:
        return JsonResponse({"items": []})
    try:
        tickets = finding.find(user, asked.lstrip("#"), limit=_MOST_FOUND).page.items
    except BadCondition:
        tickets = []
    return JsonResponse({"items": [_ticket(each) for each in tickets]})


def _deeds(user: User, ticket: Ticket | None) -> list[dict[str, str]]:
    """The actions open to this person here, as rows for the palette."""
    return [
        {
            "name": each.action.name,
            "words": str(each.action.words),
            "key": each.shown,
            "place": _where(each.action, ticket),
        }
        for each in actions.shortcuts(user)
        if each.action.place != "ticket" or (ticket is not None and _may(user, each.action, ticket))
    ]


def _where(action: actions.Action, ticket: Ticket | None) -> str:
    if action.place == "ticket" and ticket is not None:
        return f"#{ticket.pk}"
    return str(actions.PLACES[action.place])


def _may(user: User, action: actions.Action, ticket: Ticket) -> bool:
    return reach.sight(user, action.permission).takes_in(ticket)


def _goals(user: User) -> Iterator[list[Goal]]:
    yield _group(_("Inbox"), ((title, reverse("view", args=[name])) for name, title in nav.TITLES.items()))
    kept = ((view.name, reverse("saved_view", args=[view.pk])) for view in saved.saved_views(user))
    yield _group(_("Views"), kept)
    accounts = ((each.name, reverse("account_view", args=[each.pk])) for each in accounts_seen(user))
    yield _group(_("Accounts"), accounts)
    pages = ((title, reverse(name)) for name, (title, right) in nav.PAGES.items() if user.rights.may(right))
    yield _group(_("Workspace"), pages)
    settings = ((each.title, reverse(each.url)) for each in desk_settings.sections(user))
    yield _group(_("Settings"), settings)
    yield _group(_("Mine"), ((_("Preferences"), reverse("preferences")), (_("Notices"), reverse("notices"))))
    if user.rights.may("people"):
        yield _group(
            _("People"), ((each.name, reverse("colleague", args=[each.pk])) for each in people.colleagues())
        )


def _group(
    title: str, entries: Iterator[tuple[str | Promise, str]] | tuple[tuple[str, str], ...]
) -> list[Goal]:
    return [{"group": title, "words": str(words), "url": url} for words, url in entries]


def _ticket(ticket: Ticket) -> Goal:
    return {
        "group": words.name_of(ticket.identity),
        "words": f"#{ticket.pk} {wordless.as_read(ticket.subject or ticket.last_text)}"[:120],
        "url": reverse("ticket", args=[ticket.pk]),
    }


urlpatterns = [
    path("palette/", palette, name="palette"),
    path("palette/found/", found, name="palette_found"),
]

"""What one is told: the bell, its list, and who can be mentioned."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from heed.accounts import reach as people
from heed.accounts.models import Team
from heed.inbox import notices, reach
from heed.inbox.mentions import may_see
from heed.inbox.models import Notice
from heed.lib.text import whole
from heed.web.gate import from_page, person, signed_in

_IN_THE_BELL = 12

_SENTENCES: dict[str, tuple[Promise, Promise]] = {
    # somebody's deed, and without anybody
    Notice.Kind.MENTIONED: (_("{who} mentioned you"), _("You were mentioned")),
    Notice.Kind.ASSIGNED: (_("{who} gave you a ticket"), _("You were given a ticket")),
    Notice.Kind.FOLLOW_UP: (_("Time to follow up"), _("Time to follow up")),
    Notice.Kind.DUE: (_("This is due"), _("This is due")),
    Notice.Kind.RULE: (_("A rule points you to this"), _("A rule points you to this")),
    Notice.Kind.FAILED: (_("Your answer did not arrive"), _("Your answer did not arrive")),
    Notice.Kind.UNKNOWN: (_("Did your answer arrive? Please look"), _("Did your answer arrive? Please look")),
}


@dataclass(frozen=True, slots=True)
class Line:
    notice: Notice

    @property
    def sentence(self) -> SafeString:
        known, unknown = _SENTENCES[self.notice.kind]
        if self.notice.by is None:
            return format_html("{}", unknown)
        return format_html(str(known), who=format_html("<bdi>{}</bdi>", self.notice.by))


@require_safe
@signed_in
def bell(request: HttpRequest) -> HttpResponse:
    """The bell of the side bar, with how much one has not seen."""
    return render(request, "notices/_bell.html", {"bell": notices.unseen(person(request))})


@require_safe
@signed_in
def listed(request: HttpRequest) -> HttpResponse:
    """One's notices: a page of its own, or what the bell opens."""
    user = person(request)
    page = notices.latest(
        user, after=request.GET.get("after", ""), limit=_IN_THE_BELL if from_page(request) else 50
    )
    facts = {"lines": [Line(each) for each in page.items], "next": page.next, "bell": notices.unseen(user)}
    return render(request, "notices/_list.html" if from_page(request) else "notices/notices.html", facts)


@require_POST
@signed_in
def seen(request: HttpRequest) -> HttpResponse:
    """One has seen those of a `ticket`, or all."""
    given = request.POST.get("ticket", "")
    ticket = whole(given)
    if given and ticket is None:
        return HttpResponse(status=204)
    notices.mark_seen(person(request), ticket=ticket)
    return HttpResponse(status=204) if from_page(request) else redirect("notices")


@require_safe
@signed_in
def mentionable(request: HttpRequest, number: int) -> HttpResponse:
    """Whom a note on this ticket can mention: colleagues and teams, and who of them may see it."""
    ticket = reach.ticket(person(request), number)
    found = [
        {
            "name": each.name or each.email,
            "what": gettext("colleague") if may_see(each, ticket) else gettext("may not see this ticket"),
        }
        for each in people.colleagues(with_rights=True)
    ]
    teams = Team.objects.filter(archived=False).order_by("name").values_list("name", flat=True)
    found += [{"name": name, "what": gettext("team")} for name in teams]
    return JsonResponse({"names": found})


urlpatterns = [
    path("notices/", listed, name="notices"),
    path("notices/bell/", bell, name="bell"),
    path("notices/seen/", seen, name="notices_seen"),
    path("tickets/<int:number>/mentionable/", mentionable, name="mentionable"),
]

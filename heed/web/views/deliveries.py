"""What the networks sent that needs a look: set aside, not understood, waiting, and the newest done."""

from __future__ import annotations

from typing import Any

import orjson
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from heed.inbox import reach, verbs
from heed.inbox.faults import sentence_for
from heed.inbox.looking import looked_through
from heed.inbox.models import Delivery
from heed.web.admins import for_admins
from heed.web.gate import person

STATES: dict[str, Promise] = {
    Delivery.State.SET_ASIDE: gettext_lazy("Set aside"),
    Delivery.State.NOT_UNDERSTOOD: gettext_lazy("Not understood"),
    Delivery.State.PENDING: gettext_lazy("Waiting"),
    Delivery.State.DONE: gettext_lazy("Done"),
}
REPLAYABLE = (Delivery.State.SET_ASIDE, Delivery.State.NOT_UNDERSTOOD)
_TONES = {
    Delivery.State.SET_ASIDE: "bad",
    Delivery.State.NOT_UNDERSTOOD: "warn",
    Delivery.State.PENDING: "accent",
    Delivery.State.DONE: "good",
}
_MOST_SHOWN = 20_000
_MOST_AT_ONCE = 500


class Shown:
    """A delivery as the page shows it: its body laid out when it is JSON, cut when it is long."""

    def __init__(self, delivery: Delivery) -> None:
        text = _laid_out(bytes(delivery.body))
        self.delivery = delivery
        self.network = delivery.account.adapter
        self.state = STATES[delivery.state]
        self.tone = _TONES[Delivery.State(delivery.state)]
        self.waiting = delivery.state == Delivery.State.PENDING
        self.text = text[:_MOST_SHOWN]
        self.cut = len(text) > _MOST_SHOWN
        self.problems: list[dict[str, Any]] = [
            {**problem, "sentence": sentence_for(problem)} for problem in delivery.problems
        ]
        self.headers = sorted(delivery.headers.items())


@require_safe
@for_admins
def deliveries(request: HttpRequest, state: str = Delivery.State.SET_ASIDE) -> HttpResponse:
    if state not in STATES:
        raise Http404
    page = reach.deliveries(person(request), state, after=request.GET.get("after", ""))
    looked_through(person(request))
    facts = {
        "states": STATES.items(),
        "state": state,
        "shown": [Shown(delivery) for delivery in page.items],
        # What is done has no end and nobody reads it all: its newest are enough.
        "next": "" if state == Delivery.State.DONE else page.next,
        "may_replay_all": state in REPLAYABLE and bool(page.items),
        "most": _MOST_AT_ONCE,
    }
    return render(request, "deliveries/deliveries.html", facts)


@require_safe
@for_admins
def delivery(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """One delivery's card, which asks for itself while it waits to be read."""
    return _card(request, delivery_id)


@require_safe
@for_admins
def raw(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """The body, byte for byte, as a download."""
    found = reach.delivery(person(request), delivery_id)
    if found.withheld:
        raise reach.NotAllowed("see")
    looked_through(person(request), found)
    response = HttpResponse(bytes(found.body), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="delivery-{found.pk}.txt"'
    return response


@require_POST
@for_admins
def replay(request: HttpRequest, delivery_id: int) -> HttpResponse:
    user = person(request)
    verbs.replay(reach.delivery(user, delivery_id), user)
    return _card(request, delivery_id)


@require_POST
@for_admins
def replay_all(request: HttpRequest, state: str) -> HttpResponse:
    """Read again what stands in a state, at most 500 at once, newest first."""
    if state not in REPLAYABLE:
        raise Http404
    user = person(request)
    page = reach.deliveries(user, state, limit=_MOST_AT_ONCE)
    for found in page.items:
        verbs.replay(found, user)
    told = ngettext(
        "%(count)d delivery is read again.", "%(count)d deliveries are read again.", len(page.items)
    )
    more = " " + _("There are more.") if page.next else ""
    messages.success(request, told % {"count": len(page.items)} + more)
    return redirect("deliveries_in", state)


def _card(request: HttpRequest, delivery_id: int) -> HttpResponse:
    found = reach.delivery(person(request), delivery_id)
    looked_through(person(request), found)
    return render(request, "deliveries/_delivery.html", {"each": Shown(found), "replayed": True})


def _laid_out(body: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


urlpatterns = [
    path("deliveries/", deliveries, name="deliveries"),
    path("deliveries/<int:delivery_id>/", delivery, name="delivery"),
    path("deliveries/<int:delivery_id>/raw/", raw, name="raw_delivery"),
    path("deliveries/<int:delivery_id>/replay/", replay, name="replay"),
    path("deliveries/<str:state>/", deliveries, name="deliveries_in"),
    path("deliveries/<str:state>/replay/", replay_all, name="replay_all"),
]

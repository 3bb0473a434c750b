"""Who may come in, and what they hear when something cannot be done."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from heed.accounts.models import User
from heed.accounts.refusals import NotHere
from heed.inbox.conditions import BadCondition
from heed.inbox.reach import BadCursor
from heed.inbox.verbs import CannotAct, CannotAnswer, CannotSolve, NotTheirs, Overtaken, WouldNotKnow

View = Callable[..., HttpResponseBase]


def signed_in(view: View) -> View:
    """For colleagues only. Whatever is not there is a 404; whatever cannot be done is a 422 with
    the sentence as plain text, a 403 where a ticket of others would be changed. A page's own requests
    get a 401 instead of the sign-in page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _turned_away(request)
        try:
            return view(request, *args, **kwargs)
        except NotHere as gone:
            raise Http404 from gone
        except BadCondition as mistake:
            return sentence(mistake.sentence, status=422)
        except BadCursor:
            return sentence(_("This list has changed. Load the page again."), status=400)
        except WouldNotKnow as some:
            refused = sentence(f"{some.sentence} {some.way_out}", status=422)
            refused["Heed-Anyway"] = "1"  # the same once more, with anyway=1, is done
            return refused
        except Overtaken as cannot:
            return sentence(f"{cannot.sentence} {cannot.way_out}", status=409)
        except CannotAnswer as cannot:
            return sentence(f"{cannot.sentence} {cannot.way_out}".strip(), status=422)
        except NotTheirs as cannot:
            return sentence(str(cannot.sentence), status=403)
        except CannotSolve as cannot:
            refused = sentence(str(cannot.sentence), status=422)
            refused["Heed-Missing"] = " ".join(cannot.missing)  # the page marks these fields
            return refused
        except CannotAct as cannot:
            return sentence(str(cannot.sentence), status=422)

    return guarded


def person(request: HttpRequest) -> User:
    """The colleague of a request that passed `signed_in`."""
    return cast(User, request.user)


def from_page(request: HttpRequest) -> bool:
    """Asked by a script of an open page, which wants a part and no whole page."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


def shown_since(request: HttpRequest) -> str:
    """Where the story of the open ticket starts on the page that asks; "" when it shows no more than
    every page begins with. Whatever answers it must not take away what its reader opened."""
    return request.headers.get("Heed-Shown-Since", "")


def sentence(text: str, status: int) -> HttpResponse:
    """A refusal in words, shown to the person as it is."""
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def _turned_away(request: HttpRequest) -> HttpResponse:
    if from_page(request):
        return sentence(_("You were signed out. Sign in again; what you wrote is kept."), status=401)
    return redirect_to_login(request.get_full_path())

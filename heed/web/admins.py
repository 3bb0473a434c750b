"""Pages that are not for everyone. Who may not see one gets a page that says so (403.html)."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from heed.accounts.rights import need
from heed.web.gate import View, person, signed_in


def for_admins(view: View) -> View:
    """For those who connect accounts."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        need(person(request), "accounts")
        return view(request, *args, **kwargs)

    return signed_in(guarded)


def for_owners(view: View) -> View:
    """For those who say who may come in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        need(person(request), "people")
        return view(request, *args, **kwargs)

    return signed_in(guarded)

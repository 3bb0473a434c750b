"""Pages that are not for everyone. Who may not see one gets a page that says so (403.html)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from heed.accounts.rights import Permission, need
from heed.web.gate import View, person, signed_in


def permitted(permission: Permission) -> Callable[[View], View]:
    """For those who may do this, be it only for some tickets."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            need(person(request), permission)
            return view(request, *args, **kwargs)

        return signed_in(guarded)

    return guard


for_admins = permitted("accounts")
"""For those who connect accounts."""

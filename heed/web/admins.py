"""Pages that are not for everyone. Who may not see one gets a page that says so (403.html)."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from heed.accounts.models import User
from heed.web.gate import View, person, signed_in


def for_admins(view: View) -> View:
    """For owners and admins."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not person(request).may_administer:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return signed_in(guarded)


def for_owners(view: View) -> View:
    """For owners alone: who may come in is theirs to say."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if person(request).role != User.Role.OWNER:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return signed_in(guarded)

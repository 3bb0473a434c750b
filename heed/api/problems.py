"""What an error looks like: a problem document (RFC 9457) with a sentence that helps."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from heed.accounts.refusals import CannotChange, NotHere
from heed.channels.reach import NoSuchAccount
from heed.channels.verbs import CannotConnect, CannotRemove
from heed.inbox.conditions import BadCondition
from heed.inbox.files import MOST_BYTES, TooLarge
from heed.inbox.reach import (
    BadCursor,
    NoSuchAttachment,
    NoSuchDelivery,
    NoSuchField,
    NoSuchGroup,
    NoSuchMessage,
    NoSuchRecord,
    NoSuchSweep,
    NoSuchTag,
    NoSuchTicket,
    NoSuchView,
)
from heed.inbox.verbs import CannotAct, CannotAnswer, CannotSolve, NotTheirs, Overtaken, WouldNotKnow
from heed.library.reach import NoSuchQuickText
from heed.library.verbs import CannotWrite
from heed.routing.assignment import AlreadyTaken, NothingWaits

log = logging.getLogger("heed.api")


class Problem(Exception):
    """Raised inside the API where there is no better exception."""

    def __init__(self, status: int, kind: str, detail: str | Promise) -> None:
        super().__init__(kind)
        self.status = status
        self.kind = kind
        self.detail = detail


def document(status: int, kind: str, detail: str | Promise, **more: Any) -> HttpResponse:
    """The response: `type` names the kind for programs, `detail` says it to people."""
    facts = {
        "type": f"urn:heed:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(detail),
        **more,
    }
    return HttpResponse(json.dumps(facts), status=status, content_type="application/problem+json")


def no_such_address(request: HttpRequest, rest: str = "") -> HttpResponse:
    """The last resort of the API's addresses."""
    return document(
        404,
        "no-such-address",
        _("There is nothing at %(path)s. %(document)s lists every address.")
        % {"path": request.path, "document": "/api/v1/openapi.json"},
    )


def with_problems(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view whose 404 and 405 are problem documents too."""

    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return no_such_address(request)
        if response.status_code != 405:
            return response
        allowed = ", ".join(sorted(response.headers.get("Allow", "").split(", ")))
        problem = document(
            405,
            "wrong-method",
            _("%(path)s does not take %(method)s. It takes: %(allowed)s.")
            % {"path": request.path, "method": request.method, "allowed": allowed},
        )
        problem.headers["Allow"] = allowed
        return problem

    answered.csrf_exempt = True  # type: ignore[attr-defined]
    return answered


_MISSING: dict[type[Exception], tuple[str, Callable[[], str]]] = {
    NoSuchTicket: ("no-such-ticket", lambda: _("There is no ticket with this number.")),
    NoSuchMessage: ("no-such-message", lambda: _("There is no message with this id.")),
    NoSuchAttachment: ("no-such-attachment", lambda: _("There is no attachment with this id.")),
    NoSuchDelivery: ("no-such-delivery", lambda: _("There is no delivery with this id.")),
    NoSuchTag: ("no-such-tag", lambda: _("There is no tag with this id.")),
    NoSuchGroup: ("no-such-group", lambda: _("There is no customer group of this name.")),
    NoSuchField: ("no-such-field", lambda: _("There is no field with this id.")),
    NoSuchRecord: (
        "no-such-record",
        lambda: _("There is nothing with this number that could be taken back."),
    ),
    NoSuchSweep: ("no-such-sweep", lambda: _("You did nothing to many tickets under this id.")),
    NoSuchAccount: ("no-such-account", lambda: _("There is no account with this id.")),
    NoSuchView: ("no-such-view", lambda: _("There is no view with this id.")),
    NoSuchQuickText: ("no-such-quick-text", lambda: _("There is no quick text with this id.")),
}


def handle(api: NinjaAPI) -> None:
    """Have every error of the API answered with a problem document."""
    for error, answer in _answers().items():
        api.add_exception_handler(error, answer)


def _answers() -> dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]]:
    return {
        Problem: _problem,
        AuthenticationError: _unauthorised,
        ValidationError: _invalid,
        HttpError: _http_error,
        Http404: _no_such_address,
        PermissionDenied: _not_allowed,
        CannotConnect: partial(_refused, "cannot-connect"),
        CannotRemove: partial(_refused, "cannot-remove"),
        CannotWrite: partial(_refused, "not-valid"),
        CannotChange: partial(_refused, "cannot-keep"),
        Overtaken: _overtaken,
        WouldNotKnow: _would_not_know,
        CannotSolve: _cannot_solve,
        CannotAnswer: _cannot_answer,
        AlreadyTaken: partial(_cannot_act, 409, "already-taken"),
        NothingWaits: partial(_cannot_act, 404, "nothing-waits"),
        NotTheirs: partial(_cannot_act, 403, "not-allowed"),
        CannotAct: partial(_cannot_act, 422, "cannot-act"),
        BadCursor: _bad_cursor,
        BadCondition: _bad_condition,
        TooLarge: _too_large,
        NotHere: _not_found,
        DataError: _not_storable,
        Exception: _failure,
    }


def _no_such_address(request: HttpRequest, error: Http404) -> HttpResponse:
    return no_such_address(request)


def _problem(request: HttpRequest, error: Problem) -> HttpResponse:
    return document(error.status, error.kind, error.detail)


def _unauthorised(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    if request.headers.get("Authorization"):
        kind, detail = "wrong-token", _("This token is not known, or the person it acts for is not active.")
    else:
        kind, detail = "no-token", _("Send the header “Authorization: Bearer …” with your API token.")
    response = document(401, kind, detail)
    response.headers["WWW-Authenticate"] = 'Bearer realm="Heed"'
    return response


def _not_allowed(request: HttpRequest, error: Exception) -> HttpResponse:
    return document(403, "not-allowed", _("This is for owners and admins."))


def _not_found(request: HttpRequest, error: Exception) -> HttpResponse:
    kind, sentence = _MISSING.get(type(error), ("not-there", lambda: _("There is nothing with this id.")))
    return document(404, kind, sentence())


def _refused(kind: str, request: HttpRequest, error: CannotChange) -> HttpResponse:
    sentence = str(error.sentence)
    return document(422, kind, sentence, errors=[{"field": error.field, "sentence": sentence}])


def _cannot_answer(request: HttpRequest, error: CannotAnswer) -> HttpResponse:
    detail = f"{error.sentence} {error.way_out}".strip()
    return document(422, "cannot-answer", detail, sentence=str(error.sentence), way_out=str(error.way_out))


def _overtaken(request: HttpRequest, error: Overtaken) -> HttpResponse:
    """What was written meanwhile, by its ids; with the newest of them as `seen` the answer is sent."""
    return document(
        409, "overtaken", f"{error.sentence} {error.way_out}", messages=[each.pk for each in error.messages]
    )


def _would_not_know(request: HttpRequest, error: WouldNotKnow) -> HttpResponse:
    """Sent again with `anyway`, the note is written."""
    detail = f"{error.sentence} {error.way_out}"
    return document(422, "would-not-know", detail, names=list(error.names))


def _cannot_solve(request: HttpRequest, error: CannotSolve) -> HttpResponse:
    return document(422, "cannot-solve", error.sentence, missing=list(error.missing))


def _cannot_act(status: int, kind: str, request: HttpRequest, error: CannotAct) -> HttpResponse:
    return document(status, kind, error.sentence)


def _bad_cursor(request: HttpRequest, error: BadCursor) -> HttpResponse:
    return document(
        422,
        "bad-cursor",
        _("“after” is not a cursor of this list. Take it from “next” of the page before."),
        errors=[{"field": "after", "sentence": _("Take it from “next” of the page before.")}],
    )


def _bad_condition(request: HttpRequest, error: BadCondition) -> HttpResponse:
    """Which word cannot be understood, at which letter, and what may be meant instead."""
    return document(
        422,
        "bad-condition",
        error.sentence,
        position=error.position,
        word=error.word,
        suggestion=error.suggestion,
    )


def _too_large(request: HttpRequest, error: TooLarge) -> HttpResponse:
    return document(
        413,
        "file-too-large",
        _("The file is larger than Heed keeps (%(most)d MB).") % {"most": MOST_BYTES // 1024 // 1024},
    )


def _not_storable(request: HttpRequest, error: DataError) -> HttpResponse:
    return document(
        422, "not-storable", _("A value is too long, too large or holds characters that cannot be stored.")
    )


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 400:
        return document(
            400, "bad-json", _("The body is not JSON. Send a JSON object as application/json, in UTF-8.")
        )
    return document(error.status_code, "http-error", error.message)


def _failure(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("%s %s failed", request.method, request.path, exc_info=error)
    return document(
        500, "failure", _("Something went wrong inside Heed. Nothing was changed; the log holds the reason.")
    )


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Which field, and what is expected there."""
    errors = [_field_error(each) for each in error.errors]
    detail = " ".join(each["sentence"] for each in errors)
    return document(422, "not-valid", detail, errors=errors)


def _field_error(error: dict[str, Any]) -> dict[str, str]:
    field = _field_of(error["loc"])
    if not field:
        return {"field": "", "sentence": _("Send a JSON object as the body.")}
    facts = {"field": field, **error.get("ctx", {})}
    return {"field": field, "sentence": _sentence(error, facts)}


def _field_of(place: tuple[str | int, ...]) -> str:
    """`("body", "answer", "text")` is the field `text`; the first two name the body itself."""
    skip = 2 if place and place[0] == "body" else 1
    return ".".join(str(part) for part in place[skip:])


def _sentence(error: dict[str, Any], facts: dict[str, Any]) -> str:
    sentences: dict[str, str] = {
        "missing": _("“%(field)s” is missing."),
        "extra_forbidden": _("“%(field)s” is not a field of this request."),
        "literal_error": _("“%(field)s” must be one of: %(expected)s."),
        "string_type": _("“%(field)s” must be a text."),
        "dict_type": _("“%(field)s” must be an object."),
        "list_type": _("“%(field)s” must be a list."),
        "int_type": _("“%(field)s” must be a whole number."),
        "int_parsing": _("“%(field)s” must be a whole number."),
        "int_from_float": _("“%(field)s” must be a whole number."),
        "bool_type": _("“%(field)s” must be true or false."),
        "bool_parsing": _("“%(field)s” must be true or false."),
        "uuid_parsing": _("“%(field)s” must be a UUID."),
        "uuid_type": _("“%(field)s” must be a UUID."),
        "greater_than_equal": _("“%(field)s” must be at least %(ge)s."),
        "less_than_equal": _("“%(field)s” must be at most %(le)s."),
        "string_too_long": _("“%(field)s” may have at most %(max_length)s characters."),
    }
    known = sentences.get(error["type"])
    return known % facts if known else f"“{facts['field']}”: {error['msg']}."

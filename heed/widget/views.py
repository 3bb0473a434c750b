"""What the chat's script asks for, from other people's sites: no cookies, origins checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, BinaryIO, cast
from urllib.parse import unquote

import orjson
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page

from heed.channels.mailboxes import can_send
from heed.channels.models import Account
from heed.inbox.serving import served
from heed.lib.text import whole
from heed.widget import reach, verbs
from heed.widget.limits import Refused
from heed.widget.look import look_of
from heed.widget.script import etag, script
from heed.widget.tokens import NotYours, Who, nameless, token_of, vouched, who_has
from heed.widget.verbs import Place
from heed.widget.words import words

VISITOR = "X-Heed-Visitor"
MOST_JSON = 64 * 1024
_CLIENT = re.compile(r"[A-Za-z0-9-]{8,64}")
_KNOWN_ID = re.compile(r"[^?~\s\x00-\x1f][^\s\x00-\x1f]{0,99}")

View = Callable[..., HttpResponseBase]


def for_sites(*methods: str) -> Callable[[View], View]:
    """Open a view to the account's sites: found by its key, allowed by its origin, refused in JSON."""

    def wrap(view: View) -> View:
        @csrf_exempt
        def answer(request: HttpRequest, key: str, **facts: Any) -> HttpResponseBase:
            try:
                account = reach.site(key)
            except reach.NoSuchSite:
                return _no(404, "site")
            origin = request.headers.get("Origin", "")
            if origin and not look_of(account).allows(origin):
                return _no(403, "origin")
            if request.method == "OPTIONS":
                return _open_to(HttpResponse(status=204), origin)
            if request.method not in methods:
                return _open_to(_no(405, "method"), origin)
            return _open_to(_answered(view, request, account, facts), origin)

        return answer

    return wrap


def _answered(view: View, request: HttpRequest, account: Account, facts: dict[str, Any]) -> HttpResponseBase:
    try:
        return view(request, account, **facts)
    except NotYours:
        return _no(401, "visitor")
    except Refused as refused:
        return _no(refused.status, refused.code)


def _open_to(response: HttpResponseBase, origin: str) -> HttpResponseBase:
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = f"Content-Type, {VISITOR}, X-Heed-Name"
        response.headers["Access-Control-Max-Age"] = "86400"
    response.headers["Vary"] = "Origin"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _no(status: int, code: str) -> HttpResponse:
    response = JsonResponse({"error": code}, status=status)
    if status == 429:
        response.headers["Retry-After"] = "20"
    return response


@gzip_page
def code(request: HttpRequest, key: str) -> HttpResponse:
    """The script. Any page may load it; what it may then do depends on the page's origin."""
    try:
        content = script(reach.site(key), _language())
    except reach.NoSuchSite:
        return HttpResponse("// No chat has this key.\n", status=404, content_type=_JAVASCRIPT)
    tag = etag(content)
    unchanged = tag in request.headers.get("If-None-Match", "")
    response = HttpResponse(status=304) if unchanged else HttpResponse(content, content_type=_JAVASCRIPT)
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "public, max-age=300"
    return _for_all(response)


def words_in(request: HttpRequest, key: str, language: str) -> HttpResponse:
    """The chat's words, for a page in another language than its reader's browser."""
    if language not in words():
        return _for_all(_no(404, "language"))
    response = JsonResponse(words()[language])
    response.headers["Cache-Control"] = "public, max-age=3600"
    return _for_all(response)


def _for_all(response: HttpResponse) -> HttpResponse:
    """What is the same for everybody may be read from everywhere."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Vary"] = "Accept-Language"
    return response


def _language() -> str:
    language = (get_language() or "en")[:2]
    return language if language in words() else "en"


_JAVASCRIPT = "text/javascript; charset=utf-8"


@for_sites("POST")
def visitors(request: HttpRequest, account: Account) -> HttpResponse:
    """A token: for someone nameless, or for whom the site's server vouches."""
    given = _json(request)
    user = given.get("user")
    if user is None:
        who = nameless(account)
    else:
        who = _vouched(account, user if isinstance(user, dict) else {})
        before = _before(account, who, given, "previous")
        if before is not None:
            verbs.recognise(account, who, before)
    facts = {"token": token_of(who, account), "known": who.known, "email": bool(who.email)}
    return JsonResponse(facts, status=201)


def _vouched(account: Account, user: dict[str, Any]) -> Who:
    name, email = _text(user, "name", 200), _text(user, "email", 254)
    visitor, signature = _text(user, "id", 100), _text(user, "signature", 200)
    if not _KNOWN_ID.fullmatch(visitor):
        raise Refused(422, "user")
    if not vouched(account, visitor, signature):
        raise Refused(403, "signature")
    return Who(account.pk, visitor, name, email if "@" in email else "")


def _before(account: Account, who: Who, given: dict[str, Any], field: str) -> Who | None:
    """As whom somebody known wrote before they signed in, by the token of then."""
    try:
        before = who_has(_text(given, field, 2000), account)
    except NotYours:
        return None
    return before if who.known and not before.known else None


@for_sites("POST")
def returns(request: HttpRequest, account: Account) -> HttpResponse:
    """The link of a mail was opened: what to ask the visitor, and with `take` the token it opens.

    Whoever holds the conversation already is asked nothing. Nobody's browser changes to another
    conversation unasked: somebody else may have sent them the link of their own."""
    given = _json(request)
    code, language = _text(given, "code", 400), _text(given, "language", 20)
    with translation.override(language if language in words() else "en"):
        try:
            if given.get("take") is True:
                return JsonResponse({"token": token_of(verbs.come_back(account, code), account)})
            return JsonResponse(_question(request, account, code))
        except NotYours:
            return JsonResponse({"text": _("This link was used already or is too old. You can write here.")})


def _question(request: HttpRequest, account: Account, code: str) -> dict[str, str]:
    row, mail = verbs.returning(account, code)
    try:
        here = _who(request, account).id
    except NotYours:
        here = ""
    if here == row.visitor:
        return {}
    if row.returned >= mail:
        raise NotYours
    text = _("This link goes on with the conversation of %(email)s.") % {"email": _half(row.email)}
    if here and verbs.has_written(Who(account.pk, here)):
        text += " " + _("The one in this browser ends.")
    return {"text": text, "yes": _("Go on with it"), "no": _("No")}


def _half(email: str) -> str:
    """Enough of an address for its owner to know it."""
    name, _at, host = email.rpartition("@")
    return f"{name[:2]}…@{host}"


@for_sites("POST")
def typing(request: HttpRequest, account: Account) -> HttpResponse:
    """The visitor is typing. The script says it every few seconds, not at every key."""
    verbs.type_along(account, _who(request, account))
    return JsonResponse({})


@for_sites("GET", "POST")
def messages(request: HttpRequest, account: Account) -> HttpResponse:
    """The conversation, or one more message of it."""
    who = _who(request, account)
    if request.method == "GET":
        verbs.come_by(who)
        facts = reach.conversation(who, after=_number(request, "after"), before=_number(request, "before"))
        return JsonResponse(facts)
    given = _json(request)
    client = _text(given, "id", 64)
    if not _CLIENT.fullmatch(client):
        raise Refused(422, "id")
    uploads = given.get("files", [])
    if not isinstance(uploads, list) or not all(type(each) is int for each in uploads):
        raise Refused(422, "files")
    text = given.get("text", "")
    if not isinstance(text, str):
        raise Refused(422, "text")
    place = Place(_text(given, "page", 2000), _text(given, "title", 200), _text(given, "language", 20))
    verbs.write(account, who, client, text, uploads, place, first=_before(account, who, given, "was"))
    return JsonResponse({"id": client}, status=201)


@for_sites("POST")
def receipts(request: HttpRequest, account: Account) -> HttpResponse:
    given = _json(request)
    state, number = given.get("state"), given.get("message")
    if state not in ("seen", "delivered") or type(number) is not int:
        raise Refused(422, "state")
    verbs.report(account, _who(request, account), state, number)
    return JsonResponse({})


@for_sites("POST")
def email(request: HttpRequest, account: Account) -> HttpResponse:
    """Where to mail the answer. Where Heed cannot mail, it does not take an address for it."""
    who = _who(request, account)
    if not can_send(account):
        raise Refused(409, "no_mail")
    verbs.leave_email(account, who, _text(_json(request), "email", 254))
    return JsonResponse({})


@for_sites("POST")
def uploads(request: HttpRequest, account: Account) -> HttpResponse:
    """A file for the message that will come: the body is the file, its name stands in a header."""
    who = _who(request, account)
    if _announced(request) > verbs.FILE_BYTES:
        raise Refused(413, "large")
    name = unquote(request.headers.get("X-Heed-Name", ""))
    kept = verbs.upload(account, who, name.replace("\\", "/").rpartition("/")[2], cast(BinaryIO, request))
    facts = {"id": kept.pk, "name": kept.name, "mime": kept.mime, "size": kept.size}
    return JsonResponse(facts, status=201)


@for_sites("GET")
def file(request: HttpRequest, account: Account, token: str) -> HttpResponseBase:
    """A file of the conversation, by its signed link: pictures are shown, all else is downloaded."""
    found = reach.file(token, account)
    try:
        status, headers, content = served(
            found.path, found.name or f"file-{found.pk}", request.headers.get("Range", "")
        )
    except FileNotFoundError as gone:
        raise Refused(404, "file") from gone
    response = StreamingHttpResponse(content, status=status, headers=headers)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@for_sites()
def live(request: HttpRequest, account: Account) -> HttpResponse:
    """Only what comes before the stream: browsers ask whether they may. The stream is `stream.py`."""
    return HttpResponse(status=405)


def _who(request: HttpRequest, account: Account) -> Who:
    return who_has(request.headers.get(VISITOR, ""), account)


def _json(request: HttpRequest) -> dict[str, Any]:
    if _announced(request) > MOST_JSON:
        raise Refused(413, "large")
    try:
        parsed = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise Refused(400, "json") from error
    if not isinstance(parsed, dict):
        raise Refused(400, "json")
    return parsed


def _announced(request: HttpRequest) -> int:
    """The size of the body that the head of the request names."""
    size = request.headers.get("Content-Length", "")
    return int(size) if size.isascii() and size.isdigit() else 0


def _text(given: dict[str, Any], field: str, most: int) -> str:
    value = given.get(field, "")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise Refused(422, field)
    return value.strip().replace("\x00", "")


def _number(request: HttpRequest, field: str) -> int:
    return whole(request.GET.get(field, "")) or 0

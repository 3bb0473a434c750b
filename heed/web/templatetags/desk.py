"""What templates need beyond Django's own tags."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from babel import Locale
from babel.units import format_unit
from django import template
from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import escape, format_html, format_html_join, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import get_language, gettext

from heed.accounts.models import User
from heed.inbox import wordless
from heed.inbox.mentions import calls
from heed.inbox.models import Attachment, Identity, Ticket
from heed.inbox.verbs import needed_for
from heed.lib import clock
from heed.web import desk_settings, moments, story, words
from heed.web import nav as side_bar
from heed.web.names import as_read
from heed.web.templatetags.due import urgency
from heed.web.written import Written, stored, write

register = template.Library()

_STATIC = Path(__file__).parent.parent / "static"
_SHEETS = (
    *("tokens", "base", "layout", "components", "nav"),
    *("queue", "thread", "composer", "customer", "tending", "desk"),
)


@register.simple_tag
def stylesheets() -> SafeString:
    """Links to our style sheets, layer order first."""
    return _stylesheets(settings.STORAGES["staticfiles"]["BACKEND"])


@cache
def _stylesheets(storage: str) -> SafeString:
    return format_html_join(
        "\n", '<link rel="stylesheet" href="{}">', ((static(f"css/{name}.css"),) for name in _SHEETS)
    )


@register.simple_tag(takes_context=True)
def import_map(context: dict[str, Any]) -> SafeString:
    """Names every module of ours (`heed/live` → js/live.js, with its fingerprint)."""
    text = _imports(settings.STORAGES["staticfiles"]["BACKEND"])
    nonce = getattr(context["request"], "csp_nonce", "")
    return format_html('<script type="importmap" nonce="{}">{}</script>', nonce, mark_safe(text))  # noqa: S308


@cache
def _imports(storage: str) -> str:
    modules = {f"heed/{name}": static(f"js/{name}.js") for name in _modules()}
    return orjson.dumps({"imports": modules}).decode()


@cache
def _modules() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (_STATIC / "js").glob("*.js")))


@register.inclusion_tag("parts/_nav.html", takes_context=True)
def nav(context: dict[str, Any]) -> dict[str, Any]:
    """The side bar: views with their counts, accounts, pages, me."""
    request: HttpRequest = context["request"]
    return (context.get("side") or side_bar.facts(request)) | {"csrf_token": context.get("csrf_token")}


@register.inclusion_tag("settings/_list.html", takes_context=True)
def settings_list(context: dict[str, Any]) -> dict[str, Any]:
    """The pages of the settings this person may see."""
    request: HttpRequest = context["request"]
    assert isinstance(request.user, User)
    return {"groups": list(desk_settings.groups(request, request.user))}


@register.simple_tag(takes_context=True)
def row(context: dict[str, Any], ticket: Ticket) -> SafeString:
    """A ticket's line in the list. One is written once and shown until something in it changes:
    a nudge redraws thirty of them, of which one is new."""
    place, user, account = context["place"], context["user"], ticket.account
    shows = (
        *(*stored(ticket), *stored(ticket.identity), account.name, account.network, words.kind_of(ticket)),
        *(ticket.assignee and ticket.assignee.name, user.pk, place.base, ticket.pk == context["number"]),
        *(get_language(), timezone.localtime(ticket.last_at).utcoffset()),
        *(urgency(ticket), _openness(ticket.window_closes_at)),  # their tones change by themselves
    )
    facts = {"ticket": ticket, "place": place, "user": user, "number": context["number"]}
    return _ROWS.get(shows, lambda: write("inbox/_ticket_row.html", facts).rstrip("\n"))


_ROWS = Written(2000)


@register.simple_tag(takes_context=True)
def message_menu(context: dict[str, Any], row: story.Said) -> SafeString:
    """What this person can do with a message; nothing where nothing can be done. Menus that offer the same
    are written once, and only the message's own number and words are filled in."""
    may: frozenset[str] = context["may"]
    answer, quote = (row.can_be_answered, row.can_be_quoted) if "answer" in may else (False, False)
    privately = answer and row.can_be_answered_privately
    no_quote = row.why_no_quote if "answer" in may else ""
    split = row.can_be_answered and "tend" in may
    offered = [act for act in row.actions_of(context["user"]) if needed_for(act["name"]) in may]
    offers = (
        *(get_language(), row.message.visibility, answer, privately, quote),
        *(no_quote, split, bool(row.original)),
        *((act["name"], act["may"], str(act["why"]), act["choices"]) for act in offered),
    )
    if not any(offers[2:]):
        return mark_safe("")
    written = _MENUS.get(offers, lambda: _menu(row, offered, (answer, privately), (quote, no_quote), split))
    text = row.message.text
    words = Truncator(text).chars(90) if len(text) > 90 else text
    filled = {"pk": str(row.message.pk), "text": text, "words": words, "link": row.original}
    filled["receivers"] = orjson.dumps(row.receivers).decode() if answer else ""
    return mark_safe(_FILL.sub(lambda found: escape(filled[found[1]]), written))  # noqa: S308


def _menu(
    row: story.Said,
    offered: list[dict[str, Any]],
    answer: tuple[bool, bool],
    quote: tuple[bool, str],
    split: bool,
) -> str:
    """Such a menu with blanks where the message's own words go. `answer` says whether one can, and also
    privately; `quote` whether one can, and why not."""
    blank = {name: _BLANK[name] for name in ("pk", "text", "words", "receivers")}
    menu = {
        **blank,
        "visibility": row.message.visibility,
        "actions": [{**act, "url": story.address_of_act(_BLANK["pk"], act["name"])} for act in offered],
        "original": row.original and _BLANK["link"],
        "split": story.address_of_split(_BLANK["pk"]) if split else "",
        "can_be_answered": answer[0],
        "can_be_answered_privately": answer[1],
        "can_be_quoted": quote[0],
        "no_quote": quote[1],
    }
    return write("inbox/_message_menu.html", {"menu": menu})


_BLANK = {name: f"\ue000{name}\ue000" for name in ("pk", "text", "words", "receivers", "link")}
_FILL = re.compile("\ue000([a-z]+)\ue000")
_MENUS = Written(500)


@register.simple_tag
def avatar(person: Any, size: str = "", network: Any = None) -> SafeString:
    """The round sign of a colleague or an identity; with a network, its badge in its own colour."""
    net = _NET.format(escape(network.colour), escape(network.short)) if network else ""
    shape = f"avatar {size}".rstrip()
    return mark_safe(_AVATAR.format(shape, hue(person), escape(person.initials), net))  # noqa: S308


# Plain text with its values escaped: a page has a hundred of these, and a template for each would cost more.
_AVATAR = '<span class="{}" style="--hue:{}" aria-hidden="true">{}{}</span>'
_NET = '<span class="net" style="--net:{}">{}</span>'


@register.filter
def hue(person: Any) -> int:
    """A tone that stays with a person: colleagues are green, customers vary."""
    return 150 if isinstance(person, User) else (60, 300, 150, 20, 240)[person.pk % 5]


@register.simple_tag
def badge(network: Any) -> SafeString:
    """The network's sign, in its own colour."""
    return format_html(
        '<span class="net-tag" style="--net:{}" aria-hidden="true">{}</span>', network.colour, network.short
    )


_LINK = ' rel="nofollow"'


@register.filter
def linked(text: str) -> SafeString:
    """What a person wrote, with its addresses as links that tell the other side nothing."""
    safe = urlize(text, nofollow=True, autoescape=True)
    return mark_safe(safe.replace(_LINK, ' rel="nofollow noopener noreferrer" target="_blank"'))  # noqa: S308


@register.filter
def noted(text: str, names: tuple[str, ...]) -> SafeString:
    """What a person wrote in a note, as `linked`, with the colleagues and teams it calls marked."""
    shown, end = [], 0
    for call in calls(text, names):
        meant = format_html('<b class="meant">{}</b>', text[call.start : call.end])
        shown += [linked(text[end : call.start]), meant]
        end = call.end
    return mark_safe("".join([*shown, linked(text[end:])]))  # noqa: S308 - of what is safe


@register.filter
def worded(file: Attachment) -> str:
    """What stands for something that is no file."""
    return story.words_of(file)


@register.filter
def in_place(file: Attachment) -> str:
    """How a kept file is shown: image, video, audio or "" (to download)."""
    return story.in_place(file)


_MOMENTS: dict[str, Callable[[datetime], str]] = {
    "clock": moments.time,
    "moment": moments.time_or_moment,
    "ago": moments.ago,
    "day": moments.roughly,
}


@register.simple_tag
def when(at: datetime, style: str) -> SafeString:
    """A moment: `clock`, `moment` (clock, with the day when it is not today), `day` or `ago`.
    The page's script goes on writing it as time passes, in the reader's own zone."""
    return format_html(
        '<time datetime="{}" data-when="{}">{}</time>', at.isoformat(), style, _MOMENTS[style](at)
    )


@register.simple_tag
def closing(at: datetime) -> SafeString:
    """How long the window of a private talk still stands open; nothing once it has closed."""
    if not (tone := _openness(at)):
        return mark_safe("")
    plain = date_format(timezone.localtime(at), "H:i")
    shown = format_html('<time datetime="{}" data-when="until">{}</time>', at.isoformat(), plain)
    words = gettext("window closes in")
    return format_html(
        '<span class="chip {}" title="{}"><span class="unseen">{}</span>{} {}</span>',
        tone,
        words,
        words,
        _CLOCK,
        shown,
    )


def _openness(at: datetime | None) -> str:
    """The classes of a window's chip; "" for one that is closed."""
    if at is None or at <= clock.now():
        return ""
    return "closes warn" if at - clock.now() < _SOON else "closes"


_CLOCK = mark_safe(
    '<svg viewBox="0 0 12 12" fill="none" stroke="currentColor" stroke-width="1.4" aria-hidden="true">'
    '<circle cx="6" cy="6" r="4.8"/><path d="M6 3.4V6l1.8 1.2" stroke-linecap="round"/></svg>'
)


_SOON = timedelta(hours=2)


@register.filter
def whole_day(day: date) -> str:
    """A day with its weekday and its month in words: Saturday, November 21."""
    return moments.whole_day(day)


@register.simple_tag
def units() -> str:
    """Short spans of time in the page's language, for browsers that do not know it."""
    return _units(get_language() or "en")


@cache
def _units(language: str) -> str:
    names = ("minute", "hour", "day")
    short = {name: format_unit(15, f"duration-{name}", "short", locale=language) for name in names}
    patterns = {name: text.replace("15", "{0}") for name, text in short.items()}
    return orjson.dumps({"now": gettext("now"), **patterns}).decode()


@register.filter
def kind(ticket: Ticket) -> str:
    return words.kind_of(ticket)


@register.filter
def called(identity: Identity) -> str:
    return words.name_of(identity)


@register.filter
def name_as_read(kept: str) -> str:
    return as_read(kept)


@register.filter
def subject(ticket: Ticket) -> str:
    """What a ticket is called: its subject, else its last words."""
    return wordless.as_read(ticket.subject or ticket.last_text) or words.name_of(ticket.identity)


@register.filter
def last_words(ticket: Ticket) -> str:
    """What was said last, as the list shows it."""
    return wordless.as_read(ticket.last_text)


@register.filter
def language_name(code: str) -> str:
    """A language as the reader calls it: Slovenian."""
    names: Any = Locale.parse(get_language() or "en", sep="-").languages
    return str(names.get(code, code))


@register.filter
def grouped(number: int) -> str:
    """A figure as the reader's language groups it: 1,204."""
    return number_format(number, force_grouping=True)

"""Automatic messages: what customers hear by themselves, and what that is right now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from heed.accounts.refusals import CannotChange
from heed.channels import reach as channels
from heed.channels.models import Account
from heed.lib import clock
from heed.lib.languages import SPOKEN, WRITTEN
from heed.lib.text import measure
from heed.routing import automatic, desk_hours
from heed.routing.automatic import Filling
from heed.routing.desk_hours import EVERYWHERE, Place
from heed.routing.hours import OpeningHours
from heed.routing.models import AutomaticMessage
from heed.web.account_names import all_names
from heed.web.admins import permitted
from heed.web.forms import Refusing
from heed.web.gate import person
from heed.web.views.settings_hours import closed_moment

Kind = AutomaticMessage.Kind

TITLES: dict[str, Promise] = {
    Kind.AWAY: gettext_lazy("Away message"),
    Kind.INSTANT: gettext_lazy("Instant reply"),
    Kind.GREETING: gettext_lazy("Greeting"),
}
ABOUT: dict[str, Promise] = {
    Kind.AWAY: gettext_lazy(
        "For whoever writes outside business hours. It says when somebody will be there."
    ),
    Kind.INSTANT: gettext_lazy("For the first message of a matter while you are open: it has come in."),
    Kind.GREETING: gettext_lazy(
        "For somebody who writes for the first time ever, instead of the instant reply."
    ),
}
BLANKS: list[tuple[str, Promise]] = [
    ("{first_name}", gettext_lazy("the customer's first name")),
    ("{next_opening}", gettext_lazy("when somebody will be there")),
    ("{hours_today}", gettext_lazy("today's hours")),
    ("{team}", gettext_lazy("the team")),
    ("{account}", gettext_lazy("the account")),
    ("{brand}", gettext_lazy("the brand")),
]
FIRST: dict[str, dict[str, str]] = {
    Kind.AWAY: {
        "en": "Hello {first_name}, thank you for writing. We are away and will be there {next_opening}.",
        "sl": "Pozdravljeni, {first_name}, hvala, da pišete. Trenutno nas ni, spet bomo tu: {next_opening}.",
        "ar": "مرحبًا {first_name}، شكرًا لرسالتك. لسنا هنا الآن، وسنعود: {next_opening}.",
        "mn": "Сайн байна уу, {first_name}, баярлалаа. Бид одоо байхгүй, буцаж ирэх цаг: {next_opening}.",
    },
    Kind.INSTANT: {
        "en": "Hello {first_name}, your message has arrived. We will answer soon.",
        "sl": "Pozdravljeni, {first_name}, vaše sporočilo je prispelo. Kmalu odgovorimo.",
        "ar": "مرحبًا {first_name}، وصلت رسالتك. سنرد عليك قريبًا.",
        "mn": "Сайн байна уу, {first_name}, таны мессеж ирлээ. Бид удахгүй хариулна.",
    },
    Kind.GREETING: {
        "en": "Hello {first_name}, good to meet you. How can we help?",
        "sl": "Pozdravljeni, {first_name}, lepo, da ste nam pisali. Kako lahko pomagamo?",
        "ar": "مرحبًا {first_name}، سعداء بتواصلك معنا. كيف يمكننا مساعدتك؟",
        "mn": "Сайн байна уу, {first_name}, танилцсандаа баяртай байна. Бид юугаар туслах вэ?",
    },
}
"""What stands in the form before anybody has written something."""

SOMEBODY = "Lea Marn"


class WordsForm(Refusing):
    """The words of an automatic message in every language, and to whom it goes how often."""

    on = forms.BooleanField(label=gettext_lazy("Send it"), required=False)
    language = forms.ChoiceField(
        label=gettext_lazy("For everybody else"),
        choices=list(WRITTEN.items()),
        help_text=gettext_lazy("The language for people whose own has no words here."),
    )
    again_after = forms.IntegerField(
        label=gettext_lazy("To the same person at most once in"),
        min_value=1,
        max_value=24 * 60,
        help_text=gettext_lazy("Hours"),
    )
    publicly = forms.BooleanField(
        label=gettext_lazy("Also as a public reply under comments"),
        required=False,
        help_text=gettext_lazy("Everybody reads it there. Without this it goes out in private talks only."),
    )

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **facts)
        for code, name in WRITTEN.items():
            attrs = {"rows": 3, "dir": "auto", "lang": code}
            self.fields[f"texts.{code}"] = forms.CharField(
                label=name, required=False, max_length=1000, widget=forms.Textarea(attrs=attrs)
            )

    @property
    def texts(self) -> list[forms.BoundField]:
        """Heed's own languages, and the others that have words."""
        return [each for each in self._fields() if each.html_name[6:] in SPOKEN or each.value()]

    @property
    def more(self) -> list[forms.BoundField]:
        """The others."""
        shown = {each.html_name for each in self.texts}
        return [each for each in self._fields() if each.html_name not in shown]

    def _fields(self) -> list[forms.BoundField]:
        return [self[f"texts.{code}"] for code in WRITTEN]

    @property
    def words(self) -> dict[str, str]:
        found = {code: self.cleaned_data.get(f"texts.{code}", "").strip() for code in WRITTEN}
        return {code: text for code, text in found.items() if text}


# ------------------------------------------------------------------------------------ the pages


@permitted("routing")
def list_of_messages(request: HttpRequest) -> HttpResponse:
    """The three kinds, what they say now, and which accounts have their own."""
    rows = {(row.kind, row.account_id or 0): row for row in AutomaticMessage.objects.all()}
    accounts = all_names()
    hours = desk_hours.read().hours(EVERYWHERE, clock.now())
    kinds = []
    for kind in Kind.values:
        row = rows.get((kind, 0))
        at = _moment(kind, hours)
        kinds.append(
            {
                "kind": kind,
                "title": TITLES[kind],
                "about": ABOUT[kind],
                "row": row,
                "says": _says(row.texts, hours, at, None) if row else [],
                "when": _when(kind, hours),
                "accounts": [(number, name, rows.get((kind, number))) for number, name in accounts.items()],
            }
        )
    return render(request, "settings/automatic.html", {"kinds": kinds, "accounts": accounts})


@require_http_methods(["GET", "POST"])
@permitted("routing")
def one(request: HttpRequest, kind: str, account: int) -> HttpResponse:
    """The words of one kind, for all accounts or for one of them."""
    of = _account(kind, account)
    own = AutomaticMessage.objects.filter(kind=kind, account=of).first()
    general = own or AutomaticMessage.objects.filter(kind=kind, account=None).first()
    form = WordsForm(request.POST or None, initial=_initial(kind, general))
    if request.method == "POST" and form.is_valid():
        row = own or AutomaticMessage(kind=kind, account=of)
        row.on, row.texts = form.cleaned_data["on"], form.words
        row.language, row.publicly = form.cleaned_data["language"], form.cleaned_data["publicly"]
        row.again_after = form.cleaned_data["again_after"] * 3600
        try:
            automatic.keep_message(row, person(request))
            messages.success(request, _("Saved."))
            return redirect("automatic")
        except CannotChange as cannot:
            form.refuse(cannot)
    facts = {
        "form": form,
        "kind": kind,
        "title": TITLES[kind],
        "about": ABOUT[kind],
        "account": of,
        "own": own if of else None,
        "blanks": BLANKS,
        "when": _when(kind, _hours(of)),
    }
    return render(request, "settings/automatic_message.html", facts)


@require_POST
@permitted("routing")
def show(request: HttpRequest, kind: str, account: int) -> HttpResponse:
    """What the words in the form would say."""
    of = _account(kind, account)
    form = WordsForm(request.POST)
    form.is_valid()
    hours = _hours(of)
    says = _says(form.words, hours, _moment(kind, hours), of)
    return render(request, "settings/_automatic_example.html", {"says": says, "when": _when(kind, hours)})


@require_POST
@permitted("routing")
def put_away(request: HttpRequest, kind: str, account: int) -> HttpResponse:
    """An account says again what all say."""
    of = _account(kind, account)
    row = AutomaticMessage.objects.filter(kind=kind, account=of).first()
    if row is None or of is None:
        raise Http404
    automatic.remove_message(row, person(request))
    messages.success(request, _("Saved."))
    return redirect("automatic")


def _account(kind: str, account: int) -> Account | None:
    """The account of an address; 0 is all of them. Raises a 404 for what is not there."""
    if kind not in Kind.values:
        raise Http404
    if account == 0:
        return None
    return channels.account(account)


def _initial(kind: str, row: AutomaticMessage | None) -> dict[str, Any]:
    texts = row.texts if row else FIRST[kind]
    facts = {
        "on": row.on if row else False,
        "language": row.language if row else "en",
        "publicly": row.publicly if row else False,
        "again_after": (row.again_after if row else 12 * 3600) // 3600 or 1,
    }
    return {**facts, **{f"texts.{code}": text for code, text in texts.items()}}


def _hours(account: Account | None) -> OpeningHours:
    place = Place(account=account.pk, brand=account.brand_id or 0) if account else EVERYWHERE
    return desk_hours.read().hours(place, clock.now())


def _moment(kind: str, hours: OpeningHours) -> datetime:
    """The time for which an example is shown: an away message is said only while it is closed."""
    now = clock.now()
    return closed_moment(hours, now) or now if kind == Kind.AWAY else now


def _when(kind: str, hours: OpeningHours) -> str:
    if kind != Kind.AWAY or not hours.is_open(clock.now()):
        return _("What it says right now")
    if closed_moment(hours, clock.now()) is None:
        return _("You are always open, so it is never sent. It would say:")
    return _("You are open now. Once you have closed it says:")


def _says(
    texts: dict[str, str], hours: OpeningHours, at: datetime, account: Account | None
) -> list[dict[str, Any]]:
    """What somebody would get, in each language that has words."""
    shown = account or next(iter(channels.accounts()), None)
    filling = Filling(
        hours=hours,
        at=at,
        name=SOMEBODY,
        team="",
        account=shown.name if shown else "Acme",
        brand=shown.brand.name if shown and shown.brand else "",
    )
    rows = []
    for code in (each for each in WRITTEN if each in texts):
        text = texts[code]
        words = automatic.filled(text, code, filling)
        rows.append(
            {
                "language": code,
                "name": WRITTEN[code],
                "text": words,
                "too_long": ", ".join(_too_long_for(words, account)),
            }
        )
    return rows


def _too_long_for(text: str, account: Account | None) -> list[str]:
    """The accounts whose network would not take so long a message."""
    return [
        each.name
        for each in ([account] if account else channels.accounts())
        if (writing := each.able.private) is not None
        and any(measure(text, limit.unit) > limit.most for limit in writing.limits)
    ]


urlpatterns = [
    path("settings/automatic/", list_of_messages, name="automatic"),
    path("settings/automatic/<str:kind>/<int:account>/", one, name="automatic_message"),
    path("settings/automatic/<str:kind>/<int:account>/example/", show, name="automatic_example"),
    path("settings/automatic/<str:kind>/<int:account>/away/", put_away, name="automatic_away"),
]

"""What tickets are sorted by: tags and the company's own fields; and what is asked after solving."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from heed.channels import reach as channels
from heed.inbox import reach, verbs
from heed.inbox.models import Field, FollowUpQuestion
from heed.inbox.verbs import CannotTend
from heed.lib import clock
from heed.lib.languages import SPOKEN, WRITTEN
from heed.web.account_names import names_of
from heed.web.admins import permitted
from heed.web.gate import person

_MOST_TAGS = 500

KINDS: dict[str, Promise] = {
    Field.Kind.TEXT: gettext_lazy("Text"),
    Field.Kind.NUMBER: gettext_lazy("Number"),
    Field.Kind.CHOICE: gettext_lazy("Choice"),
    Field.Kind.YES_NO: gettext_lazy("Yes or no"),
    Field.Kind.DATE: gettext_lazy("Date"),
}


class TagForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)


class FieldForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("What is asked"), max_length=80)
    kind = forms.ChoiceField(label=gettext_lazy("Kind of answer"), choices=list(KINDS.items()))
    choices = forms.CharField(
        label=gettext_lazy("Answers to choose from"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("For a choice: one answer a line."),
    )
    required = forms.BooleanField(label=gettext_lazy("Needed before a ticket can be solved"), required=False)


class QuestionForm(forms.Form):
    after_days = forms.IntegerField(
        label=gettext_lazy("Days after solving"), min_value=1, max_value=60, initial=3
    )
    text = forms.CharField(
        label=gettext_lazy("Question"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    rates = forms.BooleanField(
        label=gettext_lazy("Offer 👍 and 👎 to tap"),
        required=False,
        help_text=gettext_lazy("Where the network can show them. After 👍 the ticket stays solved."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code in SPOKEN:
            self.fields[f"text_{code}"] = forms.CharField(
                label=_("For those who write in %(language)s") % {"language": WRITTEN[code]},
                max_length=1000,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2, "lang": code, "dir": "auto"}),
            )


@require_http_methods(["GET", "POST"])
@permitted("desk")
def tags(request: HttpRequest) -> HttpResponse:
    """All tags with how many tickets have them, and a new one."""
    user, form = person(request), TagForm(request.POST or None)
    if form.is_valid():
        try:
            verbs.make_tag(user, form.cleaned_data["name"])
        except CannotTend as cannot:
            form.add_error("name", str(cannot.sentence))
        else:
            messages.success(request, _("Saved."))
            return redirect("tags")
    found = reach.tags(user, limit=_MOST_TAGS)
    uses = reach.tag_uses([each.name for each in found])
    rows = [(each, uses.get(each.name, 0)) for each in found]
    return render(request, "settings/tags.html", {"form": form, "rows": rows, "most": reach.MOST_USES})


@require_http_methods(["GET", "POST"])
@permitted("desk")
def tag(request: HttpRequest, tag: int) -> HttpResponse:
    """Call a tag something else; where there is one of that name, the two become one."""
    user, found = person(request), reach.tag(person(request), tag)
    form = TagForm(request.POST or None, initial={"name": found.name})
    if form.is_valid():
        try:
            merged = verbs.rename_tag(user, found, form.cleaned_data["name"])
        except CannotTend as cannot:
            form.add_error("name", str(cannot.sentence))
        else:
            done = _("The two tags are one now. Their tickets follow in a moment.") if merged else _("Saved.")
            messages.success(request, done)
            return redirect("tags")
    uses = reach.tag_uses([found.name]).get(found.name, 0)
    facts = {"form": form, "tag": found, "uses": uses, "most": reach.MOST_USES}
    return render(request, "settings/tag.html", facts | {"places": verbs.where_named(found)})


@require_POST
@permitted("desk")
def tag_removal(request: HttpRequest, tag: int) -> HttpResponse:
    found = reach.tag(person(request), tag)
    try:
        verbs.drop_tag(person(request), found)
    except CannotTend as cannot:
        messages.error(request, str(cannot.sentence))
        return redirect("tag", found.pk)
    messages.success(request, _("The tag “%(name)s” is gone.") % {"name": found.name})
    return redirect("tags")


@require_http_methods(["GET", "POST"])
@permitted("desk")
def fields(request: HttpRequest) -> HttpResponse:
    """The company's own fields in their order, those no longer asked, and a new one."""
    user, form = person(request), FieldForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            verbs.make_field(
                user,
                given["title"],
                given["kind"],
                choices=given["choices"].splitlines(),
                required=given["required"],
            )
        except CannotTend as cannot:
            form.add_error(None, str(cannot.sentence))
        else:
            messages.success(request, _("Saved."))
            return redirect("fields")
    found = reach.fields(user, archived=True)
    facts = {
        "form": form,
        "asked": [(each, KINDS[each.kind]) for each in found if not each.archived],
        "archived": [(each, KINDS[each.kind]) for each in found if each.archived],
        "needed": [each.title for each in found if each.required_on_solve and not each.archived],
    }
    return render(request, "settings/fields.html", facts)


@require_http_methods(["GET", "POST"])
@permitted("desk")
def field(request: HttpRequest, field: int) -> HttpResponse:
    """Change what is asked."""
    user, found = person(request), reach.field(person(request), field)
    known = {
        "title": found.title,
        "kind": found.kind,
        "choices": "\n".join(found.choices),
        "required": found.required_on_solve,
    }
    form = FieldForm(request.POST or None, initial=known)
    form.fields["kind"].disabled = True
    form.fields["kind"].help_text = _("It stays: what tickets hold would no longer fit another kind.")
    if found.kind != Field.Kind.CHOICE:
        del form.fields["choices"]
    if form.is_valid():
        given = form.cleaned_data
        lines = given.get("choices", "").splitlines()
        try:
            verbs.change_field(user, found, given["title"], choices=lines, required=given["required"])
        except CannotTend as cannot:
            form.add_error(None, str(cannot.sentence))
        else:
            messages.success(request, _("Saved."))
            return redirect("fields")
    return render(request, "settings/field.html", {"form": form, "field": found})


@require_POST
@permitted("desk")
def field_place(request: HttpRequest, field: int) -> HttpResponse:
    """Ask it earlier or later, no longer, or again."""
    user, found = person(request), reach.field(person(request), field)
    match request.POST.get("to"):
        case "up":
            verbs.move_field(user, found, -1)
        case "down":
            verbs.move_field(user, found, 1)
        case "archive":
            verbs.archive_field(user, found)
        case "back":
            verbs.archive_field(user, found, archived=False)
    return redirect("fields")


@permitted("routing")
def questions(request: HttpRequest) -> HttpResponse:
    """What each account asks after a ticket was solved."""
    held = {each.account_id: each for each in FollowUpQuestion.objects.all()}
    accounts = channels.accounts()
    names = names_of(accounts)
    rows = [(each, names[each.pk], held.get(each.pk)) for each in accounts]
    return render(request, "settings/questions.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@permitted("routing")
def question(request: HttpRequest, account: int) -> HttpResponse:
    """What one account asks, and when; on request all of them do."""
    user, found, everyone = person(request), channels.account(account), list(channels.accounts())
    held = FollowUpQuestion.objects.filter(account=found).first()
    if request.method == "POST" and request.POST.get("drop"):
        verbs.drop_question(user, found)
        messages.success(request, _("Nothing is asked any more."))
        return redirect("questions")
    known = {"after_days": held.after_days, "text": held.text, "rates": held.rates} if held else {}
    known |= {f"text_{code}": words for code, words in held.texts.items()} if held else {}
    form = QuestionForm(request.POST or None, initial=known)
    if form.is_valid():
        given = form.cleaned_data
        texts = {code: given[f"text_{code}"] for code in SPOKEN}
        asked = everyone if "everywhere" in request.POST else [found]
        try:
            with transaction.atomic():
                for each in asked:
                    verbs.set_question(
                        user, each, given["after_days"], given["text"], texts, rates=given["rates"]
                    )
        except CannotTend as cannot:
            form.add_error(None, str(cannot.sentence))
        else:
            messages.success(request, _("Saved."))
            return redirect("questions")
    days = held.after_days if held else 3
    example = ngettext(
        "A ticket solved now would be asked about in %(days)d day, on:",
        "A ticket solved now would be asked about in %(days)d days, on:",
        days,
    ) % {"days": days}
    facts = {"form": form, "name": names_of(everyone)[found.pk], "held": held, "example": example}
    facts["others"] = len(everyone) > 1
    return render(request, "settings/question.html", facts | {"on": clock.now() + timedelta(days=days)})


urlpatterns = [
    path("settings/tags/", tags, name="tags"),
    path("settings/tags/<int:tag>/", tag, name="tag"),
    path("settings/tags/<int:tag>/removal/", tag_removal, name="tag_removal"),
    path("settings/fields/", fields, name="fields"),
    path("settings/fields/<int:field>/", field, name="field"),
    path("settings/fields/<int:field>/place/", field_place, name="field_place"),
    path("settings/follow-up/", questions, name="questions"),
    path("settings/follow-up/<int:account>/", question, name="question"),
]

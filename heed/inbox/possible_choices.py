"""Whether choices can be offered under an answer, and if not, why: part of the guard in `possible`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from heed.channels.base import Choice, ChoiceForm, Choices, Limit, form_for
from heed.channels.base.reason import Reason

Text = str | Promise


class Fault(NamedTuple):
    """Why these choices cannot go out, in words and in the networks' shared ones."""

    sentence: Text
    way_out: Text = ""
    reason: Reason = "bad_request"


def fault_of(choices: Choices, text: str, forms: Sequence[ChoiceForm]) -> Fault | None:
    """What is wrong with offering these under this text, in the forms that are possible now; None when
    nothing is."""
    if not forms:
        return Fault(_("No choices can be offered this way."), _("Send it without them."), "not_allowed")
    return (
        _fault_of_items(choices.items, forms)
        or _fault_of_opener(choices, forms)
        or _fault_of_text(choices.items, text, forms)
    )


def settled(choices: Choices, forms: Sequence[ChoiceForm]) -> Choices:
    """The choices as they go out: a button that opens a list has words on it."""
    form = form_for(choices.items, forms)
    if form is None or form.opener is None:
        return Choices(choices.items)
    return Choices(choices.items, choices.opener or _("Choose"))


def _fault_of_items(items: Sequence[Choice], forms: Sequence[ChoiceForm]) -> Fault | None:
    if form_for(items, forms) is not None:
        return _fault_of_titles(items)
    most = max(form.most for form in forms)
    if len(items) > most:
        told = ngettext(
            "At most %(most)d choice can be offered.", "At most %(most)d choices can be offered.", most
        )
        return Fault(told % {"most": most})
    widest = max(forms, key=lambda form: (form.most >= len(items), form.title.most))
    for item in items:
        if over := _over(item.title, widest.title):
            told = _("A choice is %(over)d over the network's limit: %(title)s")
            return Fault(told % {"over": over, "title": item.title}, _("Shorten it."), "too_long")
        if item.detail and widest.detail is None:
            return Fault(_("This network shows no second line under a choice."))
        if widest.detail is not None and (over := _over(item.detail, widest.detail)):
            told = _("What stands under a choice is %(over)d over the network's limit: %(title)s")
            return Fault(told % {"over": over, "title": item.title}, _("Shorten it."), "too_long")
    return Fault(_("These choices cannot be offered together."))


def _fault_of_titles(items: Sequence[Choice]) -> Fault | None:
    titles = [item.title.strip() for item in items]
    if not all(titles):
        return Fault(_("A choice has no words."), _("Write it, or take it out."))
    if len({title.casefold() for title in titles}) < len(titles):
        return Fault(_("Two choices say the same."))
    return None


def _fault_of_opener(choices: Choices, forms: Sequence[ChoiceForm]) -> Fault | None:
    form = form_for(choices.items, forms)
    if form is None or form.opener is None:
        return None
    over = _over(choices.opener, form.opener)
    if not over:
        return None
    told = _("The words on the button that opens the list are %(over)d over the network's limit.")
    return Fault(told % {"over": over}, _("Shorten them."), "too_long")


def _fault_of_text(items: Sequence[Choice], text: str, forms: Sequence[ChoiceForm]) -> Fault | None:
    if not text.strip():
        return Fault(_("Write what the customer chooses from."))
    form = form_for(items, forms)
    over = _over(text, form.text) if form is not None and form.text is not None else 0
    if not over:
        return None
    told = _("With choices the text is %(over)d over the network's limit.")
    return Fault(told % {"over": over}, _("Shorten it, or send it without choices."), "too_long")


def _over(text: str, limit: Limit) -> int:
    return max(0, limit.over(text))

"""What is wrong with a delivery, in one sentence for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_KINDS = {
    "text": gettext_lazy("text"),
    "number": gettext_lazy("a number"),
    "yes_no": gettext_lazy("yes or no"),
    "list": gettext_lazy("a list"),
    "record": gettext_lazy("a record with fields"),
    "moment": gettext_lazy("a date or time"),
    "one_of": gettext_lazy("one of certain words"),
    "nothing": gettext_lazy("nothing"),
}


def sentence_for(problem: Mapping[str, Any]) -> str:
    """What a row of a delivery's `problems` means: which field does not fit, what was expected and what came,
    as far as that is known. What the programs said of it stays in its `error`."""
    field, expected = problem.get("field", ""), problem.get("expected", "")
    if field and not expected:
        return _("The field “%(field)s” is missing.") % {"field": field}
    if field:
        return _("The field “%(field)s” does not fit. Expected: %(expected)s. What came: %(came)s.") % {
            "field": field,
            "expected": _KINDS.get(expected, _("another form")),
            "came": _came(problem),
        }
    if problem.get("what") == "delivery":
        return _("What came as a whole cannot be read: it is not in the form that this network uses.")
    if problem.get("error", "").startswith("no account "):
        return _("It is about an account that is not connected here.")
    if not problem.get("error", ""):
        return _("Heed does not know this kind of news.")
    return _("This part could not be taken in.")


def _came(problem: Mapping[str, Any]) -> str:
    came, value = problem.get("came", ""), problem.get("value", "")
    kind = str(_KINDS.get(came, _("another form")))
    return _("%(kind)s, “%(value)s”") % {"kind": kind, "value": value} if value else kind

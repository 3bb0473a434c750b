"""What a network asks for when an account is connected: fields, and what may be entered in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Way:
    """One of several ways to connect an account, such as a password or a sign-in: whoever connects it takes
    one, and enters the fields of that way besides those of none. `label` and `help` are translatable. It
    `needs` the fields of these names; those that belong to no way say for themselves what is required."""

    name: str
    label: Any
    help: Any = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One of the things that a field of the kind `choice` takes. `label` is translatable; `also` are other
    words that mean it, such as those that were typed before there was a choice."""

    value: str
    label: Any
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One thing to enter when connecting. `label` and `help` are translatable.

    The kind `yes_no` is ticked: `is_yes` reads what is kept of a tick; none is an answer, too, so it is never
    required. A `choice` is one of the `options`, a `colour` is kept as `#rrggbb`; `usual` is what holds where
    nothing is entered. The whole of a text fits its `shape` (a regular expression), else `misfit`
    (translatable) says what is wrong: `as_kept` asks nobody to find that out. A secret that only Heed and
    somebody else must know is `made_up` where none is entered.

    A `place` is where the secrets go, or what is signed with them: whoever changes it must know them. With
    another `whose` the same sign-in may open another account. What is entered here, or brought by a sign-in,
    `replaces` what other fields hold. A field of one `way` is asked for only where that is taken; so it is
    never required. Where it `renews`, a sign-in is renewed with it, and so another is proved."""

    name: str
    label: Any
    help: Any = ""
    secret: bool = True
    required: bool = True
    place: bool = False
    whose: bool = False
    replaces: tuple[str, ...] = ()
    kind: Literal["text", "yes_no", "choice", "colour"] = "text"
    way: Way | None = None
    renews: bool = False
    options: tuple[Option, ...] = ()
    usual: str = ""
    shape: str = ""
    misfit: Any = ""
    made_up: bool = False


DIGITS = r"\d+"
ONLY_DIGITS = _("It has digits only.")
"""The shape of ids that are numbers, and what is said of others."""

ADDRESS = r"https?://[^\s/?#]+[^\s]*"
NO_ADDRESS = _("It must be an address that begins with https://.")
"""The shape of web addresses, and what is said of others."""


def as_kept(field: CredentialField, entered: str) -> str | None:
    """What is kept of what was entered in this field; None where it cannot be that. One can always enter
    nothing: whether something must be entered is another question."""
    text = entered.strip()
    if not text:
        return ""
    match field.kind:
        case "yes_no":
            return "yes" if is_yes(text) else "" if text.casefold() in _NO else None
        case "choice":
            return next((each.value for each in field.options if _means(each, text)), None)
        case "colour":
            return _colour(text)
    return text if not field.shape or re.fullmatch(field.shape, text) else None


def misfit_of(field: CredentialField) -> Any:
    """What is said where something cannot be entered in this field, to be read beside it (translatable)."""
    match field.kind:
        case "yes_no":
            return _("It takes “yes” or “no”.")
        case "choice":
            names = ", ".join(each.value for each in field.options)
            return gettext("It takes one of these: %(names)s.") % {"names": names}
        case "colour":
            return _("Write the colour as #rrggbb, such as #0a6b74.")
    return field.misfit or _("This cannot be right.")


def _means(option: Option, text: str) -> bool:
    return text.casefold() in (option.value, *option.also)


def _colour(text: str) -> str | None:
    """The colour with six digits; three stand for six, and the # may be left out."""
    digits = text.casefold().removeprefix("#")
    if not re.fullmatch(r"[0-9a-f]{3}|[0-9a-f]{6}", digits):
        return None
    return f"#{digits}" if len(digits) == 6 else "#" + "".join(each * 2 for each in digits)


def ways_in(fields: Iterable[CredentialField]) -> tuple[Way, ...]:
    """The ways among which one chooses, in the order of their fields; none where there is only one."""
    return tuple({field.way.name: field.way for field in fields if field.way is not None}.values())


def way_taken(fields: Sequence[CredentialField], held: Mapping[str, str]) -> Way | None:
    """The way that these credentials take: one that has all it needs, else one that was begun, and of two the
    later; without anything the first."""
    ways = ways_in(fields)
    whole = [way for way in ways if all(held.get(name) for name in way.needs)]
    begun = [way for way in ways if any(field.way == way and held.get(field.name) for field in fields)]
    return next(iter([*reversed(whole), *reversed(begun), *ways]), None)


def is_needed(field: CredentialField, way: Way | None) -> bool:
    """Whether this field must be entered where this way is taken."""
    return field.required or (way is not None and field.name in way.needs)


_NO = ("", "no", "false", "0")


def is_yes(text: str) -> bool:
    """Whether a field of the kind `yes_no` says yes."""
    return text.strip().casefold() in ("yes", "true", "1")


def secrets_in(text: str) -> list[str]:
    """The secrets of a field that takes several, by commas or spaces: while one is being exchanged, the first
    is the current one."""
    return [each for each in re.split(r"[\s,]+", text) if each]

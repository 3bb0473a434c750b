"""The forms of accounts: what a network asks for, and how an account shows in Heed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from heed.channels.base import (
    CredentialField,
    Network,
    Way,
    as_kept,
    is_needed,
    is_yes,
    misfit_of,
    way_taken,
    ways_in,
)
from heed.channels.models import Account
from heed.web.forms import Refusing

AFTER_SOLVED = [
    (Account.AfterSolved.REOPEN, gettext_lazy("Reopens the ticket")),
    (Account.AfterSolved.NEW, gettext_lazy("Opens a new ticket")),
]


@dataclass(frozen=True)
class Part:
    """Fields that stand together: those of a way, or of none."""

    way: Way | None
    fields: tuple[forms.BoundField, ...]
    signs_in: bool
    is_taken: bool
    is_first: bool
    """Whether the ways begin here."""


class ColourInput(forms.TextInput):
    """A colour to type, with one beside it to pick: `colour.js` has them say the same."""

    def __init__(self, field: CredentialField, attrs: dict[str, str]) -> None:
        super().__init__({**attrs, "placeholder": field.usual})
        self.field = field

    def render(self, name: str, value: Any, *args: Any, **more: Any) -> SafeString:
        picked = as_kept(self.field, value or "") or self.field.usual
        return format_html(
            '<span class="colour"><input type="color" value="{}" data-usual="{}" aria-label="{}">{}</span>',
            *(picked, self.field.usual, _("Pick the colour")),
            super().render(name, value, *args, **more),
        )


class CredentialsForm(Refusing):
    """The fields a network asks for. Where there are several ways to connect one is chosen, and what was
    entered for another does not count. With `kept` credentials a secret left empty keeps what it held, and
    what is no secret is shown and can be emptied. What signing in at the network brings need not be
    entered; whoever comes back from there in vain finds what they had `entered`, but for what is secret."""

    def __init__(
        self,
        network: Network,
        *args: Any,
        kept: Mapping[str, str] | None = None,
        entered: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.network, self.kept, self.entered = network, kept or {}, entered or {}
        self.brought = network.oauth.fills if network.oauth is not None else ()
        self.ways = ways_in(network.fields)
        self.kept_way = way_taken(network.fields, self.kept)
        self.way = self._way_chosen()
        for field in network.fields:
            optional = bool(kept) or (self.leads_away and field.name in self.brought)
            shown = _credential(field, optional=optional, keep=bool(kept), held=self._holds(field))
            if not field.secret:
                held = self.kept.get(field.name, "")
                shown.initial = _initial(field, self.entered.get(field.name, held))
            self.fields[field.name] = shown
        self._ask_again(self.entered)

    @property
    def asked(self) -> list[CredentialField]:
        """The fields that count: of the way that was chosen, and of none."""
        all_count = self.is_bound and "way" not in self.data
        return [field for field in self.network.fields if all_count or field.way in (None, self.way)]

    @property
    def leads_away(self) -> bool:
        """Whether one is to sign in at the network: by its button, or because the way that was chosen needs
        what nobody has entered."""
        if self.network.oauth is None or not (self.way is None or self._signs_in(self.way)):
            return False
        return "sign_in" in self.data or (
            "way" in self.data and not any(self._entered_or_held(name) for name in self.brought)
        )

    @property
    def parts(self) -> list[Part]:
        found = groupby(self.network.fields, key=lambda field: field.way)
        first = self.ways[0] if self.ways else None
        return [
            Part(
                way,
                tuple(self[field.name] for field in fields),
                signs_in=way is not None and self._signs_in(way),
                is_taken=way is not None and way == self.way,
                is_first=way is not None and way == first,
            )
            for way, fields in found
        ]

    @property
    def needed(self) -> tuple[str, ...]:
        """What must be entered for one of the ways."""
        return tuple(name for way in self.ways for name in way.needs)

    @property
    def made_up(self) -> list[str]:
        """The secrets that Heed makes up: nobody entered one, and none is kept."""
        left = [field for field in self.asked if field.made_up and is_needed(field, self.way)]
        return [field.name for field in left if not self._entered_or_held(field.name)]

    def add_error(self, field: str | None, error: Any) -> None:
        """What is secret does not come back into the page: beside whatever is wrong that is said, too."""
        super().add_error(field, error)
        self._ask_again({name: value for name, value in self.data.items() if value})

    def clean(self) -> dict[str, Any]:
        for field in self.asked:
            entered = self.data.get(field.name, "")
            if field.kind == "yes_no" or field.name in self.errors or entered == self.kept.get(field.name):
                continue
            if as_kept(field, entered) is None:
                self.add_error(field.name, str(misfit_of(field)))
        if self.way is not None and "way" in self.data:
            for name in self.way.needs:
                brought = self.leads_away and name in self.brought
                if not brought and not self._entered_or_held(name):
                    self.add_error(name, forms.Field.default_error_messages["required"])
        return self.cleaned_data

    def credentials(self) -> dict[str, str]:
        given = {field.name: self.cleaned_data[field.name] for field in self.asked}
        return {name: _SAID.get(value, value) for name, value in given.items()}

    def _ask_again(self, entered: Mapping[str, Any]) -> None:
        for each in self.network.fields:
            if each.secret and each.name in entered:
                self.fields[each.name].widget.attrs["placeholder"] = _("Enter it again")

    def _way_chosen(self) -> Way | None:
        chosen = next((way for way in self.ways if way.name == self.data.get("way")), None)
        if chosen is None and ("sign_in" in self.data or self.entered):
            chosen = next((way for way in self.ways if self._signs_in(way)), None)
        return chosen or self.kept_way

    def _signs_in(self, way: Way) -> bool:
        return any(field.way == way and field.name in self.brought for field in self.network.fields)

    def _entered_or_held(self, name: str) -> bool:
        field = next(each for each in self.network.fields if each.name == name)
        return bool(self.data.get(name, "").strip()) or (field.secret and self._holds(field))

    def _holds(self, field: CredentialField) -> bool:
        """Whether something is kept that an empty field leaves as it is."""
        return bool(self.kept.get(field.name)) and field.way in (None, self.kept_way)


class ConnectForm(CredentialsForm):
    """A new account: its credentials, then what is rarely changed."""

    def __init__(self, network: Network, *args: Any, **more: Any) -> None:
        super().__init__(network, *args, **more)
        self.fields["account_name"] = forms.CharField(  # a mailbox has a `name` of its own: the sender's
            label=_("Name in Heed"),
            help_text=_("Left empty, the network's own name is taken."),
            max_length=120,
            required=False,
        )
        self.fields["external_id"] = forms.CharField(
            label=_("Id on the network"),
            help_text=_("Left empty, Heed asks the network for it."),
            max_length=255,
            required=False,
        )
        self.fields["after_solved"] = _after_solved()
        self.fields["base_url"] = _base_address(network)


def _base_address(network: Network) -> forms.CharField:
    """Where every account names its own server one is asked for it; else it is a detail with a default."""
    if network.server_label:
        example = forms.URLInput(attrs={"placeholder": network.base_url, "dir": "ltr"})
        return forms.CharField(label=network.server_label, max_length=500, widget=example)
    return forms.CharField(
        label=_("Base address"),
        help_text=_("Where the network's API lives. Only for servers of one's own."),
        initial="" if network.base_url.endswith(".invalid") else network.base_url,
        max_length=500,
        required=False,
    )


class SettingsForm(forms.Form):
    """What can be changed without the network. It stands beside the credentials, which may hold a name."""

    name = forms.CharField(label=gettext_lazy("Name in Heed"), max_length=120, show_hidden_initial=True)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"auto_id": "shown_%s", **more})
        self.fields["after_solved"] = _after_solved()


_SAID = {True: "yes", False: "no"}
"""What a tick says; no tick is an answer, too."""


def _credential(field: CredentialField, *, optional: bool, keep: bool, held: bool) -> forms.Field:
    """What is secret is never shown back; the browser is asked not to keep it. `held`: something is kept that
    an empty field leaves as it is."""
    if field.kind == "yes_no":
        return forms.BooleanField(label=field.label, help_text=field.help, required=False)
    if field.kind == "choice":
        options = [(each.value, each.label) for each in field.options]
        return forms.ChoiceField(
            label=field.label, help_text=field.help, required=False, choices=options, widget=forms.RadioSelect
        )
    attrs = {"autocomplete": "off", "spellcheck": "false", "dir": "ltr"}
    if held and field.secret:
        attrs["placeholder"] = _("unchanged")
    widget = forms.PasswordInput(attrs=attrs) if field.secret else forms.TextInput(attrs=attrs)
    if field.kind == "colour":
        widget = ColourInput(field, attrs)
    told = [field.help]
    if keep and field.place:
        told.append(_("Whoever changes it enters what is secret again."))
    if field.made_up and not held:
        told.append(_("Leave it empty, and Heed makes one up and shows it to you."))
    return forms.CharField(
        label=field.label,
        help_text=" ".join(map(str, told)),
        required=field.required and not optional and not field.made_up,
        widget=widget,
    )


def _initial(field: CredentialField, held: str) -> Any:
    """What a field shows before anybody has entered anything: what is held, or what is usual."""
    match field.kind:
        case "yes_no":
            return is_yes(held)
        case "choice":
            return as_kept(field, held) or field.usual
    return held


def _after_solved() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("When a customer writes after solving"),
        choices=AFTER_SOLVED,
        initial=Account.AfterSolved.REOPEN,
        widget=forms.RadioSelect,
    )

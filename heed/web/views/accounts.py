"""The connected accounts: how each is, and the way out when something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heed.accounts.models import User
from heed.channels import health, reach, verbs
from heed.channels.base import Network, Permission
from heed.channels.jobs import lacks
from heed.channels.mailboxes import sender_of
from heed.channels.models import Account
from heed.channels.reasons import REASONS, Words
from heed.channels.registry import NoSuchNetwork, network_named, networks
from heed.channels.verbs import CannotConnect, CannotRemove
from heed.inbox import gaps
from heed.inbox import health as inbox_health
from heed.inbox.models import Gap, Ticket
from heed.lib import clock
from heed.web import entered, made_up
from heed.web.account_forms import ConnectForm, CredentialsForm, SettingsForm
from heed.web.account_names import standing
from heed.web.admins import for_admins
from heed.web.gate import person

_NOTHING_HEARD = (
    "sign_in_again",
    "not_configured",
    "wrong_server",
    "already_connected",
    "private_address",
    "network_down",
)
"""The problems with which a network does not say what it grants."""


class Shown:
    """An account as the page shows it."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.network: Network = account.adapter
        self.tone, self.state = standing(account)
        self.words: Words | None = reach.words(account)
        self.warnings = [each for each in health.warnings(account) if each.kind != "broken"]

    @property
    def permissions(self) -> list[tuple[Permission, bool]]:
        """Every permission the network needs for us, and whether it is granted; none where the network does
        not say so now: before the first check, while one runs, when our sign-in is refused or nobody answers,
        and when something is not allowed and nobody knows which permission that takes."""
        account = self.account
        if account.checked_at is None or account.state == Account.State.CONNECTING:
            return []
        if account.problem in _NOTHING_HEARD or (account.problem == "not_allowed" and not account.missing):
            return []
        asked = self.network.permissions(self.account.facts)
        return [(each, each.name not in self.account.missing) for each in asked]

    @cached_property
    def awaits_sign_in(self) -> bool:
        """Whether it never worked and somebody has yet to sign in at the network."""
        account = self.account
        if account.connected_at is not None or account.problem or not account.locked_credentials:
            return False
        return lacks(account) or account.sign_ins.exists()

    @property
    def health(self) -> list[tuple[Promise, str, int]]:
        """Answers that failed in the past week, by reason."""
        return sorted(self._failed(), key=lambda each: -each[2])

    def _failed(self) -> Iterator[tuple[Promise, str, int]]:
        for reason, count in self.figures.failed.items():
            words = REASONS.get(reason)  # type: ignore[call-overload]
            yield (words.sentence if words else REASONS["bad_request"].sentence), reason, count

    @cached_property
    def figures(self) -> inbox_health.Health:
        return inbox_health.of_account(self.account)

    @property
    def snippet(self) -> str:
        return self.network.snippet(settings.HEED_PUBLIC_URL, self.account.external_id)

    @property
    def mails_from(self) -> str:
        """The address from which visitors of a chat who have left are mailed; empty where they are not."""
        return sender_of(self.account)

    @property
    def gaps(self) -> list[Gap]:
        return gaps.latest(self.account)

    @property
    def quotas(self) -> list[dict[str, Any]]:
        """What the network still allows, and from when all of it again."""
        return [each | {"resets_at": _moment(each.get("resets_at"))} for each in self.account.quotas]

    @property
    def can_fill(self) -> bool:
        """Whether the network can be asked for what was missed."""
        return gaps.can_fill(self.network)

    @property
    def never_used(self) -> bool:
        """Whether it looks as if nothing was ever taken in or sent; `verbs.remove` looks closely."""
        account = self.account
        return account.last_delivery_at is None and account.last_sent_at is None and self.proof is None

    @cached_property
    def proof(self) -> Ticket | None:
        """That something arrives: the account's ticket with the newest news, in the order of an index."""
        return self.account.tickets.order_by("-last_at", "-id").first()


@require_safe
@for_admins
def accounts(request: HttpRequest) -> HttpResponse:
    shown = [Shown(account) for account in reach.accounts()]
    return render(request, "accounts/accounts.html", {"shown": shown})


@require_safe
@for_admins
def choose(request: HttpRequest) -> HttpResponse:
    """Which network to connect."""
    return render(request, "accounts/choose.html", {"networks": networks().values()})


@require_http_methods(["GET", "POST"])
@for_admins
def connect(request: HttpRequest, network: str) -> HttpResponse:
    try:
        adapter = network_named(network)
    except NoSuchNetwork as unknown:
        raise Http404 from unknown
    form = ConnectForm(adapter, request.POST or None)
    if form.is_valid():
        if form.leads_away:
            if begun := _begun(form, network, person(request)):
                made_up.note(request, form.made_up, begun.account)
                return _away(request, adapter, begun.url)
        elif account := _connected(form, network, person(request)):
            made_up.note(request, form.made_up, account)
            messages.success(request, _("Saved. Heed is asking the network now."))
            return redirect("account", account.pk)
    facts = {"form": form, "network": adapter, "way_back": verbs.way_back()}
    return render(request, "accounts/connect.html", facts)


@require_safe
@for_admins
def signed_in(request: HttpRequest) -> HttpResponse:
    """The network sent the admin back from granting access. Where that came to nothing, they are led to the
    account that it was for, with what was entered."""
    query = {name: value for name, value in request.GET.items() if isinstance(value, str)}
    try:
        found = verbs.finish_sign_in(query.get("state", ""), person(request), query)
    except CannotConnect as cannot:
        messages.error(request, str(cannot.sentence))
        if cannot.account is None:
            return redirect("accounts")
        entered.keep(request, cannot.account, cannot.entered)
        return redirect("account", cannot.account.pk)
    messages.success(request, _("Signed in. Heed is asking the network now."))
    return redirect("account", found.pk)


@require_safe
@for_admins
def account(request: HttpRequest, account_id: int) -> HttpResponse:
    found = reach.account(account_id)
    brought = entered.taken(request, found)
    form = CredentialsForm(found.adapter, kept=found.credentials, entered=brought)
    return _page(request, found, credentials=form)


@require_http_methods(["GET", "POST"])
@for_admins
def reconnect(request: HttpRequest, account_id: int) -> HttpResponse:
    """Take new credentials, or go and sign in at the network again. What is wrong with them is said at this
    address: whoever asks for it again, as the page itself does to stay fresh, is led to the account."""
    found = reach.account(account_id)
    if request.method == "GET":
        return redirect("account", found.pk)
    form = CredentialsForm(found.adapter, request.POST, kept=found.credentials)
    if form.is_valid():
        given = form.credentials()
        try:
            if form.leads_away:
                begun = verbs.begin_sign_in(found.network, person(request), given, account=found)
                made_up.note(request, form.made_up, begun.account)
                return _away(request, found.adapter, begun.url)
            verbs.reconnect(found, given, by=person(request))
            made_up.note(request, form.made_up, found)
        except CannotConnect as cannot:
            form.refuse(cannot)
        else:
            messages.success(request, _("Saved. Heed is asking the network now."))
            return redirect("account", found.pk)
    return _page(request, reach.account(account_id), credentials=form)


@require_http_methods(["GET", "POST"])
@for_admins
def change(request: HttpRequest, account_id: int) -> HttpResponse:
    """Name it, and say what comes after solving. A name that nobody touched stays what it is by now: the
    network's own may have come since the page was opened."""
    found = reach.account(account_id)
    if request.method == "GET":
        return redirect("account", found.pk)
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return _page(request, found, settings=form)
    if form.fields["name"].has_changed(request.POST.get("initial-name"), form.cleaned_data["name"]):
        verbs.rename(found, form.cleaned_data["name"], by=person(request))
    verbs.choose_after_solved(found, form.cleaned_data["after_solved"], by=person(request))
    messages.success(request, _("Saved."))
    return redirect("account", found.pk)


@require_POST
@for_admins
def check(request: HttpRequest, account_id: int) -> HttpResponse:
    verbs.check_again(reach.account(account_id))
    return redirect("account", account_id)


@require_http_methods(["GET", "POST"])
@for_admins
def disconnect(request: HttpRequest, account_id: int) -> HttpResponse:
    """Asks first."""
    found = reach.account(account_id)
    if request.method == "GET":
        return render(request, "accounts/disconnect.html", {"account": found})
    verbs.disconnect(found, by=person(request))
    messages.success(request, _("%(name)s is disconnected. Its tickets stay.") % {"name": found.name})
    return redirect("accounts")


@require_http_methods(["GET", "POST"])
@for_admins
def remove(request: HttpRequest, account_id: int) -> HttpResponse:
    """Asks first."""
    found = reach.account(account_id)
    if request.method == "GET":
        return render(request, "accounts/remove.html", {"account": found})
    try:
        verbs.remove(found, by=person(request))
    except CannotRemove as cannot:
        messages.error(request, str(cannot.sentence))
        return redirect("account", found.pk)
    messages.success(request, _("%(name)s is removed.") % {"name": found.name})
    return redirect("accounts")


def _page(
    request: HttpRequest,
    found: Account,
    credentials: CredentialsForm | None = None,
    settings: SettingsForm | None = None,
) -> HttpResponse:
    initial = {"name": found.name, "after_solved": found.after_solved}
    facts = {
        "shown": Shown(found),
        "to_copy": made_up.to_copy(request, found),
        "credentials": credentials or CredentialsForm(found.adapter, kept=found.credentials),
        "settings": settings or SettingsForm(initial=initial),
        "way_back": verbs.way_back(),
    }
    return render(request, "accounts/account.html", facts)


def _connected(form: ConnectForm, network: str, by: User) -> Account | None:
    given = form.cleaned_data
    try:
        return verbs.connect(
            network,
            given["account_name"],
            given["external_id"],
            form.credentials(),
            given["base_url"],
            after_solved=given["after_solved"],
            by=by,
            tried=True,
        )
    except CannotConnect as cannot:
        form.refuse(cannot)
        return None


def _away(request: HttpRequest, network: Network, url: str) -> HttpResponse:
    """Send the admin to the network. A page does it and no redirect: our policy lets no form lead
    elsewhere, and browsers hold a form's redirects to it too."""
    response = render(request, "accounts/away.html", {"network": network, "url": url})
    response.headers["Refresh"] = f"0; url={url}"
    return response


def _begun(form: ConnectForm, network: str, user: User) -> verbs.Away | None:
    """Where the admin goes to grant access; None when the form says why not."""
    given = form.cleaned_data
    try:
        return verbs.begin_sign_in(
            network,
            user,
            form.credentials(),
            given["base_url"],
            name=given["account_name"],
            external_id=given["external_id"],
            after_solved=given["after_solved"],
        )
    except CannotConnect as cannot:
        form.refuse(cannot)
        return None


def _moment(text: str | None) -> datetime | None:
    return clock.from_iso(text) if text else None


urlpatterns = [
    path("accounts/", accounts, name="accounts"),
    path("accounts/connect/", choose, name="choose_network"),
    path("accounts/connect/<str:network>/", connect, name="connect"),
    path("accounts/signed-in/", signed_in, name="signed_in"),
    path("accounts/<int:account_id>/", account, name="account"),
    path("accounts/<int:account_id>/credentials/", reconnect, name="reconnect"),
    path("accounts/<int:account_id>/settings/", change, name="change_account"),
    path("accounts/<int:account_id>/check/", check, name="check_account"),
    path("accounts/<int:account_id>/disconnection/", disconnect, name="disconnect"),
    path("accounts/<int:account_id>/removal/", remove, name="remove_account"),
]

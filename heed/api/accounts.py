"""Networks and the accounts connected to them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from ninja import Router, Status

from heed.accounts.models import Brand, User
from heed.accounts.rights import need_everywhere
from heed.api.bearer import Asking
from heed.api.problems import Problem
from heed.api.shapes.accounts import (
    AccountChange,
    AccountGiven,
    AccountMade,
    AccountOut,
    Accounts,
    of_account,
)
from heed.api.shapes.networks import Networks, of_network
from heed.channels import reach, verbs
from heed.channels.registry import networks
from heed.inbox.reach import NotAllowed
from heed.inbox.reach.seeing import account_seen, accounts_seen

router = Router(tags=["accounts"])


@router.get("/networks", response=Networks, summary="The networks, what each asks for and can do")
def list_networks(request: Asking) -> Any:
    return {"items": [of_network(network) for network in networks().values()], "next": ""}


@router.get("/accounts", response=Accounts, summary="The connected accounts")
def list_accounts(request: Asking) -> Any:
    return {
        "items": [of_account(account, request.auth) for account in accounts_seen(request.auth)],
        "next": "",
    }


@router.post("/accounts", response={201: AccountMade}, summary="Connect an account")
def connect(request: Asking, given: AccountGiven) -> Any:
    """Answers at once: whether the network accepts it shows in `state` and `problem` soon after."""
    _may_administer(request.auth)
    account = verbs.connect(
        given.network,
        given.name,
        given.external_id,
        given.credentials,
        given.base_url,
        given.settings,
        given.after_solved,
        by=request.auth,
    )
    made_up = verbs.made_up(account, given.credentials, {})
    return Status(201, {**of_account(account, request.auth), "made_up": made_up})


@router.get("/accounts/{account_id}", response=AccountOut, summary="One account and how it is")
def read_account(request: Asking, account_id: int) -> Any:
    return of_account(account_seen(request.auth, account_id), request.auth)


@router.patch("/accounts/{account_id}", response=AccountMade, summary="Rename, reconnect, choose")
def change_account(request: Asking, account_id: int, change: AccountChange) -> Any:
    _may_administer(request.auth)
    account = reach.account(account_id)
    if change.brand is not None:
        need_everywhere(request.auth, "see")
        brand = _brand(change.brand)
    held, entered = account.credentials, change.credentials or {}
    if change.base_url is not None:
        verbs.move(account, change.base_url, entered, by=request.auth)
    elif change.credentials is not None:  # first and alone: nothing is held while the network is asked
        verbs.reconnect(account, change.credentials, by=request.auth)
    with transaction.atomic():
        if change.name is not None:
            verbs.rename(account, change.name, by=request.auth)
        if change.after_solved is not None:
            verbs.choose_after_solved(account, change.after_solved, by=request.auth)
        if change.brand is not None:
            verbs.give_brand(account, brand, by=request.auth)
    made_up = verbs.made_up(account, entered, held)
    return {**of_account(account, request.auth), "made_up": made_up}


@router.delete(
    "/accounts/{account_id}",
    response={200: AccountOut, 204: None},
    summary="Disconnect: forget the credentials; or remove what never worked",
)
def disconnect(request: Asking, account_id: int, altogether: bool = False) -> Any:
    """With `altogether=true` the account itself is removed and nothing is answered (204). That is refused
    (422, `cannot-remove`) where anything was ever taken in or sent with it; disconnecting keeps what was
    said."""
    _may_administer(request.auth)
    account = reach.account(account_id)
    if altogether:
        verbs.remove(account, by=request.auth)
        return Status(204, None)
    verbs.disconnect(account, by=request.auth)
    return of_account(account, request.auth)


def _brand(name: str) -> Brand | None:
    found = Brand.objects.filter(name__iexact=name.strip()).first()
    if found is None and name.strip():
        raise Problem(422, "no-such-brand", _("There is no brand of this name."))
    return found


def _may_administer(person: User) -> None:
    if not person.may_administer:
        raise NotAllowed

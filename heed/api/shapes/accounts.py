"""Connected accounts. Credentials never go out, but for those that Heed made up: once, to who connects."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from heed.accounts.models import User
from heed.api.shapes.given import Given, Text
from heed.api.shapes.networks import CapabilitiesOut, of_capabilities
from heed.api.shapes.shape import Shape
from heed.channels import health
from heed.channels import reach as channels
from heed.channels.models import Account


class AccountGiven(Given):
    network: Text
    name: Annotated[Text, Field(max_length=120)] = ""
    external_id: Annotated[Text, Field(max_length=255)] = ""
    credentials: dict[Text, Text]
    base_url: Annotated[Text, Field(max_length=500)] = ""
    settings: dict[Text, Any] = {}
    after_solved: Literal["reopen", "new"] = "reopen"


class AccountChange(Given):
    name: Annotated[Text, Field(max_length=120)] | None = None
    base_url: Annotated[Text, Field(max_length=500)] | None = Field(
        None, description="Where the network is reached now. Another address needs every secret again."
    )
    credentials: dict[Text, Text] | None = None
    after_solved: Literal["reopen", "new"] | None = None
    brand: Annotated[Text, Field(max_length=120)] | None = Field(None, description="By name; empty: none.")


class AccountProblem(Shape):
    reason: str
    sentence: str
    way_out: str
    detail: str


class AccountRemark(Shape):
    """Something the network said by the way, before it does something about it."""

    sentence: str
    way_out: str
    detail: str = Field(description="In the network's own words.")
    at: datetime = Field(description="When the network said it.")


class QuotaOut(Shape):
    what: str
    left: int
    of: int | None
    resets_at: datetime | None


class AccountOut(Shape):
    id: int
    network: str
    name: str
    external_id: str
    handle: str
    base_url: str
    state: Literal["connecting", "connected", "broken"]
    problem: AccountProblem | None
    remark: AccountRemark | None = Field(
        description="What the network remarked about the account: for 14 days, or until it is checked by "
        "hand. Null beside a problem that the network told."
    )
    after_solved: str
    brand: str = Field(description="Empty when it belongs to none.")
    last_delivery_at: datetime | None
    collected_at: datetime | None
    refused: int
    hook_url: str | None = Field(description="Only for owners and admins.")
    missing: list[str] = Field(description="Permissions the network has not granted, by its names.")
    quotas: list[QuotaOut]
    expires_at: datetime | None = Field(description="When the sign-in ends unless it is renewed.")
    checked_at: datetime | None
    paused_until: datetime | None
    capabilities: CapabilitiesOut = Field(description="What this account can do at its level.")
    created_at: datetime


class AccountMade(AccountOut):
    made_up: dict[str, str] = Field(
        description="The secrets that Heed made up just now, by field: nobody is told them again."
    )


class Accounts(Shape):
    items: list[AccountOut]
    next: str


def of_account(account: Account, asking: User) -> dict[str, Any]:
    words = channels.words(account)
    return {
        "id": account.pk,
        "network": account.network,
        "name": account.name,
        "external_id": account.external_id,
        "handle": account.handle,
        "base_url": account.base_url,
        "state": account.state,
        "problem": words
        and {
            "reason": account.problem,
            "sentence": str(words.sentence),
            "way_out": str(words.way_out),
            "detail": account.problem_detail,
        },
        "remark": _remark(account),
        "after_solved": account.after_solved,
        "brand": account.brand.name if account.brand else "",
        "last_delivery_at": account.last_delivery_at,
        "collected_at": account.collected_at,
        "refused": account.refused,
        "hook_url": account.hook_url if asking.may_administer else None,
        "missing": account.missing,
        "quotas": account.quotas,
        "expires_at": account.expires_at,
        "checked_at": account.checked_at,
        "paused_until": account.paused_until,
        "capabilities": of_capabilities(account.able),
        "created_at": account.created_at,
    }


def _remark(account: Account) -> dict[str, Any] | None:
    standing = health.remark(account)
    return standing and {
        "sentence": str(standing.sentence),
        "way_out": str(standing.way_out),
        "detail": standing.detail,
        "at": account.told["at"],
    }


class AccountShort(Shape):
    id: int
    name: str
    network: str


def of_account_in_short(account: Account) -> dict[str, Any]:
    return {"id": account.pk, "name": account.name, "network": account.network}

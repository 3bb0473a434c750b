"""What Meta says of a business account or of a number of it: its templates, its quality, what it may no
longer do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from heed.channels import base
from heed.channels.base import AccountRecord, Inbound

TEMPLATES = ("message_template_status_update", "message_template_quality_update")
REMARKS = {
    "phone_number_quality_update": ("event", "current_limit"),
    "account_alerts": ("alert_severity", "alert_status", "alert_type", "alert_description"),
}
"""By field: what of it is told."""
UPDATE = "account_update"
FIELDS = (*TEMPLATES, *REMARKS, UPDATE)
_WARNED = frozenset({"ACCOUNT_VIOLATION", "ACCOUNT_RESTRICTION"})


def read(name: str, value: dict[str, Any], business_id: str, at: datetime | None) -> list[Inbound]:
    """A change of one of `FIELDS` of this business account. They name no number by its id, and some none at
    all: then all numbers of the business are meant."""
    number = _digits(value.get("display_phone_number") or value.get("phone_number"))
    owner = _of_a_number(business_id, number) if number else business_id
    if name in TEMPLATES:
        return [base.AccountStale(owner=owner)]
    if name in REMARKS:
        return [base.AccountChanged(owner=owner, detail=_words(name, value, REMARKS[name]), at=at)]
    return [_update(value, owner, at)]


def known_as(account: AccountRecord) -> frozenset[str]:
    """Whose news this number hears: that of its business account, and of itself within that."""
    business_id = account.credentials.get("business_account_id", "")
    return frozenset({business_id, _of_a_number(business_id, _digits(account.handle))})


def _of_a_number(business_id: str, number: str) -> str:
    return f"{business_id}/{number}"


def _digits(number: Any) -> str:
    return "".join(each for each in str(number or "") if each.isdigit())


def _update(value: dict[str, Any], owner: str, at: datetime | None) -> Inbound:
    """A ban stays until it is lifted; a warning is a remark; what else there may be a check finds out."""
    event, ban = str(value.get("event") or ""), str(value.get("ban_info") or "")
    detail = _words(UPDATE, value, ("event", "ban_info", "violation_info", "restriction_info"))
    if event == "DISABLED_UPDATE" and "REINSTATE" in ban:
        return base.AccountChanged(owner=owner, at=at)
    if event == "ACCOUNT_DELETED" or (event == "DISABLED_UPDATE" and "SCHEDULE" not in ban):
        return base.AccountChanged(owner=owner, problem="account_blocked", detail=detail, at=at)
    if event in {*_WARNED, "DISABLED_UPDATE"}:
        return base.AccountChanged(owner=owner, detail=detail, at=at)
    return base.AccountStale(owner=owner)


def _words(name: str, value: dict[str, Any], keys: tuple[str, ...]) -> str:
    inner = value.get("alert_info")
    told = {**value, **inner} if isinstance(inner, dict) else value
    return " ".join([name, *(str(told[key]) for key in keys if told.get(key))])[:500]

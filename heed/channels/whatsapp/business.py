"""What Meta says of the number itself: its templates, its quality, what it may no longer do."""

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


def read(name: str, value: dict[str, Any], account: AccountRecord, at: datetime | None) -> list[Inbound]:
    """A change of one of `FIELDS`. They name no number by its id, and some none at all: then all numbers of
    the business are meant."""
    if _is_of_another(value, account):
        return [base.NotUnderstood(what=f"{name} of another number")]
    if name in TEMPLATES:
        return [base.AccountStale()]
    if name in REMARKS:
        return [base.AccountChanged(detail=_words(name, value, REMARKS[name]), at=at)]
    return [_update(value, at)]


def _is_of_another(value: dict[str, Any], account: AccountRecord) -> bool:
    named = _digits(value.get("display_phone_number") or value.get("phone_number"))
    ours = _digits(account.handle)
    return bool(named and ours and named != ours)


def _digits(number: Any) -> str:
    return "".join(each for each in str(number or "") if each.isdigit())


def _update(value: dict[str, Any], at: datetime | None) -> Inbound:
    """A ban stays until it is lifted; a warning is a remark; what else there may be a check finds out."""
    event, ban = str(value.get("event") or ""), str(value.get("ban_info") or "")
    detail = _words(UPDATE, value, ("event", "ban_info", "violation_info", "restriction_info"))
    if event == "DISABLED_UPDATE" and "REINSTATE" in ban:
        return base.AccountChanged(at=at)
    if event == "ACCOUNT_DELETED" or (event == "DISABLED_UPDATE" and "SCHEDULE" not in ban):
        return base.AccountChanged(problem="account_blocked", detail=detail, at=at)
    if event in {*_WARNED, "DISABLED_UPDATE"}:
        return base.AccountChanged(detail=detail, at=at)
    return base.AccountStale()


def _words(name: str, value: dict[str, Any], keys: tuple[str, ...]) -> str:
    inner = value.get("alert_info")
    told = {**value, **inner} if isinstance(inner, dict) else value
    return " ".join([name, *(str(told[key]) for key in keys if told.get(key))])[:500]

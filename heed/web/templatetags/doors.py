"""What the sign-in page needs to know."""

from __future__ import annotations

from typing import Any

from django import template

from heed.accounts import policy
from heed.accounts.policy import Company
from heed.web import second_factor

register = template.Library()


@register.simple_tag
def company_sign_in() -> Company | None:
    """The company's own sign-in, when there is one."""
    return policy.company()


@register.simple_tag(takes_context=True)
def passkeys_work(context: dict[str, Any]) -> bool:
    """Whether browsers make and use passkeys at the address at which this page was opened."""
    return second_factor.passkeys_work(context["request"])

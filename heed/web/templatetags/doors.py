"""What the sign-in page needs to know."""

from __future__ import annotations

from django import template

from heed.accounts import policy
from heed.accounts.policy import Company

register = template.Library()


@register.simple_tag
def company_sign_in() -> Company | None:
    """The company's own sign-in, when there is one."""
    return policy.company()

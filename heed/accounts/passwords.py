"""What a password must be. Django's rules, in words of ours that every language of Heed has."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import password_validation as rules
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from heed.accounts import policy


class LongEnough:
    """As many characters as the admin asks for on the sign-in page."""

    def validate(self, password: str, user: Any = None) -> None:
        least = policy.current().least_length
        if len(password) < least:
            too_short = _("This password is too short: it needs at least %(count)d characters.")
            raise ValidationError(too_short % {"count": least}, code="password_too_short")

    def get_help_text(self) -> str:
        return _("At least %(count)d characters.") % {"count": policy.current().least_length}


class NotPersonal(rules.UserAttributeSimilarityValidator):
    DEFAULT_USER_ATTRIBUTES = ("name", "first_name", "email")

    def __init__(self) -> None:
        super().__init__(self.DEFAULT_USER_ATTRIBUTES)

    def validate(self, password: str, user: Any = None) -> None:
        try:
            super().validate(password, user)
        except ValidationError as alike:
            raise ValidationError(_("This password is too much like the name or the address.")) from alike

    def get_help_text(self) -> str:
        return _("Nothing like your name or address.")


class NotCommon(rules.CommonPasswordValidator):
    def get_error_message(self) -> str:
        return _("Too many people use this password.")

    def get_help_text(self) -> str:
        return _("Not one that many people use.")

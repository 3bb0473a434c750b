"""What a password must be. Django's rules, in words of ours that every language of Heed has."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import password_validation as rules
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class LongEnough(rules.MinimumLengthValidator):
    def get_error_message(self) -> str:
        return _("This password is too short: it needs at least %(count)d characters.") % {
            "count": self.min_length
        }

    def get_help_text(self) -> str:
        return _("At least %(count)d characters.") % {"count": self.min_length}


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

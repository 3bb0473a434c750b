"""What is asked for a second factor: the sign-in library's forms, in our words."""

from __future__ import annotations

from typing import Any

from allauth.account.fields import PasswordField
from allauth.account.forms import ReauthenticateForm as ConfirmForm
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter, get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

_LONGEST_NAME = 60
_REFUSALS = (ValidationError, AttributeError, KeyError, TypeError, ValueError)
"""How the library takes what no key has answered: mostly by falling over it."""
_ERRORS = {
    **DefaultMFAAdapter.error_messages,
    "cannot_delete_authenticator": _("This second factor cannot be turned off."),
    "cannot_generate_recovery_codes": _("Set up the app or a key first: the codes stand in for them."),
    "incorrect_code": _("This code is wrong or has expired. Wait for the next digits that the app shows."),
    "used_code": _("This recovery code was used already. Take another one."),
    "not_added": _("This key was not added. Try again, and do what your browser asks."),
    "unknown_key": _("This key is not known here. Use another one, or another way."),
}


class FactorAdapter(DefaultMFAAdapter):
    """What the library says by itself, said by us."""

    error_messages = _ERRORS

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        known = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return gettext("Key %(number)d") % {"number": known + 1}


def _digits(label: Any) -> forms.CharField:
    shown = {"autocomplete": "one-time-code", "inputmode": "numeric", "dir": "ltr"}
    required = {"required": _("Enter the digits.")}
    return forms.CharField(label=label, widget=forms.TextInput(shown), error_messages=required)


class _WithDigits(BaseAuthenticateForm):
    """Digits of the app, or a recovery code. Of one that was used it is said so: only who has it hears that,
    and each try counts."""

    def clean_code(self) -> str:
        try:
            return str(super().clean_code())
        except ValidationError as wrong:
            if wrong.code == "incorrect_code" and _was_used(self.user, self.cleaned_data["code"]):
                raise get_adapter().validation_error("used_code") from wrong
            raise


class DigitsForm(_WithDigits, AuthenticateForm):
    code = _digits(_("Digits or recovery code"))


class DigitsAgainForm(_WithDigits, ReauthenticateForm):
    code = _digits(_("Digits or recovery code"))


class AppForm(ActivateTOTPForm):
    code = _digits(_("Digits that the app shows"))


class PasswordAgainForm(ConfirmForm):
    password = PasswordField(
        label=_("Password"),
        autocomplete="current-password",
        error_messages={"required": _("Enter your password.")},
    )


def _was_used(user: AbstractBaseUser, code: str) -> bool:
    """Whether this is one of the person's recovery codes, which is asked only of what does not let in."""
    kept = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).first()
    codes = RecoveryCodes(kept).generate_codes() if kept else []
    return any(compare_user_code(actual=code, expected=each) for each in codes)


def _name(**options: Any) -> forms.CharField:
    return forms.CharField(
        label=_("Name of the key"),
        help_text=_("By which you know it again, such as “phone” or “key ring”."),
        max_length=_LONGEST_NAME,
        widget=forms.TextInput({"dir": "auto"}),
        **options,
    )


def _credential() -> forms.JSONField:
    silent = {"required": _("The key did not answer."), "invalid": _("The key did not answer.")}
    return forms.JSONField(widget=forms.HiddenInput, error_messages=silent)


class NewKeyForm(AddWebAuthnForm):
    name = _name(required=False)
    credential = _credential()
    passwordless = forms.BooleanField(
        label=_("Sign in without the password"),
        help_text=_("With this key alone. It then asks for your finger, your face or a PIN."),
        required=False,
    )

    def clean(self) -> Any:
        try:
            return super().clean()
        except _REFUSALS as wrong:
            raise _of_key(wrong, "not_added") from wrong


class KeyNameForm(EditWebAuthnForm):
    name = _name(error_messages={"required": _("A key needs a name.")})


class _WithKey(AuthenticateWebAuthnForm):
    credential = _credential()

    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()
        except _REFUSALS as wrong:
            raise _of_key(wrong, "unknown_key") from wrong


class KeyForm(_WithKey):
    """The second step of signing in."""

    @property
    def offered(self) -> bool:
        """Whether whoever signs in has a key at all; whoever tried one hears what came of it."""
        keys = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.WEBAUTHN)
        return self.is_bound or keys.exists()


class PasskeyForm(_WithKey, LoginWebAuthnForm):
    """Signing in without a password."""


class KeyAgainForm(_WithKey, ReauthenticateWebAuthnForm):
    """Confirming that it is you."""


def _of_key(wrong: Exception, meant: str) -> ValidationError:
    """The library says of a key, too, that digits were wrong."""
    if isinstance(wrong, ValidationError) and wrong.code != "incorrect_code":
        return wrong
    return get_adapter().validation_error(meant)

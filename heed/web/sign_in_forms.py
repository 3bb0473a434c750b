"""The sign-in form of the library, with the keyboard where one goes on."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm


class SignInForm(LoginForm):
    """One types at once: the e-mail address, or the password again where it was wrong."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        goes_on = self.fields["password" if self.is_bound else "login"]
        goes_on.widget.attrs["autofocus"] = True

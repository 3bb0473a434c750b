"""Accepting an invitation: the one page a stranger can become a colleague on."""

from __future__ import annotations

from allauth.account.utils import perform_login
from django import forms
from django.contrib.auth import logout
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from heed.accounts import inviting, policy
from heed.accounts.inviting import NoSuchInvitation
from heed.accounts.refusals import CannotChange


class AcceptForm(forms.Form):
    """A name, and a password of one's own."""

    name = forms.CharField(label=gettext_lazy("Your name"), max_length=120)
    password = forms.CharField(
        label=gettext_lazy("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.fields["password"].help_text = " ".join(map(str, password_validators_help_texts()))


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    try:
        found = inviting.with_token(token)
        form = AcceptForm(request.POST or None, initial={"name": found.name})
        if form.is_valid():
            try:
                newcomer = inviting.accept(token, **form.cleaned_data)
            except CannotChange as cannot:
                form.add_error(cannot.field, str(cannot.sentence))
            else:
                if request.user.is_authenticated:
                    logout(request)
                answer: HttpResponse = perform_login(request, newcomer, email_verification="none")
                return answer
    except NoSuchInvitation:
        return render(request, "account/invitation_over.html", status=404)
    facts = {"form": form, "invitation": found, "company": policy.company()}
    return render(request, "account/invitation.html", facts)


urlpatterns = [path("invitation/<str:token>/", invitation, name="invitation")]

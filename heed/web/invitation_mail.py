"""The letter that invites somebody. It goes out while the admin waits: a job would keep its link."""

from __future__ import annotations

import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import gettext as _

from heed.accounts.models import Invitation, User
from heed.lib.letters import can_mail

log = logging.getLogger("heed.mail")

__all__ = ["can_mail", "link", "send"]


def link(token: str) -> str:
    """The address that lets the invited person in."""
    return settings.HEED_PUBLIC_URL + reverse("invitation", args=[token])


def send(invitation: Invitation, address: str, by: User) -> bool:
    """Mail it; whether the mail server took it. In the language of whoever invites."""
    if not can_mail():
        return False
    lines = [
        _("%(name)s invites you to Heed, the desk where your team answers customers.") % {"name": by.name},
        _("Open this link to choose your password. It works once, for a week:"),
        address,
        _("If you did not expect this, do nothing."),
    ]
    subject = " ".join((_("%(name)s invites you to Heed") % {"name": by.name}).split())
    try:
        EmailMessage(subject, "\n\n".join(lines), to=[invitation.email]).send()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("the invitation could not be mailed: %s", error)
        return False
    return True

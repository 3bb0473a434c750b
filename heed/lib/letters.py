"""Mail that Heed itself sends to people."""

from __future__ import annotations

from django.conf import settings

_SMTP = "django.core.mail.backends.smtp.EmailBackend"


def can_mail() -> bool:
    """Whether a mail server is configured (`HEED_MAIL_SERVER`)."""
    return settings.EMAIL_BACKEND != _SMTP or bool(settings.EMAIL_HOST)

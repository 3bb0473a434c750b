"""Whether Heed can mail, and the mail that brings an unseen answer."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from heed.channels.models import Account
from heed.inbox.models import Message
from heed.widget.look import look_of, way_back
from heed.widget.models import Visitor
from heed.widget.tokens import Who, code_of

_SMTP = "django.core.mail.backends.smtp.EmailBackend"


def can_mail() -> bool:
    """Whether a mail server is configured. Without one the chat does not offer to mail."""
    return settings.EMAIL_BACKEND != _SMTP or bool(settings.EMAIL_HOST)


def mail_of(visitor: Visitor, account: Account, unseen: list[Message]) -> EmailMessage:
    """The answers the visitor has not seen, and the way back to the chat."""
    look = look_of(account)
    languages = dict(settings.LANGUAGES)
    language = visitor.language[:2] if visitor.language[:2] in languages else settings.LANGUAGE_CODE
    with translation.override(language):
        back = _back(visitor, account, max(row.pk for row in unseen))
        text = "\n\n".join([_lead(look.name), *(_lines(row) for row in unseen), back])
        subject = _("%(name)s has answered you") % {"name": look.name}
    return EmailMessage(" ".join(subject.split()), text, to=[visitor.email])


def _lead(name: str) -> str:
    return _("You wrote to %(name)s in the chat and had to go. This is the answer:") % {"name": name}


def _lines(row: Message) -> str:
    files = row.attachments.count()
    extra = _("(%(count)d files, to be seen in the chat)") % {"count": files} if files else ""
    return "\n".join(f"> {line}" for line in [*row.text.splitlines(), extra] if line)


def _back(visitor: Visitor, account: Account, mail: int) -> str:
    """The way back opens this conversation once, on any device: who reads this mail is whom it is for.
    Known visitors sign in at the site instead."""
    page = way_back(account, look_of(account), visitor.page).partition("#")[0]
    if not page:
        return _("Answer in the chat, on the page where you wrote. Replies to this mail are not read.")
    who = Who(account.pk, visitor.visitor)
    link = page if who.known else f"{page}#heed-chat={code_of(visitor.pk, mail)}"
    return _("Answer in the chat: %(link)s\nReplies to this mail are not read.") % {"link": link}

"""Whether what somebody wrote fits the way it is to go: its length, files, template and choices."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from heed.channels.base import Choice, Choices, FilledTemplate
from heed.inbox import files as kept_files
from heed.inbox.models import Attachment
from heed.inbox.possible import Way, fits, too_long
from heed.inbox.possible_choices import fault_of, settled
from heed.inbox.verbs.refusals import CannotAnswer
from heed.lib.text import clean, measure

_BLANK = re.compile(r"\{\{(\d+)\}\}")


def as_it_goes(
    way: Way,
    text: str,
    attachments: list[Attachment],
    template: FilledTemplate | None,
    choices: Choices | None,
) -> tuple[str, list[Attachment], Choices | None]:
    """Text, files and choices as they go out this way: of a template its words alone. Raises `CannotAnswer`
    where they do not fit."""
    if template is not None:
        return _checked_template(way, template), [], None
    _check(way, text, attachments)
    return text, attachments, _checked_choices(way, text, attachments, choices)


def _check(way: Way, text: str, attachments: list[Attachment]) -> None:
    if not way.allowed:
        raise CannotAnswer(way.sentence, way.way_out)
    if not text and not attachments:
        raise CannotAnswer(_("Write something first."))
    limit = too_long(text, way.limits)
    if limit is not None:
        over = measure(text, limit.unit) - limit.most
        raise CannotAnswer(
            _("The text is %(over)d over the network's limit.") % {"over": over}, _("Shorten it.")
        )
    _check_files(way, text, attachments)


def _check_files(way: Way, text: str, attachments: list[Attachment]) -> None:
    if not attachments:
        return
    if way.files is None:
        raise CannotAnswer(way.no_files or _("No files can be sent this way."), _("Remove the attachment."))
    if len(attachments) > way.files.count:
        raise CannotAnswer(_("At most %(most)d files can go along.") % {"most": way.files.count})
    if len(attachments) > 1 and any(kept_files.matches(each.mime, way.files.alone) for each in attachments):
        raise CannotAnswer(
            _("A file of this kind goes alone."), _("Send the others in an answer of their own.")
        )
    if text and not way.files.with_text:
        raise CannotAnswer(_("Text and files cannot go together here."), _("Send them one after the other."))
    for attachment in attachments:
        if not kept_files.matches(attachment.mime, way.files.types):
            raise CannotAnswer(
                _("The network does not take files of this kind: %(name)s") % {"name": attachment.name}
            )
        if (attachment.size or 0) > kept_files.most_bytes(attachment.mime, way.files.most_bytes):
            raise CannotAnswer(
                _("The file is too large for this network: %(name)s") % {"name": attachment.name}
            )
        if kept_files.matches(attachment.mime, way.files.timed) and not kept_files.lasts(attachment.path):
            raise CannotAnswer(
                _("The network wants to know how long a sound plays, and the file does not say: %(name)s")
                % {"name": attachment.name},
                _("Save it anew as MP3 or M4A and attach that."),
            )


def _checked_template(way: Way, template: FilledTemplate) -> str:
    """The text a template makes, as the thread shows it."""
    if not fits(template, way):
        raise CannotAnswer(
            _("This template cannot be sent: it is not approved here, or a blank is empty."),
            _("Choose one of the templates offered and fill in every blank."),
        )
    approved = next(
        each for each in way.templates if (each.name, each.language) == (template.name, template.language)
    )
    return _BLANK.sub(lambda blank: clean(template.values[int(blank[1]) - 1]), approved.text)


def _checked_choices(
    way: Way, text: str, attachments: list[Attachment], choices: Choices | None
) -> Choices | None:
    """The choices as they go out; None without any. Raises `CannotAnswer`."""
    if choices is None or not choices.items:
        return None
    items = tuple(Choice(clean(each.title).strip(), clean(each.detail).strip()) for each in choices.items)
    choices = Choices(items, clean(choices.opener).strip())
    if attachments:
        raise CannotAnswer(_("Choices and files cannot go together."), _("Send them one after the other."))
    fault = fault_of(choices, text, way.choices)
    if fault is not None:
        raise CannotAnswer(fault.sentence, fault.way_out)
    return settled(choices, way.choices)

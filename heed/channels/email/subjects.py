"""What mails are about: their subjects, without what programs put before them."""

from __future__ import annotations

import re

_ANSWERS = "re|aw|antw|sv|vs|vá|odg|odp|ynt|rif|отв|хариу|رد|回复|回覆|返信"
_PASSED_ON = (
    "fwd?|wg|tr|rv|enc|vl|vb|pd|doorst|ilt|i̇lt|posredovano|proslijeđeno|prosleđeno|пересл|дамжуулсан"
    "|إعادة توجيه|转发|转寄|轉寄|転送|전달"
)
_REPLY = re.compile(rf"\s*({_ANSWERS})\s*(\[\d+\])?\s*[:：]", re.IGNORECASE)
_FORWARD = re.compile(rf"\s*({_PASSED_ON})\s*(\[\d+\])?\s*[:：]", re.IGNORECASE)
_BEFORE = re.compile(rf"(\s*({_ANSWERS}|{_PASSED_ON})\s*(\[\d+\])?\s*[:：])+", re.IGNORECASE)
_MOST = 200


def is_reply(subject: str) -> bool:
    """Whether it already says that it is an answer."""
    return bool(_REPLY.match(subject))


def is_passed_on(subject: str) -> bool:
    """Whether it says that somebody else's mail is passed on with it."""
    return bool(_FORWARD.match(subject))


def matter_of(subject: str) -> str:
    """The same for a subject and for all answers under it, whichever program wrote them."""
    before = _BEFORE.match(subject)
    rest = subject[before.end() :] if before else subject
    return " ".join(rest.casefold().split())[:_MOST]

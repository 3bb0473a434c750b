"""Who a visitor is: a signed token that the browser shows, and signed links to files."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing

from heed.channels.models import Account
from heed.lib.crypto import hmac_sha256_hex, same

NAMELESS = "~"
_SALT = "heed.widget.visitor"
_FILES = "heed.widget.file"
_MAIL = "heed.widget.mail"
_UPLOAD = "heed.widget.upload"
_KNOWN_FOR = timedelta(days=1)
_NAMELESS_FOR = timedelta(days=400)
_FILE_FOR = timedelta(days=1)
_MAIL_FOR = timedelta(days=7)


class NotYours(Exception):
    """The token or link is missing, forged, too old or somebody else's."""


@dataclass(frozen=True, slots=True)
class Who:
    """A visitor of an account. `name` and `email` are what the site says of a known one."""

    account: int
    id: str
    name: str = ""
    email: str = ""

    @property
    def known(self) -> bool:
        return not self.id.startswith(NAMELESS)


def nameless(account: Account) -> Who:
    """A new visitor whom nobody vouched for."""
    return Who(account.pk, NAMELESS + secrets.token_urlsafe(12))


def vouched(account: Account, user: str, signature: str) -> bool:
    """Whether the account's site vouches for this user: the hex HMAC-SHA256 of the user's id."""
    secret = account.credentials.get("secret", "")
    return bool(secret) and same(signature.lower(), hmac_sha256_hex(secret, user.encode()))


def token_of(who: Who, account: Account) -> str:
    """The token by which this visitor is known again."""
    facts = [who.account, who.id, _print_of(account, who.id), who.name, who.email]
    return signing.dumps(facts, salt=_SALT, compress=False)


def who_has(token: str, account: Account) -> Who:
    """The visitor of a token. A known one's ends after a day, or with the account's secret, which
    vouched for them. Raises `NotYours`."""
    facts = _loaded(token, _SALT, _NAMELESS_FOR)
    try:
        pk, visitor, fingerprint, name, email = facts
    except (TypeError, ValueError) as error:
        raise NotYours from error
    who = Who(pk, visitor, name, email)
    if pk != account.pk or fingerprint != _print_of(account, visitor):
        raise NotYours
    if who.known:
        _loaded(token, _SALT, _KNOWN_FOR)
    return who


def file_token(attachment: int, who: Who) -> str:
    """The end of a link to a file, good for this visitor's conversation and a day."""
    return signing.dumps([attachment, who.account, who.id], salt=_FILES, compress=False)


def file_of(token: str, account: Account) -> tuple[int, str]:
    """The attachment and the visitor of a link. Raises `NotYours`."""
    facts = _loaded(token, _FILES, _FILE_FOR)
    if not isinstance(facts, list) or len(facts) != 3 or facts[1] != account.pk:
        raise NotYours
    return int(facts[0]), str(facts[2])


def claim_of(upload: int) -> str:
    """What stands for an upload in a message, when it is known that its writer sent both. It never ends: the
    message may be read late, and its writer have another name by then."""
    return signing.Signer(salt=_UPLOAD).sign(str(upload))


def claimed_upload(claim: str) -> int:
    """The upload of a claim. Raises `NotYours`."""
    try:
        return int(signing.Signer(salt=_UPLOAD).unsign(claim))
    except signing.BadSignature as error:
        raise NotYours from error


def code_of(visitor: int, mail: int) -> str:
    """The end of the link in a mail: it opens the conversation of this row once, within a week. It is no
    token: what it opens is asked about first."""
    return signing.dumps([visitor, mail], salt=_MAIL, compress=False)


def mail_of_code(code: str) -> tuple[int, int]:
    """The visitor's row and the mail of a code. Raises `NotYours`."""
    facts = _loaded(code, _MAIL, _MAIL_FOR)
    if not isinstance(facts, list) or len(facts) != 2:
        raise NotYours
    return int(facts[0]), int(facts[1])


def _loaded(token: str, salt: str, life: timedelta) -> Any:
    try:
        return signing.loads(token, salt=salt, max_age=life)
    except signing.BadSignature as error:
        raise NotYours from error


def _print_of(account: Account, visitor: str) -> str:
    """For a known visitor, the mark of the secret that vouched; nameless ones outlive the secret."""
    if visitor.startswith(NAMELESS):
        return ""
    return hmac_sha256_hex(account.credentials.get("secret", ""), b"heed widget token")[:12]

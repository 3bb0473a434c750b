"""A mail as it lies in the ledger: its bytes, and where in the mailbox they were."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from heed.channels.base import Malformed


class Envelope(BaseModel):
    """`box` is `INBOX` or `sent`; `whole` is False when only the beginning of a large mail was read. Of one
    that the server did not give out only the place is known, and in what words it was `refused`. The `mark`
    says which mailbox it is."""

    model_config = ConfigDict(extra="ignore")

    kind: Literal["mail"]
    box: Literal["INBOX", "sent"]
    uidvalidity: str
    uid: int
    mark: str = ""
    internaldate: str
    whole: bool = True
    raw: bytes
    refused: str = ""

    @property
    def place(self) -> str:
        """What names the mail in its mailbox: the beginning of the addresses of its files."""
        mark = f"@{self.mark}" if self.mark else ""
        return f"{self.box}/{self.uidvalidity}{mark}/{self.uid}"


def body(box: str, uidvalidity: str, message: Mapping[str, Any], mark: str = "") -> bytes:
    """The delivery of one mail of a mailbox."""
    facts = {
        name: message[name] for name in ("uid", "internaldate", "whole", "raw", "refused") if name in message
    }
    return orjson.dumps({"kind": "mail", "box": box, "uidvalidity": uidvalidity, "mark": mark, **facts})


def opened(content: bytes) -> Envelope | str:
    """The envelope with the mail's bytes; the name of a kind that nobody knows. Raises `Malformed`."""
    try:
        parsed = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Malformed("not JSON") from error
    if not isinstance(parsed, dict) or not isinstance(parsed.get("kind"), str):
        raise Malformed("not an envelope")
    if parsed["kind"] != "mail":
        return str(parsed["kind"])
    try:
        envelope = Envelope.model_validate(parsed)
        raw = base64.b64decode(envelope.raw, validate=True)
    except (ValidationError, binascii.Error) as error:
        raise Malformed("the envelope cannot be read") from error
    return envelope.model_copy(update={"raw": raw})

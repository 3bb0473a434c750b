"""What a delivery is wrapped in: its signatures, its XML, and in safe mode its encryption."""

from __future__ import annotations

import base64
import binascii
import hashlib
from xml.etree.ElementTree import ParseError

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from defusedxml.ElementTree import fromstring

from heed.channels.base import Malformed

_BLOCK = 32  # WeChat pads to twice the block of AES
_RANDOM = 16
_LENGTH = 4


def signature(*words: str) -> str:
    """WeChat's signature: SHA-1 over the words, sorted and joined. The account's token is one of them."""
    return hashlib.sha1("".join(sorted(words)).encode(), usedforsecurity=False).hexdigest()


def fields_of(body: bytes) -> dict[str, str]:
    """The elements of a delivery by name, each with its text. Raises `Malformed`."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, ValueError, LookupError) as error:
        raise Malformed(f"not XML: {type(error).__name__}: {error}"[:300]) from error
    if root.tag != "xml":
        raise Malformed("the XML has another root")
    return {str(each.tag): each.text or "" for each in root}


def opened(encrypted: str, aes_key: str, app_id: str) -> bytes:
    """The XML in `Encrypt`. Raises `Malformed` when the key does not fit or it is for another account."""
    plain = _unpadded(_decrypted(encrypted, aes_key))
    start = _RANDOM + _LENGTH
    end = start + int.from_bytes(plain[_RANDOM:start], "big")
    if len(plain) < start or end > len(plain):
        raise Malformed("the AES key does not fit")
    if plain[end:] != app_id.encode():
        raise Malformed("it was encrypted for another account")
    return plain[start:end]


def _decrypted(encrypted: str, aes_key: str) -> bytes:
    try:
        key = base64.b64decode(aes_key + "=", validate=True)
        sealed = base64.b64decode(encrypted, validate=True)
        reader = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).decryptor()
        return reader.update(sealed) + reader.finalize()
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"it cannot be decrypted: {error}") from error


def _unpadded(padded: bytes) -> bytes:
    """Without the padding: as many bytes as the last one says."""
    length = padded[-1] if padded else 0
    if not 1 <= length <= _BLOCK or padded[-length:] != bytes([length]) * length:
        raise Malformed("the AES key does not fit")
    return padded[:-length]

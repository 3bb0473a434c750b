"""Deliveries of WeChat for the contract suite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from heed.channels.base import AccountRecord, Hook

PAYLOADS = Path(__file__).parent / "payloads"
TOKEN = "wx-token-demo"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
STAMP = {"timestamp": "1409735669", "nonce": "1320562132"}
SIGNATURE = "308d8c777ac4ff9b7d197584a74a806ba32d7016"
SEAL = "8cdedd4fd7f7b1be5530454adc1a06bc582b8962"
ENCRYPTED = (
    "Q3stYC6hdFzMh9T8HCvyDKKc1/GJHAYkM+9pueI8UEI/CYef86C3b4Tbb/J/cWmTId61F12dDCEgEuSYRUBOEy53JwqhU6cUiwIOUXaM"
    "TkunqEef/ryNsFO/y6B8uT+dH6shpOGJHxC5o5JLsyrO4VR0STcnF52GzxeNRljxARxEexqpLxmjZqDVuZEmL5kQp7L3lJIpT0RThGmq"
    "jJMbgOOsNt6D9c5Gx61cK9CidydplKRB+qXJ6zSCDud0Okj/tcaMNfCgW97TKkdIt/KAS2DkGKGXzFGYzHMi4KHPC1U3F1PinSPEFE3q"
    "dfuwYnD7CIROU5TyIE1AvbXHECCRCDe/AQZ7tM+rsjxM4w0h46cFsWe/lEu0ZSA98Oi8QLt6L+2N19pjImH76TubERaN9TNGvA9Go4nb"
    "WZhWxeFi4+s="
)
ACCOUNT = AccountRecord(
    external_id="wx0000000000000001",
    name="Acme on WeChat",
    credentials={"app_id": "wx0000000000000001", "app_secret": "secret-demo", "token": TOKEN},
    base_url="https://api.weixin.qq.com",
    session={"access_token": "token-1", "renew_at": "2999-01-01T00:00:00+00:00"},
    hook_url="https://desk.example.org/hooks/here",
)
SAFE = replace(ACCOUNT, credentials={**ACCOUNT.credentials, "aes_key": AES_KEY})
"""The same account in safe mode."""

UNKNOWN = (
    b"<xml><ToUserName>gh_demo</ToUserName><FromUserName>o_demo_user</FromUserName>"
    b"<CreateTime>1409735668</CreateTime><MsgType>event</MsgType><Event>moon_landing</Event></xml>"
)
COVERS_THE_BODY = False
"""In plain mode only the query is signed: a changed body is admitted with it. For safe mode see
`test_door.py`."""


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.xml").read_bytes()


def signed(body: bytes, signature: str = SIGNATURE) -> Hook:
    return Hook("POST", {**STAMP, "signature": signature}, {"content-type": "text/xml"}, body)


def sealed(encrypted: str = ENCRYPTED, seal: str = SEAL) -> Hook:
    """A delivery in safe mode."""
    body = f"<xml><ToUserName>gh_demo</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()
    query = {**STAMP, "signature": SIGNATURE, "encrypt_type": "aes", "msg_signature": seal}
    return Hook("POST", query, {"content-type": "text/xml"}, body)


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    plain = [(signed(payload(name)), ACCOUNT) for name in ("text", "image", "unsubscribe")]
    return [*plain, (sealed(), SAFE)]


def bodies() -> list[bytes]:
    return [path.read_bytes() for path in sorted(PAYLOADS.glob("*.xml"))]


def poisoned() -> bytes | None:
    """WeChat sends one message or event per delivery."""
    return None

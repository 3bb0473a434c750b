"""Signatures against known ones, and the door."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from heed.channels.base import ADMITTED, REFUSED, WRONG_METHOD, Hook
from heed.channels.x.adapter import network
from heed.channels.x.signing import oauth1_header, webhook_signature
from heed.channels.x.tests.sample import ACCOUNT, SECRET, payload, signed

BODY = b'{"data":{"event_uuid":"2080765813578191303","event_type":"post.mention.create"}}'
SIGNATURE = "sha256=DNUtmVNsz2o6Bm+0qvqD66zgsZotQpCMF/61rXnKJSo="
HEADER = "x-twitter-webhooks-signature"
TOKEN = "9b4507b3-9040-4669-9ca3-6b94edb50553"
ANSWER = "sha256=wpEAlIejamFF5B/+lAUtVDBNRFesv+Icck8aIXcTyuY="
KEYS = {
    "consumer_key": "xvz1evFS4wEEPTGEFPHBog",
    "consumer_secret": "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    "access_token": "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "token_secret": "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
}


def test_a_known_webhook() -> None:
    assert webhook_signature(SECRET, BODY) == SIGNATURE


@pytest.mark.parametrize("version", ["1", "1.1"])
def test_a_known_signed_call(version: str) -> None:
    """The example of X's own pages, of both versions of the API it was written for."""
    known = {"1": "tnnArxj06cWHq44gCs1OSKk%2FjLY%3D", "1.1": "hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"}
    header = oauth1_header(
        "POST",
        f"https://api.twitter.com/{version}/statuses/update.json",
        {"status": "Hello Ladies + Gentlemen, a signed OAuth request!", "include_entities": "true"},
        KEYS,
        "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        1318622958,
    )
    assert f'oauth_signature="{known[version]}"' in header
    assert header.startswith('OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", ')
    assert KEYS["token_secret"] not in header


def test_the_question_whether_we_know_the_secret() -> None:
    admission = network.admit(Hook("GET", {"crc_token": TOKEN}, {}, b""), ACCOUNT)
    assert (admission.status, admission.keep, admission.content_type) == (200, False, "application/json")
    assert orjson.loads(admission.body) == {"response_token": ANSWER}


def test_no_question_no_answer() -> None:
    assert network.admit(Hook("GET", {}, {}, b""), ACCOUNT).status == 403
    bare = replace(ACCOUNT, credentials={})
    assert network.admit(Hook("GET", {"crc_token": TOKEN}, {}, b""), bare).status == 403


def test_what_is_signed_is_kept() -> None:
    assert network.admit(Hook("POST", {}, {HEADER: SIGNATURE}, BODY), ACCOUNT) == ADMITTED


@pytest.mark.parametrize(
    "signature",
    [
        "",
        SIGNATURE.removeprefix("sha256="),
        SIGNATURE.replace("sha256", "sha1"),
        SIGNATURE[:-2] + "p=",
        webhook_signature("another secret", BODY),
        webhook_signature(SECRET, BODY + b"\n"),
        "šumnik",
    ],
)
def test_what_is_signed_wrongly_is_refused(signature: str) -> None:
    assert network.admit(Hook("POST", {}, {HEADER: signature}, BODY), ACCOUNT) == REFUSED


def test_nothing_is_signed_with_an_empty_secret() -> None:
    bare = replace(ACCOUNT, credentials={**ACCOUNT.credentials, "consumer_secret": ""})
    assert network.admit(signed(payload("mention"), ""), bare) == REFUSED


def test_other_methods() -> None:
    assert network.admit(Hook("PUT", {}, {}, b""), ACCOUNT) == WRONG_METHOD

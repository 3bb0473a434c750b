"""The connected accounts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings as heed_settings
from django.db import models

from heed.accounts.models import Brand
from heed.channels.base import AccountRecord, Capabilities, Network
from heed.channels.registry import network_or_stand_in
from heed.lib import clock
from heed.lib.crypto import KeyRing, key_ring
from heed.lib.rows import Row


def _hook_token() -> str:
    return secrets.token_urlsafe(24)


class Account(Row):
    """One connected Page, handle, number or mailbox."""

    class State(models.TextChoices):
        CONNECTING = "connecting"
        CONNECTED = "connected"
        BROKEN = "broken"

    class AfterSolved(models.TextChoices):
        """What a customer's new message does to a solved ticket."""

        REOPEN = "reopen"
        NEW = "new"

    network = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    brand = models.ForeignKey(
        Brand, on_delete=models.SET_NULL, null=True, blank=True, related_name="accounts"
    )
    external_id = models.CharField(max_length=255, blank=True)
    handle = models.CharField(max_length=255, blank=True)
    base_url = models.CharField(max_length=500)
    hook_token = models.CharField(max_length=64, unique=True, default=_hook_token)
    locked_credentials = models.BinaryField(default=b"")
    locked_session = models.BinaryField(default=b"")
    settings = models.JSONField(default=dict, blank=True)
    after_solved = models.CharField(max_length=10, choices=AfterSolved.choices, default=AfterSolved.REOPEN)
    state = models.CharField(max_length=12, choices=State.choices, default=State.CONNECTING)
    problem = models.CharField(max_length=40, blank=True)
    problem_detail = models.CharField(max_length=500, blank=True)
    cursor = models.JSONField(default=dict, blank=True)
    facts = models.JSONField(default=dict, db_default={}, blank=True)
    """What `check` learned last: an access level, the limits of a server. Never a secret."""
    missing = models.JSONField(default=list, db_default=[], blank=True)
    """The permissions the network has not granted, by its own names."""
    quotas = models.JSONField(default=list, db_default=[], blank=True)
    """What the network still allows: lists of what, left, of, resets_at (ISO)."""
    templates = models.JSONField(default=list, db_default=[], blank=True)
    """The approved templates: records of name, language, text, blanks, names."""
    expires_at = models.DateTimeField(null=True, blank=True)
    """When the sign-in ends unless it is renewed."""
    checked_at = models.DateTimeField(null=True, blank=True)
    well_at = models.DateTimeField(null=True, blank=True)
    """When a check last found that all works."""
    connected_at = models.DateTimeField(null=True, blank=True)
    """Since when we know for sure which account of the network this is; None before it first worked."""
    broken_at = models.DateTimeField(null=True, blank=True)
    """Since when the account does not work, if it does not."""
    usual_silence = models.FloatField(null=True, blank=True)
    """The longest silence between two deliveries in the past two weeks, in seconds; None while there
    were too few to tell."""
    door_problem = models.CharField(max_length=20, blank=True, default="", db_default="")
    """Why networks could not reach us when Heed last called its own public address: see `outside`."""
    door_detail = models.CharField(max_length=300, blank=True, default="", db_default="")
    door_since = models.DateTimeField(null=True, blank=True)
    warned = models.JSONField(default=dict, db_default={}, blank=True)
    """Of which warnings the admins were mailed, and when: kind to ISO time."""
    paused_until = models.DateTimeField(null=True, blank=True)
    """The network asked the whole account to slow down until then."""
    created_at = models.DateTimeField(default=clock.now)
    collected_at = models.DateTimeField(null=True, blank=True)
    collect_at = models.DateTimeField(null=True, blank=True)
    """The account is not polled before: it was refused, or there was no answer."""
    told = models.JSONField(default=dict, db_default={}, blank=True)
    """What the network itself said of the account last: `at` (ISO), `detail`, and the `problem`, which stays
    until the network takes it back or a person does, or `until` (ISO) then."""
    last_delivery_at = models.DateTimeField(null=True, blank=True)
    last_sent_at = models.DateTimeField(null=True, blank=True)
    refused = models.BigIntegerField(default=0)
    """Deliveries turned away at the door: wrong or missing signature."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "network",
                "base_url",
                "external_id",
                condition=~models.Q(external_id=""),
                name="one_account_per_page",
                violation_error_message="This account is already connected.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def adapter(self) -> Network:
        return network_or_stand_in(self.network)

    @property
    def able(self) -> Capabilities:
        """What this account can do: the network's capabilities at this account's level."""
        return self.adapter.able(self.facts)

    @property
    def waits_for_calls(self) -> bool:
        """Whether the network brings this account's news to us."""
        return self.adapter.waits_for_calls(self.facts)

    @property
    def hook_url(self) -> str:
        return f"{heed_settings.HEED_PUBLIC_URL}/hooks/{self.hook_token}"

    @property
    def credentials(self) -> dict[str, str]:
        return _ring().open(self.locked_credentials)

    @credentials.setter
    def credentials(self, fields: dict[str, str]) -> None:
        self.locked_credentials = _ring().lock(fields)

    @property
    def session(self) -> dict[str, str]:
        return _ring().open(self.locked_session)

    @session.setter
    def session(self, fields: dict[str, str]) -> None:
        self.locked_session = _ring().lock(fields)

    def record(self) -> AccountRecord:
        """The account as its network sees it."""
        return AccountRecord(
            external_id=self.external_id,
            name=self.name,
            credentials=self.credentials,
            base_url=self.base_url,
            session=self.session,
            settings=dict[str, Any](self.settings),
            hook_url=self.hook_url,
            handle=self.handle,
            facts=dict[str, Any](self.facts),
        )


class Registration(models.Model):
    """Heed as an app at a server that registers apps by itself: every sign-in there uses it again."""

    network = models.CharField(max_length=40)
    base_url = models.CharField(max_length=500)
    locked_app = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint("network", "base_url", name="one_registration")]

    @classmethod
    def at_server_of(cls, account: Account) -> dict[str, str]:
        """What was kept; nothing before the first sign-in there."""
        found = cls.objects.filter(network=account.network, base_url=account.base_url).first()
        return _ring().open(found.locked_app) if found else {}

    @classmethod
    def keep(cls, account: Account, app: Mapping[str, str]) -> None:
        """Keep it for the next sign-in at the server of this account."""
        cls.objects.update_or_create(
            network=account.network,
            base_url=account.base_url,
            defaults={"locked_app": _ring().lock(dict(app))},
        )


class SignIn(models.Model):
    """An admin who is away at the network to grant access. The network sends them back with `state`."""

    HOLDS = timedelta(hours=1)
    """How long they have for it."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="sign_ins")
    user = models.ForeignKey(heed_settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    state = models.CharField(max_length=64, unique=True, default=_hook_token)
    locked_keep = models.BinaryField(default=b"")
    created_at = models.DateTimeField(default=clock.now)

    _ENTERED = "entered:"
    """Before the name of a field that the admin entered, among what is kept."""

    def hold(self, keep: Mapping[str, str], entered: Mapping[str, str]) -> None:
        """Lock away, until the admin is back, what the network wants to see again and what they entered."""
        fields = {f"{self._ENTERED}{name}": value for name, value in entered.items()}
        self.locked_keep = _ring().lock({**keep, **fields})

    @property
    def keep(self) -> dict[str, str]:
        """What the network wants to see again."""
        held = _ring().open(self.locked_keep)
        return {name: value for name, value in held.items() if not name.startswith(self._ENTERED)}

    @property
    def entered(self) -> dict[str, str]:
        """What the admin entered before they went to the network, by the names of the fields."""
        held = _ring().open(self.locked_keep)
        fields = [name for name in held if name.startswith(self._ENTERED)]
        return {name.removeprefix(self._ENTERED): held[name] for name in fields}


def _ring() -> KeyRing:
    return key_ring(heed_settings.HEED_DATA, heed_settings.HEED_SECRET_KEYS)

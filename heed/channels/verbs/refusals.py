"""What a verb cannot do, in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.translation import gettext_lazy

from heed.accounts.refusals import CannotChange
from heed.channels.models import Account

ALREADY_CONNECTED = gettext_lazy("This account is already connected.")


class CannotConnect(CannotChange):
    """What was entered cannot be used. `field` is `network`, `base_url`, `external_id`, `after_solved` or a
    credential field's name. After a sign-in `account` is the one that it was begun for, and `entered` what
    was entered on the way and is kept nowhere else."""

    account: Account | None = None
    entered: Mapping[str, str] = MappingProxyType({})

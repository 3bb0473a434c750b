"""Telegram: one bot, its private chats, and the chats of a business account it is connected to."""

from heed.sandbox.networks.telegram.api import Telegram
from heed.sandbox.networks.telegram.bot import ASKED_FOR_BY_HEED, SECRET
from heed.sandbox.networks.telegram.fields import Fields

simulator = Telegram

__all__ = ["ASKED_FOR_BY_HEED", "SECRET", "Fields", "Telegram", "simulator"]

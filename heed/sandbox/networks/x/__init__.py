"""X: the API, its consent page, webhooks of both generations, and the people who write there."""

from heed.sandbox.networks.x.account import EVENTS, SIGNATURE
from heed.sandbox.networks.x.api import X

simulator = X

__all__ = ["EVENTS", "SIGNATURE", "X", "simulator"]

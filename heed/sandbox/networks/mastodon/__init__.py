"""Mastodon: one server with the company's account, and people of this and of other servers."""

from heed.sandbox.networks.mastodon.api import Mastodon

simulator = Mastodon

__all__ = ["Mastodon", "simulator"]

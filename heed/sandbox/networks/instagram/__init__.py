"""Instagram: one professional account, its posts, comments and direct messages.

Graph API by the account's own token (Instagram Login) or by its Page's token (Facebook Login);
webhooks signed over escaped ASCII JSON, in each shape Meta is known to use.
"""

from heed.sandbox.networks.instagram.api import Instagram

simulator = Instagram

__all__ = ["Instagram", "simulator"]

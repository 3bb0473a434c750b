"""Facebook: one Page, its posts and comments, and its Messenger chats.

Graph API v25/v26 by the Page's token, webhooks signed over escaped ASCII JSON.
"""

from heed.sandbox.networks.facebook.api import Facebook

simulator = Facebook

__all__ = ["Facebook", "simulator"]

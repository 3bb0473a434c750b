"""Looking for tickets in everything a person may see.

`lexicon` (the words of a ticket), `index` (keeps them), `finding` (asks them), `hits` (shows where).
"""

from __future__ import annotations

from heed.inbox.search.index import index_everything

__all__ = ["index_everything"]

"""What can be read, and the stream of what happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.mastodon.account import Notification, Status
from heed.sandbox.networks.mastodon.answers import No, iso, page_of
from heed.sandbox.networks.mastodon.statuses import Statuses

_STREAM_LOOKS = 0.05
_THUMP = 10.0


class Reading(Statuses):
    def _list_notifications(self, call: Call) -> Reply:
        self._needs("read:notifications")
        wanted = {value for name, value in call.pairs if name == "types[]"}
        strangers = call.query.get("include_filtered") == "true"
        shown = [
            each
            for each in self._notifications
            if (not wanted or each.type in wanted)
            and (strangers or not each.filtered)
            and not (each.status and self._statuses[each.status].removed)
        ]
        page = page_of(call, shown, most=80)
        address = f"{self.url}/api/v1/notifications"
        link = (
            f'<{address}?max_id={page[-1].id}>; rel="next", <{address}?min_id={page[0].id}>; rel="prev"'
            if page
            else ""
        )
        return Reply(200, [self._notification(each) for each in page], {"Link": link} if link else {})

    def _notification(self, told: Notification) -> dict[str, Any]:
        view = {
            "id": told.id,
            "type": told.type,
            "created_at": iso(told.at),
            "group_key": f"ungrouped-{told.id}",
            "account": self._profile(told.by),
            **told.more,
        }
        return {**view, "status": self._shown(self._statuses[told.status])} if told.status else view

    def _get_statuses(self, call: Call) -> Reply:
        ids = [value for name, value in call.pairs if name in ("id[]", "ids[]")]
        if len(ids) > 20:
            raise No(422, "Preveč objav")
        found = [self._visible(each) for each in ids]
        return Reply(200, [self._shown(each) for each in found if each])

    def _get_status(self, call: Call, status_id: str) -> Reply:
        return Reply(200, self._shown(self._there(status_id)))

    def _context(self, call: Call, status_id: str) -> Reply:
        status = self._there(status_id)
        above: list[Status] = []
        parent = self._visible(status.parent)
        while parent is not None:
            above.insert(0, parent)
            parent = self._visible(parent.parent)
        below = [each for each in self._all_below(status.id) if self._visible(each.id)]
        return Reply(
            200,
            {
                "ancestors": [self._shown(each) for each in above],
                "descendants": [self._shown(each) for each in below],
            },
        )

    def _source(self, call: Call, status_id: str) -> Reply:
        status = self._own(status_id)
        return Reply(200, {"id": status.id, "text": status.text, "spoiler_text": status.spoiler})

    def _history(self, call: Call, status_id: str) -> Reply:
        status = self._there(status_id)
        return Reply(
            200,
            [
                {
                    "content": self._html(text),
                    "spoiler_text": status.spoiler,
                    "sensitive": status.sensitive,
                    "created_at": iso(at),
                    "account": self._profile(status.author),
                    "media_attachments": [each.shown() for each in status.media],
                }
                for at, text in status.versions
            ],
        )

    def _get_account(self, call: Call, account_id: str) -> Reply:
        return Reply(200, self._profile(self._person(account_id)))

    def _account_statuses(self, call: Call, account_id: str) -> Reply:
        key = self._person(account_id)
        theirs = [each for each in self._statuses.values() if each.author == key and self._visible(each.id)]
        return Reply(200, [self._shown(each) for each in page_of(call, theirs, most=40)])

    def _stream(self, call: Call) -> Reply:
        """What happens from now on, for as long as somebody listens."""
        self._needs("read:notifications")
        events = self._events(len(self._notifications))
        return Reply(200, ":)\n\n", {"Content-Type": "text/event-stream"}, stream=events)

    def _events(self, told: int) -> Iterator[bytes]:
        """The news after the first `told`, and now and then a sign of life."""
        quiet = 0
        while not self._closed.wait(_STREAM_LOOKS) and not self._revoked:
            with self.lock:
                fresh = [self._notification(each) for each in self._notifications[told:]]
            told += len(fresh)
            quiet = 0 if fresh else quiet + 1
            for each in fresh:
                yield f"event: notification\ndata: {json.dumps(each)}\n\n".encode()
            if quiet * _STREAM_LOOKS >= _THUMP:
                quiet = 0
                yield b":thump\n"

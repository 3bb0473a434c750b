"""What can be read of people and posts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.x.account import US, Post
from heed.sandbox.networks.x.answers import missing, moment_of, number_of, problem
from heed.sandbox.networks.x.searching import question
from heed.sandbox.networks.x.webhooks import Webhooks

_IDS, _TIMES = {"since_id", "until_id"}, {"start_time", "end_time"}


class Reading(Webhooks):
    def _me(self, call: Call) -> Reply:
        return Reply(200, {"data": self._user_record(self._user(call))}, self._count("me"))

    def _one_user(self, call: Call, id: str) -> Reply:
        self._user(call)
        if id not in self._names:
            return Reply(200, {"errors": [missing("user", id)]})
        return Reply(200, {"data": self._user_record(id)})

    def _one_post(self, call: Call, id: str) -> Reply:
        self._user(call)
        post = self._posts.get(id)
        if post is None or post.removed:
            return Reply(200, {"errors": [missing("tweet", id)]})
        return self._page(call, [post], one=True)

    def _mentions(self, call: Call, id: str) -> Reply:
        self._own_only(call, id)
        headers = self._count("mentions")
        found = [
            each
            for each in self._posts.values()
            if each.author != self.us and f"@{US}" in (each.prefix + each.said).casefold()
        ]
        return self._listed(call, found[-self.mentions_held :], headers)

    def _own_posts(self, call: Call, id: str) -> Reply:
        self._own_only(call, id)
        headers = self._count("own")
        ours = [each for each in self._posts.values() if each.author == self.us]
        left_out = call.query.get("exclude", "").split(",")
        if "replies" in left_out:
            ours = [each for each in ours if not each.parent]
        if "retweets" not in left_out:
            ours += self._reposts.values()
        return self._listed(call, ours, headers)

    def _liked_posts(self, call: Call, id: str) -> Reply:
        """What was liked last comes first."""
        self._own_only(call, id)
        headers = self._count("liked")
        liked = [self._posts[each] for each in reversed(self._liked)]
        return self._paged(call, [each for each in liked if not each.removed], headers)

    def _search(self, call: Call) -> Reply:
        self._user(call)
        headers = self._count("search")
        asked = call.query.get("query", "")
        most = 512 if self.level == "self_serve" else 4096
        if not asked or len(asked) > most:
            raise problem(400, "invalid-request", f"query must be 1 to {most} characters")
        if _IDS & call.query.keys() and _TIMES & call.query.keys():
            raise problem(400, "invalid-request", "Invalid use of an id in conjunction with a time")
        oldest = self.clock.now() - timedelta(days=7)
        since = self._posts.get(call.query.get("since_id", ""))
        if since is not None and since.at < oldest:
            raise problem(400, "invalid-request", "since_id must be a post id created within 7 days")
        fits = question(asked)
        found = [each for each in self._posts.values() if each.at > oldest and fits(self._searched(each))]
        return self._listed(call, found, headers)

    def _searched(self, post: Post) -> dict[str, str]:
        links = " ".join(each["expanded_url"] for each in self._wire_text(post)[1])
        handle = self._handles.get(post.author, "")
        return {"text": (post.prefix + post.said).casefold(), "url": links.casefold(), "from": handle}

    def _listed(self, call: Call, posts: list[Post], headers: dict[str, str]) -> Reply:
        asked = call.query
        living = [each for each in posts if not each.removed]
        since, until = moment_of(asked.get("start_time")), moment_of(asked.get("end_time"))
        found = [
            each
            for each in living
            if (since is None or each.at >= since)
            and (until is None or each.at < until)
            and int(each.id) > int(asked.get("since_id") or 0)
            and ("until_id" not in asked or int(each.id) < int(asked["until_id"]))
        ]
        return self._paged(call, sorted(found, key=lambda each: int(each.id), reverse=True), headers)

    def _paged(self, call: Call, newest_first: list[Post], headers: dict[str, str]) -> Reply:
        asked = call.query
        most = number_of(asked.get("max_results"), 10, 5, 100)
        token = asked.get("pagination_token") or asked.get("next_token")
        if token and not self.tokens_hold:
            raise problem(400, "invalid-request", f"the token {token} is not valid")
        start = int(token or 0)
        page = newest_first[start : start + most]
        reply = self._page(call, page)
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
        if start + most < len(newest_first):
            meta["next_token"] = str(start + most)
        assert isinstance(reply.body, dict)
        return Reply(200, {**reply.body, "meta": meta}, headers)

    def _page(self, call: Call, posts: list[Post], *, one: bool = False) -> Reply:
        """Posts with the fields that were asked for, in whichever spelling, and what was asked for beside
        them; without any only their id, text and history."""
        asked = {"id", "text", "edit_history_tweet_ids", *call.query.get("tweet.fields", "").split(",")}
        records = [self._record(each) for each in posts]
        shown = [
            {name: value for name, value in each.items() if name.replace("posts", "tweets") in asked}
            for each in records
        ]
        answer: dict[str, Any] = {"data": shown[0] if one else shown} if shown else {}
        if records and "author_id" in call.query.get("expansions", ""):
            people = [self._user_record(each) for each in sorted({each.author for each in posts})]
            answer["includes"] = {"users": people}
            for record in records:
                for name, found in self._around(record).items():
                    answer["includes"].setdefault(name, []).extend(found)
        return Reply(200, answer)

    def _usage(self, call: Call) -> Reply:
        self._app(call)
        used = {"project_cap": "3000000", "project_usage": "1200", "cap_reset_day": 1, "project_id": "7"}
        return Reply(200, {"data": used})

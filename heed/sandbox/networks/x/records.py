"""Posts and people in the shapes of the API, and of the deliveries of the generation before."""

from __future__ import annotations

import html
import re
from datetime import UTC
from typing import Any
from urllib.parse import unquote

from heed.sandbox.networks.x.account import Post, Upload
from heed.sandbox.networks.x.answers import iso
from heed.sandbox.networks.x.signing_in import SigningIn

LINK = re.compile(r"https?://[^\s]+|(?<![\w@./-])[a-z0-9-]+\.(?:com|net|org|si)\b(?:/[^\s]*)?", re.IGNORECASE)
"""What X makes a link of: a bare domain too."""
_NAMED = re.compile(r"@(\w{1,20})")


def with_scheme(link: str) -> str:
    """A link with its scheme: X puts one before a bare domain."""
    return link if "://" in link else f"http://{link}"


class Records(SigningIn):
    def _around(self, payload: dict[str, Any]) -> dict[str, Any]:
        """What is included beside a post: its files, and the posts it refers to."""
        name = self._word("includes")
        refers = payload.get(self._word("references")) or []
        known = [self._posts[each["id"]] for each in refers if each["id"] in self._posts]
        files = [self._file(key) for key in (payload.get("attachments") or {}).get("media_keys", [])]
        found = {name: [self._record(each) for each in known], "media": files}
        return {key: value for key, value in found.items() if value}

    def _word(self, what: str) -> str:
        tweet = {
            "references": "referenced_tweets",
            "history": "edit_history_tweet_ids",
            "includes": "tweets",
            "answered": "in_reply_to_tweet_id",
        }[what]
        return tweet if self.spelling != "post" else tweet.replace("tweet", "post")

    def _user_record(self, id: str) -> dict[str, Any]:
        name, handle = self._names.get(id, id), self._handles.get(id, f"user{id[-6:]}")
        return {"id": id, "name": name, "username": handle, "verified": False, "protected": False}

    def _record(self, post: Post) -> dict[str, Any]:
        """A post in the shape of the API."""
        text, urls = self._wire_text(post)
        references = [
            {"type": kind, "id": id}
            for kind, id in (
                ("replied_to", post.parent),
                ("quoted", post.quoted),
                ("retweeted", post.reposted),
            )
            if id
        ]
        versions = post.versions or [post.id]
        names = [(each.start(), each.end(), each[1]) for each in _NAMED.finditer(text)]
        ids = {handle.casefold(): id for id, handle in self._handles.items()}
        record: dict[str, Any] = {
            "id": versions[-1],
            "text": text,
            "author_id": post.author,
            "created_at": iso(post.at),
            "conversation_id": post.conversation,
            self._word("history"): versions,
            "display_text_range": [len(post.prefix), len(text)],
            "entities": {
                "mentions": [
                    {"start": start, "end": end, "username": word, "id": ids[word.casefold()]}
                    for start, end, word in names
                    if word.casefold() in ids
                ],
                "urls": urls,
            },
            "lang": "und",
            "public_metrics": {
                "like_count": len(post.likes) + post.faces[0],
                "like_count_str": str(len(post.likes) + post.faces[0]),
                "retweet_count": len(post.reposts) + post.faces[1],
                "reply_count": len(self._replies(post)),
            },
        }
        if references:
            record[self._word("references")] = references
        if post.parent:
            record[self._word("answered")] = post.parent
            record["in_reply_to_user_id"] = self._author(post.parent)
        if post.files:
            record["attachments"] = {"media_keys": list(post.files)}
        return record

    def _older_record(self, post: Post) -> dict[str, Any]:
        """A post as the deliveries of the generation before show it."""
        record = self._record(post)
        user = self._user_record(post.author)
        named = [
            {"screen_name": each["username"], "id_str": each["id"], "indices": [each["start"], each["end"]]}
            for each in record["entities"]["mentions"]
        ]
        id = record["id"]
        return {
            "id": float(id),  # its precision is lost, as it is in the real ones for many readers
            "id_str": id,
            "created_at": post.at.astimezone(UTC).strftime("%a %b %d %H:%M:%S +0000 %Y"),
            "text": record["text"][:140],
            "truncated": len(record["text"]) > 140,
            "extended_tweet": {
                "full_text": record["text"],
                "display_text_range": record["display_text_range"],
                "entities": {"user_mentions": named, "urls": record["entities"]["urls"]},
            },
            "user": {
                "id_str": user["id"],
                "name": user["name"],
                "screen_name": user["username"],
                "profile_image_url_https": "",
            },
            "in_reply_to_status_id_str": post.parent or None,
            "in_reply_to_user_id_str": self._author(post.parent) or None,
            "quoted_status_id_str": post.quoted or None,
            **({"retweeted_status": {"id_str": post.reposted}} if post.reposted else {}),
            "favorite_count": len(post.likes),
        }

    def _wire_text(self, post: Post) -> tuple[str, list[dict[str, Any]]]:
        """The text as X keeps it: escaped, links shortened, an address for the files at the end."""
        urls: list[dict[str, Any]] = []

        def shorten(found: re.Match[str]) -> str:
            short = f"https://t.co/{self.ids.stable('t.co', post.id, str(len(urls)), size=10)}"
            urls.append({"url": short, "expanded_url": with_scheme(found[0]), "display_url": found[0][:25]})
            return short

        text = LINK.sub(shorten, post.prefix + html.escape(post.said, quote=False))
        home = f"https://x.com/{self._handles.get(post.author, 'i')}/status/{post.id}"
        if post.quoted:
            quoted = f"https://x.com/{self._handles.get(self._author(post.quoted), 'i')}/status/{post.quoted}"
            urls.append({"url": f"https://t.co/q{post.id[-8:]}", "expanded_url": quoted})
        if post.files:
            short = f"https://t.co/f{post.id[-8:]}"
            urls.append({"url": short, "expanded_url": f"{home}/photo/1", "media_key": post.files[0]})
            text = f"{text} {short}".strip()
        return text, urls

    def _file(self, key: str) -> dict[str, Any]:
        upload = self._uploads.get(key.partition("_")[2])
        if upload is None:
            return {"media_key": key, "type": "photo", "url": unquote(key.partition("_")[2])}
        kind = {"gif": "animated_gif", "video": "video"}.get(upload.kind, "photo")
        shown = {"media_key": key, "type": kind, "url": self._picture_of(key)}
        return {**shown, "alt_text": upload.alt} if upload.alt else shown

    def _picture_of(self, key: str) -> str:
        upload = self._uploads.get(key.partition("_")[2])
        return self._kept_upload(upload) if upload else unquote(key.partition("_")[2])

    def _kept_upload(self, upload: Upload) -> str:
        ending = upload.mime.partition("/")[2]
        return self.keep(upload.content, upload.mime, f"file.{ending}")

    def _author(self, id: str) -> str:
        return self._posts[id].author if id in self._posts else ""

    def _replies(self, post: Post) -> list[Post]:
        return [each for each in self._posts.values() if each.parent == post.id and not each.removed]

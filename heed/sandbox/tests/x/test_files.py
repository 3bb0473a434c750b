"""Files at X: in pieces, checked, forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from heed.sandbox.networks.x import X
from heed.sandbox.tests.x.calls import ask, call, client, post, tokens


class TestFiles:
    def upload(self, x: X, content: bytes, mime: str, category: str) -> str:
        about = {"media_type": mime, "total_bytes": len(content), "media_category": category}
        media = call(x, "POST", "/2/media/upload/initialize", about)["data"]["id"]
        token = x.accounts()[0].credentials["access_token"]
        for number, start in enumerate(range(0, len(content), 4)):
            piece = {"media": ("f", content[start : start + 4], mime)}
            answer = client.post(
                f"{x.url}/2/media/upload/{media}/append",
                data={"segment_index": str(number)},
                files=piece,
                headers={"Authorization": f"Bearer {token}"},
            )
            assert answer.is_success, answer.text
        return str(media)

    def test_a_picture_in_pieces(self, x: X) -> None:
        media = self.upload(x, b"123456789", "image/png", "tweet_image")
        early = ask(x, "POST", "/2/tweets", {"text": "a", "media": {"media_ids": [media]}})
        assert early.status_code == 400
        call(x, "POST", f"/2/media/upload/{media}/finalize")
        post(x, "a", media={"media_ids": [media]})
        picture = x.scene("lea").posts[0].picture
        assert client.get(picture).content == b"123456789"

    def test_a_video_takes_a_while(self, x: X) -> None:
        media = self.upload(x, b"vvvv", "video/mp4", "tweet_video")
        closed = call(x, "POST", f"/2/media/upload/{media}/finalize")["data"]["processing_info"]
        assert (closed["state"], closed["check_after_secs"]) == ("pending", 1)
        early = ask(x, "POST", "/2/tweets", {"text": "a", "media": {"media_ids": [media]}})
        assert early.status_code == 400
        states = [
            call(x, "GET", "/2/media/upload", command="STATUS", media_id=media)["data"]["processing_info"][
                "state"
            ]
            for _ in range(2)
        ]
        assert states == ["in_progress", "succeeded"]
        post(x, "a", media={"media_ids": [media]})

    def test_a_piece_that_is_missing(self, x: X) -> None:
        about = {"media_type": "image/png", "total_bytes": 9, "media_category": "tweet_image"}
        media = call(x, "POST", "/2/media/upload/initialize", about)["data"]["id"]
        assert ask(x, "POST", f"/2/media/upload/{media}/finalize").status_code == 400

    def test_a_day_later_it_is_gone(self, x: X) -> None:
        media = self.upload(x, b"123", "image/png", "tweet_image")
        call(x, "POST", f"/2/media/upload/{media}/finalize")
        x.clock.move(86401)
        token = tokens(
            x, grant_type="refresh_token", refresh_token=x.accounts()[0].credentials["refresh_token"]
        )
        body = {"text": "a", "media": {"media_ids": [media]}}
        answer = ask(x, "POST", "/2/tweets", body, token=token.json()["access_token"])
        assert answer.status_code == 400

    @pytest.mark.parametrize(
        "about",
        [
            {"media_type": "image/png", "total_bytes": 6 * 1024 * 1024, "media_category": "tweet_image"},
            {"media_type": "text/plain", "total_bytes": 9, "media_category": "tweet_image"},
            {"media_type": "image/png", "total_bytes": 0, "media_category": "tweet_image"},
            {"media_type": "image/png", "total_bytes": 9, "media_category": "tweet_song"},
        ],
    )
    def test_files_x_does_not_take(self, x: X, about: dict[str, Any]) -> None:
        assert ask(x, "POST", "/2/media/upload/initialize", about).status_code == 400

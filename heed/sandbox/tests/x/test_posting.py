"""What the account may post at X."""

from __future__ import annotations

from heed.sandbox.networks.x import X
from heed.sandbox.tests.x.calls import LEA_SAYS, ask, call, post


class TestPosting:
    def test_what_a_post_may_be(self, x: X) -> None:
        assert ask(x, "POST", "/2/tweets", {"text": "ž" * 281}).json()["errors"][0]["code"] == 186
        assert ask(x, "POST", "/2/tweets", {}).status_code == 400
        assert ask(x, "POST", "/2/tweets", {"text": "a", "media": {"media_ids": ["7"]}}).status_code == 400
        post(x, "日" * 140)

    def test_a_repeat(self, x: X) -> None:
        post(x, "Na poti je.")
        again = ask(x, "POST", "/2/tweets", {"text": "Na poti je."})
        assert (again.status_code, "duplicate content" in again.json()["detail"]) == (403, True)

    def test_the_answered_post_is_gone(self, x: X) -> None:
        made = x.do("mention", **LEA_SAYS)
        x.do("remove", person="lea", id=made["id"])
        reply = {"text": "Na poti je.", "reply": {"in_reply_to_tweet_id": made["id"]}}
        assert ask(x, "POST", "/2/tweets", reply).json()["errors"][0]["code"] == 385

    def test_a_post_of_an_earlier_run_can_be_answered(self, x: X) -> None:
        post(x, "Na poti je.", reply={"in_reply_to_tweet_id": "1700000000000000001"})
        wrong = {"text": "a", "reply": {"in_reply_to_tweet_id": "x1"}}
        assert ask(x, "POST", "/2/tweets", wrong).status_code == 400

    def test_what_self_serve_may_not(self, x: X) -> None:
        x.do("level", level="self_serve")
        stranger = x.do("say", person="jan", text="Danes sije sonce.")
        fan = x.do("mention", **LEA_SAYS)
        refused = ask(
            x, "POST", "/2/tweets", {"text": "Res!", "reply": {"in_reply_to_tweet_id": stranger["id"]}}
        )
        assert (refused.status_code, "not been mentioned" in refused.json()["detail"]) == (403, True)
        assert ask(x, "POST", "/2/tweets", {"text": "Res!", "quote_tweet_id": fan["id"]}).status_code == 403
        assert ask(x, "POST", f"/2/users/{x.us}/likes", {"tweet_id": fan["id"]}).status_code == 403
        assert ask(x, "POST", "/2/tweets", {"text": "$AB $CD"}).status_code == 403
        post(x, "Res!", reply={"in_reply_to_tweet_id": fan["id"]})

    def test_hiding_only_under_our_own(self, x: X) -> None:
        x.do("post", text="Zimska kolekcija je tu.")
        ours = x.do("comment", person="lea", text="Kje je 38?")
        theirs = x.do("mention", **LEA_SAYS)
        call(x, "PUT", f"/2/tweets/{ours['id']}/hidden", {"hidden": True})
        assert [each.hidden for each in x.scene("lea").lines()] == [True]
        assert ask(x, "PUT", f"/2/tweets/{theirs['id']}/hidden", {"hidden": True}).status_code == 403

    def test_a_hundred_posts_in_a_quarter_of_an_hour(self, x: X) -> None:
        for number in range(100):
            answer = ask(x, "POST", "/2/tweets", {"text": f"Objava {number}"})
            assert answer.headers["x-rate-limit-remaining"] == str(99 - number)
        refused = ask(x, "POST", "/2/tweets", {"text": "Še ena"})
        assert (refused.status_code, refused.headers["x-rate-limit-remaining"]) == (429, "0")
        assert int(refused.headers["x-rate-limit-reset"]) > x.clock.now().timestamp()
        x.clock.move(901)
        post(x, "Še ena")

    def test_no_credit(self, x: X) -> None:
        x.do("credit", on=False)
        assert ask(x, "POST", "/2/tweets", {"text": "a"}).status_code == 402

    def test_what_is_gone_is_an_error_beside_no_data(self, x: X) -> None:
        answer = call(x, "GET", "/2/tweets/7")
        assert "data" not in answer
        assert answer["errors"][0]["type"].endswith("resource-not-found")

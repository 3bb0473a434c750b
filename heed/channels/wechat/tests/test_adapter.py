"""What the adapter asks of WeChat, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import (
    Checked,
    IdentitySeen,
    MediaSource,
    Person,
    Quota,
    Refusal,
    SessionExpired,
    Wanted,
)
from heed.channels.wechat import calls
from heed.channels.wechat.adapter import MESSAGES, network
from heed.channels.wechat.tests.sample import ACCOUNT
from heed.channels.wechat.tests.script import (
    NO_SESSION,
    OK,
    OPENID,
    TARGET,
    Script,
    answer,
    error,
    refusal_of,
)
from heed.lib import clock
from heed.lib.http import AnswerLost, Response, TooLarge


class TestToken:
    def test_a_new_one(self) -> None:
        script = Script({"access_token": "token-2", "expires_in": 7200})
        session = script.run(network.renew(NO_SESSION))
        assert session["access_token"] == "token-2"
        assert script.fields() == {
            "grant_type": "client_credential",
            "appid": "wx0000000000000001",
            "secret": "secret-demo",
            "force_refresh": False,
        }
        assert script.requests[0].params == {}

    @pytest.mark.parametrize(("held", "works"), [(0, True), (6890, True), (6910, False)])
    def test_it_is_renewed_five_minutes_early(self, held: float, works: bool) -> None:
        session = Script({"access_token": "t", "expires_in": 7200}).run(network.renew(NO_SESSION))
        account = replace(ACCOUNT, session=session)
        with clock.moved(timedelta(seconds=held)):
            if works:
                assert calls.token_of(account) == "t"
            else:
                with pytest.raises(SessionExpired):
                    calls.token_of(account)

    def test_one_with_little_left_is_still_used(self) -> None:
        session = Script({"access_token": "t", "expires_in": 60}).run(network.renew(NO_SESSION))
        assert calls.token_of(replace(ACCOUNT, session=session)) == "t"

    def test_without_one_nothing_is_asked(self) -> None:
        with pytest.raises(SessionExpired):
            Script().run(network.send(NO_SESSION, answer()))

    def test_one_that_was_refused_before_its_time_is_replaced_by_force(self) -> None:
        script = Script(
            {"access_token": "token-1", "expires_in": 5000}, {"access_token": "token-2", "expires_in": 7200}
        )
        assert script.run(network.renew(ACCOUNT))["access_token"] == "token-2"
        assert [script.fields(number)["force_refresh"] for number in (0, 1)] == [False, True]

    def test_one_that_somebody_else_replaced_is_taken(self) -> None:
        script = Script({"access_token": "token-2", "expires_in": 7200})
        assert script.run(network.renew(ACCOUNT))["access_token"] == "token-2"

    def test_one_that_ended_is_not_forced(self) -> None:
        over = {"access_token": "token-1", "renew_at": "2020-01-01T00:00:00+00:00"}
        script = Script({"access_token": "token-1", "expires_in": 250})
        assert script.run(network.renew(replace(ACCOUNT, session=over)))["access_token"] == "token-1"

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            (error(40013), "sign_in_again"),
            (error(40125), "sign_in_again"),
            (error(40001), "sign_in_again"),
            (error(40164, "invalid ip 203.0.113.7, not in whitelist"), "not_allowed"),
            (error(-1), "network_down"),
            ({"expires_in": 7200}, "network_down"),
            ({"access_token": "t"}, "network_down"),
            (Response(500, {}, b""), "network_down"),
        ],
    )
    def test_none_is_given(self, given: Any, reason: str) -> None:
        assert refusal_of(network.renew(NO_SESSION), given).reason == reason


class TestCheck:
    def test_the_account_and_what_is_left_of_the_day(self) -> None:
        script = Script({**OK, "quota": {"daily_limit": 500000, "used": 3, "remain": 499997}})
        checked = script.run(network.check(ACCOUNT))
        assert script.fields() == {"cgi_path": "/cgi-bin/message/custom/send"}
        (quota,) = checked.quotas
        assert quota == Quota("messages a day", 499997, 500000, calls.next_midnight(clock.now()))
        assert checked == Checked("wx0000000000000001", quotas=(quota,))

    @pytest.mark.parametrize("code", [48001, 76022])
    def test_an_account_that_may_not_answer(self, code: int) -> None:
        checked = Script(error(code)).run(network.check(ACCOUNT))
        assert checked == Checked("wx0000000000000001", missing=(MESSAGES.name,))

    def test_other_refusals_stay(self) -> None:
        assert refusal_of(network.check(ACCOUNT), error(50002)).reason == "account_blocked"

    def test_no_word_of_the_quota(self) -> None:
        assert Script(OK).run(network.check(ACCOUNT)).quotas == ()

    def test_without_a_token_it_asks_for_one_first(self) -> None:
        with pytest.raises(SessionExpired):
            Script().run(network.check(NO_SESSION))


class TestPeople:
    def looked_up(self, user: Mapping[str, Any]) -> Any:
        script = Script(dict(user))
        found = script.run(network.look_up(ACCOUNT, Wanted("person", OPENID)))
        assert script.requests[0].params == {"access_token": "token-1", "openid": OPENID, "lang": "en"}
        return found

    def test_a_follower(self) -> None:
        user = {
            "subscribe": 1, "openid": OPENID, "nickname": "", "headimgurl": "", "language": "zh_CN",
            "unionid": "o6_union", "remark": "Lea Marn",
        }  # fmt: skip
        lea = Person(OPENID, name="Lea Marn", language="zh_CN", also="o6_union")
        assert self.looked_up(user) == [IdentitySeen(person=lea, reachable=True)]

    def test_who_does_not_follow_cannot_be_reached(self) -> None:
        assert self.looked_up({"subscribe": 0, "openid": OPENID}) == [
            IdentitySeen(person=Person(OPENID), reachable=False)
        ]

    def test_odd_answers(self) -> None:
        assert self.looked_up({"subscribe": None, "remark": 7, "openid": OPENID}) == [
            IdentitySeen(person=Person(OPENID))
        ]

    def test_nothing_else_can_be_looked_up(self) -> None:
        assert Script().run(network.look_up(ACCOUNT, Wanted("message", "1"))) == []


class TestMedia:
    HERE = MediaSource(
        "https://api.weixin.qq.com/cgi-bin/media/get?access_token=token-1&media_id=media-boot_1"
    )

    def test_a_file(self) -> None:
        picture = Response(200, {"content-type": "image/jpeg"}, b"\xff\xd8")
        assert Script(picture).run(network.media(ACCOUNT, "media:media-boot_1")) == self.HERE

    def test_a_large_file_is_no_error(self) -> None:
        assert Script(TooLarge("8 MB")).run(network.media(ACCOUNT, "media:media-boot_1")) == self.HERE

    def test_a_video_lies_elsewhere(self) -> None:
        script = Script({"video_url": "https://mp.video.qq.com/1"})
        assert script.run(network.media(ACCOUNT, "media:v")) == MediaSource("https://mp.video.qq.com/1")

    def test_one_that_is_gone(self) -> None:
        refusal = refusal_of(network.media(ACCOUNT, "media:old"), error(40007))
        assert (refusal.retry, refusal.code) == (False, "40007")

    def test_a_token_that_ended_is_no_picture(self) -> None:
        with pytest.raises(SessionExpired):
            Script(error(42001)).run(network.media(ACCOUNT, "media:media-boot_1"))

    @pytest.mark.parametrize(
        ("status", "reason"), [(429, "slow_down"), (500, "network_down"), (503, "network_down")]
    )
    def test_a_bad_day(self, status: int, reason: str) -> None:
        refusal = refusal_of(network.media(ACCOUNT, "media:x"), Response(status, {}, b""))
        assert (refusal.reason, refusal.retry) == (reason, True)

    def test_other_addresses_stay(self) -> None:
        assert Script().run(network.media(ACCOUNT, "https://x.example/1")) == MediaSource(
            "https://x.example/1"
        )


class TestTheRest:
    def test_typing(self) -> None:
        script = Script(OK)
        assert script.run(network.act(ACCOUNT, "typing", TARGET, OPENID)) == {}
        assert script.requests[0].url.endswith("/cgi-bin/message/custom/typing")
        assert script.fields() == {"touser": OPENID, "command": "Typing"}

    @pytest.mark.parametrize("code", [45080, 45081])
    def test_typing_that_shows_to_nobody_is_no_trouble(self, code: int) -> None:
        assert Script(error(code)).run(network.act(ACCOUNT, "typing", TARGET, OPENID)) == {}

    def test_typing_may_be_refused(self) -> None:
        assert refusal_of(network.act(ACCOUNT, "typing", TARGET, OPENID), error(48001)).reason == (
            "not_allowed"
        )

    def test_other_actions_there_are_none(self) -> None:
        assert refusal_of(network.act(ACCOUNT, "seen", TARGET, OPENID)).reason == "not_allowed"

    def test_there_is_nothing_to_collect(self) -> None:
        assert Script().run(network.collect(ACCOUNT, {"seen": 1})).bodies == ()

    def test_no_error_tells_the_token(self) -> None:
        for given in (error(45015), Response(500, {}, b""), Response(404, {}, b"")):
            with pytest.raises((Refusal, AnswerLost)) as caught:
                Script(given).run(network.send(ACCOUNT, answer()))
            assert "token-1" not in str(caught.value)

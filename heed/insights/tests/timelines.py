"""Sixty tickets' lives, and their figures computed by hand. Each comment is the arithmetic.

A life: one thing a line, all times UTC. `Mon` to `Sun` is the week from 23 to 29 November 2026, `Mon2` the
Monday after it; other days stand as dates. `#2` is said in a ticket that was merged in later, and
its hours count for what waits there until then.
A duration is `elapsed/business`; `-` is none; with one number both are the same.
Hours: `desk` Monday to Friday 9 to 17; `night` every night 22 to 6; `always`; `ulan` Monday to Friday 9 to 18
in Ulaanbaatar (1 to 10 UTC); `lj` Monday to Friday 9 to 17 in Ljubljana (8 to 16 UTC in winter, 7 to 15 in
summer); `ljnight` every night 22 to 6 there; `free` as desk, with Tuesday 24 November closed; `half` as desk,
with Wednesday 25 November 9 to 12; `split` every day 8 to 12 and 13 to 17; `never`.
Now is Friday 27 November 20:00 unless said.
"""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    name: str
    hours: str
    life: str
    figures: str


CASES = [
    # ------------------------------------------------------------------ first replies, the three clocks
    Case(
        "one message, one answer",
        "desk",
        """Mon 11:00 customer
           Mon 11:30 ana answers""",
        # 11:00 to 11:30, all of it open
        "first 30m; any 30m; handed -; wait 30m; answered 1/1; still 0",
    ),
    Case(
        "the worked example of the definition: a bot answers, hands over, a person answers",
        "desk",
        """Mon 11:00 customer
           Mon 11:01 bot answers
           Mon 11:02 handed off
           Mon 11:30 ana answers""",
        # any 11:00-11:01 = 1; person 11:00-11:30 = 30; after hand-off 11:02-11:30 = 28
        "first 30m; any 1m; handed 28m; wait 30m",
    ),
    Case(
        "only the bot has answered: people are still waited for",
        "desk",
        """Mon 11:00 customer
           Mon 11:01 bot answers""",
        # any 1; no person; waits until Friday 20:00: 4 d 9 h = 105 h; open 6 h + 4 x 8 h = 38 h
        "first -; any 1m; wait 105h/38h; answered 0/1; still 1",
    ),
    Case(
        "asked before opening",
        "desk",
        """Mon 07:30 customer
           Mon 09:20 ana answers""",
        # 07:30-09:20 = 1:50; open from 09:00: 20
        "first 110m/20m",
    ),
    Case(
        "asked after closing, answered next morning",
        "desk",
        """Mon 18:00 customer
           Tue 09:10 ana answers""",
        # 18:00-24:00 = 6 h, 0:00-9:10 = 9:10; together 15:10 = 910; open 10
        "first 910m/10m",
    ),
    Case(
        "over a weekend",
        "desk",
        """Fri 16:30 customer
           Mon2 09:15 ana answers""",
        # Friday 7:30 h + 48 h + 9:15 h = 64:45 h = 3885; open 30 on Friday + 15 on Monday
        "first 3885m/45m",
    ),
    Case(
        "asked and answered outside the hours",
        "desk",
        """Sat 10:00 customer
           Sat 11:00 ana answers""",
        # 1 h by the clock on the wall, nothing open
        "first 60m/0m",
    ),
    Case(
        "several messages in a row are one wait, from the first",
        "desk",
        """Mon 10:00 customer
           Mon 10:05 customer
           Mon 10:20 customer
           Mon 10:40 ana answers""",
        # 10:00-10:40
        "first 40m; wait 40m; waits 1",
    ),
    Case(
        "two answers in a row: the first counts",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 10:30 ana answers""",
        "first 10m; next -; wait 10m; credit ana 2",
    ),
    Case(
        "around the clock",
        "always",
        """Sat 23:30 customer
           Sun 00:15 ana answers""",
        # 30 + 15
        "first 45m",
    ),
    # ------------------------------------------------------------------------------- next replies
    Case(
        "a second question",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 11:00 customer
           Mon 11:25 ivo answers""",
        # first 10; next 11:00-11:25 = 25; waiting 10 + 25 = 35
        "first 10m; next 25m; wait 35m; credit ana 1, ivo 1",
    ),
    Case(
        "the next reply counts from the oldest message nobody answered",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 11:00 customer
           Mon 11:50 customer
           Mon 12:00 ana answers""",
        # next 11:00-12:00 = 60; waiting 10 + 60
        "next 60m; wait 70m",
    ),
    Case(
        "three waits, one over night",
        "desk",
        """Mon 09:00 customer
           Mon 09:05 ana answers
           Mon 16:50 customer
           Tue 09:10 ana answers
           Tue 10:00 customer
           Tue 10:02 ana answers""",
        # next: 16:50-9:10 = 7:10 + 9:10 = 16:20 = 980, open 10 + 10 = 20; and 2
        # waiting 5 + 980 + 2 = 987; open 5 + 20 + 2 = 27
        "first 5m; next 980m/20m, 2m; wait 987m/27m",
    ),
    Case(
        "we wrote first: the cycle opens with the customer",
        "desk",
        """Mon 09:00 ana answers
           Mon 10:00 customer
           Mon 10:12 ana answers""",
        "first 12m; wait 12m; answered 1/1; credit ana 2",
    ),
    Case(
        "still waiting",
        "desk",
        """Fri 15:00 customer""",
        # until Friday 20:00: 5 h; open until 17:00: 2 h
        "first -; wait 5h/2h; still 1; answered 0/1",
    ),
    # -------------------------------------------------------------------------------- no answers
    Case(
        "an away message is no answer",
        "desk",
        """Mon 20:00 customer
           Mon 20:01 away
           Tue 09:30 ana answers""",
        # 4 h + 9:30 h = 13:30 h = 810; open 30
        "first 810m/30m; any 810m/30m",
    ),
    Case(
        "an instant reply is no answer, not even as any",
        "desk",
        """Mon 10:00 customer
           Mon 10:00 instant
           Mon 10:45 ana answers""",
        "first 45m; any 45m",
    ),
    Case(
        "a note is no answer",
        "desk",
        """Mon 10:00 customer
           Mon 10:05 note
           Mon 10:15 ana answers""",
        "first 15m; credit ana 1",
    ),
    Case(
        "what a rule says is no answer",
        "desk",
        """Mon 10:00 customer
           Mon 10:01 rule
           Mon 10:20 ana answers""",
        "first 20m; any 20m",
    ),
    Case(
        "only a rule spoke: it still waits",
        "desk",
        """Fri 19:00 customer
           Fri 19:01 rule""",
        # 19:00-20:00, closed
        "first -; any -; wait 60m/0m; still 1; answered 0/1",
    ),
    Case(
        "answered in the network's own app: an answer, by outside",
        "desk",
        """Mon 10:00 customer
           Mon 10:07 outside answers""",
        "first 7m; outside 1; credit -; answered 1/1",
    ),
    Case(
        "outside answers and then a colleague: the wait ended outside",
        "desk",
        """Mon 10:00 customer
           Mon 10:07 outside answers
           Mon 10:30 ana answers""",
        "first 7m; wait 7m; outside 1; credit ana 1",
    ),
    Case(
        "no reply needed",
        "desk",
        """Mon 10:00 customer
           Mon 10:20 marked answered""",
        # closed without an answer: counted apart; the wait was 20 all the same
        "first -; wait 20m; dropped 1; answered 0/1; still 0",
    ),
    Case(
        "thanks at the end needs no reply",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 10:30 customer
           Mon 10:33 marked answered""",
        # waiting 10 + 3
        "first 10m; next -; wait 13m; dropped 1; answered 1/1",
    ),
    Case(
        "marked answered after the answer changes nothing",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 10:11 marked answered""",
        "first 10m; wait 10m; dropped 0",
    ),
    Case(
        "marked unanswered by hand waits from then on",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 10:11 marked answered
           Mon 12:00 marked unanswered
           Mon 12:30 ana answers""",
        # 10, and 12:00-12:30
        "first 10m; next 30m; wait 40m",
    ),
    Case(
        "solved without an answer needs no reply",
        "desk",
        """Mon 10:00 customer
           Mon 10:30 solved""",
        "first -; dropped 1; resolved 30m; answered 0/1; still 0",
    ),
    # ------------------------------------------------------------------ cycles, resolution, reopening
    Case(
        "solved",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Tue 10:00 solved""",
        # a day; open 7 h on Monday + 1 h on Tuesday
        "resolved 24h/8h; cycles 1; reopens 0",
    ),
    Case(
        "reopened by the customer: a new cycle with a first reply of its own",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 11:00 solved
           Wed 10:00 reopened
           Wed 10:00 customer
           Wed 10:40 ivo answers
           Wed 12:00 solved""",
        # first 10 and 40; resolved 60 and 120; what lay between is in neither
        "first 10m, 40m; resolved 60m, 120m; cycles 2; reopens 1; wait 50m; answered 2/2",
    ),
    Case(
        "reopened and not answered yet",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 11:00 solved
           Fri 16:00 reopened
           Fri 16:00 customer""",
        # the second waits until 20:00: 4 h, open 1 h; waiting 10 + 240 = 250, open 10 + 60 = 70
        "first 10m; cycles 2; reopens 1; answered 1/2; still 1; wait 250m/70m",
    ),
    Case(
        "solved by mistake: a person opens it again, the cycle goes on",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 11:00 solved
           Mon 11:05 unsolved
           Mon 11:10 customer
           Mon 11:20 ana answers
           Mon 12:00 solved""",
        # first Solved after 60, last after 120; the second answer is a next reply: 10
        "first 10m; next 10m; resolved 60m; last 120m; cycles 1; reopens 0",
    ),
    Case(
        "reopened twice",
        "desk",
        """Mon 09:00 customer
           Mon 09:10 solved
           Mon 10:00 reopened
           Mon 10:00 customer
           Mon 10:20 solved
           Mon 11:00 reopened
           Mon 11:00 customer
           Mon 11:30 ana answers
           Mon 11:30 solved""",
        # resolved 10, 20, 30; the first two needed no reply
        "first 30m; resolved 10m, 20m, 30m; cycles 3; reopens 2; dropped 2; answered 1/3",
    ),
    Case(
        "solved over a weekend",
        "desk",
        """Fri 16:00 customer
           Mon2 10:00 ana answers
           Mon2 10:00 solved""",
        # Friday 8 h + 48 h + 10 h = 66 h; open 1 h + 1 h
        "first 66h/2h; resolved 66h/2h",
    ),
    # --------------------------------------------------------------------- daylight saving, holidays
    Case(
        "clocks go forward: the night has an hour less",
        "ljnight",
        """2026-03-28 21:00 customer
           2026-03-29 04:00 ana answers""",
        # 22:00 there to 06:00 there: 21:00-04:00 UTC is 7 h, and all of them are the shift
        "first 7h/7h",
    ),
    Case(
        "clocks go back: the night has an hour more",
        "ljnight",
        """2026-10-24 20:00 customer
           2026-10-25 05:00 ana answers""",
        # 22:00 there (summer) to 06:00 there (winter): 9 h
        "first 9h/9h",
    ),
    Case(
        "a weekend in which the clocks go forward",
        "lj",
        """2026-03-27 15:30 customer
           2026-03-30 07:30 ana answers""",
        # Friday 16:30 there, open until 17:00: 30; Monday 9:00-9:30 there: 30. By the wall clock 65 h,
        # in fact 64: 8:30 + 48 + 7:30
        "first 64h/60m",
    ),
    Case(
        "a weekend in which the clocks go back",
        "lj",
        """2026-10-23 14:30 customer
           2026-10-26 08:30 ana answers""",
        # Friday 16:30 there: 30 open; Monday 9:30 there: 30. 9:30 + 48 + 8:30 = 66 h
        "first 66h/60m",
    ),
    Case(
        "a holiday between",
        "free",
        """Mon 16:00 customer
           Wed 10:00 ana answers""",
        # 42 h; Monday 1 h, Tuesday closed, Wednesday 1 h
        "first 42h/2h",
    ),
    Case(
        "asked on a holiday",
        "free",
        """Tue 10:00 customer
           Wed 09:05 ana answers""",
        # 23:05 h = 1385; open 5
        "first 1385m/5m",
    ),
    Case(
        "a holiday with hours of its own",
        "half",
        """Wed 11:00 customer
           Thu 09:30 ana answers""",
        # 22:30 h = 1350; Wednesday until 12:00: 60, Thursday 30
        "first 1350m/90m",
    ),
    Case(
        "overnight hours",
        "night",
        """Mon 21:00 customer
           Tue 00:30 ana answers""",
        # 3:30 h; open from 22:00: 2:30 h
        "first 210m/150m",
    ),
    Case(
        "overnight hours from morning to night",
        "night",
        """Mon 05:00 customer
           Mon 23:00 ana answers""",
        # 18 h; 05:00-06:00 and 22:00-23:00
        "first 18h/2h",
    ),
    Case(
        "a break at noon",
        "split",
        """Mon 11:30 customer
           Mon 13:15 ana answers""",
        # 1:45 h; 30 + 15
        "first 105m/45m",
    ),
    Case(
        "hours that never come",
        "never",
        """Mon 10:00 customer
           Mon 12:00 ana answers""",
        "first 120m/0m",
    ),
    # ------------------------------------------------------------------------------- several teams
    Case(
        "a desk in another time zone",
        "ulan",
        """Mon 00:30 customer
           Mon 01:30 ana answers""",
        # 08:30 to 09:30 there: 30 open
        "first 60m/30m",
    ),
    Case(
        "handed to a team with other hours: each part by its own",
        "desk",
        """Mon 16:00 customer
           Mon 18:00 hours ulan
           Tue 02:00 ana answers""",
        # 10 h; desk 16:00-17:00 = 1 h; Ulaanbaatar 18:00-02:00: open from 01:00 = 1 h
        "first 10h/2h",
    ),
    Case(
        "over to the night team and back",
        "desk",
        """Mon 16:00 customer
           Mon 22:00 hours night
           Tue 08:00 hours desk
           Tue 10:00 ana answers""",
        # 18 h; desk 1 h; night 22:00-06:00 8 h; desk 09:00-10:00 1 h
        "first 18h/10h",
    ),
    Case(
        "to a team that is always there",
        "desk",
        """Sat 10:00 customer
           Sat 12:00 hours always
           Sat 12:30 ivo answers""",
        # 2:30 h; nothing of the desk's, 30 of the other's
        "first 150m/30m",
    ),
    # ------------------------------------------------------------------------------------- merging
    Case(
        "merged: the earliest arrival, and an answer ends both waits",
        "desk",
        """Mon 10:00 customer
           #2 Mon 10:20 customer
           Mon 10:30 merged 2
           Mon 11:00 ana answers""",
        # two clocks: 10:00-11:00 and 10:20-11:00; together the customer waited 10:00-11:00
        "first 60m, 40m; wait 60m; cycles 1; answered 1/1",
    ),
    Case(
        "merged: what was answered in one before ends no wait in the other",
        "desk",
        """Mon 10:00 customer
           #2 Mon 10:30 customer
           #2 Mon 10:35 ivo answers
           Mon 11:00 merged 2
           Mon 11:10 ana answers""",
        # 10:00-11:10 = 70, and 10:30-10:35 = 5
        "first 70m, 5m; wait 70m; credit ivo 1, ana 1",
    ),
    Case(
        "merged: the one that came in was the older",
        "desk",
        """#2 Mon 09:00 customer
           Mon 10:00 customer
           Mon 10:30 merged 2
           Mon 11:00 ana answers""",
        # 9:00-11:00 and 10:00-11:00; the cycle opened at 9:00
        "first 120m, 60m; wait 120m; opened Mon 09:00",
    ),
    Case(
        "merged: what waited with another team counts by its hours, and since then by these",
        "desk",
        """Mon 09:30 customer
           Mon 09:40 ana answers
           #2 Mon 00:00 hours night
           #2 Mon 22:00 customer
           Tue 01:00 merged 2
           Tue 02:00 ana answers""",
        # 10; 22:00-2:00 = 4 h, open 22:00-1:00 there, then nothing here: 3 h; together 10 + 240 and 10 + 180
        "first 10m, 240m/180m; wait 250m/190m; next -",
    ),
    Case(
        "merged: while both wait, what either team's hours count is counted once",
        "desk",
        """#2 Mon 00:00 hours split
           #2 Mon 08:00 customer
           Mon 11:00 customer
           Mon 14:00 merged 2
           Mon 15:00 ana answers
           Mon 15:30 solved""",
        # 8:00-15:00, open 8-12 and 13-14 there, 14-15 here: 6 h; 11:00-15:00 here: 4 h; either 8:00-15:00.
        # Solved after 7:30 h, by the hours of the one that opened it without 12-13
        "first 420m/360m, 240m; wait 420m; resolved 450m/390m",
    ),
    Case(
        "merged into one that was merged on: an answer here ends nothing before that",
        "desk",
        """#3 Mon 10:00 customer
           #2 Mon 10:10 merged 3
           Mon 10:20 customer
           Mon 10:30 ana answers
           Mon 10:40 merged 2
           Mon 11:00 ana answers""",
        # 10:00-11:00 and 10:20-10:30
        "first 60m, 10m; wait 60m",
    ),
    Case(
        "merged after both were answered",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           #2 Mon 10:30 customer
           #2 Mon 10:50 ana answers
           Mon 11:00 merged 2
           Mon 12:00 customer
           Mon 12:05 ana answers""",
        # 10, 20, then as one: 5
        "first 10m, 20m; next 5m; wait 35m",
    ),
    Case(
        "merged into a solved one: what came after Solved opened it again when it came",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 11:00 solved
           #2 Mon 12:00 customer
           Mon 13:00 merged 2
           Mon 13:00 reopened
           Mon 13:10 ana answers
           Mon 13:30 solved""",
        # 10; 12:00-13:10 = 70, not from 13:00 on; 10:00-11:00 and 12:00-13:30
        "first 10m, 70m; resolved 60m, 90m; cycles 2; reopens 1; wait 80m",
    ),
    Case(
        "what was set in another ticket before it was merged in opens nothing here",
        "desk",
        """Mon 10:00 customer
           #2 Mon 10:20 customer
           Mon 11:00 solved
           #2 Tue 10:00 unsolved
           Wed 10:00 customer
           Wed 11:00 merged 2
           Wed 11:10 solved
           Wed 11:20 unsolved
           Wed 11:30 customer
           Wed 11:40 solved""",
        # 10:00-11:00 on Monday; then 10:00-11:10 and, opened by a person, until 11:40 on Wednesday
        "cycles 2; reopens 1; resolved 60m, 70m; last 60m, 100m",
    ),
    Case(
        "merged into a solved one: what is older waits on, and its missed resolution counts",
        "desk",
        """#2 Mon 10:00 customer
           #2 Mon 10:00 due resolution Mon 16:00
           Mon 11:00 customer
           Mon 11:00 due resolution Mon 17:00
           Mon 11:30 ana answers
           Mon 12:00 solved
           Mon 13:00 merged 2
           Mon 13:00 due resolution Mon 16:00
           Mon 16:00 missed resolution
           Mon 16:20 ana answers
           Mon 16:30 solved""",
        # 10:00-16:20 and 11:00-11:30; one cycle from 10:00, solved after 2 h and, with the older one, 6:30 h
        "first 380m, 30m; wait 380m; cycles 1; reopens 0; resolved 120m; last 390m; solvedintime no",
    ),
    Case(
        "merged into a solved one: solved again in time",
        "desk",
        """#2 Mon 10:00 customer
           Mon 11:00 customer
           Mon 12:00 solved
           Mon 13:00 merged 2
           Mon 13:00 due resolution Mon 16:00
           Mon 15:00 solved""",
        # both were dropped: 10:00-15:00 and 11:00-12:00
        "first -; wait 300m; dropped 2; cycles 1; resolved 120m; last 300m; solvedintime yes",
    ),
    Case(
        "merged into a solved one: what had missed its resolution alone has missed it",
        "desk",
        """#2 Mon 10:00 customer
           #2 Mon 10:00 due resolution Mon 12:30
           Mon 11:00 customer
           Mon 11:00 due resolution Mon 17:00
           Mon 12:00 solved
           #2 Mon 12:30 missed resolution
           Mon 13:00 merged 2
           Mon 13:10 ana answers
           Mon 13:30 solved""",
        # 10:00-13:10; 11:00-12:00 needed none
        "first 190m; dropped 1; cycles 1; resolved 120m; last 210m; solvedintime no",
    ),
    Case(
        "what was merged into a solved one missed is not missed by that one, taken apart",
        "desk",
        """Mon 11:00 customer
           Mon 11:00 due resolution Mon 17:00
           Mon 12:00 solved
           Mon 13:00 due resolution Mon 16:00
           Mon 16:00 missed resolution""",
        "cycles 1; resolved 60m; last 60m; solvedintime yes",
    ),
    Case(
        "solved: what waits in another ticket is merged in later and waits until then",
        "desk",
        """#2 Mon 10:00 customer
           Mon 10:30 customer
           Mon 11:00 solved
           #2 Mon 12:00 ivo answers
           Mon 13:00 merged 2""",
        # 10:00-12:00 there; 10:30-11:00 here needed none; nobody waits any more, so it stays solved
        "first 120m; wait 120m; dropped 1; cycles 1; resolved 60m; last 60m; still 0",
    ),
    Case(
        "merged into a solved one: who writes again where they wait opens nothing new",
        "desk",
        """#2 Mon 10:00 customer
           Mon 10:30 customer
           Mon 11:00 solved
           #2 Mon 12:00 customer
           Mon 13:00 merged 2
           Mon 14:00 ana answers
           Mon 15:00 solved""",
        # 10:00-14:00; one cycle from 10:00, solved after 1 h and after 5 h
        "first 240m; waits 2; dropped 1; cycles 1; resolved 60m; last 300m",
    ),
    Case(
        "merged into a solved one that was marked unanswered: what has its answer opens nothing",
        "desk",
        """Mon 10:00 customer
           #2 Mon 10:10 customer
           #2 Mon 10:20 ana answers
           Mon 11:00 solved
           Mon 11:10 marked unanswered
           Mon 12:00 merged 2
           Mon 13:00 customer
           Mon 13:05 ana answers""",
        # 10:10-10:20, 11:10-13:05 and, in the cycle that opens at 13:00, 13:00-13:05
        "first 10m, 115m, 5m; dropped 1; cycles 2; reopens 1; resolved 60m; last 60m; still 0",
    ),
    Case(
        "merged into one that was solved twice: the cycle in which it came goes on",
        "desk",
        """Mon 10:00 customer
           #2 Mon 10:20 customer
           Mon 11:00 solved
           Tue 10:00 customer
           Tue 10:10 solved
           Tue 11:00 merged 2
           Tue 12:00 ana answers
           Tue 13:00 solved
           Wed 10:00 customer
           Wed 10:05 ana answers""",
        # 10:20-12:00 is 1540, open 400 on Monday and 180 on Tuesday; 5 on Wednesday. The first cycle ends
        # after 27 h, open 7 and 4; the second after 10 minutes; the third goes on
        "first 1540m/580m, 5m; dropped 2; cycles 3; reopens 2; resolved 60m, 10m; last 27h/11h, 10m",
    ),
    Case(
        "merged: what was missed counts for the cycle in which what missed it came",
        "desk",
        """Mon 10:00 customer
           Mon 10:00 due resolution Mon 17:00 since Mon 10:00
           #2 Mon 10:20 customer
           #2 Mon 10:20 due resolution Mon 14:00 since Mon 10:20
           #2 Mon 10:25 ivo answers
           Mon 11:00 solved
           Mon 12:00 customer
           Mon 12:00 due resolution Mon 17:00 since Mon 12:00
           #2 Mon 12:40 customer
           #2 Mon 14:00 missed resolution since Mon 10:20
           Mon 15:00 merged 2
           Mon 15:10 ana answers
           Mon 15:20 solved""",
        # the first cycle missed what came at 10:20; the second, from 12:00 to 15:20, nothing
        "cycles 2; resolved 60m, 200m; solvedintime no, yes",
    ),
    Case(
        "merged into a solved one: the same, missed after it was merged in",
        "desk",
        """Mon 10:00 customer
           Mon 10:00 due resolution Mon 17:00 since Mon 10:00
           #2 Mon 10:20 customer
           #2 Mon 10:25 ivo answers
           Mon 11:00 solved
           Mon 12:00 customer
           Mon 12:00 due resolution Mon 17:00 since Mon 12:00
           #2 Mon 12:40 customer
           Mon 12:50 solved
           Mon 13:30 merged 2
           Mon 14:00 missed resolution since Mon 10:20
           Mon 15:20 solved""",
        "cycles 2; resolved 60m, 50m; last 60m, 200m; solvedintime no, yes",
    ),
    Case(
        "what was missed for one that was merged in is missed by no cycle here, taken apart",
        "desk",
        """Mon 10:00 customer
           Mon 10:00 due resolution Mon 17:00 since Mon 10:00
           Mon 11:00 solved
           Mon 12:00 customer
           Mon 12:00 due resolution Mon 17:00 since Mon 12:00
           Mon 14:00 missed resolution since Mon 10:20
           Mon 15:20 solved""",
        "cycles 2; solvedintime yes, yes",
    ),
    Case(
        "what was due to one that was merged in is due to nobody here, taken apart",
        "desk",
        """Mon 09:00 customer
           Mon 09:00 due first_reply Mon 10:00 since Mon 09:00
           Mon 09:05 ana answers
           Mon 09:40 customer
           Mon 09:40 due next_reply Mon 11:40 since Mon 09:40
           Mon 09:41 due next_reply Mon 10:10 since Mon 09:10
           Mon 10:10 missed next_reply since Mon 09:10
           Mon 11:00 ana answers""",
        # 9:00-9:05 and 9:40-11:00, due at 11:40; what waited since 9:10 waits elsewhere
        "first 5m; next 80m; kept yes, yes",
    ),
    Case(
        "a message that came to be known late was due already",
        "desk",
        """Mon 09:00 customer
           Mon 09:05 customer
           Mon 09:05 due first_reply Mon 10:05 since Mon 09:05
           Mon 10:05 missed first_reply since Mon 09:05
           Mon 11:00 ana answers""",
        "first 120m; kept no",
    ),
    Case(
        "split off, solved without it, and put back: it goes on, and misses its resolution",
        "desk",
        """Mon 10:00 customer
           Mon 10:00 due resolution Mon 16:00 since Mon 10:00
           #2 Mon 10:10 customer
           #2 Mon 10:10 due resolution Mon 16:10 since Mon 10:10
           Mon 11:00 solved
           Mon 12:00 merged 2
           Mon 12:00 due resolution Mon 16:10 since Mon 10:10
           Mon 16:10 missed resolution since Mon 10:10
           Mon 16:40 ana answers
           Mon 16:40 solved""",
        # 10:00-11:00 needed none; 10:10-16:40
        "first 390m; dropped 1; cycles 1; reopens 0; resolved 60m; last 400m; solvedintime no",
    ),
    # ------------------------------------------------------------------------------------ hand-off
    Case(
        "the bot hands over and comes back: the first hand-off of the wait counts",
        "desk",
        """Mon 10:00 customer
           Mon 10:05 handed off
           Mon 10:15 handed off
           Mon 10:20 ana answers""",
        # 10:05-10:20 = 15
        "first 20m; handed 15m",
    ),
    Case(
        "handed over in the evening, answered in the morning",
        "desk",
        """Mon 16:30 customer
           Mon 16:31 bot answers
           Mon 17:30 handed off
           Tue 09:15 ana answers""",
        # 16:30-9:15 = 16:45 h = 1005, open 30 + 15; after the hand-off 6:30 h + 9:15 h = 15:45 h = 945
        "first 1005m/45m; any 1m; handed 945m",
    ),
    Case(
        "a hand-off in a later wait is not of the first",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 11:00 customer
           Mon 11:02 handed off
           Mon 11:12 ana answers""",
        "first 10m; handed -; next 12m; nexthanded 10m",
    ),
    # ------------------------------------------------------------- people, work, targets, spam, sleep
    Case(
        "credit goes to who sent, not to who has it",
        "desk",
        """Mon 10:00 customer
           Mon 10:01 to ana
           Mon 10:20 ivo answers""",
        "first 20m; credit ivo 1; holders ana; handovers 0",
    ),
    Case(
        "holders and hand-overs",
        "desk",
        """Mon 10:00 customer
           Mon 10:01 to ana
           Mon 10:05 to ivo
           Mon 10:10 to nobody
           Mon 10:15 to ana
           Mon 10:20 ana answers""",
        # ana, ivo, ana: two held it; ana to ivo is a hand-over, from nobody is none
        "holders ana, ivo; handovers 1",
    ),
    Case(
        "handle time: opened to answered, or to leaving",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana opens
           Mon 10:13 ana answers
           Mon 10:20 ana leaves
           Mon 11:00 ivo opens
           Mon 11:05 ivo leaves
           Mon 12:00 ana opens
           Mon 12:01 ana leaves""",
        # ana 3, and nothing after the answer, + 1; ivo was idle after 5, and the log says so
        "handled ana 4m, ivo 5m",
    ),
    Case(
        "handle time: long work counts in full, two answers in one visit up to the second",
        "desk",
        """Mon 10:00 customer
           Mon 10:00 ana opens
           Mon 10:18 ana answers
           Mon 10:40 ana answers
           Mon 10:50 ana leaves""",
        "handled ana 40m",
    ),
    Case(
        "handle time: work whose end nobody wrote down counts for five minutes",
        "desk",
        """Mon 10:00 customer
           Mon 10:00 ana opens
           Mon 14:00 ana opens
           Mon 14:02 ivo opens
           Mon 14:04 ana answers""",
        # ana 5 of the first, lost one, 4 of the second; ivo 5 so far
        "handled ana 9m, ivo 5m",
    ),
    Case(
        "targets: one kept, one missed, one late and open, by the due time in force",
        "desk",
        """Mon 10:00 customer
           Mon 10:00 due first_reply Mon 11:00
           Mon 10:10 due first_reply Mon 10:30
           Mon 10:29 ana answers
           Mon 12:00 customer
           Mon 12:00 due next_reply Mon 12:30
           Mon 12:30 missed next_reply
           Mon 12:45 ana answers
           Mon 13:00 customer
           Mon 13:00 due next_reply Mon 14:00""",
        # 10:29 is before 10:30 (urgent since 10:10); 12:45 after 12:30; nobody by Friday
        "kept yes, no, no; still 1",
    ),
    Case(
        "a target whose clock stands is not missed, and snoozing ends no wait",
        "desk",
        """Fri 10:00 customer
           Fri 10:00 due first_reply Fri 11:00
           Fri 10:30 snoozed
           Fri 10:30 due first_reply -
           Fri 15:00 due first_reply Fri 15:30
           Fri 15:20 ana answers""",
        # asleep for 4:30 h, moved by as much; the customer waited all the same: 5:20 h
        "first 320m; kept yes",
    ),
    Case(
        "the target of a resolution",
        "desk",
        """Mon 10:00 customer
           Mon 10:00 due resolution Mon 18:00
           Mon 10:10 ana answers
           Mon 18:30 solved""",
        "resolved 510m/7h; solvedintime no",
    ),
    Case(
        "spam is in no figure",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 ana answers
           Mon 11:00 spam""",
        "first -; wait -; cycles 0; spam yes",
    ),
    Case(
        "taken out of spam it is back in all",
        "desk",
        """Mon 10:00 customer
           Mon 10:10 spam
           Mon 10:20 not spam
           Mon 10:30 ana answers""",
        "first 30m; cycles 1; spam no",
    ),
    Case(
        "news that came late is put where it belongs",
        "desk",
        """Mon 10:40 ana answers
           Mon 10:00 customer
           Mon 09:50 customer""",
        # by the network's times: 9:50-10:40
        "first 50m; wait 50m; waits 1",
    ),
]

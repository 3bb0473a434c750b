"""How many values a test tries that tries many.

Everybody who runs the tests tries the same ones, so that a change never fails by chance. `HEED_SEARCH=10
bin/test heed/channels` tries ten times as many, chosen at random.
"""

from __future__ import annotations

import os

import hypothesis

TIMES = int(os.environ.get("HEED_SEARCH") or 0)


def examples(count: int) -> int:
    """So many, or more when we search."""
    return count * max(TIMES, 1)


def settle_upon_values() -> None:
    """How hypothesis tries values, whatever runs beside it on this machine."""
    hypothesis.settings.register_profile(
        "heed",
        deadline=None,
        derandomize=not TIMES,
        max_examples=examples(50),
        print_blob=True,
        suppress_health_check=[
            hypothesis.HealthCheck.too_slow,
            hypothesis.HealthCheck.function_scoped_fixture,
        ],
    )
    hypothesis.settings.load_profile("heed")

"""How many examples Hypothesis tries: the same few each time, or by `make test EXAMPLES=5000` so many new ones."""

import os

from hypothesis import HealthCheck, settings

ASKED = os.environ.get("EXAMPLES") or None


def few(count: int) -> settings:
    """For one test; no time limit, since a machine may be slow."""
    return settings(
        max_examples=int(ASKED or count),
        derandomize=ASKED is None,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )


settings.register_profile("few", few(60))
settings.load_profile("few")

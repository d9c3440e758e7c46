"""Once the service has started, the collector is not made to walk through what stays."""

from __future__ import annotations

import gc

from service.cli_serve import settle_memory


def test_what_is_there_at_the_start_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    try:
        settle_memory()
        assert gc.get_freeze_count() > before + 10_000
        assert len(gc.get_objects()) < 5_000
    finally:
        gc.unfreeze()

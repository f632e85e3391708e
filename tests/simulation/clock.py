"""The clock of a simulated crawl: it starts at `$SIMULATED_NOW` when the process starts."""

import os
import time
from datetime import datetime, timedelta

_started = time.monotonic()


def now():
    """Return the current time of the simulation, an aware datetime (WARRAQ_CLOCK)."""
    return datetime.fromisoformat(os.environ["SIMULATED_NOW"]) + timedelta(seconds=time.monotonic() - _started)

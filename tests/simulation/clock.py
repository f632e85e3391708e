"""The time that a simulated crawl believes in: `$SIMULATED_NOW` when the process started, and on from there."""

import os
import time
from datetime import datetime, timedelta

_started = time.monotonic()


def now():
    """WARRAQ_CLOCK: an aware datetime."""
    return datetime.fromisoformat(os.environ["SIMULATED_NOW"]) + timedelta(seconds=time.monotonic() - _started)

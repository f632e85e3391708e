"""Return the machine's time plus the number of seconds in the file `$SHIFTED_CLOCK`, which is read at each call."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path


def now() -> datetime:
    """Return the shifted time, aware, in UTC: a WARRAQ_CLOCK."""
    return datetime.now(UTC) + timedelta(seconds=float(Path(os.environ["SHIFTED_CLOCK"]).read_text() or 0))

"""Run saved searches: collect new matches, store them until they are delivered, and publish them as feeds, mail and webhooks."""

from archive.watch.run import Ran, add, run
from archive.watch.store import Event, Watch, WatchStore

__all__ = ["Event", "Ran", "Watch", "WatchStore", "add", "run"]

"""Run saved searches: collect what is new for each, keep it until it is delivered, and publish it as feeds, mail and webhooks."""

from archive.watch.run import Ran, add, run
from archive.watch.store import Event, Watch, WatchStore

__all__ = ["Event", "Ran", "Watch", "WatchStore", "add", "run"]

"""Saved searches: what is new for each is gathered, kept until it is delivered, and given out as feeds, mail and webhooks."""

from archive.watch.run import Ran, add, run
from archive.watch.store import Event, Watch, WatchStore

__all__ = ["Event", "Ran", "Watch", "WatchStore", "add", "run"]

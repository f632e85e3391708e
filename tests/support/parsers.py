"""Start, when imported, the fork server of the workers that read pages: the process that crawls are forked from does, once for all of them.

A crawl of its own would start one, which imports what reads pages and loads the model of languages: a second of CPU.
"""

from multiprocessing import forkserver

from archive.parse import workers

forkserver.set_forkserver_preload([*workers.PRELOADED, workers.__name__])
forkserver.ensure_running()
_STARTED = dict(vars(forkserver.ensure_running.__self__))


def take() -> None:
    """Start the workers of this process, a crawl, by that server; multiprocessing would start another, as it is no child of this one."""
    vars(forkserver.ensure_running.__self__).update(_STARTED, ensure_running=lambda: None)

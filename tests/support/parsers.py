"""Start, when imported, the fork server of the workers that read pages: the process that crawls are forked from does, once for all of them.

A crawl of its own would start one, which imports what reads pages and loads the model of languages: a second of CPU.
"""

from multiprocessing import forkserver

from archive.parse import workers

forkserver.set_forkserver_preload([*workers.PRELOADED, workers.__name__])
forkserver.ensure_running()

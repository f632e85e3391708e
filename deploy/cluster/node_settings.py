"""Settings of the crawls on a node: warraq's own, and what a node wants otherwise. Change them here; a job cannot."""

from crawler.settings import *  # noqa: F403 - that is how Scrapy's settings modules build on each other

# The node's shards: each site has an archive of its own in here, with its WARC files, database and lock. `warraq merge` takes them all.
WARRAQ_COLLECTIONS = "/var/lib/warraq/shards"
WARRAQ_OPERATOR = ""  # who crawls: a name and a way to reach you

# A crawl whose scrapyd is gone ends within seconds; crawl_runner.py makes it the number of the process.
WARRAQ_END_WITH_PARENT = 1

# max_proc crawls run at once; one worker each is enough for a polite pace.
WARRAQ_EXTRACTION_WORKERS = 1

"""Settings of the crawls on a node: warraq's settings, with changes for a node. Change them here; a job cannot."""

from crawler.settings import *  # noqa: F403 - that is how Scrapy's settings modules build on each other

# The node's shards: one archive for each site, with its WARC files, database and lock. `warraq merge` merges them.
WARRAQ_COLLECTIONS = "/var/lib/warraq/shards"
WARRAQ_OPERATOR = ""  # the operator: a name and a contact

# A crawl ends within seconds after its scrapyd has died; crawl_runner.py sets this to scrapyd's process id.
WARRAQ_END_WITH_PARENT = 1

# max_proc crawls run at the same time; one worker each is enough for a polite pace.
WARRAQ_EXTRACTION_WORKERS = 1

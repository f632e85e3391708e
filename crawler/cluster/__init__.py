"""Several machines, each a scrapyd node, crawl the sites of one sites.toml: placement, leases and scrapyd's HTTP API (docs/scale.md).

nodes (nodes.toml) → placement (which node a site belongs to) → dispatch (what may start now) → scrapyd (asks and starts). `state` remembers
what was let out, `telling` puts a round in rows and words. Nothing here crawls: a job is `scrapy crawl news -a site=NAME` on its node.
"""

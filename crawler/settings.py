"""Define every setting of the crawl, and wire its components.

warraq.toml, the environment and `-s NAME=VALUE` override them, the later the earlier (crawler.configuration).
"""

from __future__ import annotations

import logging

from crawler.configuration import configure as _configure

BOT_NAME = "warraq"
SPIDER_MODULES = ["crawler.spiders"]
COMMANDS_MODULE = "crawler.commands"

# --- where things go ---------------------------------------------------------------------------------------------------------------
WARRAQ_COLLECTIONS = "collections"  # a site's archive lies in WARRAQ_COLLECTIONS/NAME …
ARCHIVE_DIR = ""  # … or in this folder
# Where closed files go when a crawl has ended: s3://BUCKET/PREFIX, or a folder elsewhere, each archive below its name; '' for nowhere.
# Credentials come from the environment or ~/.aws, never from here: docs/operations.md, "Object storage"
WARRAQ_STORAGE = ""
WARRAQ_KEEP_LOCAL_DAYS = (
    -1
)  # remove here what is proved to be there and was closed so many days ago; -1 removes nothing
WARRAQ_UPLOAD_SECONDS = 3600  # an upload that takes longer is ended; the next goes on with it
WARRAQ_SEAL = False  # seal the archive at the end of each crawl (docs/seals.md)
WARRAQ_AUTHORITIES = ""  # addresses of time stamp authorities (RFC 3161), with spaces between them
WARRAQ_AUTHORITY_ROOTS = ""  # a file of the authorities' root certificates (PEM); empty: those that the machine trusts
WARRAQ_KEYS = ""  # the folder of the keys that sign; empty: ~/.config/warraq
WARRAQ_SAVE_TOKEN = (
    ""  # 16 characters or more: whoever has it may save pages in the reading room (`warraq serve`); empty: nobody
)
WARRAQ_SITES = "sites.toml"
WARRAQ_OPERATOR = ""  # who runs this crawl, for the warcinfo record: a name and a way to reach you
WARRAQ_CLOCK = "archive.files.clock.now"  # what time it is; for tests and simulations, which may set $WARRAQ_CLOCK for all commands
WARRAQ_SUMMARY = "text"  # what is printed at the end: text, json, or nothing
WARRAQ_SUMMARY_JSON = False  # the same as WARRAQ_SUMMARY = "json"

# --- who may run it (docs/scale.md) ------------------------------------------------------------------------------------------------
# ends the crawl, as SIGTERM does, when the process that started it is gone: 1, or the number of that process
WARRAQ_END_WITH_PARENT = 0
WARRAQ_LEASE_UNTIL = ""  # ends it before this moment (ISO 8601, with zone), and does not begin after it
WARRAQ_SITE_ENTRY = ""  # the site's entry as JSON, in place of what WARRAQ_SITES has: jobs carry theirs along

# --- politeness --------------------------------------------------------------------------------------------------------------------
USER_AGENT = "warraq/0.1 (news archive; +https://github.com/warraq/warraq)"
# by crawler.politeness.robots, in place of Scrapy's own middleware, which lets first requests through (2.19)
ROBOTSTXT_OBEY = True
# Words of a page (robots meta, X-Robots-Tag, TDM reservation: noarchive, noai, noimageai, noindex, tdm-reservation …) that keep it out of
# articles, search and text records. They are recorded of every capture in any case; the WARC keeps what was served (`warraq redact`).
WARRAQ_OBEY_DIRECTIVES: list[str] = []
CONCURRENT_REQUESTS = 16
# Scrapy makes so many tasks for each response; this spider yields one item at most (100 cost 4 ms a page, docs/performance.md)
CONCURRENT_ITEMS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 2
DOWNLOAD_DELAY = 0.5

WARRAQ_MAX_DELAY = 300.0  # s between requests to a host that answers 429 or 503 again and again
WARRAQ_MAX_CRAWL_DELAY = (
    60.0  # s of a Crawl-delay that are obeyed at most: a site that asks for an hour means something else
)
WARRAQ_MAX_RETRY_AFTER = 24 * 3600.0  # s of a Retry-After for which a host is left alone
WARRAQ_PATIENCE = (
    60.0  # s that a request waits for such a rest to end; a longer one is `failed host-paused`, and tried later
)
WARRAQ_ROBOTS_RETRY_SECONDS = 600.0  # after which an unavailable robots.txt is requested again in the same run

# --- the frontier ------------------------------------------------------------------------------------------------------------------
WARRAQ_MAX_PAGES = 2000  # visits in one run; the rest stays due for the next, and is counted as `max-pages`
# how far pages that are not articles are followed from a seed; what is deeper counts as `too-deep`
WARRAQ_MAX_DEPTH = 4
# in a row, each a visit of its own; the next is `failed too-many-redirects`. Browsers allow 20
WARRAQ_MAX_REDIRECTS = 10
WARRAQ_MAX_INDEX_DEPTH = (
    3  # sitemap index in sitemap index: the protocol allows one, some sites have two; `index-too-deep`
)
# sitemaps read in one run: the rest is `budget too-many-sitemaps`; large papers have one a day for years
WARRAQ_MAX_SITEMAPS = 2000
WARRAQ_MAX_SITEMAP_URLS = 50_000  # of one sitemap: the protocol's own limit; more counts as `too-many-entries`
WARRAQ_MAX_SITEMAP_BYTES = 50 << 20  # the same protocol's, without gzip; the rest is not read, `too-many-bytes`
WARRAQ_MAX_FEED_ENTRIES = (
    2000  # from its top, where the new ones are; feeds have 10 to 200; more counts as `too-many-entries`
)
WARRAQ_MAX_FEED_BYTES = 10 << 20  # feeds with the full text of a hundred articles have 2 MB; `too-many-bytes`
WARRAQ_MAX_LINKS = 2000  # of one page, at most 2000; a front page has 200 to 800; more counts as `too-many-links`
# visits in one run to URLs of one shape (numbers, ids, slugs apart) of which not one in ten was an article; the rest is
# `budget fruitless-pattern` for a day. Calendars, session ids and made-up lists end here
WARRAQ_PATTERN_BUDGET = 200
# requests to one host in one run, 0 for any number: WARRAQ_MAX_PAGES bounds the run; the rest is `budget budget-exceeded` for a day
WARRAQ_HOST_BUDGET = 0

# --- what pages load (docs/crawling.md) -------------------------------------------------------------------------------------------
# `none`: pages alone. `pictures`: also the pictures of articles, each in its largest size. `page`: all that a browser needs to show an
# article as it looked: style sheets, pictures in every size that it may choose, fonts, icons. They are fetched after the pages, from
# on any host. `page` by default: style sheets and fonts are the same for a whole site, so it costs little more than
# `pictures`, and what was not kept on the day is often gone later (bench/requisites.py)
WARRAQ_REQUISITES = "page"
WARRAQ_SCRIPTS = False  # also the scripts that pages load: half of their bytes, for replay in a browser that runs them
# width in pixels up to which a candidate of a `srcset` is taken: a column of text at double density; wider ones are for posters
WARRAQ_MAX_PICTURE_SIDE = 2048
WARRAQ_MAX_REQUISITES = 10_000  # in one run, 0 for any number; the rest stays due for the next
WARRAQ_MAX_REQUISITES_BYTES = 2 << 30  # in one run, as sent, 0 for any number; the rest stays due
WARRAQ_MAX_PAGE_REQUISITES = (
    300  # of one page or style sheet; more counts as `too-many-requisites`. Front pages have 100
)
WARRAQ_MAX_PAGE_REQUISITES_BYTES = (
    50 << 20
)  # of one page in one run; the rest is `missing too-many-page-bytes` for a day
WARRAQ_MAX_REQUISITE_BYTES = 10 << 20  # of one, as sent: `missing too-large`; a photograph for print has 5 MB
WARRAQ_MAX_STYLE_DEPTH = 5  # style sheets that import style sheets; what is deeper counts as `too-deep-requisites`

# --- pages that are empty without scripts (docs/how-to/javascript.md; needs warraq[browser]) ------
# `never`; `auto`: pages that give no article as they are served and look like a shell; `always`: every page. Without an extra and a browser
# `auto` only counts what it would render, and says so; it starts no browser before the first such page
WARRAQ_RENDER = "auto"
WARRAQ_BROWSER = ""  # the Chromium to use: a program; '' for the first of chromium, chromium-browser, google-chrome, else Playwright's own
WARRAQ_RENDER_SECONDS = 30.0  # of a page, waiting for its host included: then its DOM is taken as it is, `not-idle`
WARRAQ_RENDER_REQUESTS = 200  # of one page: what is more is refused, `too-many-requests`; applications make 20 to 80
WARRAQ_RENDER_BYTES = 30 << 20  # loaded by one page, as sent: what is more is refused, `too-many-bytes`
WARRAQ_RENDER_MEGABYTES = (
    1500  # of memory of the browser, which needs 300: then it is killed, `browser-memory` (on Linux)
)
WARRAQ_MAX_DOM_BYTES = 10 << 20  # of one page: `dom-too-large`; the page stays as it was served
WARRAQ_SCREENSHOTS = (
    False  # also pictures of rendered pages, whole and small: 1 MB each, and their own pictures are loaded at once
)

# --- limits of one exchange (crawler.download; each ends it with the outcome named) ----------------------------------------
# as sent, `too-large`: a news page has 0.1 MB, a full sitemap 5 to 10; two dozen of them fit in memory
WARRAQ_MAX_BODY_BYTES = 10 << 20
# of all header blocks, interim ones too, `headers-too-large`; browsers allow as much
WARRAQ_MAX_HEADER_BYTES = 256 << 10
WARRAQ_MAX_HEADER_LINE_BYTES = 64 << 10
WARRAQ_MAX_DECODED_BYTES = 20 << 20  # after gzip, br, zstd, deflate: `quarantine too-large`, the record is kept
WARRAQ_FIRST_BYTE_TIMEOUT = 30  # s from the request to the first byte of an answer, `first-byte-timeout`
# DOWNLOAD_TIMEOUT bounds the whole exchange, `timeout`. URLs of more than 2,000 characters are skipped, `url-too-long`: that is no
# setting, for a URL is an identity (archive.urls.MAX_LENGTH; browsers' address bars and CDNs end there too)

# --- extraction --------------------------------------------------------------------------------------------------------------------
WARRAQ_EXTRACTION_WORKERS = 2
WARRAQ_EXTRACTION_SECONDS = (
    20.0  # of processor time; a page that takes longer is put in quarantine; ordinary ones take 0.03 s
)
WARRAQ_EXTRACTION_MEGABYTES = 2048  # address space of a worker; ordinary pages need 300

MEMUSAGE_ENABLED = True
MEMUSAGE_LIMIT_MB = 1500  # of the crawling process, which needs 150 to 400: past it the crawl ends well, `memusage_exceeded`, nothing lost
MEMUSAGE_CHECK_INTERVAL_SECONDS = 10

# --- one path for every byte -------------------------------------------------------------------------------------------------------
DOWNLOAD_HANDLERS = {
    "http": "crawler.download.WireHandler",
    "https": "crawler.download.WireHandler",
    "file": None,
    "data": None,
    "ftp": None,
    "s3": None,
}
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip, br, zstd, deflate",
    "Accept-Language": "ar,en;q=0.7,*;q=0.5",
}
COMPRESSION_ENABLED = False  # bodies go up as served; workers decode them, bounded
REDIRECT_ENABLED = False  # a Location is a discovery: a row of the frontier, fetched under the same rules as any other
METAREFRESH_ENABLED = False
# send the cookies that a host sets back to it from the start; else only to hosts that lead in a ring without them
COOKIES_ENABLED = False
HTTPERROR_ALLOW_ALL = True  # every status is an answer
RETRY_TIMES = 1
RETRY_HTTP_CODES: list[
    int
] = []  # statuses are scheduled by the frontier, with Retry-After; only broken connections are tried again at once
DOWNLOAD_TIMEOUT = 60
# what our handler raises; Scrapy's own list has it import the HTTP client that we do not use (0.5 s of CPU at each start)
RETRY_EXCEPTIONS = [
    "scrapy.exceptions.CannotResolveHostError",
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.DownloadTimeoutError",
    "scrapy.exceptions.ResponseDataLossError",
]
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"  # the frontier is the seen-set

DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # scope is the frontier's to keep
    # Off or without work here in any case, as are those of EXTENSIONS and SPIDER_MIDDLEWARES; unnamed they would be imported, asked
    # for each request or wrapped around each response (docs/performance.md).
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": None,  # the handler knows it
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
    "crawler.politeness.robots.RobotsMiddleware": 100,
    "crawler.sites.session.SessionMiddleware": 700,
    "crawler.politeness.PolitenessMiddleware": 900,
    "crawler.shutdown.LeaseMiddleware": 950,  # after all waiting
}
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
}
EXTENSIONS = {
    "crawler.extensions.ArchiveExtension": 0,
    "crawler.closing.SealExtension": 90,  # after the archive is closed and before it is uploaded; absent without WARRAQ_SEAL
    "crawler.closing.UploadExtension": 100,  # after the archive is closed; absent without WARRAQ_STORAGE
    "crawler.closing.WatchExtension": 110,  # after the archive is closed; idle where it has no watches
    "scrapy.extensions.telnet.TelnetConsole": None,
    "scrapy.extensions.memdebug.MemoryDebugger": None,
    "scrapy.extensions.logstats.LogStats": None,
    "scrapy.extensions.spiderstate.SpiderState": None,
    "scrapy.extensions.throttle.AutoThrottle": None,
    "scrapy.extensions.remote_control.RemoteControl": None,
}
ITEM_PIPELINES = {"crawler.pipelines.ArchivePipeline": 300}

# --- closed doors ------------------------------------------------------------------------------------------------------------------
WARRAQ_OPEN_NETWORKS: list[
    str
] = []  # in CIDR notation: what is spoken to although it is not on the public internet (crawler.download.guard)
# `never`: a certificate that is not trusted or not the host's ends the exchange, `failed tls`. `record`: then the page is fetched all the
# same, and its record says so (`tls-verified: no` in a metadata record)
WARRAQ_TLS_FALLBACK = "never"
# Fetches an intermediate certificate that a server leaves out from the address that its certificate names (http only), as browsers do, and
# tries again; it must lead to a trusted root all the same. Without it the exchange is `failed incomplete-chain`
WARRAQ_FETCH_INTERMEDIATES = False
# Authorization, Proxy-Authorization, Cookie and passwords in URLs are blotted out of the WARC (`credentials-left-out` in a metadata
# record); with True they are kept, and the record says so (`credentials-kept`)
WARRAQ_KEEP_CREDENTIALS = False
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
HTTPCACHE_ENABLED = False
JOBDIR = None  # a queue of pickles; the frontier is the queue. `-s JOBDIR=…` is refused

# --- quiet logs --------------------------------------------------------------------------------------------------------------------
LOG_LEVEL = "INFO"
for _name in (
    "addons",
    "core.engine",
    "extensions.memusage",
    "crawler",
    "middleware",
    "utils.log",
):  # what they say at the start never changes
    # A filter, for Scrapy resets the levels of its own loggers when it configures logging.
    logging.getLogger(f"scrapy.{_name}").addFilter(lambda record: record.levelno >= logging.WARNING)
STATS_DUMP = False  # the summary says what matters
LOGSTATS_INTERVAL = 0  # the archive extension logs its own line
FEED_EXPORT_ENCODING = "utf-8"

origins = _configure(globals())
"""Each setting with where it is from, for `warraq config`."""

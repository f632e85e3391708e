"""Define every setting of the crawl and its default, and connect the components.

warraq.toml, the environment and `-s NAME=VALUE` override them, in this order (crawler.configuration).
"""

from __future__ import annotations

import logging

from crawler.configuration import configure as _configure

BOT_NAME = "warraq"
SPIDER_MODULES = ["crawler.spiders"]
COMMANDS_MODULE = "crawler.commands"

# --- where files go ----------------------------------------------------------------------------------------------------------------
WARRAQ_COLLECTIONS = "collections"  # a site's archive is WARRAQ_COLLECTIONS/NAME …
ARCHIVE_DIR = ""  # … or this folder
# Where closed files are uploaded at the end of a crawl: s3://BUCKET/PREFIX, or another folder; each archive below its name; '' for none.
# Credentials come from the environment or ~/.aws, never from here: docs/operations.md, "Object storage"
WARRAQ_STORAGE = ""
WARRAQ_KEEP_LOCAL_DAYS = -1  # remove verified local files this many days after they were closed; -1 removes none
WARRAQ_UPLOAD_SECONDS = 3600  # an upload that takes longer is stopped; the next continues it
WARRAQ_SEAL = False  # seal the archive at the end of each crawl (docs/seals.md)
WARRAQ_AUTHORITIES = ""  # URLs of time stamp authorities (RFC 3161), separated by spaces
WARRAQ_AUTHORITY_ROOTS = ""  # a file of the authorities' root certificates (PEM); empty: the system's
WARRAQ_KEYS = ""  # the folder of the signing keys; empty: ~/.config/warraq
WARRAQ_SAVE_TOKEN = (
    ""  # at least 16 characters: whoever has it may save pages in the reading room (`warraq serve`); empty: no one may
)
WARRAQ_SITES = "sites.toml"
WARRAQ_OPERATOR = ""  # who runs this crawl, for the warcinfo record: a name and a way to reach you
WARRAQ_CLOCK = "archive.files.clock.now"  # for tests and simulations; $WARRAQ_CLOCK sets it for all commands
WARRAQ_SUMMARY = "text"  # the format of the summary: text, json, or empty for none
WARRAQ_SUMMARY_JSON = False  # the same as WARRAQ_SUMMARY = "json"

# --- who may run it (docs/scale.md) ------------------------------------------------------------------------------------------------
# end the crawl, as SIGTERM does, when the process that started it is gone: 1, or the id of that process
WARRAQ_END_WITH_PARENT = 0
WARRAQ_LEASE_UNTIL = ""  # end the crawl before this time (ISO 8601, with zone), and do not start after it
WARRAQ_SITE_ENTRY = ""  # the site's entry as JSON, instead of the one in WARRAQ_SITES: jobs carry theirs along

# --- politeness --------------------------------------------------------------------------------------------------------------------
USER_AGENT = "warraq/0.1 (news archive; +https://github.com/warraq/warraq)"
# by crawler.politeness.robots, because Scrapy's own middleware lets first requests through (2.19)
ROBOTSTXT_OBEY = True
# Words of a page (robots meta, X-Robots-Tag, TDM reservation: noarchive, noai, noimageai, noindex, tdm-reservation …) that keep it out of
# articles, search and text records. They are recorded for every capture in any case, and the WARC keeps the page (see `warraq redact`).
WARRAQ_OBEY_DIRECTIVES: list[str] = []
CONCURRENT_REQUESTS = 16
# Scrapy makes this many tasks for each response; this spider yields at most one item (100 cost 4 ms a page, docs/performance.md)
CONCURRENT_ITEMS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 2
DOWNLOAD_DELAY = 0.5

WARRAQ_MAX_DELAY = 300.0  # s between requests to a host that keeps answering 429 or 503
WARRAQ_MAX_CRAWL_DELAY = 60.0  # s, the longest Crawl-delay that is obeyed: an hour is a mistake in a robots.txt
WARRAQ_MAX_RETRY_AFTER = 24 * 3600.0  # s, the longest Retry-After that is obeyed
WARRAQ_PATIENCE = (
    60.0  # s that a request waits for such a pause; in a longer one it is `failed host-paused` and retried later
)
WARRAQ_ROBOTS_RETRY_SECONDS = 600.0  # after which an unavailable robots.txt is requested again in the same run

# --- the frontier ------------------------------------------------------------------------------------------------------------------
WARRAQ_MAX_PAGES = 2000  # visits in one run; the rest stays due for the next, and is counted as `max-pages`
# how far pages that are not articles are followed from a seed; deeper links count as `too-deep`
WARRAQ_MAX_DEPTH = 4
# in a row, each a separate visit; the next is `failed too-many-redirects`. Browsers allow 20
WARRAQ_MAX_REDIRECTS = 10
WARRAQ_MAX_INDEX_DEPTH = (
    3  # sitemap index in sitemap index: the protocol allows one, some sites have two; `index-too-deep`
)
# sitemaps read in one run; the others are `budget too-many-sitemaps`. Large papers have one a day for years
WARRAQ_MAX_SITEMAPS = 2000
WARRAQ_MAX_SITEMAP_URLS = 50_000  # of one sitemap: the protocol's own limit; more counts as `too-many-entries`
WARRAQ_MAX_SITEMAP_BYTES = 50 << 20  # also the protocol's limit, without gzip; the rest is not read, `too-many-bytes`
WARRAQ_MAX_FEED_ENTRIES = (
    2000  # from the top, where the new entries are; feeds have 10 to 200; more counts as `too-many-entries`
)
WARRAQ_MAX_FEED_BYTES = 10 << 20  # feeds with the full text of a hundred articles have 2 MB; `too-many-bytes`
WARRAQ_MAX_LINKS = 2000  # of one page, at most 2000; a front page has 200 to 800; more counts as `too-many-links`
# visits in one run to URLs of one pattern (ignoring numbers, ids, slugs) if fewer than one in ten was an article; further URLs are
# `budget fruitless-pattern` for a day. This ends calendars, session ids and generated lists
WARRAQ_PATTERN_BUDGET = 200
# requests to one host in one run, 0 for no limit (WARRAQ_MAX_PAGES limits the run); further URLs are `budget budget-exceeded` for a day
WARRAQ_HOST_BUDGET = 0

# --- requisites (docs/crawling.md) ------------------------------------------------------------------------------------------------
# `none`: only pages. `pictures`: also the pictures of articles, each in its largest size. `page`: everything that a browser needs to show
# an article as it looked: style sheets, pictures in every size that it may choose, fonts, icons. They are fetched after the pages,
# from any host. `page` by default: style sheets and fonts are the same for a whole site, so it costs little more than
# `pictures`, and what was not kept on the day is often gone later (bench/requisites.py)
WARRAQ_REQUISITES = "page"
WARRAQ_SCRIPTS = False  # also the scripts of pages, half of all bytes, for replay in a browser that runs them
# maximum width in pixels of a `srcset` candidate: a column of text at double density; wider ones are for posters
WARRAQ_MAX_PICTURE_SIDE = 2048
WARRAQ_MAX_REQUISITES = 10_000  # in one run, 0 for no limit; the rest stays due for the next
WARRAQ_MAX_REQUISITES_BYTES = 2 << 30  # in one run, as sent, 0 for no limit; the rest stays due
WARRAQ_MAX_PAGE_REQUISITES = (
    300  # of one page or style sheet; more counts as `too-many-requisites`. Front pages have 100
)
WARRAQ_MAX_PAGE_REQUISITES_BYTES = (
    50 << 20
)  # for one page in one run; the rest is `missing too-many-page-bytes` for a day
WARRAQ_MAX_REQUISITE_BYTES = 10 << 20  # as sent; a larger one is `missing too-large`; a photograph for print has 5 MB
WARRAQ_MAX_STYLE_DEPTH = 5  # nesting of style sheet imports; deeper ones count as `too-deep-requisites`

# --- pages that are empty without scripts (docs/how-to/javascript.md; needs warraq[browser]) ------
# `never`; `auto`: pages that give no article as served and look like a shell; `always`: every page. Without the extra and a browser,
# `auto` only counts and reports the pages that it would render; it starts no browser before the first such page
WARRAQ_RENDER = "auto"
WARRAQ_BROWSER = ""  # Chromium; '' for the first of chromium, chromium-browser, google-chrome, or Playwright's own
WARRAQ_RENDER_SECONDS = 30.0  # for a page, including the waits for its host: then its DOM is taken as it is, `not-idle`
WARRAQ_RENDER_REQUESTS = 200  # by one page; further ones are refused, `too-many-requests`; applications make 20 to 80
WARRAQ_RENDER_BYTES = 30 << 20  # loaded by one page, as sent; further requests are refused, `too-many-bytes`
WARRAQ_RENDER_MEGABYTES = (
    1500  # of memory of the browser, which needs 300; above that it is killed, `browser-memory` (on Linux)
)
WARRAQ_MAX_DOM_BYTES = 10 << 20  # of one page: `dom-too-large`; the page stays as it was served
WARRAQ_SCREENSHOTS = (
    False  # a screenshot and a thumbnail of each rendered page: 1 MB, and its pictures are loaded at once
)

# --- limits of one exchange (crawler.download; each ends it with the outcome named) ----------------------------------------
# as sent, `too-large`: a news page has 0.1 MB, a full sitemap 5 to 10; two dozen of them fit in memory
WARRAQ_MAX_BODY_BYTES = 10 << 20
# of all header blocks, including interim ones, `headers-too-large`; browsers allow as much
WARRAQ_MAX_HEADER_BYTES = 256 << 10
WARRAQ_MAX_HEADER_LINE_BYTES = 64 << 10
WARRAQ_MAX_DECODED_BYTES = 20 << 20  # after gzip, br, zstd, deflate; a larger one is `quarantine too-large`
WARRAQ_FIRST_BYTE_TIMEOUT = 30  # s from the request to the first byte of the response, `first-byte-timeout`
# DOWNLOAD_TIMEOUT limits the whole exchange, `timeout`. URLs of more than 2,000 characters are skipped, `url-too-long`: that is not a
# setting, because a URL is an identity (archive.urls.MAX_LENGTH; address bars and CDNs have the same limit)

# --- extraction --------------------------------------------------------------------------------------------------------------------
WARRAQ_EXTRACTION_WORKERS = 2
WARRAQ_EXTRACTION_SECONDS = (
    20.0  # of processor time; a page that takes longer goes to quarantine; ordinary ones take 0.03 s
)
WARRAQ_EXTRACTION_MEGABYTES = 2048  # address space of a worker; ordinary pages need 300

MEMUSAGE_ENABLED = True
MEMUSAGE_LIMIT_MB = (
    1500  # of the crawling process, which needs 150 to 400; above, the crawl ends cleanly, `memusage_exceeded`
)
MEMUSAGE_CHECK_INTERVAL_SECONDS = 10

# --- exact bytes, one pipeline -----------------------------------------------------------------------------------------------------
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
COMPRESSION_ENABLED = False  # bodies stay as served; workers decode them within limits
REDIRECT_ENABLED = False  # a Location becomes a row of the frontier like any other link
METAREFRESH_ENABLED = False
# send cookies back from the start; otherwise only to hosts that redirect in a loop without them
COOKIES_ENABLED = False
HTTPERROR_ALLOW_ALL = True  # every status is handled by the spider
RETRY_TIMES = 1
RETRY_HTTP_CODES: list[
    int
] = []  # the frontier schedules retries after a status, with Retry-After; only broken connections are retried at once
DOWNLOAD_TIMEOUT = 60
# the errors of our handler; Scrapy's own list imports its HTTP client, which is unused here (0.5 s of CPU at each start)
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
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # the frontier keeps the scope
    # These are off or have nothing to do here, like those of EXTENSIONS and SPIDER_MIDDLEWARES; unless disabled, Scrapy would import and
    # call them for each request or response (docs/performance.md).
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": None,  # the handler applies it
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
    "crawler.extensions.PrintableLogs": 0,
    "crawler.extensions.ArchiveExtension": 0,
    "crawler.closing.SealExtension": 90,  # after the archive is closed and before it is uploaded; off without WARRAQ_SEAL
    "crawler.closing.UploadExtension": 100,  # after the archive is closed; off without WARRAQ_STORAGE
    "crawler.closing.WatchExtension": 110,  # after the archive is closed; idle where it has no watches
    "scrapy.extensions.telnet.TelnetConsole": None,
    "scrapy.extensions.memdebug.MemoryDebugger": None,
    "scrapy.extensions.logstats.LogStats": None,
    "scrapy.extensions.spiderstate.SpiderState": None,
    "scrapy.extensions.throttle.AutoThrottle": None,
    "scrapy.extensions.remote_control.RemoteControl": None,
}
ITEM_PIPELINES = {"crawler.pipelines.ArchivePipeline": 300}

# --- security ----------------------------------------------------------------------------------------------------------------------
WARRAQ_OPEN_NETWORKS: list[
    str
] = []  # in CIDR notation: networks that are allowed although they are not public (crawler.download.guard)
# `never`: an untrusted certificate, or one of another host, ends the exchange, `failed tls`. `record`: the page is fetched nevertheless,
# and its record says so (`tls-verified: no` in a metadata record)
WARRAQ_TLS_FALLBACK = "never"
# Fetch an intermediate certificate that a server omits from the URL in its certificate (http only), as browsers do, and try again; the
# chain must still lead to a trusted root. If False, the exchange is `failed incomplete-chain`
WARRAQ_FETCH_INTERMEDIATES = False
# Authorization, Proxy-Authorization, Cookie and passwords in URLs are redacted in the WARC (`credentials-left-out` in a metadata
# record); if True they are kept, and the record says so (`credentials-kept`)
WARRAQ_KEEP_CREDENTIALS = False
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
HTTPCACHE_ENABLED = False
JOBDIR = None  # a queue of pickles, which the frontier replaces. `-s JOBDIR=…` is refused

# --- quiet logs --------------------------------------------------------------------------------------------------------------------
LOG_LEVEL = "INFO"
for _name in (
    "addons",
    "core.engine",
    "extensions.memusage",
    "crawler",
    "middleware",
    "utils.log",
):  # their start-up messages are always the same
    # A filter, because Scrapy resets the levels of its loggers when it configures logging.
    logging.getLogger(f"scrapy.{_name}").addFilter(lambda record: record.levelno >= logging.WARNING)
STATS_DUMP = False  # the summary replaces it
LOGSTATS_INTERVAL = 0  # the archive extension logs its own line
FEED_EXPORT_ENCODING = "utf-8"

origins = _configure(globals())
"""Each setting with its origin, for `warraq config`."""

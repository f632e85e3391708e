"""What a site announces and where its pages lead: feeds, sitemaps, the shape of addresses; bytes in, values out."""

from archive.discovery.announced import Announced
from archive.discovery.feeds import Feed, read_feed
from archive.discovery.likeness import Likeness
from archive.discovery.likeness import judge as judge_link
from archive.discovery.patterns import ArticlePattern
from archive.discovery.sitemaps import Sitemap, read_sitemap
from archive.discovery.sniff import sniff
from archive.discovery.traps import Trap, pattern_of, trap_reason

__all__ = [
    "Announced",
    "ArticlePattern",
    "Feed",
    "Likeness",
    "Sitemap",
    "Trap",
    "judge_link",
    "pattern_of",
    "read_feed",
    "read_sitemap",
    "sniff",
    "trap_reason",
]

"""The crawler: from seeds to captures. The only code that imports Scrapy or Twisted; imports the archive, never the reverse."""

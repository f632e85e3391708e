"""Crawl: from seeds to captures. The only package that imports Scrapy or Twisted; it imports the archive, never the reverse."""

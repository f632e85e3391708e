"""Exchange lists of feeds with feed readers (OPML 2.0): subscriptions to entries of sites.toml, and entries to subscriptions."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from lxml import etree

from archive.discovery.xml import parse_xml
from archive.errors import NotWritableError
from archive.files import replace_file
from crawler.sites import Site, SiteError, load_sites, name_of
from crawler.sites.keys import WrongValueError, origin_of, web_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MOST_FEEDS: Final = 10_000
"""Limit of a list; a reader has some hundreds of subscriptions."""
MOST_BYTES: Final = 20 << 20


def read_opml(data: bytes) -> dict[str, list[str]]:
    """Return the feeds of a list by the start page of their site, without invalid URLs. Raises SiteError if it is not OPML."""
    root = parse_xml(data[:MOST_BYTES])
    if root is None or etree.QName(root).localname != "opml":
        raise SiteError("is not OPML")
    found: dict[str, list[str]] = {}
    outlines = (one for one in root.iter("outline") if one.get("xmlUrl"))
    for outline in islice(outlines, MOST_FEEDS):
        feed = _address(outline.get("xmlUrl", ""))
        if feed:
            page = _address(outline.get("htmlUrl", "")) or feed
            feeds = found.setdefault(f"{origin_of(page)}/", [])
            if feed not in feeds:
                feeds.append(feed)
    return found


def _address(text: str) -> str:
    try:
        return web_address(text.strip())
    except WrongValueError:
        return ""


def add_feeds(path: Path, feeds: Mapping[str, list[str]]) -> tuple[list[str], list[str]]:
    """Append an entry for each new site, all or none; return (added names, start pages that the file has already)."""
    entries = load_sites(path) if path.exists() else {}
    known = {origin_of(seed) for site in entries.values() for seed in site.seeds}
    added: dict[str, str] = {}
    there = [seed for seed in feeds if origin_of(seed) in known]
    for seed in feeds:
        if seed not in there:
            name = _free(name_of(seed), {*entries, *added})
            added[name] = f"[site.{_key(name)}]\nseeds = {_list([seed])}\nfeeds = {_list(feeds[seed])}\n"
    if added:
        old = path.read_text("utf-8").rstrip() + "\n\n" if path.exists() else ""
        try:
            replace_file(path, [(old + "\n".join(added.values())).encode()])
        except OSError as error:
            raise NotWritableError(path, error) from error
    return list(added), there


def _free(name: str, taken: set[str]) -> str:
    numbered = (f"{name}-{number}" if number > 1 else name for number in range(1, len(taken) + 2))
    return next(one for one in numbered if one not in taken)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _list(values: list[str]) -> str:
    return json.dumps(values, ensure_ascii=False)


def write_opml(sites: Iterable[Site]) -> bytes:
    """Return the feeds of the sites as OPML, a group for each site."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = "warraq"
    body = etree.SubElement(root, "body")
    for site in sites:
        if site.feeds:
            group = etree.SubElement(body, "outline", text=site.name)
            for feed in site.feeds:
                etree.SubElement(group, "outline", type="rss", text=feed, xmlUrl=feed, htmlUrl=site.seeds[0])
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)

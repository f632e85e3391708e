"""Write an entry of sites.toml from the findings on a site, with the evidence in comments. Pure.

Language, locale and time zone are guesses from evidence (the articles, the country of the host, the dialect of month
names), and the comment names the evidence, so that a person can check it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from archive import urls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archive import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSource:
    """A feed or sitemap: `found` is where its URL was found, `holds` describes its content; `use` is False to leave it out."""

    url: str
    found: str
    holds: str
    use: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A value and the evidence for it; the value is '' when there is none."""

    value: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The findings of a probe.

    `seed` is the start page after redirects. `articles` are URLs known to be articles, `expressions` match their patterns;
    `samples` are the articles that were parsed. `seconds` is the median response time, `crawl_delay` that of robots.txt.
    """

    seed: str
    day: str
    feeds: tuple[FoundSource, ...] = ()
    sitemaps: tuple[FoundSource, ...] = ()
    sections: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    samples: tuple[Article, ...] = ()
    language: str = ""
    text: str = ""
    seconds: float = 0.0
    crawl_delay: float | None = None
    hosts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


# Country of a host's last label → region of its locale, time zone.
_COUNTRIES = {
    "ae": ("AE", "Asia/Dubai"),
    "af": ("AF", "Asia/Kabul"),
    "bh": ("BH", "Asia/Bahrain"),
    "de": ("DE", "Europe/Berlin"),
    "dj": ("DJ", "Africa/Djibouti"),
    "dz": ("DZ", "Africa/Algiers"),
    "eg": ("EG", "Africa/Cairo"),
    "es": ("ES", "Europe/Madrid"),
    "fr": ("FR", "Europe/Paris"),
    "il": ("IL", "Asia/Jerusalem"),
    "iq": ("IQ", "Asia/Baghdad"),
    "ir": ("IR", "Asia/Tehran"),
    "it": ("IT", "Europe/Rome"),
    "jo": ("JO", "Asia/Amman"),
    "km": ("KM", "Indian/Comoro"),
    "kw": ("KW", "Asia/Kuwait"),
    "lb": ("LB", "Asia/Beirut"),
    "ly": ("LY", "Africa/Tripoli"),
    "ma": ("MA", "Africa/Casablanca"),
    "mr": ("MR", "Africa/Nouakchott"),
    "om": ("OM", "Asia/Muscat"),
    "pk": ("PK", "Asia/Karachi"),
    "ps": ("PS", "Asia/Hebron"),
    "qa": ("QA", "Asia/Qatar"),
    "sa": ("SA", "Asia/Riyadh"),
    "sd": ("SD", "Africa/Khartoum"),
    "so": ("SO", "Africa/Mogadishu"),
    "sy": ("SY", "Asia/Damascus"),
    "tn": ("TN", "Africa/Tunis"),
    "tr": ("TR", "Europe/Istanbul"),
    "uk": ("GB", "Europe/London"),
    "ye": ("YE", "Asia/Aden"),
}
# Month names that differ between Arabic-speaking countries (CLDR: ar-SY, ar-DZ and ar-TN, ar-MA, ar-EG).
_MONTHS = {
    "ar-SY": (
        "كانون الثاني",
        "شباط",
        "آذار",
        "نيسان",
        "أيار",
        "حزيران",
        "تموز",
        "أيلول",
        "تشرين الأول",
        "تشرين الثاني",
    ),
    "ar-DZ": ("جانفي", "فيفري", "أفريل", "جوان", "جويلية", "أوت"),
    "ar-MA": ("يوليوز", "غشت", "شتنبر", "نونبر", "دجنبر"),
    "ar-EG": ("يناير", "فبراير", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
}


def language_of(findings: Findings) -> Guess:
    """Return the language of most sampled articles, or the one that the site declares."""
    counts = Counter(article.language for article in findings.samples if article.language)
    if counts:
        language, number = counts.most_common(1)[0]
        return Guess(value=language, why=f"{number} of the {len(findings.samples)} articles read")
    declared = findings.language.partition("-")[0].lower()
    return Guess(value=declared, why="what the site declares") if re.fullmatch(r"[a-z]{2,3}", declared) else Guess()


def locale_of(findings: Findings, language: str) -> Guess:
    """Return the language and region of the site's dates: by its country, or by its month names."""
    region = _region(findings)
    if language and region.value:
        return Guess(value=f"{language}-{_COUNTRIES[region.value][0]}", why=region.why)
    if language == "ar":
        counts = {locale: sum(findings.text.count(month) for month in months) for locale, months in _MONTHS.items()}
        locale, number = max(counts.items(), key=lambda pair: pair[1])
        if number >= 3 and number >= 3 * sorted(counts.values())[-2]:
            return Guess(value=locale, why=f"its month names, seen {number} times")
    return Guess()


def timezone_of(findings: Findings) -> Guess:
    """Return the time zone of the site's country; the comment lists the offsets in its articles."""
    offsets = Counter(offset for article in findings.samples if (offset := _offset(article.date_published)))
    written = f"articles write {', '.join(offsets)}" if offsets else "articles write no offset"
    region = _region(findings)
    if region.value:
        return Guess(value=_COUNTRIES[region.value][1], why=f"{region.why}; {written}")
    return Guess(why=f"no country is known; {written}")


def _region(findings: Findings) -> Guess:
    """Return the site's country code in `_COUNTRIES`: the end of its host, or the region of its declared language."""
    country = _country(findings.seed)
    if country in _COUNTRIES:
        return Guess(value=country, why=f"the host ends in .{country}")
    declared = re.fullmatch(r"[a-z]{2,3}[-_]([A-Za-z]{2})", findings.language.strip())
    if declared and declared.group(1).lower() in _COUNTRIES:
        return Guess(value=declared.group(1).lower(), why=f"the site declares {findings.language}")
    return Guess()


def delay_of(findings: Findings) -> Guess:
    """Return the seconds between requests: twice the response time, from one to ten, or more if robots.txt asks for more."""
    delay = min(10.0, max(1.0, round(2 * findings.seconds, 1)))
    asked = f"robots.txt asks for {findings.crawl_delay:g}" if findings.crawl_delay else "robots.txt asks for no delay"
    return Guess(
        value=f"{max(delay, findings.crawl_delay or 0):g}", why=f"answers took {findings.seconds:.2f} s; {asked}"
    )


def entry_text(findings: Findings, name: str) -> str:
    """Return the entry `[site.NAME]` with its comments, ready to be appended to sites.toml."""
    language = language_of(findings)
    locale = locale_of(findings, language.value)
    zone = timezone_of(findings)
    delay = delay_of(findings)
    lines = [
        f"# {urls.display(findings.seed)}, probed on {findings.day} by `warraq add`",
        *(f"# {note}" for note in findings.notes),
        f"[site.{_key(name)}]",
        f"seeds = [{_quoted(findings.seed)}]",
        *_hosts(findings),
        *_sources("feeds", findings.feeds, "none was announced or found where they usually are"),
        *_sources("sitemaps", findings.sitemaps, "none is named by robots.txt or found where they usually are"),
        *_sections(findings),
        *_articles(findings),
        _line("language", language),
        _line("locale", locale),
        _line("timezone", zone),
        f"delay = {delay.value}  # {_comment(delay.why)}",
    ]
    return "\n".join(lines) + "\n"


def _country(seed: str) -> str:
    return urls.host_of(seed).rpartition(".")[2]


def _offset(date: str) -> str:
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        return ""
    return moment.strftime("%z")[:3] + ":" + moment.strftime("%z")[3:5] if moment.tzinfo else ""


def _sources(key: str, sources: Iterable[FoundSource], nothing: str) -> list[str]:
    sources = list(sources)
    if not any(source.use for source in sources):
        return [f"# {key}: {nothing}", *_left_out(sources)]
    return [
        f"{key} = [",
        *(
            f"  {_quoted(source.url)},  # {_comment(source.found)}; {_comment(source.holds)}"
            for source in sources
            if source.use
        ),
        "]",
        *_left_out(sources),
    ]


def _left_out(sources: Iterable[FoundSource]) -> list[str]:
    return [f"# left out: {_comment(source.url)} ({_comment(source.holds)})" for source in sources if not source.use]


def _hosts(findings: Findings) -> list[str]:
    if not findings.hosts:
        return []
    return [
        "hosts = [  # of the seed, of sections that the start page links to, of articles that its feeds lead to; no others belong to it",
        *(f"  {_quoted(host)}," for host in findings.hosts),
        "]",
    ]


def _sections(findings: Findings) -> list[str]:
    if not findings.sections:
        return ["# sections: no link of a section is on the start page and on articles"]
    return [
        "sections = [  # in the navigation: linked from the start page and from articles",
        *(f"  {_quoted(url)},{_shown(url)}" for url in findings.sections),
        "]",
    ]


def _articles(findings: Findings) -> list[str]:
    if not findings.expressions:
        return [f"# articles: {len(findings.articles)} known addresses have no shape that tells them from sections"]
    matched = sum(any(re.search(expression, url) for expression in findings.expressions) for url in findings.articles)
    return [
        f"articles = [  # {matched} of {len(findings.articles)} known addresses of articles, and no section, match",
        *(f"  {_literal(expression)}," for expression in findings.expressions),
        "]",
    ]


def _line(key: str, guess: Guess) -> str:
    if not guess.value:
        return f"# {key}: not known{f' ({_comment(guess.why)})' if guess.why else ''}; set it if dates or texts are read wrong"
    return f"{key} = {_quoted(guess.value)}  # {_comment(guess.why)}"


def _shown(url: str) -> str:
    shown = urls.display(url)
    return f"  # {_comment(shown)}" if shown != url else ""


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    """Return a TOML basic string: its escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _literal(text: str) -> str:
    return f"'{text}'" if "'" not in text else _quoted(text)


def _comment(text: str) -> str:
    """Return the text on one line, even if the site put control characters into it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]

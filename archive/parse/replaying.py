"""Prepare an archived page or style sheet for replay: list the URLs that it loads, or rewrite them.

The page is displayed in a sandbox without scripts, so pictures and styles that a lazy loader would insert are inserted here. It is pure and
runs in worker processes.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING

import tinycss2

from archive.extract.decode import decode_page
from archive.extract.requisites import LAZY, MAX_STYLE, is_picture, srcset_candidates, style_tokens
from archive.parse import MAX_REPLAYED, Prepared, ReplayTask
from archive.parse.requisites import make_thumbnail
from archive.urls import join

if TYPE_CHECKING:
    from collections.abc import Callable

    Resolve = Callable[[str], str]

# A tag, or a whole comment, script or style, whose content has no tags. All quantifiers are possessive: linear on any input.
_PARTS = re.compile(
    r"<!--(?:[^-]++|-(?!->))*+(?:-->)?"
    r"|<(?P<name>[a-z][a-z0-9:-]*+)(?P<attributes>(?:[^>\"'=]++|=\s*+(?:\"[^\"]*+\"?+|'[^']*+'?+)?+|[\"'])*+)>?+",
    re.IGNORECASE,
)
_RAW_END = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style", "textarea", "title")
}
_ATTRIBUTE = re.compile(
    r"([^\s=/\"'>]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"?+|'([^']*+)'?+|([^\s>]++)))?+",
)
_REMOVED = frozenset({"iframe", "frame", "object", "embed", "script", "base"})
"""Elements that load other pages or have no effect here; the URLs are made absolute by `base`, which is then removed."""
_PICTURES = frozenset({"img", "source", "amp-img", "input", "image"})
_REFRESH = re.compile(r"refresh|content-security-policy", re.IGNORECASE)


def prepare(task: ReplayTask) -> Prepared:
    """List or rewrite the URLs of a body, as the task asks; never fails on a damaged body."""
    if task.thumbnail:
        return Prepared(body=make_thumbnail(task.body, task.thumbnail))
    found: dict[str, None] = {}
    addresses = task.addresses

    def resolve(url: str) -> str:
        found[url] = None
        return addresses.get(url, "") if addresses is not None else ""

    if task.is_style:
        text = rewrite_style(task.body.decode("utf-8", "replace"), task.url, resolve, task.missing)
    else:
        decoded = decode_page(task.body[:MAX_REPLAYED], content_type=task.content_type)
        text = _Page(task.url, decoded.encoding, resolve, task.missing).rewrite(decoded.text)
    return Prepared(urls=tuple(found), body=text.encode("utf-8", "replace"))


def rewrite_style(style: str, base: str, resolve: Resolve, missing: str) -> str:
    """Return a style sheet or declarations with each URL replaced by what `resolve` returns for its absolute form, or `missing` for ''."""
    tokens, named = style_tokens(style[:MAX_STYLE])
    if not named:
        return style
    for token in named:
        url = join(base, token.value.strip())
        if url:
            address = resolve(url) or missing
            token.representation = f'url("{address}")' if token.type == "url" else f'"{address}"'
        elif not token.value.startswith("data:"):
            token.representation = 'url("")' if token.type == "url" else '""'
    return str(tinycss2.serialize(tokens))


class _Page:
    """Rewrites one page."""

    def __init__(self, url: str, encoding: str, resolve: Resolve, missing: str) -> None:
        self._base = url
        self._encoding = encoding
        self._resolve = resolve
        self._missing = missing

    def rewrite(self, html: str) -> str:
        """Return the page with its URLs replaced."""
        parts: list[str] = []
        at = 0
        while match := _PARTS.search(html, at):
            parts.append(html[at : match.start()])
            at = match.end()
            name = (match["name"] or "").lower()
            parts.append(self._tag(name, match["attributes"]) if name else "")
            if end := _RAW_END.get(name):
                stop = end.search(html, at)
                raw = html[at : stop.start()] if stop else html[at:]
                at = stop.start() if stop else len(html)
                parts.append(self._raw(name, raw))
        parts.append(html[at:])
        return "".join(parts)

    def _raw(self, name: str, text: str) -> str:
        if name == "style":
            return rewrite_style(text, self._base, self._resolve, self._missing).replace("</", "<\\/")
        return "" if name == "script" else text

    def _tag(self, name: str, text: str) -> str:
        attributes = _attributes(text)
        if name == "base" and attributes.get("href"):
            self._base = join(self._base, attributes["href"]) or self._base
        if name in _REMOVED:
            return f"<{name}>" if name in {"script", "iframe", "object"} else ""
        if name == "meta" and _REFRESH.search(attributes.get("http-equiv", "")):
            return ""
        if name == "meta" and ("charset" in attributes or "http-equiv" in attributes):
            return '<meta charset="utf-8">'
        closed = "/" if text.rstrip().endswith("/") else ""
        return f"<{name}{''.join(_written(*one) for one in self._changed(name, attributes).items())}{closed}>"

    def _changed(self, name: str, attributes: dict[str, str]) -> dict[str, str]:
        """Return the attributes with URLs of this archive, without attributes that would load or run anything else."""
        kept = {
            key: value
            for key, value in attributes.items()
            if not key.startswith("on") and key not in {"ping", "nonce", "integrity"}
        }
        if name == "link":
            return self._link(kept)
        if name in _PICTURES and (name != "source" or {"srcset", "data-srcset"} & kept.keys()):
            kept = self._picture(kept)
        if kept.get("poster"):
            kept["poster"] = self._address(kept["poster"])
        if kept.get("background"):
            kept["background"] = self._address(kept["background"])
        if name in {"video", "audio", "source"} and "srcset" not in kept:
            kept.pop("src", None)
        self._style(kept)
        return kept

    def _link(self, kept: dict[str, str]) -> dict[str, str]:
        rel = set(kept.get("rel", "").lower().split())
        if "preload" in rel and kept.get("as", "").lower() == "style" and kept.get("href"):
            kept = {"rel": "stylesheet", "href": kept["href"]}  # as its `onload` handler would change it
            rel = {"stylesheet"}
        if not rel & {"stylesheet", "icon"} or not kept.get("href"):
            return {}
        if kept.get("media", "").strip().lower() == "print":
            kept.pop("media")  # as above: it is how style sheets are loaded late
        return {**kept, "href": self._address(kept["href"])}

    def _picture(self, kept: dict[str, str]) -> dict[str, str]:
        """Return the attributes of a picture as its lazy loader would set them, with the sizes that are held."""
        lazy = next((kept[key] for key in LAZY if kept.get(key)), "") or next(
            (
                value
                for key, value in kept.items()
                if key.startswith("data-") and "srcset" not in key and is_picture(value)
            ),
            "",
        )
        source = kept.get("src") or kept.get("href") or kept.get("xlink:href") or ""
        sets = next((kept[key] for key in ("data-srcset", "data-lazy-srcset", "srcset") if kept.get(key)), "")
        held = [(self._held(url), size) for url, size in srcset_candidates(sets)]
        held = [(address, size) for address, size in held if address]
        result = {key: value for key, value in kept.items() if "src" not in key}
        if held:
            result["srcset"] = ", ".join(f"{address} {size}".strip() for address, size in held)
        wanted = lazy or source
        first = wanted if wanted.lower().startswith("data:") else self._held(wanted) if wanted else ""
        if first or held or wanted:
            result["href" if "href" in kept or "xlink:href" in kept else "src"] = first or (
                held[-1][0] if held else self._missing
            )
        return result

    def _style(self, kept: dict[str, str]) -> None:
        """Rewrite the style attribute, including a background that a lazy loader would set."""
        for key, value in list(kept.items()):
            if key.startswith("data-b") and (is_picture(value) or "url(" in value):
                url = value if "url(" in value else f'url("{value}")'
                kept["style"] = f"{kept.get('style', '').rstrip('; ')};background-image:{url}"
                break
        if "(" in kept.get("style", ""):
            kept["style"] = rewrite_style(kept["style"], self._base, self._resolve, self._missing)

    def _held(self, reference: str) -> str:
        url = join(self._base, reference.strip(), self._encoding)
        return self._resolve(url) if url else ""

    def _address(self, reference: str) -> str:
        return reference if reference.lower().startswith("data:") else self._held(reference) or self._missing


def _attributes(text: str) -> dict[str, str]:
    """Return the attributes of a tag, the first of each name, with values unescaped."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text):
        value = next((one for one in match.groups()[1:] if one is not None), "")
        found.setdefault(match[1].lower(), unescape(value))
    return found


def _written(name: str, value: str) -> str:
    return f' {name}="{escape(value)}"' if value else f" {name}"

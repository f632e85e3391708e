"""Extract, as HTML, an article that a page contains only as data for its scripts.

Pages rendered by scripts have their text as data: in `application/json` scripts (Next.js, Nuxt), in assignments
(`window.__APOLLO_STATE__ = …`), in rows of React server components, in `noscript`, or as the entries of a live blog in
JSON-LD. Only text under the page's own title is used, because the data may include other articles.
"""

from __future__ import annotations

import html
import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from lxml import etree

from archive.extract.model import is_long
from archive.extract.text.literals import read_literal
from archive.extract.text.names import count_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from archive.extract.document import Document

_MAX_STATE = 4_000_000
_MAX_NODES = 200_000
_MAX_DEPTH = 60
_MIN_BODY = 120
_MAX_TITLE = 400
_SHORT = 3_000
_FOREIGN = re.compile(
    r"relat|recommend|comment|author|bio|seo|meta|description|excerpt|summary|teaser|caption|alt|title|headline|promo"
    r"|footer|header|nav|menu|config|url|href|src|class|^id$|__typename|more",
    re.IGNORECASE,
)
"""Keys whose values contain no paragraphs of the article."""
_ASSIGNED = re.compile(
    r"(?:window|self|globalThis|\b[A-Z]\w{0,30})\.[\w.$]+\s*=\s*(?=[{\[(]|JSON\b)|(?:var|let|const)\s+[\w$]+\s*=\s*(?=[{\[]|JSON\b)"
)
_PARSED = re.compile(r"JSON\s*\.\s*parse\s*\(\s*(?=[\"'])")
_PUSHED = re.compile(r"__next_f\.push\(\[\s*1\s*,\s*")
_LITERAL = re.compile(r'"(?:[^"\\]++|\\.)*+"')
_ROW = re.compile(r"([0-9a-f]+):(T[0-9a-f]+,)?")
_TAGS = re.compile(r"<[^<>]{1,300}>")
_PARAGRAPH = re.compile(r"<(?:p|br|h[2-6]|li|blockquote)\b", re.IGNORECASE)
_DRAWN = frozenset(
    {
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "ul",
        "ol",
        "li",
        "blockquote",
        "em",
        "strong",
        "b",
        "i",
        "a",
        "table",
        "tr",
        "td",
        "th",
        "figure",
        "br",
    }
)


LIVE_ENTRY = '<section class="live-entry">'
"""The beginning of each entry of a live blog in the HTML that `embedded` returns."""


def embedded(document: Document, is_title: Callable[[str], bool]) -> str:
    """Return the longest body of the page's own article outside its visible text, as HTML; '' if there is none."""
    bodies = [
        _noscript(document),
        _live_entries(document),
        *(_body_of(value, is_title) for value in _values(document)),
        _drawn(document, is_title),
    ]
    return max(bodies, key=_letters, default="")


def _letters(body: str) -> int:
    return len(_TAGS.sub("", body))


def _noscript(document: Document) -> str:
    parts = [
        etree.tostring(child, encoding="unicode")
        for element in document.model.by_tag["noscript"]
        if element.find(".//p") is not None or element.find(".//article") is not None
        for child in element
    ]
    return "".join(parts)[:_MAX_STATE]


def _live_entries(document: Document) -> str:
    """Return the updates of a live blog as HTML, each under its headline, in the declared order."""
    entries: list[str] = []
    for node in document.jsonld:
        updates = node.get("liveBlogUpdate")
        for update in updates if isinstance(updates, list) else [updates]:
            entries += [_entry(update)] if isinstance(update, dict) else []
    return "".join(dict.fromkeys(entries))


def _entry(update: dict[str, Any]) -> str:
    headline, body, moment = (update.get(key) for key in ("headline", "articleBody", "datePublished"))
    parts = [LIVE_ENTRY]
    if isinstance(moment, str):
        parts.append(f'<time datetime="{html.escape(moment[:40])}"></time>')
    if isinstance(headline, str):
        parts.append(f"<h2>{html.escape(html.unescape(headline[:_MAX_TITLE]))}</h2>")
    if isinstance(body, str):
        parts.append(_as_html(body))
    return "".join([*parts, "</section>"])


def _as_html(text: str) -> str:
    """Return a body as HTML: unchanged if it has paragraphs, else with one for each line."""
    if _PARAGRAPH.search(text):
        return text
    lines = (line.strip() for line in html.unescape(text).split("\n"))
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines if line)


def _values(document: Document) -> Iterator[Any]:
    """Yield the JSON values in the page's scripts."""
    budget = _MAX_STATE
    decoder = json.JSONDecoder(strict=False)
    for script in document.model.by_tag["script"]:
        text = script.text or ""
        kind = (script.get("type") or "").lower()
        budget -= len(text)
        if budget < 0:
            return
        if len(text) < _MIN_BODY or "ld+json" in kind:
            continue
        if kind.endswith("json"):
            value = _loaded(decoder, text.strip())
            yield _referred(value) if isinstance(value, list) else _joined(value)
        else:
            for match in islice(_ASSIGNED.finditer(text), 20):
                yield _joined(_assigned(decoder, text, match.end()))


def _assigned(decoder: json.JSONDecoder, text: str, at: int) -> Any:
    """Return the value that a script assigns: JSON, a string of JSON, or a JavaScript object literal; None for others."""
    if parsed := _PARSED.match(text, at):
        string = read_literal(text, parsed.end())
        return _loaded(decoder, string) if isinstance(string, str) else None
    value = _loaded(decoder, text[at:])
    return read_literal(text, at) if value is None else value


def _joined(state: Any) -> Any:
    """Replace references in lists by the strings of the objects they refer to, as in Apollo's cache."""
    if not isinstance(state, dict):
        return state
    entries = {key: value for key, value in state.items() if isinstance(value, dict)}
    for entry in islice(entries.values(), _SHORT):
        for key, values in entry.items():
            if isinstance(values, list) and any(_reference(item) in entries for item in values[:_SHORT]):
                entry[key] = [_strings_of(entries.get(_reference(item))) or item for item in values[:_SHORT]]
    return state


def _reference(item: Any) -> str:
    reference = (item.get("__ref") or item.get("id")) if isinstance(item, dict) else ""
    return reference if isinstance(reference, str) else ""


def _strings_of(entry: dict[str, Any] | None) -> dict[str, str]:
    return {key: value for key, value in (entry or {}).items() if isinstance(value, str)}


def _loaded(decoder: json.JSONDecoder, text: str) -> Any:
    try:
        return decoder.raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _referred(values: list[Any]) -> Any:
    """Return the objects of Nuxt's flat list, whose values are indices of other items, resolved to a depth of one."""
    if not any(
        isinstance(value, dict) and value and all(isinstance(ref, int) for ref in value.values())
        for value in values[:50]
    ):
        return values
    return [
        {key: values[ref] for key, ref in value.items() if isinstance(ref, int) and 0 <= ref < len(values)}
        for value in values
        if isinstance(value, dict)
    ]


def _body_of(state: Any, is_title: Callable[[str], bool]) -> str:
    """Return the longest body in an object of the state that has the page's title, '' if there is none."""
    best = ""
    for node in islice(_objects(state), _MAX_NODES):
        if any(len(text) <= _MAX_TITLE and is_title(text) for text in _names(node)):
            body = max(_bodies(node), key=_letters, default="")
            if _letters(body) > _letters(best):
                best = body
    return best


def _names(node: dict[str, Any]) -> Iterator[str]:
    """Yield the strings of an object, and those of its title if that is an object with several forms."""
    for key, value in node.items():
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict) and _TITLE.search(key):
            yield from (text for text in value.values() if isinstance(text, str))


_TITLE = re.compile(r"title|headline", re.IGNORECASE)


def _objects(state: Any) -> Iterator[dict[str, Any]]:
    stack = [(state, 0)]
    while stack:
        value, depth = stack.pop()
        if isinstance(value, dict):
            yield value
        if depth < _MAX_DEPTH and isinstance(value, (dict, list)):
            children = value.values() if isinstance(value, dict) else value
            stack.extend((child, depth + 1) for child in children if isinstance(child, (dict, list)))


def _bodies(node: dict[str, Any]) -> Iterator[str]:
    """Yield candidates for an object's body: long strings of HTML, and lists of paragraphs."""
    stack: list[tuple[Any, int]] = [(node, 0)]
    count = 0
    while stack and count < _MAX_NODES:
        value, depth = stack.pop()
        count += 1
        if isinstance(value, str):
            if is_long(value, _MIN_BODY) and count_words(value) > 1:
                yield _as_html(value)
        elif depth >= _MAX_DEPTH:
            continue
        elif isinstance(value, dict):
            stack.extend((child, depth + 1) for key, child in value.items() if not _FOREIGN.search(key))
        elif isinstance(value, list):
            paragraphs = [text for item in value[:_SHORT] if (text := _paragraph(item))]
            if is_long("".join(paragraphs), _MIN_BODY):
                yield "".join(text if _PARAGRAPH.match(text) else f"<p>{text}</p>" for text in paragraphs)
            stack.extend((item, depth + 1) for item in value if isinstance(item, (dict, list)))


def _paragraph(item: Any) -> str:
    """Return the text of an item in a list of paragraphs, which is a string or an object whose leaves are strings."""
    if isinstance(item, str):
        return item if count_words(item) > 1 else ""
    if not isinstance(item, dict):
        return ""
    parts: list[str] = []
    stack: list[tuple[Any, int]] = [(item, 0)]
    while stack and len(parts) < _SHORT:
        value, depth = stack.pop()
        if isinstance(value, str):
            parts.append(value)
        elif depth < _MAX_DEPTH and isinstance(value, dict):
            stack.extend(
                (child, depth + 1)
                for key, child in reversed(value.items())
                if key in _TEXT_KEYS or (isinstance(child, (dict, list)) and not _FOREIGN.search(key))
            )
        elif depth < _MAX_DEPTH and isinstance(value, list):
            stack.extend((child, depth + 1) for child in reversed(value) if isinstance(child, (str, dict, list)))
    text = "".join(parts)
    return text if count_words(text) > 1 else ""


_TEXT_KEYS = frozenset({"text", "content", "value", "html", "body", "paragraph", "data", "rawHtml", "copy", "quote"})


def _drawn(document: Document, is_title: Callable[[str], bool]) -> str:
    """Return the HTML of React server components, if it contains the page's title; else ''."""
    stream = "".join(_pushed(document))
    if not stream:
        return ""
    rows = _rows(stream)
    parts = [_draw(value, rows, 0) for value in rows.values() if isinstance(value, list)]
    body = max(parts, key=_letters, default="")
    if not any(is_title(text) for text in _strings(rows.values())):
        return ""
    if _letters(body):
        return body
    return _body_of([_resolved(value, rows, 0) for value in rows.values()], is_title)


def _resolved(value: Any, rows: dict[str, Any], depth: int) -> Any:
    """Return a value with the texts of other rows in place of the references to them."""
    if isinstance(value, str):
        row = rows.get(value[1:]) if value.startswith("$") else None
        return row if isinstance(row, str) else value
    if depth >= _MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {key: _resolved(child, rows, depth + 1) for key, child in value.items()}
    return [_resolved(child, rows, depth + 1) for child in value] if isinstance(value, list) else value


def _pushed(document: Document) -> Iterator[str]:
    size = 0
    for script in document.model.by_tag["script"]:
        text = script.text or ""
        for match in _PUSHED.finditer(text):
            literal = _LITERAL.match(text, match.end())
            size += len(literal[0]) if literal else 0
            if literal and size <= _MAX_STATE:
                try:
                    yield json.loads(literal[0], strict=False)
                except ValueError:
                    continue


def _rows(stream: str) -> dict[str, Any]:
    """Return the rows of a stream by their id: JSON values, and texts prefixed with their length."""
    rows: dict[str, Any] = {}
    decoder = json.JSONDecoder(strict=False)
    at = 0
    while at < len(stream) and len(rows) < _MAX_NODES:
        head = _ROW.match(stream, at)
        end = stream.find("\n", at)
        end = len(stream) if end < 0 else end
        if head is None:
            at = end + 1
        elif head[2]:
            size = int(head[2][1:-1], 16)
            data = stream[head.end() : head.end() + size].encode()[:size].decode(errors="ignore")
            rows[head[1]] = data
            at = head.end() + len(data)
        else:
            rows[head[1]] = _loaded(decoder, stream[head.end() : end].lstrip("IHE"))
            at = end + 1
    return rows


def _draw(value: Any, rows: dict[str, Any], depth: int) -> str:
    """Return the HTML of a tree of React elements: `["$", tag, key, properties]`, lists and strings."""
    if isinstance(value, str) and value.startswith("$"):
        row = rows.get(value.lstrip("$LQ@"))
        return _as_html(row) if isinstance(row, str) else ""
    if isinstance(value, str):
        return html.escape(value, quote=False)
    if not isinstance(value, list) or depth > _MAX_DEPTH:
        return ""
    if len(value) == 4 and value[0] == "$" and isinstance(value[1], str) and isinstance(value[3], dict):
        return _draw_element(value[1], value[3], rows, depth)
    return "".join(_draw(item, rows, depth + 1) for item in value)


def _draw_element(tag: str, properties: dict[str, Any], rows: dict[str, Any], depth: int) -> str:
    if tag in {"nav", "footer", "aside", "script", "style", "button"}:
        return ""
    inner = properties.get("dangerouslySetInnerHTML")
    content = inner.get("__html") if isinstance(inner, dict) else None
    if isinstance(content, str) and content.startswith("$"):
        content = rows.get(content[1:])
    drawn = content if isinstance(content, str) else _draw(properties.get("children"), rows, depth + 1)
    return f"<{tag}>{drawn}</{tag}>" if tag in _DRAWN else f"<div>{drawn}</div>"


def _strings(values: Iterable[Any]) -> Iterator[str]:
    stack = list(values)
    count = 0
    while stack and count < _MAX_NODES:
        value = stack.pop()
        count += 1
        if isinstance(value, str):
            if len(value) <= _MAX_TITLE:
                yield value
        elif isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)

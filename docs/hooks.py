"""Replace links from the documentation site to other files of the repository by their addresses on GitHub."""

from __future__ import annotations

import posixpath
import re
from typing import Any

REPOSITORY = "https://github.com/warraq/warraq/blob/main"
LINK = re.compile(r"(\]\()(\.\./[^)\s#]+)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Replace each link to a file outside docs/."""

    def replaced(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page.file.src_uri), match[2]))
        return match[0] if path.startswith("docs/") else f"{match[1]}{REPOSITORY}/{path}"

    return LINK.sub(replaced, markdown)

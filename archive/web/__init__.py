"""The reading room: an archive's folder in; a web application out that searches it, shows its articles, and changes nothing.

Why an application of our own on Starlette and Jinja, and no Datasette plugin. The archive stays an ordinary SQLite file that
plain Datasette opens (see docs/queries.md and deploy/datasette.yml), so nobody loses it. As the place where people read, Datasette
would have to be taken apart first: it finds no Arabic word through its prefixes and spellings, since its search box knows FTS5's
tokenizers alone; it offers anonymous SQL, with which `zeroblob(1000000000)` hangs it for everybody in spite of its time limit; it
gives out the whole file at /db.db; it sends neither a Content-Security-Policy nor X-Frame-Options, and its own templates need
inline scripts; and its pages are tables of rows, left to right. A hundred lines of routes over `archive.archive.Archive` have none
of that to switch off.

What holds for every page, and is tested in tests/archive/web: no cookies, no inline script or style, nothing loaded from elsewhere,
all text escaped, archived HTML only ever in a sandbox without scripts and without our origin, no SQL from outside, every list
bounded, every question to the database bounded in time.
"""

from archive.web.app import create_app

__all__ = ["create_app"]

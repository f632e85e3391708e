"""A small loopback site made of given pages, and the command that crawls it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.program import ROOT, scrapy

SENTENCES = (
    "The council of the harbour town met on Tuesday to decide about the new ferry line to the islands.",
    "Fishermen had asked for a later hour of departure, because their boats return with the evening tide.",
    "The mayor said that the budget of the coming year leaves room for one more crew and a second ship.",
    "Visitors who stood in the gallery clapped when the plan was read aloud for the second time.",
)


def article_page(title, *, text=SENTENCES, head="", foot=""):
    paragraphs = "".join(f"<p>{title}: {sentence} {sentence[::-1].title()}</p>" for sentence in text)
    meta = f'<meta property="og:type" content="article"><title>{title}</title>{head}'
    return f"<html lang=en><head>{meta}</head><body><article><h1>{title}</h1>{paragraphs}</article>{foot}</body></html>"


def list_page(*paths):
    rows = "".join(f'<li><a href="{path}">A headline of several words for {path}</a></li>' for path in paths)
    return f"<html lang=en><head><title>Harbour News</title></head><body><h1>Harbour News</h1><ul>{rows}</ul></body></html>"


class Site(ThreadingHTTPServer):
    """`pages` maps a path to HTML, to (status, headers, bytes), or to a function of the request headers that gives either."""

    daemon_threads = True

    def __init__(self, pages):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages, self.asked = dict(pages), []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        page = self.server.pages.get(self.path, (404, {}, b"nothing here"))
        page = page(self.headers) if callable(page) else page
        status, headers, body = page if isinstance(page, tuple) else (200, {}, page.encode())
        self.send_response(status)
        for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if status != 304 else b"")

    def log_message(self, *_):
        pass


def crawl(url, folder, *more, code=0, cwd=ROOT, run=scrapy):
    """Return the summary of a crawl, or its stderr if there is none."""
    settings = (
        f"ARCHIVE_DIR={folder}",
        "WARRAQ_OPEN_NETWORKS=127.0.0.0/8",
        "DOWNLOAD_DELAY=0",
        "WARRAQ_SUMMARY_JSON=1",
    )
    given = [word for setting in settings for word in ("-s", setting)]
    done = run("crawl", "news", "-a", f"url={url}", *given, *more, cwd=cwd)
    assert done.returncode == code, (done.returncode, done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout else done.stderr

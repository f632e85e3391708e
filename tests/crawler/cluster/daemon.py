"""A small server that speaks as much of scrapyd's API as `scrapy cluster` asks, in scrapyd 1.6's own words, and can misbehave."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Daemon(ThreadingHTTPServer):
    """`misbehave` is a function of the handler that answers in place of the API; `queue`, `running`, `finished` are ids of jobs."""

    daemon_threads = True

    def __init__(self, *, username="warraq", password="secret"):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.login = f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}" if username else ""
        self.queue, self.running, self.finished, self.asked, self.misbehave = {}, [], [], [], None
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, *_):
        """Clients hang up on daemons that misbehave."""

    def listed(self):
        job = {"project": "warraq", "spider": "news"}
        times = {"start_time": "2026-11-24 10:00:00.123456", "log_url": None, "items_url": None}
        return {
            "pending": [
                {"id": name, **job, "version": None, "settings": form.get("setting", []), "args": {}}
                for name, form in self.queue.items()
            ],
            "running": [{"id": name, **job, **times, "pid": 4711} for name in self.running],
            "finished": [
                {"id": name, **job, **times, "end_time": "2026-11-24 10:05:00.654321"} for name in self.finished
            ],
        }


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer({})

    def do_POST(self):
        self._answer(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

    def _answer(self, form):
        daemon, path = self.server, urlsplit(self.path).path
        daemon.asked.append((self.command, self.path, self.headers.get("Authorization"), form))
        if daemon.misbehave is not None:
            daemon.misbehave(self)
        elif daemon.login and self.headers.get("Authorization") != daemon.login:
            self.send(401, b"Unauthorized", kind="text/plain")
        elif path == "/listjobs.json":
            self.ok(daemon.listed())
        elif path == "/daemonstatus.json":
            self.ok({"pending": len(daemon.queue), "running": len(daemon.running), "finished": len(daemon.finished)})
        elif path == "/schedule.json" and form.get("project") != ["warraq"]:
            self.say({"status": "error", "message": f"project '{form['project'][0]}' not found"})
        elif path == "/schedule.json":
            daemon.queue[form["jobid"][0]] = form
            self.ok({"jobid": form["jobid"][0]})
        else:
            self.send(404, b"<html>No Such Resource</html>", kind="text/html")

    def ok(self, data):
        self.say({**data, "status": "ok"})

    def say(self, data):
        self.send(200, json.dumps({**data, "node_name": "test"}).encode() + b"\n")

    def send(self, status, body, *, kind="application/json", **headers):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def drip(handler):
    """An answer that never ends: one byte in a tenth of a second."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b" ")
        time.sleep(0.1)


def flood(handler):
    """An answer without end, as fast as it goes."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(bytes(1 << 20))

"""A time stamp authority (RFC 3161) on loopback, with openssl: it answers requests or misbehaves as told."""

from __future__ import annotations

import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """
[tsa]
default_tsa = here
[here]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[stamp]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = critical, timeStamping
"""


class Authority:
    """An authority with its certificates in a folder, and its responses."""

    def __init__(self, folder: Path, *, days: int = 3650) -> None:
        folder.mkdir()
        self.folder, self.url = folder, ""
        (folder / "ts.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        self._openssl("ecparam -name prime256v1 -genkey -noout -out ca.key")
        self._openssl("ecparam -name prime256v1 -genkey -noout -out tsa.key")
        self._openssl("req -new -x509 -key ca.key -subj /CN=Root -days 3650 -config ts.cnf -extensions ca -out ca.pem")
        self._openssl("req -new -key tsa.key -subj /CN=Stamps -config ts.cnf -out tsa.csr")
        self._openssl(
            f"x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -set_serial 7 -days {days} -extfile ts.cnf -extensions stamp -out tsa.pem"
        )

    @property
    def root(self) -> Path:
        return self.folder / "ca.pem"

    def answer(self, query: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        self._openssl("ts -reply -config ts.cnf -section here -queryfile query.tsq -out reply.tsr")
        return (self.folder / "reply.tsr").read_bytes()

    def _openssl(self, words: str) -> None:
        subprocess.run(["openssl", *words.split()], cwd=self.folder, check=True, capture_output=True)


@contextmanager
def serving(
    authority: Authority, *, body: bytes | None = None, status: int = 200, silent: bool = False
) -> Iterator[str]:
    """Serve the authority; send `body` instead of its responses, or with `silent` nothing until the block ends."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            if silent:
                over.wait(60)
                return
            answer = authority.answer(query) if body is None else body
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsr"
    finally:
        over.set()
        server.shutdown()
        server.server_close()

"""Define the server commands: the reading room for people, MCP for assistants."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import signal
import socket
import webbrowser
from gettext import gettext as _
from typing import TYPE_CHECKING

import click

from archive.cli.output import workspace_of
from archive.errors import UsageError
from archive.federation import Federation
from archive.locale import n_
from archive.search import load_encoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import uvicorn
    from starlette.types import ASGIApp

_OPEN = (
    "WARNING: {host} can be reached from other machines, and anyone who reaches it can read the whole archive: there are no "
    "passwords and no TLS. Put a proxy with both in front, or omit --host."
)
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def _path(_ctx: click.Context, _option: click.Parameter, value: str) -> str:
    if value and not re.fullmatch(r"/?[\w.~-]+(?:/[\w.~-]+)*/?", value, re.ASCII):
        raise click.BadParameter(_("{value} is not a path such as /news").format(value=value))
    return value


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8765,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--name", "names", multiple=True, metavar="HOST", help="A host name to answer to, as behind a proxy; repeatable."
)
@click.option(
    "--cors",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of https://that.example (or *) read the API; repeatable.",
)
@click.option(
    "--prefix", default="", metavar="PATH", help="Path below which a proxy serves it, such as /news.", callback=_path
)
@click.option("--semantic", is_flag=True, help="Offer search by meaning (warraq[semantic], `warraq embed`).")
@click.option("--open", "open_", is_flag=True, help="Open it in the browser.")
@click.option("-v", "--verbose", is_flag=True, help="Print every request.")
@click.pass_context
def serve(
    ctx: click.Context,
    *,
    host: str,
    port: int,
    names: tuple[str, ...],
    origins: tuple[str, ...],
    prefix: str,
    semantic: bool,
    open_: bool,
    verbose: bool,
) -> None:
    """Serve the archives as a web site: search, read, compare versions, see the originals.

    It changes nothing, and may run during a crawl. By default only this machine can reach it. If WARRAQ_SAVE_TOKEN is set, anyone with
    that token can save pages.
    """
    folders = workspace_of(ctx).folders()
    Federation(folders).close()  # report a folder without an archive now, by the exit code, instead of on every page
    if semantic:
        load_encoder()  # report a missing extra now
    application = _application(folders, _hosts(host, names), origins, prefix, semantic=semantic)
    server, listener = _prepare(application, host, port, verbose=verbose)
    address = _address(listener)
    if not _is_loopback(host):
        click.secho(_OPEN.format(host=host), fg="red", bold=True, err=True)
    # Before the address is printed, so that no signal reaches Python's own handler, which aborts running requests.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    click.echo(
        _("The reading room of {named} is at {address} (Ctrl-C ends it)").format(named=_named(folders), address=address)
    )
    if open_:
        webbrowser.open(address)
    server.run(sockets=[listener])


def _named(folders: Sequence[Path]) -> str:
    """Return what is served in words: the name of a single archive, or the number of archives."""
    return str(folders[0]) if len(folders) == 1 else n_("{n} archive", "{n} archives", len(folders))


def _hosts(host: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the accepted host names, () for any."""
    return (*_LOOPBACK_NAMES, *names) if _is_loopback(host) or names else ()


def _application(
    folders: Sequence[Path], hosts: tuple[str, ...], origins: tuple[str, ...], prefix: str, *, semantic: bool
) -> ASGIApp:
    try:
        from archive.web import create_app
    except ImportError as error:
        raise UsageError(
            _("the reading room needs {name}: pip install 'warraq[web]'").format(name=error.name)
        ) from error
    token = os.environ.get("WARRAQ_SAVE_TOKEN", "")
    return create_app(*folders, hosts=hosts, origins=origins, semantic=semantic, token=token, prefix=prefix)


def _prepare(application: ASGIApp, host: str, port: int, *, verbose: bool) -> tuple[uvicorn.Server, socket.socket]:
    import uvicorn

    from archive.web.admission import BoundedProtocol, QuietServer

    config = uvicorn.Config(
        application,
        log_level="info" if verbose else "warning",
        access_log=verbose,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=32_768,
        http=BoundedProtocol,
        ws="none",
    )
    logging.getLogger("archive.web").setLevel(logging.INFO)
    return QuietServer(config), _listen(host, port)


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_rest, address = found[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()  # clients that connect after the address is printed and before the server is ready wait for it
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise UsageError(
            _("cannot listen on {host} port {port} ({error}): choose another with --port or --host").format(
                host=host, port=port, error=error
            )
        ) from error
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


@click.command()
@click.option("--http", is_flag=True, help="Listen on HTTP instead of standard input and output.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on, with --http.")
@click.option(
    "--port", default=8766, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on, with --http."
)
@click.option(
    "--room",
    default="http://127.0.0.1:8765",
    show_default=True,
    metavar="URL",
    help="Where the reading room is served, for permalinks.",
)
@click.pass_context
def mcp(ctx: click.Context, *, http: bool, host: str, port: int, room: str) -> None:
    """Serve the archives to assistants over the Model Context Protocol: search, read, versions, diff, coverage, cite. Read-only.

    Without --http it uses standard input and output, for clients that start it themselves. Every response is bounded.
    """
    from archive.mcp import create_server

    folders = workspace_of(ctx).folders()
    server = create_server(*folders, room=room)
    if not http:
        server.run("stdio")
        return
    if not _is_loopback(host):
        click.secho(_OPEN.format(host=host), fg="red", bold=True, err=True)
    click.echo(
        _("MCP of {named} is at http://{host}:{port}/mcp (Ctrl-C ends it)").format(
            named=_named(folders), host=host, port=port
        ),
        err=True,
    )
    server.run("streamable-http", host=host, port=port, stateless_http=True, json_response=True)


COMMANDS = (serve, mcp)

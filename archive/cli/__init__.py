"""The command line `warraq`: arguments in; text for people or JSON for scripts out, and an exit code that says how it went."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from archive.cli import batch, export, health, images, imports, maintain, merge, query, serve
from archive.errors import ArchiveError
from archive.exitcodes import WARRAQ, ExitCode, describe
from archive.index import DatabaseError
from archive.printable import make_streams_printable

__all__ = ["main", "warraq"]


class _Warraq(click.Group):
    """A group whose commands end with one clear line and the exit code of the error, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ArchiveError as error:
            click.echo(f"warraq: {error}", err=True)
            ctx.exit(error.exit_code)
        except (DatabaseError, OverflowError) as error:
            click.echo(
                f"warraq: the database does not answer ({error}): `warraq verify` looks, `warraq reindex` rebuilds it",
                err=True,
            )
            ctx.exit(ExitCode.DAMAGED)
        except KeyboardInterrupt:
            click.echo("warraq: stopped; what was committed is kept, and the same command goes on from there", err=True)
            ctx.exit(ExitCode.INTERRUPTED)
        except BrokenPipeError:  # the reader (head, less) has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)


@click.group(
    cls=_Warraq,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=describe(WARRAQ),
)
@click.version_option(package_name="warraq")
@click.option(
    "-A",
    "--archive",
    "folder",
    envvar="WARRAQ_ARCHIVE",
    metavar="FOLDER",
    help="The archive to use, such as collections/NAME. Without it: $WARRAQ_ARCHIVE, or the only one in collections/.",
)
@click.pass_context
def warraq(ctx: click.Context, folder: str | None) -> None:
    """Search and maintain a news archive: WARC files, and the SQLite index of their articles."""
    ctx.obj = folder


_MODULES = (query, images, imports, batch, merge, export, maintain, serve, health)
for command in (command for module in _MODULES for command in module.COMMANDS):
    warraq.add_command(command)


def main() -> None:
    """The console script."""
    make_streams_printable()
    warraq.main(prog_name="warraq")

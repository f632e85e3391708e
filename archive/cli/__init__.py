"""Assemble the `warraq` command line: text for people or JSON for scripts, and an exit code that states the result."""

from __future__ import annotations

import errno
import os
import signal
import sys
from dataclasses import replace
from gettext import gettext as _
from inspect import cleandoc
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

import click

from archive.cli import batch, copies, export, health, images, imports, indexing, maintain, query, seals, serve, watch
from archive.cli.output import Workspace
from archive.errors import WARRAQ, ArchiveError, ExitCode, NotWritableError, UsageError, describe_codes
from archive.index import DatabaseError
from archive.locale import translated, use_locale
from archive.terminal import make_streams_printable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Program", "main", "warraq"]

REFUSED = frozenset({errno.EACCES, errno.EDQUOT, errno.EEXIST, errno.ENOSPC, errno.ENOTDIR, errno.EPERM, errno.EROFS})
"""The errors of a write without permission or space, or where a file is in the place of a folder."""


class Program(click.Group):
    """A group whose commands end with one clear line and the exit code of the error, never with a traceback.

    Its help lists them by what they are for.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections: dict[str, tuple[str, ...]] = {}

    def add_section(self, title: str, commands: Iterable[click.Command]) -> None:
        """Add commands as one section of the help."""
        commands = tuple(commands)
        self.sections[title] = tuple(str(one.name) for one in commands)
        for one in commands:
            self.add_command(one)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's interface
        """Write a section for each purpose, with the full first sentence of each command."""
        for title, names in self.sections.items():
            commands = {name: self.commands[name] for name in names}
            with formatter.section(_(title)):
                formatter.write_dl([(name, _first_sentence(one)) for name, one in commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            _let_interrupts_raise()
            return super().invoke(ctx)
        except ArchiveError as error:
            click.echo(_("warraq: {error}").format(error=translated(str(error))), err=True)
            ctx.exit(error.exit_code)
        except (DatabaseError, OverflowError) as error:
            click.echo(
                _(
                    "warraq: the database does not answer ({error}): check it with `warraq verify`, or rebuild it with "
                    "`warraq reindex`"
                ).format(error=error),
                err=True,
            )
            ctx.exit(ExitCode.DAMAGED)
        except KeyboardInterrupt:
            click.echo(
                _("warraq: interrupted; what was committed is kept, and the same command continues from there"),
                err=True,
            )
            ctx.exit(ExitCode.INTERRUPTED)
        except BrokenPipeError:  # the reader (head, less) has closed the pipe
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except OSError as error:
            if error.errno not in REFUSED:
                raise
            click.echo(
                _("warraq: {filename}").format(
                    filename=translated(str(NotWritableError(Path(error.filename or "."), error)))
                ),
                err=True,
            )
            ctx.exit(ExitCode.NOT_WRITABLE)


def _let_interrupts_raise() -> None:
    """Replace the Ctrl-C handler of `warraq.__main__` with Python's own, so that a command closes what it has opened."""
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler) and handler is not signal.default_int_handler:  # a background process ignores Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = _repeat_interrupt


def _repeat_interrupt(lost: sys.UnraisableHookArgs) -> None:
    """Send Ctrl-C again if it met a callback, as those of imports, in which Python prints exceptions and goes on."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    again = Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()


def _first_sentence(command: click.Command) -> str:
    return " ".join((command.help or "").partition("\n\n")[0].split())


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=describe_codes(WARRAQ),
)
@click.version_option(package_name="warraq")
@click.option(
    "-A",
    "--archive",
    "folders",
    metavar="FOLDER",
    multiple=True,
    help="The archive to use, such as collections/NAME. Without it: $WARRAQ_ARCHIVE, or all of collections/.",
)
@click.pass_context
def warraq(ctx: click.Context, folders: tuple[str, ...]) -> None:
    """Crawl news sites into archives of WARC files and a SQLite index of their articles; search, read and maintain them."""
    if len(folders) > 1:
        raise UsageError(_("--archive names one archive before a command; `warraq search` takes several after it"))
    folder = folders[0] if folders else os.environ.get("WARRAQ_ARCHIVE")
    ctx.obj = replace(ctx.ensure_object(Workspace), archive=Path(folder) if folder else None)


for _title, _modules in {
    "Search and read": (query, images, serve),
    "Import and export": (imports, export, batch),
    "Maintain": (maintain, indexing, copies, seals),
    "Monitor": (health, watch),
}.items():
    warraq.add_section(_title, (command for module in _modules for command in module.COMMANDS))


def translate_help(command: click.Command) -> None:
    """Translate the help of a command, its options and its subcommands to the language of the locale."""
    command.help = _(cleandoc(command.help)) if command.help else command.help
    for option in command.params:
        if isinstance(option, click.Option) and option.help:
            option.help = _(option.help)
    for one in command.commands.values() if isinstance(command, click.Group) else ():
        translate_help(one)


def main(workspace: Workspace | None = None) -> None:
    """Run the command line on the archives of `workspace`, by default those in the folder `collections`."""
    make_streams_printable()
    use_locale(sys.argv)
    translate_help(warraq)
    warraq.epilog = describe_codes(WARRAQ)
    warraq.main(prog_name="warraq", obj=workspace or Workspace(), color=False if os.environ.get("NO_COLOR") else None)

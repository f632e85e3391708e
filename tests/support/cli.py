"""Run `warraq` in the test's own process, because a new interpreter takes a second of CPU time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.testing import CliRunner

from warraq.cli import warraq as command

if TYPE_CHECKING:
    from click.testing import Result


def warraq(*arguments: object, code: int | None = 0) -> Result:
    """Run one command line; fail unless its exit code is `code` (None: any)."""
    done = CliRunner().invoke(command, [str(one) for one in arguments], prog_name="warraq")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert code in {None, done.exit_code}, done.stderr + done.stdout
    return done

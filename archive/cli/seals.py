"""Define the commands seal and evidence, and the output of `verify --seals`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from gettext import gettext as _
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.cli.output import archive_with, json_option, print_json, print_problem, workspace_of
from archive.collection import Collection
from archive.errors import ExitCode, UsageError
from archive.files import open_read
from archive.files.clock import now
from archive.locale import n_, translated
from archive.seals.checking import SealReport, check_seals
from archive.seals.sealing import Custody, seal_files
from archive.seals.signing import key_folder, key_id
from archive.seals.stamps import Stamped, authorities, stamp_seals, trusted_roots
from archive.terminal import live_line, printable

if TYPE_CHECKING:
    from archive.seals import Seal

SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sealed:
    """The result of sealing one archive."""

    folder: Path
    seal: Seal | None
    stamped: Stamped
    asked: int

    def figures(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        seal = self.seal
        about = (
            {"seal": seal.number, "records": seal.records, "root": seal.root, "key": key_id(seal.public_key)}
            if seal
            else {"seal": None}
        )
        return {"archive": str(self.folder), **about, "stamps": self.stamped.stamped, "failed": self.stamped.failed}


@click.command()
@click.option("--stamp", "only_stamp", is_flag=True, help="Make no seal; only get the stamps that seals still lack.")
@click.option(
    "--authority",
    "urls",
    metavar="URL",
    multiple=True,
    help="A time stamp authority (RFC 3161); repeatable. Without it: those in $WARRAQ_AUTHORITIES.",
)
@click.option(
    "--roots",
    metavar="FILE",
    default="",
    help="Certificates (PEM) of authorities to trust. Without it: $WARRAQ_AUTHORITY_ROOTS, or those of this machine.",
)
@click.option("--operator", default="", envvar="WARRAQ_OPERATOR", help="Who runs this archive; the seal contains it.")
@click.option(
    "--rotate-key", "rotate", is_flag=True, help="Sign with a new key from now on; the old one vouches for it."
)
@json_option
@click.pass_context
def seal(
    ctx: click.Context,
    *,
    only_stamp: bool,
    urls: tuple[str, ...],
    roots: str,
    operator: str,
    rotate: bool,
    as_json: bool,
) -> None:
    """Seal the files closed since the last seal: sign a Merkle root over their records, and have it time-stamped.

    `warraq verify --seals` then finds any record that is changed, removed, inserted or re-dated. The key is created on first use in
    $WARRAQ_KEYS (~/.config/warraq), outside of the archive; keep a copy of it elsewhere. If an authority does not answer, the seal
    stays unstamped, and `warraq seal --stamp` tries again. docs/seals.md describes the format.
    """
    trusted = trusted_roots(roots)
    custody = Custody(operator=operator, software=_("warraq {warraq}").format(warraq=version("warraq")))
    done = []
    for folder in workspace_of(ctx).folders():
        collection = Collection(folder)
        collection.require()
        with live_line(_("Sealing {name}").format(name=collection.name)) as show:
            made = None if only_stamp else seal_files(
                collection, keys=key_folder(), clock=now, custody=custody, rotate=rotate, progress=show
            )  # fmt: skip
            named = urls or tuple(authorities())
            done.append(
                _Sealed(folder=folder, seal=made, stamped=stamp_seals(folder, named, trusted, show), asked=len(named))
            )
    if as_json:
        print_json(one.figures() for one in done)
        return
    for one in done:
        _print(one, only_stamp=only_stamp)


def _print(done: _Sealed, *, only_stamp: bool) -> None:
    if done.seal:
        click.echo(
            _("{folder}: seal {number} over {records} in {files}, key {public_key}…").format(
                folder=done.folder,
                number=done.seal.number,
                records=n_("{n} record", "{n} records", done.seal.records),
                files=n_("{n} file", "{n} files", len(done.seal.files)),
                public_key=key_id(done.seal.public_key)[:16],
            )
        )
    elif not only_stamp:
        click.echo(_("{folder}: nothing to seal: all closed files are sealed").format(folder=done.folder))
    if done.stamped.stamped or (only_stamp and done.asked):
        click.echo(n_("{folder}: {n} stamp", "{folder}: {n} stamps", done.stamped.stamped, folder=done.folder))
    elif not done.asked:
        click.echo(
            _("{folder}: not stamped: no authority is set ($WARRAQ_AUTHORITIES or --authority)").format(
                folder=done.folder
            ),
            err=True,
        )
    for line in done.stamped.failed:
        click.echo(f"{done.folder}: {translated(line)}", err=True)


def check(collection: Collection, *, roots: str, key: str) -> SealReport:
    """Check the seals of an archive with the options of `verify --seals`: files with trusted roots and with the trusted key."""
    trusted_key = b""
    if key:
        try:
            with open_read(Path(key)) as file:
                trusted_key = file.read(1 << 14)
            key_id(trusted_key)
        except (OSError, ValueError) as error:
            raise UsageError(
                _("{key} is not a public key in PEM format ({error})").format(key=key, error=error)
            ) from error
    with live_line(_("Checking the seals of {name}").format(name=collection.name)) as show:
        return check_seals(collection, roots=trusted_roots(roots), trusted_key=trusted_key, progress=show)


def as_figures(report: SealReport) -> dict[str, Any]:
    """Return a report as JSON values."""
    return asdict(report) | {"ok": report.ok}


def print_seals(report: SealReport, name: str) -> None:
    """Print the report; `name` is that of the archive, '' if there is only one."""
    for problem in report.problems[:SHOWN]:
        print_problem(problem)
    if len(report.problems) > SHOWN:
        click.echo(_("and {shown} more (--json lists all)").format(shown=len(report.problems) - SHOWN))
    for note in report.notes:
        click.echo(translated(note))
    for number, stamps in report.stamps.items():
        for one in stamps:
            if not one.problem:
                click.echo(
                    _("seal {number}: stamped at {at} by {authority}").format(
                        number=number, at=one.at, authority=one.authority
                    )
                )
    verdict = _("all is as it was sealed") if report.ok else n_("{n} problem", "{n} problems", len(report.problems))
    redacted = _(", {redacted} redacted").format(redacted=report.redacted) if report.redacted else ""
    click.echo(
        _("{name}{seals}, {records}{redacted}: {verdict}").format(
            name=name,
            seals=n_("{n} seal", "{n} seals", report.seals),
            records=n_("{n} sealed record", "{n} sealed records", report.records),
            redacted=redacted,
            verdict=verdict,
        )
    )
    if report.merged:
        click.echo(
            n_(
                "{n} seal of an archive that was merged into this one",
                "{n} seals of archives that were merged into this one",
                report.merged,
            )
        )
    if report.unsealed:
        click.echo(
            n_(
                "{n} closed file is not sealed yet: run `warraq seal`",
                "{n} closed files are not sealed yet: run `warraq seal`",
                len(report.unsealed),
            )
        )


@click.command()
@click.argument("wanted", metavar="URL|[NAME/]ID|PACK")
@click.option(
    "-o", "--out", "target", type=click.Path(dir_okay=False, path_type=Path), help="The pack to write: NAME.wacz."
)
@click.option(
    "--version", "one_version", is_flag=True, help="Only the captures of that version, not of the whole article."
)
@click.option("--check", "is_check", is_flag=True, help="Check this pack; needs no archive and no network.")
@click.option("--roots", metavar="FILE", default="", help="With --check: certificates (PEM) of authorities to trust.")
@click.pass_context
def evidence(
    ctx: click.Context, *, wanted: str, target: Path | None, one_version: bool, is_check: bool, roots: str
) -> None:
    """Write an evidence pack of an article: a signed WACZ with seals, stamps and proofs, and a sheet that explains how to check it.

    The sheet (HTML, Arabic and English) is in the pack and beside it. Its checks need a shell, coreutils and openssl, but not warraq.
    `--check` ends with exit code 7 if something in a pack is wrong.
    """
    if is_check:
        _check_pack(ctx, Path(wanted), roots)
        return
    if target is None or target.suffix != ".wacz":
        raise UsageError(_("name the pack to write with -o, as in -o pack.wacz"))
    from archive.export.evidence import pack_evidence

    with archive_with(ctx, wanted) as (archive, asked):
        done = pack_evidence(
            archive, archive.article(asked), target, keys=key_folder(), created=now(), one_version=one_version,
            software=_('warraq {warraq}').format(warraq=version('warraq')),
        )  # fmt: skip
    click.echo(
        _("{target}: {captures}, {sealed} of {records} under seals").format(
            target=target,
            captures=n_("{n} capture", "{n} captures", done.captures),
            sealed=done.sealed,
            records=n_("{n} record", "{n} records", done.records),
        )
    )
    click.echo(_("{with_suffix}: the sheet").format(with_suffix=target.with_suffix(".html")))
    if done.sealed < done.records:
        click.echo(_("the other records are not sealed yet: run `warraq seal`, then write the pack again"), err=True)


def _check_pack(ctx: click.Context, pack: Path, roots: str) -> None:
    from archive.export.packcheck import check_pack

    report = check_pack(pack, roots=trusted_roots(roots))
    for line in report.right:
        click.echo(_("right  {line}").format(line=printable(translated(line))))
    for line in report.notes:
        click.echo(_("note   {line}").format(line=printable(translated(line))))
    for line in report.problems:
        click.echo(f"{click.style(_('WRONG'), fg='red')}  {printable(translated(line))}")
    verdict = n_("{n} problem", "{n} problems", len(report.problems)) if report.problems else _("all is right")
    click.echo(f"{pack}: {verdict}")
    if report.problems:
        ctx.exit(ExitCode.DAMAGED)


COMMANDS = (seal, evidence)

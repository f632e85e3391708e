"""Define `scrapy cluster plan|deploy|status`: assign the sites of sites.toml to the nodes of nodes.toml, and report on them."""

from __future__ import annotations

import json
import sys
import time
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand

from archive import ArchiveError
from archive.errors import CLUSTER, ExitCode, describe_codes
from archive.locale import n_
from crawler.cluster import Cluster, NodesError, load_cluster, locked, read_state
from crawler.cluster.dispatch import groups_of, placed
from crawler.cluster.rounds import (
    Round,
    Work,
    deploy,
    describe_site,
    iso_of_seconds,
    look,
    node_line,
    node_row,
    site_row,
)
from crawler.cluster.scrapyd import NodeError, is_open
from crawler.commands import check_settings, open_log, print_error, refuse
from crawler.sites import SiteError, entries_as_json, load_sites

if TYPE_CHECKING:
    import argparse

PARTS = ("plan", "deploy", "status")
MAX_ENTRY_BYTES = 100_000
"""Linux limits an argument to 128 KiB, and scrapyd passes the entry to the crawl as one."""


class Command(ScrapyCommand):
    """Crawls on several machines."""

    requires_project = True

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] plan|deploy|status"

    def short_desc(self) -> str:
        """Return one line for the list of commands."""
        return _("Crawl on several machines: give each site to a scrapyd node, one job for each")

    def long_desc(self) -> str:
        """Return what --help prints."""
        return _(
            "plan: print which node each site belongs to; makes no request. deploy: query the nodes, and start a job "
            "for each site that may run; repeat it from a timer, or with --every. status: nodes, jobs, leases "
            "and each site's last job. Sites that name a common host go to one node and run one after the other. "
            "A node that does not answer keeps its sites until all its jobs are over (lease + grace of "
            "nodes.toml); then other nodes take them. See docs/scale.md. {cluster}"
        ).format(cluster=describe_codes(CLUSTER))

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own options."""
        super().add_options(parser)
        parser.add_argument(
            "--nodes", type=Path, default=Path("nodes.toml"), metavar="FILE", help=_("the nodes (default: %(default)s)")
        )
        parser.add_argument(
            "--site", action="append", default=[], metavar="NAME", help=_("start only this site; repeatable")
        )
        parser.add_argument(
            "--off",
            action="append",
            default=[],
            metavar="NODE",
            help=_(
                "this node is known to be down: its sites are reassigned without waiting for its leases; repeatable"
            ),
        )
        parser.add_argument(
            "--every", type=float, metavar="SECONDS", help=_("deploy repeatedly, this often, until stopped")
        )
        parser.add_argument(
            "--dry-run", action="store_true", help=_("deploy: print what would start, and start nothing")
        )
        parser.add_argument("--json", action="store_true", help=_("print JSON, one object for each round"))

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the given settings."""
        check_settings("cluster", opts.set)
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        open_log("cluster", self.settings)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the subcommand, and set the exit code."""
        if len(args) != 1 or args[0] not in PARTS or (opts.every is not None and not opts.every > 0):
            refuse("cluster", _("give plan, deploy or status; --every must be more than 0"))
        try:
            cluster = load_cluster(opts.nodes)
            _check_names(opts.off, [node.name for node in cluster.nodes], opts.nodes, "node")
            work = self._work()
            _check_names(opts.site, work.entries, self._sites(), "site")
            if args[0] == "plan":
                _print_plan(cluster, work, opts)
            elif args[0] == "status":
                self.exitcode = _status(cluster, work, opts)
            else:
                with locked(cluster.state):
                    self.exitcode = self._deploy(cluster, work, opts)
        except ArchiveError as error:
            print_error("cluster", error)
            self.exitcode = error.exit_code
        except KeyboardInterrupt:
            pass  # this ends `--every`; the state is consistent at every moment

    def _sites(self) -> Path:
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        return Path(self.settings["WARRAQ_SITES"])

    def _work(self) -> Work:
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        path = self._sites()
        entries = entries_as_json(path)
        sites = load_sites(path)
        if not sites:
            raise SiteError(_("has no sites yet; `warraq add URL` adds one"), path=path)
        for name, entry in entries.items():
            if len(entry.encode()) > MAX_ENTRY_BYTES:
                raise SiteError(
                    _(
                        "the entry {name!r} is too long to be sent with a job (at most {max_entry_bytes:,} bytes)"
                    ).format(name=name, max_entry_bytes=MAX_ENTRY_BYTES),
                    path=path,
                )
        usual = self.settings.getfloat("DOWNLOAD_DELAY")
        delays = {name: usual if site.delay is None else site.delay for name, site in sites.items()}
        return Work(sites=tuple(sites.values()), entries=entries, delays=delays)

    def _deploy(self, cluster: Cluster, work: Work, opts: argparse.Namespace) -> int:
        while True:
            started = time.monotonic()
            found = look(cluster, work, read_state(cluster.state, now=time.time()), off=opts.off)
            if not opts.dry_run:
                found = deploy(cluster, work, found, only=opts.site)
            _print_round(found, opts)
            if opts.every is None:
                return _code(found)
            time.sleep(max(0.0, opts.every - (time.monotonic() - started)))
            work = self._again(work)

    def _again(self, work: Work) -> Work:
        """Return the sites as they are in the file now; the previous ones, with a warning, if it is invalid (being edited)."""
        try:
            return self._work()
        except SiteError as error:
            print(_("scrapy cluster: {error}; continuing with the previous sites").format(error=error), file=sys.stderr)
            return work


def _check_names(wanted: list[str], known: Any, path: Path, kind: str) -> None:
    for name in wanted:
        if name not in known:
            raise NodesError(
                path,
                name,
                _("there is no such {kind}; there are {known}").format(kind=kind, known=", ".join(sorted(known))),
            )


def _code(found: Round) -> int:
    return ExitCode.NODE_SILENT if found.silent or found.refused else ExitCode.DONE


def _print_plan(cluster: Cluster, work: Work, opts: argparse.Namespace) -> None:
    rows = []
    for group in groups_of(work.sites):
        home, node = placed(group, cluster.nodes, gone=opts.off)
        rows += [
            {"site": site, "node": node.name if node else "", "home": home.name, "hosts": list(group.domains)}
            for site in group.sites
            if not opts.site or site in opts.site
        ]
    if opts.json:
        print(json.dumps({"plan": rows}, ensure_ascii=False))
        return
    for row in rows:
        away = _(" (belongs to {home})").format(home=row["home"]) if row["home"] != row["node"] else ""
        print(f"{row['site']}: {row['node'] or _('no node is left')}{away}; {', '.join(row['hosts'])}")
    counts = {node.name: sum(row["node"] == node.name for row in rows) for node in cluster.nodes}
    print("; ".join(n_("{name}: {n} site", "{name}: {n} sites", count, name=name) for name, count in counts.items()))


def _status(cluster: Cluster, work: Work, opts: argparse.Namespace) -> int:
    found = look(cluster, work, read_state(cluster.state, now=time.time()), off=opts.off)
    open_nodes = [node.name for node in cluster.nodes if node.name in found.answers and _is_open(cluster, node)]
    nodes = [node_row(node.name, found, open_nodes) for node in cluster.nodes]
    rows = [site_row(verdict, found) for verdict in sorted(found.verdicts, key=lambda each: each.site)]
    orphans = [
        {"job": grant.job, "node": grant.node, "noticed": iso_of_seconds(grant.ended)}
        for grant in found.state.grants.values()
        if grant.how == "lost" and grant.until > found.now
    ]
    if opts.json:
        print(json.dumps({"nodes": nodes, "sites": rows, "orphans": orphans}, ensure_ascii=False))
        return _code(found)
    for node in nodes:
        print(_("node {node}").format(node=node_line(node)))
    for orphan in orphans:
        print(
            _("lost {job}: {node} has not known it since {noticed}; it ends with its parent").format(
                job=orphan["job"], node=orphan["node"], noticed=orphan["noticed"]
            )
        )
    for row in rows:
        print(
            _("site {site}: {said}; last job {none}").format(
                site=row["site"], said=describe_site(row), none=row["last_job"] or "none"
            )
        )
    return _code(found)


def _is_open(cluster: Cluster, node: Any) -> bool:
    try:
        return is_open(node, timeout=cluster.timeout)
    except NodeError:
        return False


def _print_round(found: Round, opts: argparse.Namespace) -> None:
    rows = [site_row(verdict, found) for verdict in found.verdicts if not opts.site or verdict.site in opts.site]
    for row in rows:
        if row["site"] in found.refused:
            row |= {"action": "refused", "detail": found.refused[row["site"]]}
    if opts.json:
        print(
            json.dumps({"at": iso_of_seconds(found.now), "silent": found.silent, "sites": rows}, ensure_ascii=False),
            flush=True,
        )
        return
    for name, problem in found.silent.items():
        print(
            _("node {name}: {silent} ({problem})").format(
                name=name, silent=_("counts as gone") if name in found.away else "silent", problem=problem
            ),
            file=sys.stderr,
        )
    for row in rows:
        if row["action"] in {"start", "refused"} or opts.every is None:
            print(f"{row['site']}: {describe_site(row)}", flush=True)

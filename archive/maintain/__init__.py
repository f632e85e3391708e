"""Keeps an archive in order: verifies it, repairs what a crash left, and takes out what must not be kept."""

from archive.maintain.filecheck import FileProblem, VerifyReport
from archive.maintain.redact import Redacted, redact
from archive.maintain.reindex import reindex
from archive.maintain.repair import Repaired, repair
from archive.maintain.verify import verify

__all__ = ["FileProblem", "Redacted", "Repaired", "VerifyReport", "redact", "reindex", "repair", "verify"]

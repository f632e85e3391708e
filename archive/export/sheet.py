"""Write the sheet of an evidence pack: one HTML file in Arabic and English, with the facts and how to check each without warraq."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509

from archive.files.clock import iso
from archive.ingest.copying import field_of
from archive.seals import numbered
from archive.warc import CERTIFICATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from archive.seals import Seal
    from archive.warc import Record

_MOST_NAMES: Final = 20
_PICTURES: Final = frozenset({"image/png", "image/jpeg"})
Place = tuple[str, int, int]
"""SHA-256, offset and bytes of a file in the pack."""

_STYLE: Final = """
body{font:16px/1.5 serif;max-width:48em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;width:100%}
td,th{border:1px solid #999;padding:.2em .5em;text-align:start;vertical-align:top;overflow-wrap:anywhere}
pre{background:#eee;padding:.6em;white-space:pre-wrap;overflow-wrap:anywhere;font-size:13px}blockquote{white-space:pre-line}
img{max-width:100%}.captures :is(td,th):is(:nth-child(1),:nth-child(3)){white-space:nowrap;overflow-wrap:normal}
@media print{body{margin:0}pre{background:none;border:1px solid #999}tr,pre,img{break-inside:avoid}h2{break-after:avoid}}
"""
_LABELS: Final = {
    "title": ("Title", "العنوان"), "url": ("Address", "العنوان الإلكتروني"), "author": ("Authors", "الكاتب"),
    "date_published": ("Published", "تاريخ النشر"), "sitename": ("Outlet", "الجهة الناشرة"),
}  # fmt: skip
_FROM_WARCINFO: Final = {
    "operator": ("Crawled by", "الجهة التي التقطت"), "software": ("Software", "البرنامج"), "clock": ("Clock (NTP)", "ضبط الساعة"),
    "settings": ("Settings", "الإعدادات"),
}  # fmt: skip


def sheet_of(
    row: Mapping[str, Any],
    captures: Sequence[Mapping[str, Any]],
    records: Sequence[Record],
    seals: Iterable[Seal],
    *,
    places: Mapping[str, Place],
    created: datetime,
    proved: int,
    stamps: Sequence[str],
    chains: Mapping[str, bytes],
    pictures: Sequence[tuple[str, bytes]],
) -> str:
    """Return the page; `chains` are the servers' certificates (PEM) by fingerprint, `pictures` screenshots with their media types."""
    parts = [
        _facts([(*_LABELS[name], str(row[name] or "")) for name in _LABELS]),
        _heading("Captures", "الالتقاطات"),
        _captures(captures, {record.id: record for record in records}, _fingerprints(records)),
        _heading("Certificates that the servers showed", "شهادات الخوادم"),
        _certificates(chains, places),
        *(
            f'<img alt="" src="data:{escape(kind)};base64,{base64.b64encode(block).decode()}">'
            for kind, block in pictures
            if kind in _PICTURES
        ),
        _heading("Who captured it, and how", "من التقطها وكيف"),
        _facts(list(_custody(records))),
        _heading("What it said", "نص الصفحة"),
        f'<blockquote dir="auto">{escape(row["text"])}</blockquote>',
        _heading("Seals and time stamps", "الأختام والطوابع الزمنية"),
        _seals(list(seals), stamps, proved, len(records)),
        _heading("How to check it", "كيف تتحقق بنفسك"),
        _how(places),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(row["title"])}</title><style>{_STYLE}</style></head>'
        f"<body><h1>Evidence pack · <span lang=ar dir=rtl>حزمة أدلة</span></h1><p>{iso(created)}</p>{''.join(parts)}</body></html>\n"
    )


def _heading(english: str, arabic: str) -> str:
    return f"<h2>{english} · <span lang=ar dir=rtl>{arabic}</span></h2>"


def _facts(facts: Sequence[tuple[str, str, str]]) -> str:
    rows = (
        f'<tr><th>{english} · <span lang=ar dir=rtl>{arabic}</span></th><td dir="auto">{escape(value)}</td></tr>'
        for english, arabic, value in facts
        if value
    )
    return f"<table>{''.join(rows)}</table>"


def _fingerprints(records: Sequence[Record]) -> dict[str, str]:
    """Return the certificate fingerprint of each capture, by its record id."""
    notes = (record for record in records if record.type == "metadata")
    return {record.get("WARC-Concurrent-To"): field_of(record, CERTIFICATE) for record in notes}


def _certificates(chains: Mapping[str, bytes], places: Mapping[str, Place]) -> str:
    """Return the facts about the server's certificate in each chain, and how to print all of it."""
    if not chains:
        return "<p>None is kept. · <span lang=ar dir=rtl>لم تُحفظ شهادة.</span></p>"
    parts = []
    for fingerprint, chain in sorted(chains.items()):
        _, offset, size = places[f"{fingerprint}.pem"]
        command = f"tail -c +{offset + 1} PACK | head -c {size} | openssl x509 -noout -text -fingerprint -sha256"
        parts += [
            _facts([*_named(chain), ("SHA-256", "البصمة", fingerprint)]),
            f"<pre class=certificate dir=ltr>{escape(command)}</pre>",
        ]
    return "".join(parts)


def _named(chain: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield the subject, the issuer and the validity of the first certificate of a chain."""
    try:
        one = x509.load_pem_x509_certificate(chain)
        yield "Subject", "صاحبها", one.subject.rfc4514_string()
        names = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        yield "Names", "أسماؤها", ", ".join(str(name.value) for name in list(names)[:_MOST_NAMES])
        yield "Issuer", "مُصدرها", one.issuer.rfc4514_string()
        yield "Valid", "صلاحيتها", f"{iso(one.not_valid_before_utc)} … {iso(one.not_valid_after_utc)}"
    except Exception as error:  # noqa: BLE001 - a server may show anything
        yield "Unreadable", "لا تُقرأ", type(error).__name__


def _captures(
    captures: Sequence[Mapping[str, Any]], records: Mapping[str, Record], fingerprints: Mapping[str, str]
) -> str:
    names = (
        "Time (UTC) · الوقت",
        "Address · العنوان",
        "Status",
        "IP, TLS, certificate · الشهادة",
        "Record, digest · السجل",
    )
    head = f"<tr>{''.join(f'<th>{name}</th>' for name in names)}</tr>"
    rows = []
    for one in captures:
        record = records.get(one["record_id"])
        peer = record.get("WARC-IP-Address") if record else ""
        tls = record.get("WARC-Cipher-Suite") if record else ""
        cells = (
            one["captured_at"],
            one["url"],
            str(one["status"]),
            f"{peer} {tls} {fingerprints.get(one['record_id'], '')[:16]}",
            f"{one['record_id']} {one['payload_digest'] or ''}",
        )
        rows.append(f"<tr>{''.join(f'<td dir=ltr>{escape(cell)}</td>' for cell in cells)}</tr>")
    return f"<table class=captures>{head}{''.join(rows)}</table>"


def _custody(records: Sequence[Record]) -> Iterator[tuple[str, str, str]]:
    """Yield the facts in the warcinfo records about the crawl, each once."""
    seen = set()
    for record in records:
        if record.type != "warcinfo":
            continue
        for line in record.block.decode("utf-8", "replace").splitlines():
            name, _, value = line.partition(": ")
            if name in _FROM_WARCINFO and (name, value) not in seen:
                seen.add((name, value))
                yield (*_FROM_WARCINFO[name], value)


def _seals(seals: Sequence[Seal], stamps: Sequence[str], proved: int, count: int) -> str:
    if not seals:
        return "<p>No record of this pack is under a seal. · <span lang=ar dir=rtl>لا يوجد ختم على أي سجل في هذه الحزمة.</span></p>"
    lines = [
        f"<p>{proved} of {count} records are under a seal. · <span lang=ar dir=rtl>عدد السجلات المختومة: {proved} من {count}.</span></p>"
    ]
    for seal in seals:
        own = [one for one in stamps if one.startswith(numbered(seal.number) + ".")]
        stamped = ", ".join(escape(one) for one in own) or "no time stamp · <span lang=ar dir=rtl>بلا طابع زمني</span>"
        lines.append(
            f"<p>Seal · <span lang=ar dir=rtl>ختم</span> <span dir=ltr>{seal.number}: {escape(seal.sealed_at)}, {escape(seal.operator)}, "
            f"clock {escape(seal.clock)}; root <code>{seal.root}</code></span>; {stamped}</p>"
        )
    return "".join(lines)


def _how(places: Mapping[str, Place]) -> str:
    script, listed = places["check.sh"], places["files.txt"]
    commands = (
        f"tail -c +{script[1] + 1} PACK | head -c {script[2]} > check.sh\n"
        f"sha256sum check.sh     # {script[0]}\n"
        f"sh check.sh PACK {listed[1]} {listed[2]}\n"
    )
    checked = (
        "It compares each file with its SHA-256, each seal with its signature and its time stamps, each record with its seal. "
        "Time stamps are checked by the certificates in the pack; better, name a file of roots that you trust after the two numbers."
    )
    by_hand = (
        "openssl pkeyutl -verify -pubin -inkey 000001.pem -rawin -in 000001.json -sigfile 000001.sig\n"
        "openssl ts -verify -data 000001.json -in 000001.AUTHORITY.tsr -CAfile ROOTS.pem\n"
    )
    steps = (
        (
            "On any machine with a shell, coreutils and openssl 3, put the pack's name for PACK. The script has 60 lines: read it first.",
            "على أي جهاز فيه صدفة أوامر و coreutils و openssl 3، ضع اسم ملف الحزمة مكان PACK. البرنامج ستون سطراً؛ اقرأه أولاً.",
            commands,
        ),
        (
            checked,
            "يقارن كل ملف ببصمته، وكل ختم بتوقيعه وطوابعه الزمنية، وكل سجل بختمه. والأفضل أن تضيف بعد الرقمين ملف شهادات جذرية تثق بها.",
            f"sh check.sh PACK {listed[1]} {listed[2]} ROOTS.pem\n",
        ),
        (
            "By hand, for a seal: sha256sum, openssl pkeyutl and openssl ts, on files unpacked from the pack, which is a ZIP file.",
            "يدوياً لختم واحد، بعد فك الحزمة (ملف ZIP):",
            by_hand,
        ),
        (
            "The page as it looked: open the pack in replayweb.page. All of it with warraq, without an archive or the network:",
            "لرؤية الصفحة كما كانت افتح الحزمة في replayweb.page. وللتحقق ببرنامج warraq دون أرشيف ودون شبكة:",
            "warraq evidence --check PACK\n",
        ),
    )
    return "".join(
        f"<p>{english}</p><p lang=ar dir=rtl>{arabic}</p><pre dir=ltr>{escape(code)}</pre>"
        for english, arabic, code in steps
    )

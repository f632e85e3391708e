"""Print archive/extract/dates/months.tsv: names of the months from Unicode's CLDR, as included in Babel.

    python bench/support/month_names.py > archive/extract/dates/months.tsv

Each line is a language: its code, then January to December; the names of a month (full and short, within a date and
alone) are separated by bars. `words.py` has additional names.
"""

from __future__ import annotations

from babel import Locale

LANGUAGES = """
    af am az be bg bn ca ckb cs cy da de el es et eu fi fil fr ga gl gu he hi hr hu hy id is it ka kk km kn ku ky lb lo lt lv mk ml mr
    ms mt my nb ne nl pa pl pt ro ru si sk sl so sq sr sv sw ta te tg th tk tr ug uk uz vi
"""
NOTICE = """\
# Names of the months from CLDR (Unicode Common Locale Data Repository). Copyright 2004-2026 Unicode, Inc.
# Unicode License v3, https://www.unicode.org/license.txt. Written by bench/support/month_names.py; do not edit."""


def names(locale: Locale, month: int) -> list[str]:
    """Return the names of one month; a name with another beginning than the full name is of another language, due to a broken alias."""
    full = locale.months["format"]["wide"][month]
    found = (
        locale.months[context][width][month]
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
    )
    alike = (name.strip(" .") for name in found if name[:2].casefold() == full[:2].casefold())
    return [name for name in dict.fromkeys(alike) if not name.isdigit()]


def main() -> None:
    print(NOTICE)
    for code in LANGUAGES.split():
        locale = Locale.parse(code)
        print(code, *("|".join(names(locale, month)) for month in range(1, 13)), sep="\t")


if __name__ == "__main__":
    main()

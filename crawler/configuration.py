"""Read the settings from warraq.toml and the environment, with the origin of each value.

`warraq.toml` is read from the current folder (WARRAQ_CONFIG names another file) and contains settings by name, such as
`WARRAQ_MAX_PAGES = 500`. An environment variable overrides it: of the same name, or `SCRAPY_NAME` for a setting of Scrapy's own.
`-s NAME=VALUE` overrides both. An error is reported with its file and line, the nearest name and the allowed values.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import sys
import tomllib
from dataclasses import dataclass
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from archive.article import RequisiteLevel
from archive.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FILE = "warraq.toml"
PREFIX = "WARRAQ_"
NAMES_FILE = PREFIX + "CONFIG"
NOT_SETTINGS = frozenset({PREFIX + "ARCHIVE", NAMES_FILE})
"""Environment variables that are not settings: the archive to use, the file to read."""

NEAR = 0.8
"""How similar two names must be for one to count as a typo of the other (difflib's ratio)."""

CHOICES = {
    "WARRAQ_SUMMARY": ("text", "json", ""),
    "WARRAQ_TLS_FALLBACK": ("never", "record"),
    "WARRAQ_REQUISITES": get_args(RequisiteLevel),
    "LOG_LEVEL": ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"),
}
LEAST = {"WARRAQ_KEEP_LOCAL_DAYS": -1} | dict.fromkeys(
    (
        "CONCURRENT_ITEMS", "CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_TIMEOUT",
        "MEMUSAGE_CHECK_INTERVAL_SECONDS", "WARRAQ_EXTRACTION_MEGABYTES", "WARRAQ_EXTRACTION_WORKERS", "WARRAQ_FIRST_BYTE_TIMEOUT",
        "WARRAQ_MAX_BODY_BYTES", "WARRAQ_MAX_DECODED_BYTES", "WARRAQ_MAX_HEADER_BYTES", "WARRAQ_MAX_HEADER_LINE_BYTES",
        "WARRAQ_MAX_LINKS", "WARRAQ_MAX_PAGES",
    ),
    1,
)  # fmt: skip
"""The minimum of each number whose minimum is not 0."""

FLAGS = {"1": True, "true": True, "True": True, "0": False, "false": False, "False": False}
"""The values that Scrapy reads as true and false."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting in effect: its value and its origin (`default`, `warraq.toml:3`, `environment`)."""

    name: str
    value: object
    origin: str


class ConfigurationError(UsageError):
    """An unknown setting or an invalid value; `place` is where it was given."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


def configure(settings: dict[str, Any]) -> dict[str, Setting]:
    """Apply warraq.toml and the environment to the namespace of crawler.settings; return each setting with its origin.

    For an error, print one line and end the process, because importers are about to use the settings.
    """
    defaults = {name: value for name, value in settings.items() if name.isupper()}
    try:
        held = read(defaults, environ=os.environ)
    except UsageError as error:
        print(_("warraq: {error}").format(error=error), file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    settings.update({name: one.value for name, one in held.items()})
    return held


def read(defaults: Mapping[str, object], *, environ: Mapping[str, str]) -> dict[str, Setting]:
    """Return every setting after the file and the environment are applied; raises ConfigurationError for the first error."""
    path = Path(environ.get(NAMES_FILE, FILE) or os.devnull)
    held = {name: Setting(name=name, value=value, origin="default") for name, value in defaults.items()}
    held |= _from_file(path, defaults, needed=NAMES_FILE in environ)
    return held | _from_environment(defaults, environ)


def _from_file(path: Path, defaults: Mapping[str, object], *, needed: bool) -> dict[str, Setting]:
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        if needed:
            raise ConfigurationError(
                str(path), _("there is no such file; {names_file} names it").format(names_file=NAMES_FILE)
            ) from None
        return {}
    except OSError as error:
        raise ConfigurationError(str(path), _("cannot be read ({error})").format(error=error.strerror)) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(str(path), _("is not UTF-8 (byte {start})").format(start=error.start)) from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise ConfigurationError(f"{path}:{line}", _("is not TOML: {error}").format(error=error)) from None
    held = {}
    for name, value in document.items():
        place = f"{path}:{_line_of(text, name)}"
        default = default_of(name, defaults, place)
        try:
            held[name] = Setting(name=name, value=checked(name, value, default), origin=place)
        except ValueError as error:
            raise ConfigurationError(place, f"{name} = {value!r}: {error}") from None
    return held


def _line_of(text: str, name: str) -> int:
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(name)}[\"']?\s*[=.\]]")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 0)


def _from_environment(defaults: Mapping[str, object], environ: Mapping[str, str]) -> dict[str, Setting]:
    held = {}
    for variable, text in environ.items():
        name = variable if variable.startswith(PREFIX) else variable.removeprefix("SCRAPY_")
        is_ours = name in defaults and (variable.startswith(PREFIX) or variable != name)
        if is_ours and not isinstance(defaults[name], dict):
            held[name] = Setting(
                name=name,
                value=given(
                    _("environment, {variable}={text}").format(variable=variable, text=text), name, text, defaults
                ),
                origin="environment",
            )
        elif variable.startswith(PREFIX) and variable not in NOT_SETTINGS and (near := _near(name, defaults)):
            raise ConfigurationError(
                _("environment, {variable}={text}").format(variable=variable, text=text),
                _("there is no setting {name}; did you mean {near}?").format(name=name, near=near),
            )
    return held


def given(place: str, name: str, text: str, defaults: Mapping[str, object]) -> object:
    """Return the value of a setting given as text, in the environment or by `-s`; raises ConfigurationError."""
    try:
        return checked(name, _typed(text, defaults[name]), defaults[name])
    except ValueError as error:
        raise ConfigurationError(place, str(error)) from None


def archive_folder(settings: Mapping[str, Any], site: str) -> Path:
    """Return the folder of a site's archive: ARCHIVE_DIR, or the site's name in WARRAQ_COLLECTIONS."""
    return Path(settings["ARCHIVE_DIR"] or Path(settings["WARRAQ_COLLECTIONS"]) / site)


def unknown_variables(defaults: Mapping[str, object], environ: Mapping[str, str]) -> list[str]:
    """Return the environment variables that look like settings but are not."""
    return sorted(one for one in environ if one.startswith(PREFIX) and one not in defaults and one not in NOT_SETTINGS)


def check_options(options: Iterable[str], defaults: Mapping[str, object]) -> None:
    """Check the options `-s NAME=VALUE`, and of Scrapy's own settings those with a default here; raise ConfigurationError."""
    for pair in options:
        name, _, text = pair.partition("=")
        if name.startswith(PREFIX):
            default_of(name, defaults, f"-s {pair}")
        if name in defaults and not isinstance(defaults[name], dict):
            given(f"-s {pair}", name, text, defaults)


def default_of(name: str, defaults: Mapping[str, object], place: str) -> object:
    """Return the default of a setting, including Scrapy's own; raises ConfigurationError for an unknown name."""
    if name in defaults:
        return defaults[name]
    if not name.startswith(PREFIX):
        from scrapy.settings import default_settings  # takes a third of a second

        if name.isupper() and hasattr(default_settings, name):
            return getattr(default_settings, name)
    near = _near(name, defaults) or _near(PREFIX + name.upper(), defaults) or _near(name.upper(), defaults)
    raise ConfigurationError(
        place,
        _("there is no setting {name}").format(name=name)
        + (_("; did you mean {near}?").format(near=near) if near else _("; `warraq config` lists them all")),
    )


def _near(name: str, defaults: Iterable[str]) -> str:
    bare = {one.removeprefix(PREFIX): one for one in defaults}
    close = difflib.get_close_matches(name.removeprefix(PREFIX), bare, 1, cutoff=NEAR)
    return bare[close[0]] if close else ""


def checked(name: str, value: object, default: object) -> object:
    """Return the value if it is valid for a setting with that default; raises ValueError with the allowed values."""
    if name in CHOICES and value not in CHOICES[name]:
        raise ValueError(_("give one of {choices}").format(choices=", ".join(map(repr, CHOICES[name]))))
    if isinstance(default, bool):
        return _of(bool, value, _("give true or false"))
    if isinstance(default, int | float):
        return _number(name, value, default)
    if isinstance(default, list | tuple):
        return _texts(name, value)
    if isinstance(default, dict):
        return _table(name, value, default)
    return value if default is None else _of(str, value, _("give a text in quotes"))


def _of(kind: type, value: object, otherwise: str) -> object:
    if not isinstance(value, kind):
        raise ValueError(otherwise)  # noqa: TRY004 - the caller reports it with its place
    return value


def _number(name: str, value: object, default: float) -> object:
    least, kind = LEAST.get(name, 0), _("a whole number") if isinstance(default, int) else _("a number")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (isinstance(default, int) and value != int(value)) or not least <= value < float("inf"):  # type: ignore[call-overload,operator]
        raise ValueError(
            _("give {kind} of at least {least}, such as {example}").format(
                kind=kind, least=least, example=max(default, least)
            )
        )
    return type(default)(value)  # type: ignore[arg-type]


def _texts(name: str, value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(one, str | int) for one in value):
        raise ValueError(_('give a list, such as ["one", "another"]'))
    if name == "WARRAQ_OPEN_NETWORKS":
        for one in value:
            try:
                ipaddress.ip_network(str(one))
            except ValueError as error:
                raise ValueError(_("{error}; give a network such as 127.0.0.0/8").format(error=error)) from None
    return value


def _table(name: str, value: object, default: dict[Any, Any]) -> object:
    if name != "DEFAULT_REQUEST_HEADERS":
        raise ValueError(_("it configures components, which is only possible in code"))
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise ValueError(_('give a table of strings, such as { Accept-Language = "fr" }'))
    return default | value


def _typed(text: str, default: object) -> object:
    """Return the text converted to the type of the default; unchanged if that is impossible."""
    readers: tuple[tuple[type | tuple[type, ...], Callable[[str], object]], ...] = (
        (bool, FLAGS.__getitem__),
        (int, int),
        (float, float),
        ((list, tuple), lambda text: [one.strip() for one in text.split(",") if one.strip()]),
    )
    for kind, reader in readers:
        if isinstance(default, kind):
            try:
                return reader(text)
            except (KeyError, ValueError):
                return text
    return text

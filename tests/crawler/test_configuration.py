"""Settings in warraq.toml and the environment; a mistake is reported with its place and the allowed values."""

import pytest

from crawler.configuration import ConfigurationError, check_options, read, unknown_variables

DEFAULTS = {
    "WARRAQ_MAX_PAGES": 2000,
    "WARRAQ_MAX_DELAY": 300.0,
    "WARRAQ_SUMMARY": "text",
    "WARRAQ_OPERATOR": "",
    "WARRAQ_KEEP_CREDENTIALS": False,
    "WARRAQ_KEEP_LOCAL_DAYS": -1,
    "WARRAQ_OPEN_NETWORKS": [],
    "DEFAULT_REQUEST_HEADERS": {"Accept": "*/*"},
    "EXTENSIONS": {"a.B": 0},
    "USER_AGENT": "warraq",
    "JOBDIR": None,
}


@pytest.fixture
def set_to(tmp_path):
    def held(text="", **environ):
        (tmp_path / "place.toml").write_text(text, "utf-8")
        return read(DEFAULTS, environ={"WARRAQ_CONFIG": str(tmp_path / "place.toml"), **environ})

    return held


def test_what_the_file_sets_holds_and_says_where_it_stands(set_to):
    held = set_to('# a comment\nWARRAQ_MAX_PAGES = 5\nUSER_AGENT = "us"\nWARRAQ_MAX_DELAY = 3\n')
    assert held["WARRAQ_MAX_PAGES"].value == 5
    assert held["WARRAQ_MAX_PAGES"].origin.endswith("place.toml:2")
    assert held["USER_AGENT"].value == "us"
    assert held["WARRAQ_MAX_DELAY"].value == 3.0
    assert (held["WARRAQ_SUMMARY"].value, held["WARRAQ_SUMMARY"].origin) == ("text", "default")


def test_the_environment_overrides_the_file(set_to):
    held = set_to("WARRAQ_MAX_PAGES = 5\n", WARRAQ_MAX_PAGES="7", SCRAPY_USER_AGENT="them", USER_AGENT="a browser's")
    assert held["WARRAQ_MAX_PAGES"].value == 7
    assert held["WARRAQ_MAX_PAGES"].origin == "environment"
    assert held["USER_AGENT"].value == "them"


def test_a_list_may_be_given_as_text_and_headers_are_added_to_those_of_the_program(set_to):
    held = set_to('[DEFAULT_REQUEST_HEADERS]\nAccept-Language = "fr"\n', WARRAQ_OPEN_NETWORKS="127.0.0.0/8, ::1/128")
    assert held["WARRAQ_OPEN_NETWORKS"].value == ["127.0.0.0/8", "::1/128"]
    assert held["DEFAULT_REQUEST_HEADERS"].value == {"Accept": "*/*", "Accept-Language": "fr"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("WARRAQ_MAX_PAGE = 5", "place.toml:1: there is no setting WARRAQ_MAX_PAGE; did you mean WARRAQ_MAX_PAGES?"),
        ("max_pages = 5", "did you mean WARRAQ_MAX_PAGES?"),
        ("\n\nmaximum_of_pages = 5", "place.toml:3: there is no setting maximum_of_pages; `warraq config` lists them"),
        ('\nWARRAQ_MAX_PAGES = "many"', "place.toml:2: WARRAQ_MAX_PAGES = 'many': give a whole number of at least 1"),
        ("WARRAQ_MAX_PAGES = 0", "give a whole number of at least 1, such as 2000"),
        ("WARRAQ_MAX_PAGES = true", "give a whole number"),
        ("WARRAQ_MAX_PAGES = 1.5", "give a whole number"),
        ("WARRAQ_MAX_DELAY = -1", "give a number of at least 0"),
        ("WARRAQ_MAX_DELAY = nan", "give a number of at least 0"),
        ("WARRAQ_KEEP_LOCAL_DAYS = -2", "give a whole number of at least -1"),
        ('WARRAQ_SUMMARY = "xml"', "give one of 'text', 'json', ''"),
        ("WARRAQ_OPERATOR = 5", "give a text in quotes"),
        ("WARRAQ_KEEP_CREDENTIALS = 1", "give true or false"),
        ('WARRAQ_OPEN_NETWORKS = "127.0.0.0/8"', "give a list"),
        ('WARRAQ_OPEN_NETWORKS = ["127.0.0.1/8"]', "127.0.0.0/8"),
        ("EXTENSIONS = {}", "possible in code"),
        ("WARRAQ_MAX_PAGES = ", "place.toml:1: is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line_and_what_is_allowed(set_to, text, said):
    with pytest.raises(ConfigurationError) as error:
        set_to(text)
    assert said in str(error.value)


def test_a_setting_of_scrapy_that_has_no_default_here_is_known(set_to):
    assert set_to("DNS_TIMEOUT = 5")["DNS_TIMEOUT"].value == 5
    with pytest.raises(ConfigurationError, match="give a whole number"):
        set_to('DNS_TIMEOUT = "soon"')


def test_a_mistake_in_the_environment_is_told(set_to):
    with pytest.raises(ConfigurationError, match="WARRAQ_MAX_PAGES=abc: give a whole number of at least 1"):
        set_to(WARRAQ_MAX_PAGES="abc")
    with pytest.raises(ConfigurationError, match="did you mean WARRAQ_MAX_PAGES"):
        set_to(WARRAQ_MAXPAGES="5")


def test_a_variable_that_resembles_no_setting_is_somebody_elses_and_named(set_to):
    environ = {"WARRAQ_TYPO": "1", "WARRAQ_ARCHIVE": "x", "HOME": "/", "SCRAPY_JOB": "7"}
    assert set_to(**environ)["WARRAQ_MAX_PAGES"].origin == "default"
    assert unknown_variables(DEFAULTS, environ) == ["WARRAQ_TYPO"]


def test_no_file_is_no_mistake_unless_it_was_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read(DEFAULTS, environ={})["WARRAQ_MAX_PAGES"].origin == "default"
    with pytest.raises(ConfigurationError, match="no such file"):
        read(DEFAULTS, environ={"WARRAQ_CONFIG": "gone.toml"})


@pytest.mark.parametrize(
    "option",
    ["WARRAQ_TYPO=1", "WARRAQ_MAX_PAGES=abc", "WARRAQ_KEEP_CREDENTIALS=perhaps", "WARRAQ_SUMMARY=nothing", "WARRAQ_X"],
)
def test_a_mistake_of_the_command_line_is_told(option):
    with pytest.raises(ConfigurationError, match=option.partition("=")[0]):
        check_options([option], DEFAULTS)


def test_what_the_command_line_may_give_passes():
    options = ["WARRAQ_MAX_PAGES=5", "WARRAQ_SUMMARY=", "WARRAQ_KEEP_CREDENTIALS=True", "SOME_PLUGIN=x", "JOBDIR=y"]
    check_options(options, DEFAULTS)

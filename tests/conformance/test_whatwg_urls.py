"""Joining against the URL Standard's parser, state by state: https://url.spec.whatwg.org/#concept-basic-url-parser.

Own cases, written from the standard's text. `join` drops the fragment and the credentials of what the standard gives,
and gives '' for a failure and for schemes that are not fetched.
"""

from __future__ import annotations

import pytest

from archive.urls import join

BASE = "http://example.org/foo/bar?q#f"

# reference, expected; all against BASE. `-` stands for no URL, `␠ ⇥ ⏎ ⧵` for space, tab, line feed, backslash.
CASES = """
# leading and trailing C0 control or space; tab and newline anywhere (4.4, first steps)
␠␠http://a/␠␠                        http://a/
ht⇥tp://a⏎b/c⇥d                      http://ab/cd
␠                                    http://example.org/foo/bar?q
⏎/x                                  http://example.org/x
# scheme start, scheme, no scheme, special relative or authority states
http:foo                             http://example.org/foo/foo
http:/foo                            http://example.org/foo
http://foo                           http://foo/
http:                                http://example.org/foo/bar?q
https:foo                            https://foo/
https:/foo                           https://foo/
HTTP://A/                            http://a/
a+b-c.d:x                            -
HtTpS://A/                           https://a/
httpx://a/                           -
1http://a                            http://example.org/foo/1http://a
:foo                                 http://example.org/foo/:foo
://foo                               http://example.org/foo/://foo
http///a                             http://example.org/foo/http///a
ftp://a/                             -
ws://a/                              -
file:///etc/passwd                   -
mailto:a@b                           -
javascript:alert(1)                  -
data:text/plain,x                    -
blob:http://a/b                      -
about:blank                          -
view-source:http://a/                -
# special authority slashes and ignore slashes; backslashes are slashes in special schemes
//a/b                                http://a/b
///a/b                               http://a/b
////a                                http://a/
http:///////a                        http://a/
http:⧵⧵a⧵b                        http://a/b
⧵⧵a⧵b                             http://a/b
⧵x                                  http://example.org/x
/⧵a/b                               http://a/b
x⧵y                                 http://example.org/foo/x/y
http://a⧵b                          http://a/b
# authority state: credentials, the last @ counts
http://u:p@a/                        http://a/
http://u@a/                          http://a/
http://@a/                           http://a/
http://u@v@a/                        http://a/
http://u:p:q@a/                      http://a/
http://u@/x                          -
http://a@b?c@d                       http://b/?c@d
http://a/b@c                         http://a/b@c
# host state: percent decoding, lower case, IDNA, forbidden code points
http://A.B/                          http://a.b/
http://%61.b/                        http://a.b/
http://a%2eb/                        http://a.b/
http://مثال.إختبار/                  http://xn--mgbh0fb.xn--kgbechtv/
http://%D9%85.x/                     http://xn--hhb.x/
http://faß.de/                       http://xn--fa-hia.de/
http://BÜCHER.de/                    http://xn--bcher-kva.de/
http://ａ．ｂ/                       http://a.b/
http://a。b/                         http://a.b/
http://a\u00adb/                     http://ab/
http://a_b/                          http://a_b/
http://-a-/                          http://-a-/
http://a..b/                         http://a..b/
http://a./                           http://a./
http://a␠b/                          -
http://a<b/                          -
http://a^b/                          -
http://a|b/                          -
http://a%b/                          -
http://a%20b/                        -
http://a%00b/                        -
http://[a/                           -
http://a]/                           -
http://                              -
http:///                             -
http://?q                            -
http://#f                            -
http://:80/                          -
http://a/@                           http://a/@
http://a?@b                          http://a/?@b
# port state
http://a:80/                         http://a/
https://a:443/                       https://a/
http://a:443/                        http://a:443/
http://a:/                           http://a/
http://a:0/                          http://a:0/
http://a:00080/                      http://a/
http://a:65535/                      http://a:65535/
http://a:65536/                      -
http://a:8x/                         -
http://a:-1/                         -
http://a:⇥8⇥1/                       http://a:81/
# IPv4 parser (3.5): numbers in hex, octal and with parts left out
http://127.1/                        http://127.0.0.1/
http://0x7f.1/                       http://127.0.0.1/
http://017700000001/                 http://127.0.0.1/
http://2130706433/                   http://127.0.0.1/
http://0/                            http://0.0.0.0/
http://1.2.3.4./                     http://1.2.3.4/
http://192.168.257/                  http://192.168.1.1/
http://256.256.256.256/              -
http://1.2.3.256/                    -
http://1.2.3.4.5/                    -
http://4294967296/                   -
http://0x100000000/                  -
http://1.2.3.08/                     -
http://foo.09/                       -
http://foo.0x4/                      -
http://1e2/                          http://1e2/
http://１.２.３.４/                  http://1.2.3.4/
# IPv6 parser (3.5): the longest run of zeros is left out
http://[::1]/                        http://[::1]/
http://[0:0::1]/                     http://[::1]/
http://[1:0:0:2:0:0:0:3]/            http://[1:0:0:2::3]/
http://[1:0:1:0:1:0:1:0]/            http://[1:0:1:0:1:0:1:0]/
http://[2001:DB8::A]:80/             http://[2001:db8::a]/
http://[::127.0.0.1]/                http://[::7f00:1]/
http://[::ffff:1.2.3.4]:81/          http://[::ffff:102:304]:81/
http://[::1%25eth0]/                 -
http://[1::2::3]/                    -
http://[1:2:3]/                      -
http://[::127.0.0]/                  -
http://[::12345]/                    -
http://[]/                           -
# path state: dot segments, their percent-encoded spellings, the percent-encode set
.                                    http://example.org/foo/
..                                   http://example.org/
./x                                  http://example.org/foo/x
../x                                 http://example.org/x
../../../x                           http://example.org/x
x/./y/../z                           http://example.org/foo/x/z
/a/%2e/b                             http://example.org/a/b
/a/%2e%2E/b                          http://example.org/b
/a/.%2e                              http://example.org/
/a/...                               http://example.org/a/...
/a/..b                               http://example.org/a/..b
/a//b                                http://example.org/a//b
/a//../b                             http://example.org/a/b
/a␠b"<>`{}^                          http://example.org/a%20b%22%3C%3E%60%7B%7D%5E
/a|b[c]'()*,;=!$&@:~                 http://example.org/a|b[c]'()*,;=!$&@:~
/%7e%zz%                             http://example.org/%7e%zz%
/مصر                                 http://example.org/%D9%85%D8%B5%D8%B1
/😀                                  http://example.org/%F0%9F%98%80
/a\u0001b\u007f                      http://example.org/a%01b%7F
/a/;b=1/c                            http://example.org/a/;b=1/c
/a%2fb                               http://example.org/a%2fb
/a%5Cb                               http://example.org/a%5Cb
/./                                  http://example.org/
/C|/x                                http://example.org/C|/x
# query state: kept from the base only when the reference is empty or a fragment; the special-query percent-encode set
?                                    http://example.org/foo/bar?
?x                                   http://example.org/foo/bar?x
#x                                   http://example.org/foo/bar?q
x?y#z                                http://example.org/foo/x?y
?a␠b"<>'`{}|⧵^                      http://example.org/foo/bar?a%20b%22%3C%3E%27`{}|⧵^
?a?b/c:@                             http://example.org/foo/bar?a?b/c:@
?م                                   http://example.org/foo/bar?%D9%85
??                                   http://example.org/foo/bar??
?%zz&=&                              http://example.org/foo/bar?%zz&=&
?q#a?b                               http://example.org/foo/bar?q
x?                                   http://example.org/foo/x?
"""

MARKS = {"⧵": "\\", "␠": " ", "⇥": "\t", "⏎": "\n"}


def _cases() -> list[tuple[str, str]]:
    cases = []
    for line in CASES.strip().splitlines():
        if not line.startswith("# "):
            reference, expected = line.split()
            for mark, meant in MARKS.items():
                reference = reference.replace(mark, meant)
            cases.append((reference, "" if expected == "-" else expected.replace("⧵", "\\")))
    return cases


@pytest.mark.parametrize(("reference", "expected"), _cases())
def test_reference_is_resolved_as_the_standard_says(reference: str, expected: str) -> None:
    assert join(BASE, reference) == expected


def test_table_covers_the_parser() -> None:
    assert len(_cases()) > 140

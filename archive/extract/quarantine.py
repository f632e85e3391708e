"""Tells pages that are no article: a Document, its text and Metadata come in, a reason and its evidence go out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from archive.extract.head import Head, plain, read_head, types, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.article import Reason
    from archive.extract.document import Document
    from archive.extract.metadata import Metadata

Verdict = tuple["Reason", str]

# A wall or an error page says little; behind this many characters of running text there is an article, whatever else
# the page carries.
_WALL_TEXT = 900
_EMPTY_LETTERS = 20
_LETTER = re.compile(r"[^\W\d_]")
_HTML_HEAD = 60_000
_MAX_ANCHORS = 3_000

# What the products themselves put on their challenge pages, never on a page that passed. Each was read on a page of
# that product.
_CHALLENGE_MARKUP = re.compile(
    r"_cf_chl_opt|cf-browser-verification|id=[\"']challenge-(?:form|running|error-title|stage)|cf-chl-widget"
    r"|jschl[-_]answer|cf-error-details"
    r"|captcha-delivery\.com|_Incapsula_Resource|Incapsula incident ID|px-captcha|sucuri_cloudproxy_js|Sucuri "
    r"WebSite Firewall"
    r"|ddos-guard/js-challenge|awsWafCookieDomainList|gokuProps|/_sec/cp_challenge|sec-if-cpt-container"
    r"|distil_r_captcha|kpsdk"
    r"|errors\.edgesuite\.net|bm-verify=|g-recaptcha|h-captcha|hcaptcha\.com/1/api|smartcaptcha|/TSPD/"
    r"|slowAES\.decrypt|__test=",
    re.IGNORECASE,
)
_CHALLENGE_SIGNS = re.compile(
    r"_cf_chl|cf-|jschl|captcha|_incapsula_|incapsula |sucuri|ddos-guard|awswaf|gokuprops|cp_challenge"
    r"|id=[\"']challenge|kpsdk|sec-if-cpt|edgesuite|bm-verify|/tspd/|slowaes|__test="
)
"""A part of each alternative in small letters: a pattern that ignores case is ten times slower, and most pages have none."""
# Widgets that also stand in ordinary forms.
_CAPTCHA_WIDGET = re.compile(r"captcha\b(?!-delivery)|__test|smartcaptcha", re.IGNORECASE)
_CHALLENGE_WORDS = re.compile(
    r"just a moment|attention required!|checking (?:if the site connection|your browser)|verify(?:ing)? (?:that "
    r")?you are (?:a )?human|are you a (?:robot|human)"
    r"|security check|ddos protection|please (?:enable|turn) (?:javascript and )?cookies|enable javascript and "
    r"cookies to continue|access denied"
    r"|you have been blocked|unusual (?:traffic|activity)|bot verification|human verification|pardon our "
    r"interruption|press (?:&|and) hold|request unsuccessful"
    r"|un instant|vérifi(?:cation|ez|er) que vous (?:n.êtes pas un robot|êtes (?:un )?humain)|êtes-vous un "
    r"(?:robot|humain)|accès refusé"
    r"|لحظة (?:من فضلك|واحدة)|(?:التحقق|تحقق|نتحقق|تأكد|التأكد) من (?:أنك|انك|كونك|متصفحك|أمان|اتصال)|لست (?:روبوت"
    r"|برنامج)|إنسان ولست|تم حظر(?:ك| وصولك)|الوصول مرفوض|تم رفض الوصول"
    r"|einen moment|sind sie ein (?:roboter|mensch)|zugriff verweigert|un momento|eres (?:un )?(?:humano|robot)"
    r"|acceso denegado|um momento|acesso negado"
    r"|bir dakika|robot olmadığınızı|لطفا (?:صبر|منتظر)|ربات نیستید|один момент|проверка браузера|вы не робот",
    re.IGNORECASE,
)
_CONSENT_WORDS = re.compile(
    r"before you continue|we value your privacy|your privacy (?:choices|matters)|we (?:and our (?:\d+ )?partners "
    r")?(?:use|store) .{0,40}cookies|accept (?:all )?cookies|cookie (?:settings|preferences|policy|consent)"
    r"|nous respectons votre vie privée|respect de votre vie privée|nos (?:\d+ )?partenaires(?: et nous)? (?:utilis|stock)"
    r"|nous utilisons des cookies|avec votre consentement|vos choix (?:de|en matière de) (?:confidentialité|cookies)"
    r"|accepter (?:et fermer|les cookies)|continuer sans accepter"
    r"|wir (?:verwenden|nutzen) cookies|mit werbung (?:weiter|lesen|nutzen)|zustimmen|datenschutz-einstellungen"
    r"|werbefrei|valoramos tu privacidad|aceptar (?:las )?cookies|valorizamos a sua privacidade"
    r"|نحن نقدر خصوصيتك|نستخدم ملفات (?:تعريف الارتباط|الارتباط|الكوكيز)|ملفات تعريف الارتباط|قبول (?:الكل|جميع)"
    r"|gizliliğinize önem|çerez",
    re.IGNORECASE,
)
_LOGIN_WORDS = re.compile(
    r"(?:log|sign) ?in\b|log ?on\b|create (?:an |a free )?account|register (?:to|now|for)|already (?:a|have) "
    r"(?:subscriber|account|member)|forgot(?:ten)? (?:your )?password"
    r"|تسجيل الدخول|سجل الدخول|سجّل الدخول|إنشاء حساب|نسيت كلمة|كلمة المرور|كلمة السر|دخول الأعضاء"
    r"|se connecter|connexion|connectez-vous|mot de passe|s.identifier|anmelden|einloggen|passwort|iniciar sesión"
    r"|contraseña|entrar|fazer login|senha|giriş yap|şifre|ورود به|رمز عبور|войти|пароль",
    re.IGNORECASE,
)
_LOGIN_TITLE = re.compile(
    r"^\W*(?:log ?in|sign ?in|log ?on|login|register|sign ?up|تسجيل الدخول|تسجيل دخول|الدخول|دخول الأعضاء"
    r"|connexion|se connecter|identification|anmelden|anmeldung|einloggen|iniciar sesión|acceder|entrar|giriş(?: "
    r"yap)?|ورود|вход)\b",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"(?:^|\W)(?:404|error 404)(?:$|\W)|(?:page|article|story|content|file|url|document) (?:was |is |could |can "
    r"|can.?t |cannot )?(?:not|no longer|n.t) (?:be )?(?:found|available|exist)"
    r"|(?:not|n.t) found\W*$|nothing (?:was )?found|page (?:does not|doesn.t) exist|we can.?t (?:find|seem to "
    r"find)|oops|no results"
    r"|(?:الصفحة|الصفحه|المقال|الخبر|المحتوى|الموضوع|الرابط)(?: التي| الذي| المطلوبة?| تبحث| عنها| تحاول| الوصول| "
    r"إليها| طلبتها|\s)*(?:غير موجود|غير متوفر|غير متاح|لم تعد|لم يعد|تعذر|غير صحيح|لا توجد|محذوف|تم حذف)"
    r"|لم (?:يتم العثور|نعثر|نتمكن من العثور|يعثر)|لا يمكن العثور|(?:عذر[اًا]+|عفو[اًا]+|نأسف|للأسف)[،,]? "
    r".{0,30}(?:الصفحة|غير موجود)|صفحة غير موجودة|خطأ 404"
    r"|page (?:introuvable|non trouvée)|(?:n.existe (?:pas|plus)|n.est (?:pas|plus) disponible)|seite (?:wurde "
    r")?nicht gefunden|(?:nicht|leider nicht) (?:gefunden|mehr verfügbar)"
    r"|página no (?:encontrada|existe)|no se (?:ha )?encontr(?:ó|ado)|página não (?:encontrada|existe)|não (?:foi "
    r")?encontrad|sayfa bulunamad|pagina non trovata|صفحه (?:مورد نظر )?(?:یافت|پیدا) نشد|یافت نشد|صفحہ نہیں ملا"
    r"|страница не найдена|не найдено",
    re.IGNORECASE,
)

_SINGLE = re.compile(
    r"(?:^|\s)(?:single|single-post|single-\w+|postid-\d+|node--?type-(?:article|news|story)"
    r"|page-node-type-article|article-page|post-template\S*)(?=\s|$)"
)
_LISTING_CLASS = re.compile(
    r"(?:^|\s)(?:(?P<tag>tag|author|search|search-results|search-no-results|tag-\S+|author-\S+|date)"
    r"|(?P<section>archive|category|category-\S+|tax-\S+|post-type-archive\S*|blog|path-taxonomy|section-front"
    r"|sectionpage))(?=\s|$)"
)
_TAG_URL = re.compile(
    r"/(?:tags?|topics?|author|authors|autor|autores|auteur|search|suche|recherche|busca|buscar|ara|keyword"
    r"|keywords|hashtag|label|etiqueta|etiquetas|etiquettes?|mot-cle|وسم|الوسم|وسوم|كلمات|الكاتب|كاتب|بحث|برچسب)(?:/|$)"
    r"|/\?(?:s|q|search|tag|author)=",
    re.IGNORECASE,
)
_SECTION_URL = re.compile(
    r"/(?:category|categories|cat|section|sections|rubrik|rubrique|ressort|kategori|categoria|archive|archives|قسم"
    r"|القسم|أقسام|تصنيف|التصنيف|فئة)/[^/?]+(?:/page/\d+)?/?$|/(?:archives?|الأرشيف|أرشيف)/?$|/page/\d{1,5}/?$",
    re.IGNORECASE,
)
_SHORT_PATH = re.compile(r"/[^\W\d_]+(?:-[^\W\d_]+)?/?", re.UNICODE)
"""`/sport/`, `/world-news`: one word or two; a story's address in the root of a site has more, or a number."""
_LISTING_TYPES = {"collectionpage": "section", "searchresultspage": "tag", "profilepage": "tag", "itemlist": "section"}
_HOME_PATH = re.compile(
    r"/?(?:(?:[a-z]{2}(?:[-_][a-z]{2})?)/?)?(?:(?:index|home|default|main|accueil|inicio)(?:\.\w{2,5})?/?)?$",
    re.IGNORECASE,
)


def judge(document: Document, text: str, metadata: Metadata) -> Verdict | None:
    """The reason why the page is no article, with the evidence in words; None for an article.

    In doubt a page is an article: what is quarantined is not shown, so a wrong verdict loses news, a missed one only
    shows a list.
    Verdicts need evidence from the page's own markup or address; a text is never judged by its subject.
    """
    facts = _Facts.of(document, text, metadata)
    for verdict in (_wall(facts), _not_found(facts), _front(facts), _listing(facts), _empty(facts)):
        if verdict:
            return verdict
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    document: Document
    metadata: Metadata
    head: Head
    text: str
    letters: int
    titles: tuple[str, ...]
    body_class: str
    path: str

    @classmethod
    def of(cls, document: Document, text: str, metadata: Metadata) -> _Facts:
        body = document.tree.find("body")
        title = next(document.tree.iter("title"), None)
        heading = next(document.tree.iter("h1"), None)
        titles = [words_of(element, 200) for element in (title, heading) if element is not None]
        parts = urlsplit(document.page.url)
        return cls(
            document=document,
            metadata=metadata,
            head=read_head(document),
            text=text,
            letters=_count_letters(text),
            titles=tuple(dict.fromkeys(filter(None, (*titles, metadata.title)))),
            body_class=((body.get("class") or "") if body is not None else "").lower()[:2_000],
            path=unquote(parts.path) + (f"?{parts.query}" if parts.query else ""),
        )

    @property
    def is_short(self) -> bool:
        return self.letters < _WALL_TEXT

    @property
    def claims_article(self) -> int:
        """How firmly the page says that it is an article; 0 when it does not."""
        points = 3 * bool(plain(self.head.article.get("headline")) and self.head.article.get("datePublished"))
        points += 2 * ("article" in plain(next(iter(self.head.metas.get("og:type", ())), ""), 40).lower())
        points += 3 * bool(_SINGLE.search(self.body_class))
        origin = self.metadata.provenance.get("date_published", "")
        return points + origin.startswith(("json-ld", "meta"))  # a date that is only printed may be a teaser's


def _count_letters(text: str) -> int:
    """The letters of a text; of a long one at least as many as a wall has, which is all that anybody asks."""
    letters = len(_LETTER.findall(text[: 2 * _WALL_TEXT]))
    return letters if letters >= _WALL_TEXT else len(_LETTER.findall(text[:20_000]))


def _wall(facts: _Facts) -> Verdict | None:
    headers = {name.lower(): value.lower() for name, value in facts.document.page.headers}
    if headers.get("cf-mitigated") == "challenge" or headers.get("x-amzn-waf-action") in {"challenge", "captcha"}:
        return "challenge", "the response header says so"
    if not facts.is_short:
        return None
    return _challenge(facts) or (None if facts.claims_article else _login(facts) or _consent(facts))


def _challenge(facts: _Facts) -> Verdict | None:
    markup = _challenge_markup(facts.document.html)
    words = _CHALLENGE_WORDS.search(" ".join(facts.titles))
    if not words and facts.letters < 400:
        words = _CHALLENGE_WORDS.search(facts.text[:400])
    sure = markup is not None and not _CAPTCHA_WIDGET.search(markup[0])
    if markup and (words or facts.letters < (300 if sure else _EMPTY_LETTERS)):
        return "challenge", f"markup {markup[0]!r}" + (f", words {words[0]!r}" if words else "")
    if words and not facts.claims_article and _few_links(facts, 8):
        return "challenge", f"words {words[0]!r}"
    return None


def _challenge_markup(html: str) -> re.Match[str] | None:
    """What a challenge product puts on its page; none on a page longer than those are."""
    if len(html) >= _HTML_HEAD or not _CHALLENGE_SIGNS.search(html.lower()):
        return None
    return _CHALLENGE_MARKUP.search(html)


def _login(facts: _Facts) -> Verdict | None:
    if not _has_password(facts):
        return None
    if facts.titles and _LOGIN_TITLE.search(facts.titles[0]):
        return "login", f"title {facts.titles[0]!r} and a password field"
    if facts.letters < 400 and _LOGIN_WORDS.search(facts.text) and _few_links(facts, 40):
        return "login", "a password field and hardly any text"
    return None


def _consent(facts: _Facts) -> Verdict | None:
    opening = " ".join(facts.titles) + " " + facts.text[:300]
    words = _CONSENT_WORDS.findall(f"{opening} {facts.text[300:_WALL_TEXT]}")
    if facts.letters and len(words) >= 2 and _CONSENT_WORDS.search(opening) and _few_links(facts, 40):
        return "consent", f"words {words[0]!r}, {words[1]!r}"
    return None


def _few_links(facts: _Facts, most: int) -> bool:
    return sum(1 for _, _ in zip(facts.document.tree.iter("a"), range(most + 1), strict=False)) <= most


def _has_password(facts: _Facts) -> bool:
    return any(
        (field.get("type") or "").lower() == "password"
        for field, _ in zip(facts.document.tree.iter("input"), range(300), strict=False)
    )


def _not_found(facts: _Facts) -> Verdict | None:
    if re.search(r"(?:^|\s)error-?404(?=\s|$)", facts.body_class):
        return "soft-404", "body class error404"
    if not facts.is_short or facts.claims_article >= 3:
        return None
    for title in facts.titles:
        if match := _NOT_FOUND.search(title):
            return "soft-404", f"title says {match[0].strip()!r}"
    if facts.letters < 300 and not facts.claims_article and (match := _NOT_FOUND.search(facts.text[:300])):
        return "soft-404", f"text says {match[0].strip()!r}"
    return None


def _front(facts: _Facts) -> Verdict | None:
    parts = urlsplit(facts.document.page.url)
    if not parts.query and _HOME_PATH.match(parts.path) and not facts.head.article.get("articleBody"):
        kinds = types(facts.head.article)
        if not (kinds & {"newsarticle", "blogposting"} and facts.claims_article >= 5):
            return "home", f"path {parts.path or '/'!r}"
    if (
        re.search(r"(?:^|\s)home(?=\s|$)", facts.body_class)
        and re.search(r"(?:^|\s)(?:blog|page-template\S*|page-id-\d+|paged)(?=\s|$)", facts.body_class)
        and facts.claims_article < 3
    ):
        return "home", "body class home"
    return None


def _listing(facts: _Facts) -> Verdict | None:
    kind: Reason = "section"
    points, evidence = 0, []
    for weight, why, says in _listing_signs(facts):
        points += weight
        evidence.append(why)
        kind = says if says == "tag" else kind
    if not points:
        return None
    if points - facts.claims_article >= 3 and not (_running_text(facts) and points < 6):
        return kind, ", ".join(evidence)
    return None


def _listing_signs(facts: _Facts) -> Iterator[tuple[int, str, Reason]]:
    if not _SINGLE.search(facts.body_class) and (match := _LISTING_CLASS.search(facts.body_class)):
        yield 3, f"body class {match[0].strip()}", "tag" if match["tag"] else "section"
    if not facts.head.article or types(facts.head.article) & {"webpage"}:
        for node in facts.document.jsonld:
            for name in types(node) & _LISTING_TYPES.keys():
                yield 2, f"JSON-LD {name}", "tag" if _LISTING_TYPES[name] == "tag" else "section"
                break
    yield from _address_signs(facts)
    if facts.claims_article < 4:
        share = _link_share(facts)
        if share > 0.5:
            yield 3, f"{share:.0%} of the text is links", "section"


def _address_signs(facts: _Facts) -> Iterator[tuple[int, str, Reason]]:
    if match := _TAG_URL.search(facts.path):
        yield 2, f"address {match[0]}", "tag"
    elif match := _SECTION_URL.search(facts.path):
        yield 2, f"address {match[0]}", "section"
    if not facts.claims_article and _is_listing_address(facts.path):
        yield 1, "nothing says that it is an article", "section"
    if not facts.claims_article and _SHORT_PATH.fullmatch(facts.path) and (heads := _linked_headings(facts)) >= 2:
        yield 3, f"the address of a section, {heads} headings that are links", "section"


def _is_listing_address(path: str) -> bool:
    """Whether the address ends with the name of a list, or with the one name after it: nothing that could be a story."""
    match = _TAG_URL.search(path) or _SECTION_URL.search(path)
    return match is not None and "/" not in re.sub(r"/page/\d+", "", path[match.end() :]).strip("/")


def _linked_headings(facts: _Facts) -> int:
    """Headings of the second rank and below that lead to other pages: titles of teasers."""
    headings = zip(facts.document.tree.iter("h2", "h3", "h4"), range(300), strict=False)
    return sum(1 for heading, _ in headings if heading.find(".//a[@href]") is not None)


def _running_text(facts: _Facts) -> bool:
    """Whether the text has paragraphs that nothing on the page links from: teasers are links or stand under one."""
    return sum(len(line) > 250 for line in facts.text.split("\n")[:200]) >= 3


def _link_share(facts: _Facts) -> float:
    """The share of the text's characters in lines that are wholly the text of a link."""
    anchors = set()
    for anchor, _ in zip(facts.document.tree.iter("a"), range(_MAX_ANCHORS), strict=False):
        anchors.add(words_of(anchor, 300))
    lines = [" ".join(line.split()) for line in facts.text.split("\n")[:1_000]]
    total = sum(map(len, lines))
    return sum(len(line) for line in lines if line in anchors) / total if total else 0.0


def _empty(facts: _Facts) -> Verdict | None:
    if facts.letters < _EMPTY_LETTERS:
        return "empty", f"{facts.letters} letters of text"
    return None

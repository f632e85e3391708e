"""Recognize pages in front of an article (challenge, login, consent) or in its place (soft 404, outage)."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.metadata.head import element_text
from archive.extract.metadata.site import strip_site
from archive.extract.quarantine.consent import consent_wall
from archive.extract.quarantine.facts import EMPTY_LETTERS, WALL_TEXT
from archive.extract.text.names import ends_sentence

if TYPE_CHECKING:
    from archive.extract.quarantine.facts import Facts, Verdict

_HTML_HEAD = 60_000

# Markup that products put on their challenge pages only. Each was found on a page of that product.
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
"""A lower-case part of each alternative, tested first: a pattern that ignores case is ten times slower, and few pages match."""
# Widgets that are used in ordinary forms as well.
_CAPTCHA_WIDGET = re.compile(r"captcha\b(?!-delivery)|__test|smartcaptcha", re.IGNORECASE)
_CHALLENGE_WORDS = re.compile(
    r"just a moment|attention required!|checking (?:if the site connection|your browser)|verify(?:ing)? (?:that "
    r")?you are (?:a )?human|are you a (?:robot|human)|(?:you.re|you are|i.m) not a robot|robot check|enter the characters you see"
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
_A_MOMENT = re.compile(
    r"just a moment|un instant|لحظة (?:من فضلك|واحدة)|einen moment|u[nm] momento|bir dakika|один момент", re.IGNORECASE
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
_REGION_WORDS = re.compile(
    r"(?:(?:not|n.t) (?:currently )?(?:be )?(?:available|accessible|permitted|viewed|offered)|unavailable|blocked|restricted|banned)"
    r" (?:\w+ ){0,4}?(?:in|from|for|to) your (?:current )?(?:country|region|location|territory|area)\b"
    r"|unavailable (?:for|due to) legal reasons|european (?:economic area|union)\b[^.]{0,160}\baccess can(?:not|.t) be granted"
    r"|(?:not|n.t|un) ?(?:currently )?available (?:to|for|in) (?:\w+ ){0,6}?european (?:economic area|union)"
    r"|(?:banned|blocked) the country or region your ip"
    r"|(?:in|aus) (?:ihrem|deinem|diesem) (?:land|region|gebiet) (?:leider )?nicht (?:verfügbar|abrufbar|erreichbar|zugänglich)"
    r"|(?:pas|plus) (?:disponible|accessible|consultable) (?:dans|depuis|en) (?:votre|ce) (?:pays|région|zone|territoire)"
    r"|no (?:está|se encuentra|es) (?:disponible|accesible) (?:en|desde|para) (?:su|tu|este) (?:país|región|ubicación|territorio)"
    r"|não (?:está|é|se encontra) (?:disponível|acessível) (?:no|na|em|para) (?:seu|sua|teu|tua|este) (?:país|região|localização)"
    r"|non (?:è )?(?:disponibile|accessibile) (?:nel|dal|in) (?:tuo|suo|questo) (?:paese|territorio)"
    r"|غير (?:متاحة?|متوفرة?) (?:\w+ )?(?:في|ب|من|ل)\s?(?:بلدك|بلدكم|دولتك|منطقتك|منطقتكم|موقعك|هذا البلد|هذه المنطقة)"
    r"|(?:bulunduğunuz|ülkenizde|bölgenizde) (?:\w+ ){0,3}?(?:kullanılamıyor|mevcut değil|erişilemiyor|erişilemez)"
    r"|(?:недоступ\w+|не доступ\w+|запрещ\w+) (?:\w+ )?в (?:вашей|вашем|этой) (?:стране|регионе)"
    r"|در (?:کشور|منطقه) شما (?:در دسترس نیست|قابل دسترس)",
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
# Phrases with the word "page": error pages use them, headlines seldom do.
_PAGE_NOT_FOUND = re.compile(
    r"(?:^|\W)(?:404|error 404)(?:$|\W)|(?:page|article|story|content|file|url|document) (?:was |is |could |can "
    r"|can.?t |cannot )?(?:not|no longer|n.t) (?:be )?(?:found|available|exist)"
    r"|page (?:does not|doesn.t) exist|we can.?t (?:find|seem to find) (?:the|that|this|what)"
    r"|(?:الصفحة|الصفحه|المقال|الخبر|المحتوى|الموضوع|الرابط)(?: التي| الذي| المطلوبة?| تبحث| عنها| تحاول| الوصول| "
    r"إليها| طلبتها|\s)*(?:غير موجود|غير متوفر|غير متاح|لم تعد|لم يعد|تعذر|غير صحيح|لا توجد|محذوف|تم حذف)"
    r"|(?:عذر[اًا]+|عفو[اًا]+|نأسف|للأسف)[،,]? .{0,30}(?:الصفحة|المحتوى|المقال|الخبر).{0,30}(?:غير |لم |لا |تعذر|محذوف)"
    r"|(?:عذر[اًا]+|عفو[اًا]+|نأسف)[،,]? .{0,20}غير موجود|صفحة غير موجودة|خطأ 404"
    r"|page (?:introuvable|non trouvée)|(?:page|article|contenu).{0,20}n.(?:existe|est) (?:pas|plus)"
    r"|seite (?:wurde |konnte )?nicht gefunden|لم يتم العثور على (?:أي )?(?:نتائج|الصفحة|المحتوى|المقال)"
    r"|(?:seite|artikel|inhalt).{0,20}(?:nicht|leider nicht) (?:gefunden|mehr verfügbar)"
    r"|página no (?:encontrada|existe)|página não (?:encontrada|existe)|sayfa bulunamad|pagina non trovata"
    r"|صفحه (?:مورد نظر )?(?:یافت|پیدا) نشد|صفحہ نہیں ملا|страница не найдена"
    r"|(?:页面|網頁|頁面|文章|网页|内容).{0,12}(?:不存在|找不到|未找到|已(?:被)?删除|已(?:被)?刪除)|找不到(?:该|您|此|這)?.{0,8}(?:页面|頁面|网页|網頁)"
    r"|ページ.{0,16}(?:見つかりません|存在しません|存在しない|ありません|削除)|페이지를? ?(?:찾을 수 없|존재하지)|존재하지 않는 페이지"
    r"|(?:पृष्ठ|पेज).{0,40}(?:नहीं मिला|मौजूद नहीं|उपलब्ध नहीं)|halaman.{0,30}(?:tidak (?:ditemukan|ada|tersedia))"
    r"|(?:הדף|העמוד|הכתבה).{0,20}(?:לא נמצא|אינו קיים|לא קיים)|(?:η )?σελίδα.{0,20}δεν (?:βρέθηκε|υπάρχει)|ไม่พบหน้า"
    r"|không tìm thấy trang|trang.{0,20}không (?:tồn tại|tìm thấy)|(?:nie znaleziono strony|strona nie (?:istnieje|została znaleziona))"
    r"|pagina niet gevonden|sid(?:an|en) (?:kunde inte|kunne ikke|blev ikke|finns inte).{0,12}|сторінку не знайдено"
    r"|stránka (?:nebyla nalezena|neexistuje)"
    r"|az oldal nem található|pagina nu (?:a fost găsită|există)|sivua ei löy",
    re.IGNORECASE,
)
# Phrases about missing pages and about missing people.
_NOT_FOUND = re.compile(
    r"(?:not|n.t) found\W*$|nothing (?:was )?found|we can.?t (?:find|seem to find)|oops|no results"
    r"|لم (?:يتم العثور|نعثر|نتمكن من العثور|يعثر)|لا يمكن العثور|غير موجود"
    r"|n.existe (?:pas|plus)|n.est (?:pas|plus) disponible|(?:nicht|leider nicht) (?:gefunden|mehr verfügbar)"
    r"|no se (?:ha )?encontr(?:ó|ado)|não (?:foi )?encontrad|یافت نشد|не найдено",
    re.IGNORECASE,
)
_REGION_TEXT = 600
"""Maximum letters of a notice that the page is not shown in a region."""
_REGION_LINKS = 40
"""Maximum links of such a page."""
_HEADLINE_WORDS = 8
_LABEL_WORDS = 4
"""Maximum words of a title in which "page not found", or "not found" alone, is an error message and not a headline."""
_NOTICE_WORDS = 3
"""Maximum words of a title besides such a phrase; a headline that begins with it has more."""
_NOTICE = 120
"""Maximum characters of a first line that is a notice that the page was not found; the first sentence of a report is longer."""
_OUTAGE_TEXT = 400
"""Maximum letters of an outage page."""
_OUTAGE_LINKS = 20
"""Maximum links of an outage page; the page of a short article about an outage has the site's menu."""
_A_SENTENCE = 40
_A_TEXT = 100
"""Minimum letters of a short article, as opposed to the instructions of a challenge."""


# Messages of servers, frameworks and hosting companies in place of a site's pages.
_SERVER_ERROR = re.compile(
    r"error establishing a database connection|(?:mysql|database) (?:connection )?error\b|too many connections|mysql server has gone away"
    r"|sqlstate\[|\b(?:fatal|parse) error: |uncaught (?:exception|error)|allowed memory size of \d|maximum execution time of \d"
    r"|server error in '|\bhttp error 5\d\d|\b50[0234] (?:internal|bad gateway|service|gateway|server)|internal server error"
    r"|(?:502|504):? (?:bad gateway|gateway time-?out)|bad gateway|gateway time-?out|service (?:temporarily )?unavailable"
    r"|the service is unavailable|application error: a \w+-side exception|guru meditation|upstream connect error|no healthy upstream"
    r"|account (?:has been )?suspended|bandwidth limit exceeded|resource limit is reached"
    r"|(?:this )?domain (?:name )?(?:is|may be) (?:for sale|parked)|domain (?:name )?has expired|buy this domain"
    r"|welcome to nginx!|apache2? .{0,20}default page|test page for the .{0,30}server|iis windows server|^index of /",
    re.IGNORECASE,
)
_MAINTENANCE = re.compile(
    r"(?:under(?:going)?|down for|performing|scheduled|planned|routine|in) (?:\w+ )?maintenance|maintenance (?:mode|page|in progress)"
    r"|(?:site|website|web page) (?:is )?(?:currently |temporarily )?(?:offline|down\b|unavailable|under construction)"
    r"|(?:we|site) (?:will|.ll) be (?:right )?back|be back (?:online )?(?:soon|shortly)|check back (?:soon|shortly|later|in a )"
    r"|wartungsarbeit|wartungsmodus|wegen wartung|vorübergehend nicht (?:erreichbar|verfügbar)"
    r"|(?:site|page) (?:est )?(?:actuellement )?en (?:cours de )?maintenance|momentanément indisponible"
    r"|en mantenimiento|em manutenção|in manutenzione|bakım (?:çalışma|modu|nedeniyle)|bakımda|przerwa techniczn|prace konserwac"
    r"|технически[ех] работ|(?:تحت|قيد) (?:الصيانة|الإنشاء|التطوير)|(?:[أا]عمال|عملية) (?:ال)?صيانة|سنعود (?:[إا]ليكم )?(?:قريب|بعد)"
    r"|الموقع (?:غير متاح|متوقف|مغلق)|در دست (?:تعمیر|بروزرسانی|به‌?روزرسانی)|בתחזוקה|עבודות תחזוקה"
    r"|メンテナンス中|系统维护|网站维护|점검 ?중",
    re.IGNORECASE,
)


def outage(facts: Facts) -> Verdict | None:
    """Return `soft-503` for a page that only says that the site is not available, whatever its status; else None."""
    if not facts.is_short or facts.claims_article or not _few_links(facts, _OUTAGE_LINKS):
        return None
    for title in facts.titles:
        match = _SERVER_ERROR.search(title) or _MAINTENANCE.search(title)
        if match and len(strip_site(title, frozenset(), guess=True).split()) - len(match[0].split()) < _LABEL_WORDS:
            return "soft-503", f"title says {match[0].strip()!r}"
    opening = facts.text[:300] if facts.letters < _OUTAGE_TEXT else ""
    if match := _SERVER_ERROR.search(opening) or _MAINTENANCE.search(opening):
        return "soft-503", f"text says {match[0].strip()!r}"
    return None


def wall(facts: Facts) -> Verdict | None:
    """Return `challenge`, `region`, `login` or `consent` for a page that keeps visitors out, else None."""
    headers = {name.lower(): value.lower() for name, value in facts.document.page.headers}
    if headers.get("cf-mitigated") == "challenge" or headers.get("x-amzn-waf-action") in {"challenge", "captcha"}:
        return "challenge", "the response header says so"
    if not facts.is_short:
        return None
    return (
        _region(facts)
        or _challenge(facts)
        or consent_wall(facts)
        or (None if facts.claims_article else _login(facts) or _consent(facts))
    )


def _region(facts: Facts) -> Verdict | None:
    """Return `region` if a page with few links begins with a notice that it is not shown where the reader is."""
    if facts.claims_article >= 3 or not _few_links(facts, _REGION_LINKS):
        return None
    words = (
        _REGION_WORDS.search(" ".join((*facts.titles[:2], facts.text[:300]))) if facts.letters < _REGION_TEXT else None
    )
    return ("region", f"words {words[0].strip()!r}") if words else None


def not_found(facts: Facts) -> Verdict | None:
    """Return `soft-404` for a page whose title or first words say that the page does not exist, else None."""
    if re.search(r"(?:^|\s)error-?404(?=\s|$)", facts.body_class):
        return "soft-404", "body class error404"
    if not facts.claims_article and (match := _missing_above_others(facts)):
        return "soft-404", f"text says {match[0].strip()!r} above other articles"
    if not facts.is_short or facts.claims_article >= 3:
        return None
    if match := next(filter(None, (_missing_title(facts, title) for title in facts.titles)), None):
        return "soft-404", f"title says {match[0].strip()!r}"
    if not facts.claims_article and (match := _missing_text(facts)):
        return "soft-404", f"text says {match[0].strip()!r}"
    return None


def _missing_above_others(facts: Facts) -> re.Match[str] | None:
    """Return the match of "page not found" in the first line of a text without a headline, above teasers of other articles."""
    first = facts.text[: _NOTICE + 1].split("\n")[0]
    match = _PAGE_NOT_FOUND.search(first) if len(first) <= _NOTICE else None
    title = next((element_text(heading, 200) for heading in facts.document.model.by_tag["h1"]), "")
    if match is None or (len(title.split()) > _LABEL_WORDS and not _PAGE_NOT_FOUND.search(title)):
        return None
    headings = (heading for heading in islice(facts.document.tree.iter("h2", "h3", "h4"), 300))
    teasers = (heading for heading in headings if heading.find(".//a[@href]") is not None)
    return match if sum(1 for _ in islice(teasers, 2)) > 1 else None


def _missing_title(facts: Facts, title: str) -> re.Match[str] | None:
    """Return the match of "not found" in a title; a headline with these words is longer and does not match."""
    words = len(strip_site(title, frozenset(), guess=True).split())
    if words <= _HEADLINE_WORDS and (match := _PAGE_NOT_FOUND.search(title)):
        goes_on = words - len(match[0].split()) > _NOTICE_WORDS and _GOES_ON.match(title[match.end() - 1 :])
        return None if facts.claims_article and goes_on and _tells(facts.text) else match
    if words <= _LABEL_WORDS and (facts.letters < _A_SENTENCE or _NOT_FOUND.search(facts.text[:300])):
        return _NOT_FOUND.search(title)
    return None


_GOES_ON = re.compile(r"\w?: |\s?\w")
"""The rest of a headline that begins with such a phrase or number: `404 homes without power`."""


def _tells(text: str) -> bool:
    """Return whether a text begins with a sentence that says nothing of a missing page."""
    first = text.split("\n", maxsplit=1)[0].replace("404", "")
    is_notice = _PAGE_NOT_FOUND.search(first) or _NOT_FOUND.search(first)
    return len(first) >= _A_SENTENCE and ends_sentence(first, asking=False) and not is_notice


def _missing_text(facts: Facts) -> re.Match[str] | None:
    opening = facts.text[:300]
    match = _PAGE_NOT_FOUND.search(opening) if facts.letters < 300 else None
    return match or (_NOT_FOUND.search(opening) if facts.letters < _A_SENTENCE else None)


def _challenge(facts: Facts) -> Verdict | None:
    markup = _challenge_markup(facts.document.html)
    words = next(filter(None, (_challenge_title(facts, title) for title in facts.titles)), None)
    if not words and facts.letters < 400:
        words = next(filter(_is_message, _CHALLENGE_WORDS.finditer(facts.text[:400])), None)
    sure = markup is not None and not _CAPTCHA_WIDGET.search(markup[0])
    if markup and (words or facts.letters < (300 if sure else EMPTY_LETTERS)):
        return "challenge", f"markup {markup[0]!r}" + (f", words {words[0]!r}" if words else "")
    if words and not facts.claims_article and _few_links(facts, 8):
        return "challenge", f"words {words[0]!r}"
    return None


def _challenge_title(facts: Facts, title: str) -> re.Match[str] | None:
    """Return the match of a challenge in a title; a headline with the same words is longer, and has a text under it."""
    words = _CHALLENGE_WORDS.search(title)
    if words is None or facts.letters < _A_TEXT:
        return words
    own = strip_site(title, frozenset(), guess=True)
    return words if len(own.split()) - len(words[0].split()) < _LABEL_WORDS else None


def _is_message(words: re.Match[str]) -> bool:
    """Return whether the words of a challenge are in a message, not the everyday ones in a sentence of an article."""
    text = words.string
    line = text[text.rfind("\n", 0, words.start()) + 1 :].split("\n", 1)[0]
    is_short = (
        len(line.split()) - len(words[0].split()) < _LABEL_WORDS and not text[words.end() :].lstrip(" ")[:1].isalnum()
    )
    return is_short or not _A_MOMENT.fullmatch(words[0])


def _challenge_markup(html: str) -> re.Match[str] | None:
    """Return the match of a challenge product's markup; None on pages longer than challenges are."""
    if len(html) >= _HTML_HEAD or not _CHALLENGE_SIGNS.search(html.lower()):
        return None
    return _CHALLENGE_MARKUP.search(html)


def _login(facts: Facts) -> Verdict | None:
    if not _has_password(facts):
        return None
    if facts.titles and _LOGIN_TITLE.search(facts.titles[0]):
        return "login", f"title {facts.titles[0]!r} and a password field"
    if facts.letters < 400 and _LOGIN_WORDS.search(facts.text) and _few_links(facts, 40):
        return "login", "a password field and hardly any text"
    return None


def _consent(facts: Facts) -> Verdict | None:
    opening = " ".join(facts.titles) + " " + facts.text[:300]
    words = _CONSENT_WORDS.findall(f"{opening} {facts.text[300:WALL_TEXT]}")
    if facts.letters and len(words) >= 2 and _CONSENT_WORDS.search(opening) and _few_links(facts, 40):
        return "consent", f"words {words[0]!r}, {words[1]!r}"
    return None


def _few_links(facts: Facts, most: int) -> bool:
    return sum(1 for _, _ in zip(facts.document.tree.iter("a"), range(most + 1), strict=False)) <= most


def _has_password(facts: Facts) -> bool:
    return any((field.get("type") or "").lower() == "password" for field in facts.document.model.by_tag["input"][:300])

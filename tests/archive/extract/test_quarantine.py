from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from archive.article import Page, Reason
from archive.extract.document import read_document
from archive.extract.metadata.reading import read_metadata
from archive.extract.quarantine import quarantine_reason

SENTENCES = (
    "أعلنت بلدية المدينة عن افتتاح الجسر الجديد بعد عامين من العمل، وقال المهندس المشرف إن الجسر سيخفف الازدحام في وسط المدينة.",
    "وأضاف أن الحركة ستبدأ صباح الأحد المقبل، وأن المرحلة الثانية من المشروع تشمل توسعة الطريق المؤدي إلى الميناء.",
    "وكان سكان الأحياء الشرقية قد طالبوا منذ سنوات بإقامة جسر يربطهم بالمستشفى والجامعة.",
)
ARTICLE_TEXT = "\n".join(SENTENCES * 4)


def judged(
    html: str, text: str = "", *, url: str = "https://news.example/a/story-1", headers: tuple[tuple[str, str], ...] = ()
) -> str:
    document = read_document(
        Page(body=html.encode(), url=url, fetched_at=datetime(2026, 11, 24, tzinfo=UTC), headers=headers)
    )
    verdict = quarantine_reason(document, text, read_metadata(document))
    assert verdict is None or verdict[1], "a verdict carries its evidence"
    assert verdict is None or verdict[0] in get_args(Reason), f"archive/article.py: {verdict[0]!r} is no Reason"
    return verdict[0] if verdict else "article"


def page(title: str, body: str = "", *, body_class: str = "", head: str = "") -> str:
    return f'<html><head><title>{title}</title>{head}</head><body class="{body_class}"><h1>{title}</h1>{body}</body></html>'


@pytest.mark.parametrize(
    "html",
    [
        '<html><head><title>Just a moment...</title></head><body><script>window._cf_chl_opt={cRay:"x"}</script></body></html>',
        page("Attention Required! | Cloudflare", '<div class="cf-error-details">Sorry, you have been blocked</div>'),
        page(
            "news.example",
            'Please enable JS and disable any ad blocker<script src="https://ct.captcha-delivery.com/c.js"></script>',
        ),
        '<html><body><iframe src="/_Incapsula_Resource?x=1">Request unsuccessful. Incapsula incident ID: 1-2</iframe></body></html>',
        page(
            "Access Denied",
            "You don't have permission to access this server. Reference #18 https://errors.edgesuite.net/18",
        ),
        page("لحظة من فضلك", "<p>نتحقق من أنك إنسان ولست برنامجا آليا</p>"),
        page("Un instant…", "<p>Vérification que vous n'êtes pas un robot</p>"),
        page("Are you a robot?", '<div class="g-recaptcha"></div>'),
        page("Robot Check", "<p>Enter the characters you see below, to show that you are not a robot</p><form></form>"),
        page("Checking your browser before accessing news.example", "<p>DDoS protection</p>"),
    ],
)
def test_a_challenge_is_recognised(html: str) -> None:
    text = read_document(
        Page(body=html.encode(), url="https://n.example/x", fetched_at=datetime(2026, 1, 1, tzinfo=UTC))
    ).tree.text_content()
    assert judged(html, text if "_cf_chl" not in html else "") == "challenge"
    assert judged(html) == "challenge"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Database Error", "Error establishing a database connection"),
        ("", "Fatal error:  Allowed memory size of 134217728 bytes exhausted in /var/www/news.php on line 12"),
        ("Maintenance", "Briefly unavailable for scheduled maintenance. Check back in a minute."),
        ("We’ll be back soon!", "Sorry for the inconvenience. We are performing some maintenance at the moment."),
        ("503 Service Unavailable", "No server is available to handle this request."),
        ("Application error: a client-side exception has occurred", ""),
        (
            "الموقع تحت الصيانة",
            "نقوم حالياً بأعمال صيانة على الموقع وسنعود إليكم قريباً، نعتذر عن الإزعاج ونشكركم على تفهمكم.",
        ),
        (
            "Wartungsarbeiten",
            "Unsere Seite ist vorübergehend nicht erreichbar. Bitte versuchen Sie es später noch einmal.",
        ),
        ("Account Suspended", "This Account has been suspended. Contact your hosting provider for more information."),
        ("paper.example", "This domain is for sale. Contact the broker to buy paper.example today."),
        ("Welcome to nginx!", "If you see this page, the nginx web server is successfully installed and working."),
    ],
)
def test_an_outage_that_is_served_with_status_200_is_recognised(title: str, text: str) -> None:
    assert judged(page(title, f"<p>{text}</p>"), text) == "soft-503"


@pytest.mark.parametrize(
    ("title", "text", "more"),
    [
        ("Maintenance of the old bridge begins", "The bridge is under maintenance from Monday, the town said.", "menu"),
        (
            "Facebook down for millions as service unavailable across Europe",
            "Users could not log in on Monday.",
            "claim",
        ),
        ("City website is down after attack, mayor says it will take weeks", SENTENCES[0], ""),
        ("Gulf airlines resume flights", "Air traffic over the gulf is back to normal, says the authority.", ""),
    ],
)
def test_a_brief_about_an_outage_elsewhere_is_an_article(title: str, text: str, more: str) -> None:
    menu = "".join(f'<a href="/{n}">Section {n}</a>' for n in range(30)) if more == "menu" else ""
    head = '<meta property="og:type" content="article">' if more == "claim" else ""
    assert judged(page(title, f"{menu}<p>{text}</p>", head=head), text) == "article"


def test_the_response_header_of_a_challenge_is_enough() -> None:
    assert judged(page("خبر"), ARTICLE_TEXT, headers=(("CF-Mitigated", "challenge"),)) == "challenge"


def test_an_article_on_a_protected_site_is_an_article() -> None:
    script = '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script><div class="g-recaptcha"></div>'
    assert judged(page("افتتاح الجسر", script), ARTICLE_TEXT) == "article"


@pytest.mark.parametrize(
    "title",
    [
        "Just a moment in history",
        "Access denied: how visas are refused",
        "404 soldiers return home",
        "Oops: the ship that sank",
    ],
)
def test_an_article_about_such_words_is_an_article(title: str) -> None:
    assert judged(page(title), "A sentence of the article that goes on for quite some time. " * 40) == "article"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (
            "Before you continue",
            "We value your privacy. We and our 812 partners store and use cookies. Accept all cookies or manage cookie settings.",
        ),
        ("Vos choix", "Nous respectons votre vie privée. Continuer sans accepter. Accepter et fermer les cookies"),
        ("موافقة", "نحن نقدر خصوصيتك. نستخدم ملفات تعريف الارتباط لتحسين تجربتك. قبول الكل"),
        ("Einwilligung", "Wir verwenden Cookies. Mit Werbung weiter lesen oder werbefrei abonnieren. Zustimmen"),
    ],
)
def test_a_consent_wall_is_recognised(title: str, text: str) -> None:
    assert judged(page(title, f"<p>{text}</p>"), text) == "consent"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("تسجيل الدخول", "البريد الإلكتروني كلمة المرور نسيت كلمة المرور"),
        ("Log in - News", "Email Password Forgot your password?"),
        ("Connexion", "Se connecter Mot de passe oublié"),
    ],
)
def test_a_login_form_is_recognised(title: str, text: str) -> None:
    form = '<form><input type="text"><input type="password"></form>'
    assert judged(page(title, f"{form}<p>{text}</p>"), text) == "login"
    assert judged(page("افتتاح الجسر", form), ARTICLE_TEXT) == "article"


@pytest.mark.parametrize(
    "title",
    ["الصفحة غير موجودة", "عذراً، الصفحة التي تبحث عنها غير موجودة", "404 - Page not found", "Page introuvable", "Seite nicht gefunden",
     "Página no encontrada", "Sayfa bulunamadı", "صفحه مورد نظر یافت نشد", "لم يتم العثور على نتائج", "Error 404"],
)  # fmt: skip
def test_a_page_that_says_not_found_is_soft_404(title: str) -> None:
    assert (
        judged(page(title, "<p>عد إلى الصفحة الرئيسية</p>"), "عد إلى الصفحة الرئيسية للموقع وتصفح آخر الأخبار")
        == "soft-404"
    )


def test_the_body_class_of_a_missing_page_is_enough() -> None:
    assert judged(page("News", body_class="rtl error404 wp-theme"), ARTICLE_TEXT) == "soft-404"


@pytest.mark.parametrize(
    "url",
    ["https://news.example/", "https://news.example", "https://news.example/index.html", "https://news.example/ar/"],
)
def test_the_front_page_is_home(url: str) -> None:
    assert judged(page("أخبار المدينة"), ARTICLE_TEXT, url=url) == "home"


TEASERS = "".join(f'<article><h3><a href="/n/{i}">A headline of the town</a></h3></article>' for i in range(3))


@pytest.mark.parametrize(
    "line",
    ["Page not found. The page does not exist any more.", "页面不存在，请浏览以下文章。", "Halaman tidak ditemukan.", "הדף לא נמצא.",
     "पृष्ठ नहीं मिला।", "ページが見つかりません。", "페이지를 찾을 수 없습니다.", "Nie znaleziono strony."],
)  # fmt: skip
def test_an_error_above_teasers_of_other_articles_is_soft_404(line: str) -> None:
    text = f"{line}\n{ARTICLE_TEXT}"
    assert judged(page("The Example", TEASERS), text) == "soft-404"
    assert judged(page("The Example"), text) == "article"
    assert judged(page("The Example", TEASERS), ARTICLE_TEXT) == "article"
    assert judged(page("The town asks where its old plans are", TEASERS), text) == "article"


def test_a_report_on_a_page_that_is_gone_is_an_article_above_teasers_too() -> None:
    line = "The minister's office said on Monday that the page was no longer available, and that it would publish the plan again in May."
    assert judged(page("The Example", TEASERS), f"{line}\n{ARTICLE_TEXT}") == "article"


@pytest.mark.parametrize(
    ("notice", "button"),
    [
        ("我们重视您的隐私。我们和我们的合作伙伴会在设备上存储信息，以展示个性化广告并衡量内容。", "全部接受"),
        (
            "Kami dan mitra kami menyimpan informasi pada perangkat, seperti cookie, untuk menampilkan iklan.",
            "Terima semua",
        ),
        ("당사와 파트너는 맞춤형 광고를 표시하기 위해 쿠키와 같은 정보를 기기에 저장합니다.", "모두 동의"),
        (
            "Εμείς και οι συνεργάτες μας αποθηκεύουμε πληροφορίες σε μια συσκευή, όπως cookies, για διαφημίσεις.",
            "Αποδοχή όλων",
        ),
        ("हम और हमारे साझेदार विज्ञापन दिखाने के लिए डिवाइस पर कुकी जैसी जानकारी संग्रहीत करते हैं।", "सभी स्वीकार करें"),
    ],
)
def test_a_consent_wall_is_recognised_in_more_languages(notice: str, button: str) -> None:
    html = page("The Example", f"<p>{notice}</p><button>{button}</button>")
    assert judged(html, notice) == "consent"
    assert judged(html, f"{notice}\n{ARTICLE_TEXT}") == "article"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Directory listing for /news/", "section"),
        ("Index of /pub", "soft-503"),
        ("Index of /etc was left open by the town, experts say", "article"),
    ],
)
def test_a_list_of_files_is_no_article(title: str, expected: str) -> None:
    assert judged(page(title), "\n".join(f"story-{i}.html 01-Jan-2020 10:00 {i}K" for i in range(60))) == expected


PARAGRAPHS = "".join(f"<p>{line}</p>" for line in ARTICLE_TEXT.split("\n"))


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", "article"),
        ('<p><a href="/about">About this page</a></p>', "article"),
        ('<h2><a href="/1">The first of two stories</a></h2><h2><a href="/2">The second story</a></h2>', "home"),
        ("".join(f'<li><a href="/{i}">A headline on a matter of the town</a></li>' for i in range(40)), "home"),
    ],
)
def test_a_front_page_is_an_article_only_if_it_is_a_text_with_few_links(rest: str, expected: str) -> None:
    assert judged(page("On the bridge", PARAGRAPHS + rest), ARTICLE_TEXT, url="https://bridge.example/") == expected


def test_a_page_without_an_address_is_no_front_page() -> None:
    assert judged(page("On the bridge"), ARTICLE_TEXT, url="") == "article"


def test_one_long_paragraph_on_a_page_with_the_class_of_a_list_is_an_article() -> None:
    html = page("On the bridge", body_class="category-7")
    assert judged(html, " ".join(ARTICLE_TEXT.split("\n"))) == "article"
    assert judged(html, "A teaser of the first story.\nA teaser of the second story.") == "section"


def teasers(count: int) -> str:
    return "".join(
        f'<article><h2><a href="/n/{i}">خبر رقم {i} عن شأن من شؤون المدينة وأهلها</a></h2></article>'
        for i in range(count)
    )


def teaser_text(count: int) -> str:
    return "\n".join(f"خبر رقم {i} عن شأن من شؤون المدينة وأهلها" for i in range(count))


@pytest.mark.parametrize(
    ("body_class", "url", "head", "expected"),
    [
        ("archive category category-politics", "https://news.example/category/politics/", "", "section"),
        ("archive tag tag-bridge", "https://news.example/tag/bridge/", "", "tag"),
        ("archive author author-mona", "https://news.example/author/mona/", "", "tag"),
        ("search search-results", "https://news.example/?s=bridge", "", "tag"),
        ("", "https://news.example/politics", "", "section"),
        ("", "https://news.example/وسم/جسر", "", "tag"),
        (
            "",
            "https://news.example/politics",
            '<script type="application/ld+json">{"@type":"CollectionPage"}</script>',
            "section",
        ),
    ],
)
def test_a_list_of_articles_is_no_article(body_class: str, url: str, head: str, expected: str) -> None:
    assert judged(page("أخبار", teasers(20), body_class=body_class, head=head), teaser_text(20), url=url) == expected


ARTICLE_HEADS = [
    '<script type="application/ld+json">{"@type":"NewsArticle","headline":"افتتاح الجسر","datePublished":"2024-05-12"}</script>',
    '<meta property="og:type" content="article"><meta property="article:published_time" content="2024-05-12T10:00:00Z">',
    "",
]


@pytest.mark.parametrize("head", ARTICLE_HEADS)
@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/2024/05/12/bridge",
        "https://news.example/section/city/bridge-opens",
        "https://news.example/tags-of-war",
    ],
)
def test_an_article_below_many_teasers_is_an_article(head: str, url: str) -> None:
    assert (
        judged(
            page("افتتاح الجسر", teasers(30), head=head, body_class="single single-post postid-7"),
            ARTICLE_TEXT,
            url=url,
        )
        == "article"
    )


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_very_short_news_item_is_an_article(count: int) -> None:
    text = "\n".join(SENTENCES[:count])
    assert judged(page("افتتاح الجسر", f"<p>{text}</p>" + teasers(10)), text) == "article"


def test_a_page_without_text_is_empty() -> None:
    assert judged(page("افتتاح الجسر"), "") == "empty"
    assert judged(page("صور"), "12 / 5") == "empty"


NOTICES = {
    "en": (
        "We and our 812 partners store and/or access information on a device, such as cookies, and process personal data.",
        "Accept all",
    ),
    "de": (
        "Wir und unsere 200 Partner speichern Informationen auf Ihrem Gerät, etwa Cookies, für Werbung und Messung.",
        "Alle akzeptieren",
    ),
    "fr": (
        "Nos partenaires et nous stockons des cookies sur votre appareil pour la publicité.",
        "Continuer sans accepter",
    ),
    "es": (
        "Nosotros y nuestros socios guardamos cookies en su dispositivo para tratar datos personales.",
        "Aceptar todo",
    ),
    "ar": ("نحن وشركاؤنا نخزن ملفات تعريف الارتباط على جهازك لمعالجة البيانات الشخصية.", "قبول الكل"),
    "fa": ("ما و همکاران ما از کوکی‌ها برای ذخیره اطلاعات روی دستگاه شما استفاده می‌کنیم.", "پذیرش همه"),
    "he": ("אנחנו והשותפים שלנו שומרים עוגיות על המכשיר שלך לצורך פרסום.", "אשר הכל"),
    "tr": ("Biz ve ortaklarımız cihazınızda çerezleri reklam için kullanıyoruz.", "Tümünü kabul et"),
    "ru": ("Мы и наши партнёры храним куки на вашем устройстве и обрабатываем персональные данные.", "Принять все"),
}


@pytest.mark.parametrize("language", sorted(NOTICES))
def test_a_consent_wall_is_known_by_its_wording_and_its_button(language: str) -> None:
    notice, button = NOTICES[language]
    wall = page(
        "Harbour Post", f"<p>{notice}</p><button>{button}</button>", head='<meta property="og:type" content="article">'
    )
    assert judged(wall, notice) == "consent"
    assert judged(wall) == "consent"


@pytest.mark.parametrize("language", sorted(NOTICES))
def test_a_notice_beside_an_article_is_no_wall(language: str) -> None:
    notice, button = NOTICES[language]
    story = page(
        "Council agrees quay plan", f"<div><p>{notice}</p><button>{button}</button></div><p>The council agreed.</p>"
    )
    assert (
        judged(story, "The council agreed the plan for the quay on Monday night after a debate of three hours.")
        == "article"
    )
    assert judged(story, f"{notice}\n" + "The council agreed the plan for the quay on Monday night. " * 12) == "article"


def test_news_of_cookies_is_no_wall():
    text = "The regulator fined a company that stored cookies on a device and sold personal data to advertisers."
    assert judged(page("Fine for cookies", "<button>Accept all</button>"), text) == "article"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Vermisster Wanderer weiterhin nicht gefunden", "Die Suche wurde am Abend beendet, sein Auto war am See entdeckt."),
        ("عذرا أيتها المدينة.. الصفحة القديمة طويت", "أعلن خفر السواحل اليوم انتهاء عمليات البحث عن طاقم مركب الصيد الذي غرق."),
        ("Crew of the lost boat not found", "The coast guard ended its search for the crew of the boat on Friday evening."),
        ("Sorry, says mayor", "The mayor said sorry to the traders of the market on Monday after the plans were not found in time."),
        ("لم يعثر على الطاقم", "أعلن خفر السواحل اليوم انتهاء عمليات البحث عن طاقم مركب الصيد الذي غرق."),
    ],
)  # fmt: skip
def test_a_brief_of_something_not_found_is_an_article(title: str, text: str) -> None:
    assert judged(page(title, f"<p>{text}</p>", head='<meta property="og:type" content="article">'), text) == "article"


EEA = """We recognize you are attempting to access this website from a country belonging to the European Economic Area (EEA) including the
    EU which enforces the General Data Protection Regulation (GDPR) and therefore access cannot be granted at this time. For any issues,
    contact web@harbour.example or call 555-0100."""
REGIONS = [
    ("451: Unavailable due to legal reasons", " ".join(EEA.split())),
    ("Harbour News", "Sorry, this content is not available in your region."),
    ("Harbour News", "This website is unavailable from your location."),
    (
        "Our readers abroad",
        "This site is currently unavailable to visitors from countries of the European Economic Area.",
    ),
    ("الميناء", "عذرا، هذا المحتوى غير متاح في بلدك."),
    ("Hafenblatt", "Dieser Inhalt ist in Ihrem Land leider nicht verfügbar."),
    ("Le Port", "Ce contenu n'est pas disponible dans votre pays."),
    ("El Puerto", "Este contenido no está disponible en su país."),
    ("Liman", "Bu içerik bulunduğunuz ülkede kullanılamıyor."),
    ("Порт", "Этот материал недоступен в вашей стране."),
]


@pytest.mark.parametrize(("title", "text"), REGIONS)
def test_a_page_that_is_not_shown_in_a_region_is_recognised_and_not_called_gone(title: str, text: str) -> None:
    assert judged(page(title, f"<p>{text}</p>"), text) == "region"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Ferry not available in winter", "The ferry will not be available in the region from Monday, the operator said."),
        ("Court blocks website in country", "A court has blocked the website in the country for legal reasons, its owner said on Friday."),
        ("European visitors stay away", "Visitors from countries of the European Union must register from Monday, the ministry said."),
        ("الدواء غير متاح في البلاد", "قالت الوزارة إن الدواء غير متاح في البلاد منذ يوم الأحد وإن شحنة منه ستصل قريبا."),
    ],
)  # fmt: skip
def test_a_brief_about_what_a_region_lacks_is_an_article(title: str, text: str) -> None:
    assert judged(page(title, f"<p>{text}</p>"), text) == "article"


def test_an_article_that_quotes_such_a_notice_is_an_article() -> None:
    quoted = REGIONS[1][1]
    text = " ".join(
        [quoted, *["The court heard on Tuesday how readers abroad met this line in place of the paper."] * 12]
    )
    assert judged(page("Readers abroad go to court", f"<p>{text}</p>"), text) == "article"

"""Knows a consent wall: a page whose text asks to store cookies and to process data, in the wording of the standard or by its buttons."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.metadata.head import words_of

if TYPE_CHECKING:
    from archive.extract.quarantine.facts import Facts, Verdict

# What IAB Europe's Transparency and Consent Framework has every notice say (Policies, appendix B), by the words that
# say it: information is stored on the device, for partners, as cookies or identifiers; personal data are processed, for
# advertising and measurement, by consent or legitimate interest. News speaks of some of these; a notice says most in
# two sentences, and in the first person.
CLAIMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        (
            r"cookie|identifier|kennung|identifiant|identificador|çerez|tanımlayıcı|ciasteczk|идентификатор|куки"
            r"|ملفات (?:تعريف )?الارتباط|الكوكيز|كوكيز|معر[ّ]?ف|کوکی|شناسه|עוגי|מזה(?:ה|ים)|クッキー|쿠키"
        ),
        (
            r"partner|partenaire|vendor|socios|proveedores|fornitor|parceiro|ortaklar|iş ortak|партн[её]р|dostawc"
            r"|شركاؤنا|شركائنا|شركاء|همکاران|شرکای|שותפ|شراکت|パートナー|파트너"
        ),
        (
            r"\bdevice|\bgerät|endgerät|appareil|terminal|dispositiv|cihaz|urządzeni|устройств|apparaat"
            r"|جهازك|الجهاز|أجهزت|دستگاه|מכשיר|ڈیوائس|端末|기기"
        ),
        (
            r"personal data|personal information|personenbezogen|données (?:à caractère )?personnel|datos personales|dati personali"
            r"|dados pessoais|kişisel veri|dane osobow|danych osobow|персональн|persoonsgegevens|persoonlijke gegevens"
            r"|البيانات الشخصية|بياناتك|بيانات شخصية|داده‌?های شخصی|اطلاعات شخصی|מידע אישי|נתונים אישיים|ذاتی ڈیٹا|個人データ|개인정보"
        ),
        (
            r"advertis|\bads\b|werbung|anzeigen|publicit|pubblicit|reklam|реклам|advertentie|measurement|audience|mesure d"
            r"|messung|zielgruppe|إعلان|الإعلانات|قياس|تبلیغ|سنجش|פרסומ|מדידה|اشتہار|広告|광고"
        ),
        (
            r"consent|einwillig|zustimm|consentement|consentimiento|consenso|consentimento|onay|rıza|zgod[yę]|соглас|toestemming"
            r"|legitimate interest|berechtigte[sn]? interesse|intérêt légitime|موافقت|الموافقة|المصلحة المشروعة|رضایت|הסכמ|同意|동의"
        ),
        (
            r"privacy|privatsphäre|datenschutz|vie privée|confidentialité|privacidad|privacidade|gizlilik|prywatno|конфиденц"
            r"|خصوصيت|الخصوصية|حریم خصوصی|פרטיות|رازداری|プライバシー|개인정보 보호"
        ),
    )
)
_FIRST_PERSON = re.compile(
    r"\b(?:we|our|us|wir|uns|unsere[nmrs]?|nous|notre|nos|nosotros|nuestr[oa]s?|usamos|utilizamos|noi|nostr[oiae]|usiamo|utilizziamo"
    r"|nossos?|nossas?|biz|wij|ons|onze|my i nasi|nasi|używamy|мы|наш[иа]?|наши)\b|bizim|kullanıyoruz|ız\b|iz\b"
    r"|نحن|نستخدم|نقوم|نقدّ?ر|شركاؤنا|شركائنا|ما و|ما از|می‌?کنیم|می‌?گذاریم|אנחנו|אנו|שלנו|ہم |ہمارے|当社|私たち|우리",
    re.IGNORECASE,
)
_BUTTON = re.compile(
    r"(?:yes,? )?(?:i )?(?:accept|agree|allow|consent|got it|reject|decline|refuse|manage|customi[sz]e|more options|save)\b.{0,30}"
    r"|(?:cookie|privacy|consent) (?:settings|preferences|options|choices)"
    r"|(?:alle[ns]? |allem )?(?:cookies )?(?:akzeptieren|annehmen|zustimmen|ablehnen|erlauben|verwalten)\b.{0,30}"
    r"|einstellungen.{0,20}|einverstanden"
    r"|(?:tout )?(?:accepter|refuser|paramétrer|gérer|continuer sans accepter|j.accepte)\b.{0,30}"
    r"|(?:aceptar|rechazar|configurar|gestionar|acepto)\b.{0,30}|(?:accett[ao]|rifiuta|gestisci|personalizza)\b.{0,30}"
    r"|(?:aceitar|rejeitar|gerir|gerenciar|concordo)\b.{0,30}|(?:alles )?(?:accepteren|akkoord|weigeren)\b.{0,30}|instellingen.{0,20}"
    r"|(?:akceptuj\w*|zgadzam się|odrzuć|ustawienia)\b.{0,30}|(?:tümünü )?(?:kabul et|reddet|onayla)\w*.{0,20}|(?:çerez )?ayarlar\w*"
    r"|(?:принять|отклонить|настро\w+|согласен)\b.{0,30}"
    r"|(?:قبول|أوافق|اوافق|أقبل|موافق|الموافقة|رفض|إدارة|إعدادات|اعدادات|تخصيص).{0,30}|(?:پذیرش|قبول|موافقم|می‌?پذیرم|رد|مدیریت|تنظیم).{0,30}"
    r"|(?:אישור|אשר|קבל|קבלה|מסכים|אני מסכים|דחה|דחייה|ניהול|הגדרות).{0,30}|(?:منظور|مسترد|ترتیبات).{0,20}"
    r"|(?:すべて)?(?:同意|許可|拒否|設定).{0,12}|(?:全部)?(?:接受|同意|拒绝|设置).{0,12}|(?:모두 )?(?:동의|거부|설정).{0,12}",
    re.IGNORECASE,
)
_MOST_BUTTONS = 60
_MOST_TEXT = 3_000
_FEW_LINKS = 40
_LEASTCLAIMS = 3
_MOST_OF_TEXT = 0.6
"""Share of the text that must be the notice's: an article may come with a notice, a wall has nothing else."""


def consent_wall(facts: Facts) -> Verdict | None:
    """`consent` for a page that is nothing but the question for consent, whatever its head claims; None for another."""
    lines = _lines(facts)
    notice = " ".join(line for line in lines if any(claim.search(line) for claim in CLAIMS))
    total = sum(map(len, lines))
    claims = sum(claim.search(notice) is not None for claim in CLAIMS)
    if claims < _LEASTCLAIMS or len(notice) < _MOST_OF_TEXT * total or not _FIRST_PERSON.search(notice):
        return None
    buttons = _buttons(facts)
    if not (buttons or (claims > _LEASTCLAIMS and not facts.claims_article)):
        return None
    if sum(1 for _ in islice(facts.document.tree.iter("a"), _FEW_LINKS + 1)) > _FEW_LINKS:
        return None
    return "consent", f"{claims} claims of a consent notice" + (f", button {buttons[0]!r}" if buttons else "")


def _lines(facts: Facts) -> list[str]:
    """The lines found as the article's; where there are none, what the page shows."""
    text = facts.text
    if not text.strip():
        text = "\n".join(block.text for block in islice(facts.document.model.blocks, 100))
    return [line for line in text[:_MOST_TEXT].split("\n") if line.strip()]


def _buttons(facts: Facts) -> list[str]:
    elements = facts.document.tree.iter("button", "a", "input")
    texts = (element.get("value") or words_of(element, 60) for element in islice(elements, _MOST_BUTTONS))
    return [text for text in texts if text and _BUTTON.fullmatch(text.strip())]

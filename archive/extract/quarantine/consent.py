"""Recognize consent walls: pages that ask to store cookies and to process data, by the wording of the standard and by their buttons."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.metadata.head import element_text

if TYPE_CHECKING:
    from archive.extract.quarantine.facts import Facts, Verdict

# Statements that IAB Europe's Transparency and Consent Framework requires of every notice (Policies, appendix B), by
# their words: information is stored on the device, for partners, as cookies or identifiers; personal data are processed,
# for advertising and measurement, by consent or legitimate interest. News mentions some of these; a notice makes most of
# them in two sentences, in the first person.
CLAIMS = tuple(
    re.compile(pattern)
    for pattern in (
        (
            r"cookie|identifier|kennung|identifiant|identificador|çerez|tanımlayıcı|ciasteczk|идентификатор|куки"
            r"|ملفات (?:تعريف )?الارتباط|الكوكيز|كوكيز|معر[ّ]?ف|کوکی|شناسه|עוגי|מזה(?:ה|ים)|クッキー|쿠키|कुकी|คุกกี้"
        ),
        (
            r"partner|partenaire|vendor|socios|proveedores|fornitor|parceiro|ortaklar|iş ortak|партн[её]р|dostawc"
            r"|شركاؤنا|شركائنا|شركاء|همکاران|شرکای|שותפ|شراکت|パートナー|파트너|合作伙伴|合作夥伴"
            r"|साझेदार|भागीदार|\bmitra\b|συνεργάτ|พันธมิตร|พาร์ทเนอร์|đối tác"
        ),
        (
            r"\bdevice|\bgerät|endgerät|appareil|terminal|dispositiv|cihaz|urządzeni|устройств|apparaat"
            r"|جهازك|الجهاز|أجهزت|دستگاه|מכשיר|ڈیوائس|端末|デバイス|기기|设备|設備|裝置|डिवाइस|perangkat|συσκευ|อุปกรณ์|thiết bị"
        ),
        (
            r"personal data|personal information|personenbezogen|données (?:à caractère )?personnel"
            r"|datos personales|dati personali"
            r"|dados pessoais|kişisel veri|dane osobow|danych osobow|персональн|persoonsgegevens"
            r"|persoonlijke gegevens"
            r"|البيانات الشخصية|بياناتك|بيانات شخصية|داده‌?های شخصی|اطلاعات شخصی|מידע אישי|נתונים אישיים|ذاتی ڈیٹا"
            r"|個人データ|개인정보|个人(?:数据|信息)|個人資料|व्यक्तिगत (?:डेटा|जानकारी)|data pribadi"
            r"|προσωπικ\w+ (?:δεδομέν|πληροφορ)|ข้อมูลส่วนบุคคล|dữ liệu cá nhân"
        ),
        (
            r"advertis|\bads\b|werbung|anzeigen|publicit|pubblicit|reklam|реклам|advertentie|measurement|audience"
            r"|mesure d"
            r"|messung|zielgruppe|إعلان|الإعلانات|قياس|تبلیغ|سنجش|פרסומ|מדידה|اشتہار|広告|광고|广告|廣告|विज्ञापन|\biklan"
            r"|διαφημίσ|μέτρηση|โฆษณา|quảng cáo|đo lường"
        ),
        (
            r"consent|einwillig|zustimm|consentement|consentimiento|consenso|consentimento|onay|rıza|zgod[yę]"
            r"|соглас|toestemming"
            r"|legitimate interest|berechtigte[sn]? interesse|intérêt légitime|موافقت|الموافقة|المصلحة المشروعة"
            r"|رضایت|הסכמ|同意|동의|सहमति|persetujuan|συγκατάθεσ|συναίνεσ|ความยินยอม|đồng ý"
        ),
        (
            r"privacy|privatsphäre|datenschutz|vie privée|confidentialité|privacidad|privacidade|gizlilik|prywatno"
            r"|конфиденц"
            r"|خصوصيت|الخصوصية|حریم خصوصی|פרטיות|رازداری|プライバシー|개인정보|隐私|隱私|निजता|गोपनीयता|privasi|απόρρητ"
            r"|ความเป็นส่วนตัว|quyền riêng tư"
        ),
    )
)
"""What a notice says, in lower case: a pattern that ignores case takes five times as long."""
_FIRST_PERSON = re.compile(
    r"\b(?:we|our|us|wir|uns|unsere[nmrs]?|nous|notre|nos|nosotros|nuestr[oa]s?|usamos|utilizamos|noi|nostr[oiae]|usiamo|utilizziamo"
    r"|nossos?|nossas?|biz|wij|ons|onze|my i nasi|nasi|używamy|мы|наш[иа]?|наши)\b|bizim|kullanıyoruz|ız\b|iz\b"
    r"|نحن|نستخدم|نقوم|نقدّ?ر|شركاؤنا|شركائنا|ما و|ما از|می‌?کنیم|می‌?گذاریم|אנחנו|אנו|שלנו|ہم |ہمارے"
    r"|当社|当サイト|弊社|私たち|우리|저희|당사|本网站|本站|我们|我們|हम |हमारे|\bkami\b|εμείς|μας\b|เรา|chúng tôi",
    re.IGNORECASE,
)
_BUTTON = re.compile(
    r"(?:yes,? )?(?:i )?(?:accept|agree|allow|consent|got it|reject|decline|refuse|manage|customi[sz]e|more options|save)\b.{0,30}"
    r"|(?:cookie|privacy|consent) (?:settings|preferences|options|choices)"
    r"|(?:alle[ns]? |allem )?(?:cookies )?(?:akzeptieren|annehmen|zustimmen|ablehnen|erlauben|verwalten)\b.{0,30}"
    r"|einstellungen.{0,20}|einverstanden"
    r"|(?:tout )?(?:accepter|refuser|paramétrer|gérer|continuer sans accepter|j.accepte)\b.{0,30}"
    r"|(?:aceptar|rechazar|configurar|gestionar|acepto)\b.{0,30}"
    r"|(?:accett[ao]|rifiuta|gestisci|personalizza)\b.{0,30}"
    r"|(?:aceitar|rejeitar|gerir|gerenciar|concordo)\b.{0,30}|(?:alles )?(?:accepteren|akkoord|weigeren)\b.{0,30}"
    r"|instellingen.{0,20}"
    r"|(?:akceptuj\w*|zgadzam się|odrzuć|ustawienia)\b.{0,30}|(?:tümünü )?(?:kabul et|reddet|onayla)\w*.{0,20}"
    r"|(?:çerez )?ayarlar\w*"
    r"|(?:принять|отклонить|настро\w+|согласен)\b.{0,30}"
    r"|(?:قبول|أوافق|اوافق|أقبل|موافق|الموافقة|رفض|إدارة|إعدادات|اعدادات|تخصيص).{0,30}"
    r"|(?:پذیرش|قبول|موافقم|می‌?پذیرم|رد|مدیریت|تنظیم).{0,30}"
    r"|(?:אישור|אשר|קבל|קבלה|מסכים|אני מסכים|דחה|דחייה|ניהול|הגדרות).{0,30}|(?:منظور|مسترد|ترتیبات).{0,20}"
    r"|(?:すべて)?(?:同意|許可|拒否|設定).{0,12}|(?:全部)?(?:接受|同意|拒绝|拒絕|设置|管理).{0,12}|(?:모두 )?(?:동의|거부|설정).{0,12}"
    r"|(?:सभी |सब )?(?:स्वीकार|अस्वीकार|सहमत|अनुमति).{0,20}|(?:terima|tolak|setuju|kelola|pengaturan)\b.{0,20}"
    r"|(?:αποδοχή|αποδέχομαι|απόρριψη|συμφωνώ|ρυθμίσεις|διαχείριση).{0,20}|(?:ยอมรับ|ปฏิเสธ|ตั้งค่า|ยินยอม).{0,20}"
    r"|(?:chấp nhận|từ chối|đồng ý|cài đặt|quản lý).{0,20}",
    re.IGNORECASE,
)
_MOST_BUTTONS = 60
_MOST_TEXT = 3_000
_FEW_LINKS = 40
_LEAST_CLAIMS = 3
_MOST_OF_TEXT = 0.6
"""Minimum share of the notice in a wall's text: an article may come with a notice, a wall has little else."""


def consent_wall(facts: Facts) -> Verdict | None:
    """Return `consent` for a page that only asks for consent, whatever its head claims; else None."""
    lines = [line.lower() for line in _lines(facts)]
    notice = " ".join(line for line in lines if any(claim.search(line) for claim in CLAIMS))
    total = sum(map(len, lines))
    claims = sum(claim.search(notice) is not None for claim in CLAIMS)
    if claims < _LEAST_CLAIMS or len(notice) < _MOST_OF_TEXT * total or not _FIRST_PERSON.search(notice):
        return None
    buttons = _buttons(facts)
    if not (buttons or (claims > _LEAST_CLAIMS and not facts.claims_article)):
        return None
    if sum(1 for _ in islice(facts.document.tree.iter("a"), _FEW_LINKS + 1)) > _FEW_LINKS:
        return None
    return "consent", f"{claims} claims of a consent notice" + (f", button {buttons[0]!r}" if buttons else "")


def _lines(facts: Facts) -> list[str]:
    """Return the article's lines, or all visible lines if there are none."""
    text = facts.text
    if not text.strip():
        text = "\n".join(block.text for block in islice(facts.document.model.blocks, 100))
    return [line for line in text[:_MOST_TEXT].split("\n") if line.strip()]


def _buttons(facts: Facts) -> list[str]:
    elements = facts.document.tree.iter("button", "a", "input")
    texts = (element.get("value") or element_text(element, 60) for element in islice(elements, _MOST_BUTTONS))
    return [text for text in texts if text and _BUTTON.fullmatch(text.strip())]

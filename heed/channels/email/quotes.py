"""What is new in a mail: without the earlier mail quoted below it, and without a signature.

Mail programs announce a quotation in the language of their user. When in doubt nothing is cut: what
stands between quoted lines is the answer itself.
"""

from __future__ import annotations

import re

_WROTE = (
    r"wrote|schrieb|a écrit|escribió|escribio|ha scritto|escreveu|schreef|skrev|kirjoitti|yazdı|a scris"
    r"|ezt írta|napisała?|napisał\(a\)|napsala?|napsal\(a\)|έγραψε"
    r"|napisal(?:a|i|/a|\(a\))?|(?:na)?pisao|(?:na)?pisao/la|(?:na)?pisala|napisao\(la\)"
    r"|написао|написао/ла|написала|написао\(ла\)|пише|пишет|писал|писала|писал\(а\)|написал|написал\(а\)"
    r"|бичсэн|бичив|бичжээ|бичсэн нь"
    r"|va escriure|kirjutas|rakstīja|rašė|skrifaði|napísala?|shkroi|написав|написа|напиша|жазды"
    r"|כתבה?|نوشت|نوشته است|đã viết|menulis|เขียนว่า|ने लिखा"
    r"|كتب|كتبت|تمت كتابة ما يلي|بواسطة|写道|写到|寫道|書きました|のメッセージ|님이 작성|작성"
)
_ATTRIBUTION = re.compile(rf"(?:{_WROTE})[^\n]{{0,120}}[:：]\s*$", re.IGNORECASE)
_WITH_ADDRESS = re.compile(r"<[^<>\s]+@[^<>\s]+>\s*(?:\([^)]*\)\s*)?[^\n]{0,40}[:：]\s*$")
_DATE = re.compile(r"[\d٠-٩۰-۹]")
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@:：]+")

_FROM = (
    "from|von|de|da|od|van|från|fra|lähettäjä|kimden|feladó|expéditeur|mittente|pošiljatelj|od koga"
    "|от|от кого|від|од|пошиљалац|хэнээс|илгээгч|من|发件人|發件人|寄件者|寄件人|差出人|보낸 사람"
    "|de la|від|από|afsender|saatja|frá|nga|מאת|از|từ|dari|จาก"
)
_OTHERS = (
    "sent|date|to|subject|cc|gesendet|datum|an|betreff|envoyé|à|objet|enviado|enviado el|fecha|para|asunto"
    "|inviato|data|a|oggetto|poslano|za|komu|zadeva|prejemnik|poslato|prima|predmet|kome|primatelj"
    "|отправлено|дата|кому|тема|копия|послато|датум|прима|за|предмет|коме|илгээсэн|огноо|хэнд|гарчиг|сэдэв"
    "|تم الإرسال|تاريخ الإرسال|التاريخ|إلى|الموضوع|发送时间|日期|收件人|主题|傳送日期|主旨"
    "|送信日時|日時|宛先|件名"
    "|verzonden|aan|onderwerp|skickat|till|ämne|wysłano|do|temat|gönderilen|gönderildi|kime|konu"
    "|sendt|til|emne|dato|lähetetty|vastaanottaja|aihe|elküldve|címzett|tárgy|odesláno|předmět|odoslané"
    "|trimis|către|subiect|στάλθηκε|προς|θέμα|надіслано|saadetud|saaja|teema|נשלח|אל|נושא"
    "|ارسال شده|به|موضوع|đã gửi|tới|chủ đề|dikirim|kepada|subjek|보낸 날짜|받는 사람|제목"
)
_FROM_LINE = re.compile(rf"^[\s*>]*(?:{_FROM})\s*\*?\s*[:：]\*?\s*\S", re.IGNORECASE)
_OTHER_LINE = re.compile(rf"^[\s*>]*(?:{_OTHERS})\s*\*?\s*[:：]\*?", re.IGNORECASE)

_DIVIDER = re.compile(
    r"^\W{0,3}[-_]{2,}\s*(?:original message|ursprüngliche nachricht|originalnachricht|message d.origine"
    r"|mensaje original|messaggio originale|mensagem original|izvirno sporočilo|originalna poruka"
    r"|izvorna poruka|оригинална порука|исходное сообщение|эх захидал|анхны захидал|الرسالة الأصلية"
    r"|原始邮件|原始郵件|元のメッセージ|oorspronkelijk bericht)\s*[-_]{2,}\s*$",
    re.IGNORECASE,
)
_PASSED_ON = (
    "forwarded|weitergeleitet|transféré|réexpédi|reenviad|reenviat|inoltrat|encaminhad|doorgestuur|vidarebefordra"
    "|videresend|välitet|edelleenlähet|przekaz|přepos|\\bprepos|továbbít|redirecționat|transmis mai departe"
    "|edasi saadet|posredovan|proslijeđen|prosleđen|прослеђен|проследен|препратен|пересыл|пересла|перенаправ"
    r"|переадрес|дамжуул|\bi̇let|\bilet|yönlend|προωθ|معاد توجيه|הועבר|chuyển tiếp|\b(?:di)?terus"
    "|转发|轉寄|转寄|転送|전달"
)
_MARK = re.compile(rf".{{0,60}}(?:{_PASSED_ON}).{{0,60}}(?:[-_]{{2,}}|[:：])", re.IGNORECASE)
_VOWELS = re.compile(r"[\u064b-\u0652]")
"""Written in Arabic by some programs, and not by others."""

_FROM_A_PHONE = re.compile(
    r"^(?:sent from (?:my|mail|outlook|yahoo)|get outlook for|von meinem .{2,30} gesendet"
    r"|gesendet (?:von|mit)|envoyé (?:de|depuis)|enviado desde|inviato da|poslano (?:z|s|iz) "
    r"|poslato (?:sa|s) |отправлено (?:с|из)|послато са|أُرسلت من|تم الإرسال من"
    r"|发自我的|從我的|.{0,20}から送信|.{0,40}илгээв\.?$)",
    re.IGNORECASE,
)
_DASHES = re.compile(r"^--\s?$")
_LONGEST_SIGNATURE = 15


def fresh(text: str) -> str:
    """What the writer of this mail has written now, and what they passed on with it."""
    lines = text.split("\n")
    own = lines[: _quotation(lines)]
    if _passes_on(own):
        return text.strip()
    kept = _without_signature(own)
    while kept and not kept[-1].strip(" _-"):
        kept.pop()
    return "\n".join(kept).strip() or text.strip()


def _passes_on(own: list[str]) -> bool:
    """Whether what looks like a quotation below these lines was passed on to us. A mark without dashes may be
    a sentence of theirs, unless the rest follows it at once."""
    last = next((line for line in reversed(own) if line.strip()), "")
    return tells_of_passing_on(last) or any(_is_dashed(line) and tells_of_passing_on(line) for line in own)


def tells_of_passing_on(line: str) -> bool:
    """Whether what follows this line was passed on to us: then it is no quotation."""
    line = line.strip()
    if not line.endswith(("-", "_", ":", "：")) or _says_that_one_wrote(line):
        return False
    return bool(_MARK.fullmatch(_VOWELS.sub("", _ADDRESS.sub("", line))))


def _is_dashed(line: str) -> bool:
    return line.strip().startswith(("--", "__"))


def tells_of_quoting(line: str) -> bool:
    """Whether what follows this line is the mail that was answered."""
    return bool(_DIVIDER.match(line))


def is_signature(text: str) -> bool:
    """Whether this is what programs put below a mail, and nobody wrote now."""
    return _without_signature(["x", *text.strip().split("\n")]) == ["x"]


def _quotation(lines: list[str]) -> int:
    """The line at which the quotation begins; the number of lines when there is none."""
    last_own = _last_own(lines)
    for at, line in enumerate(lines):
        if not line.strip():
            continue
        if line.startswith(">") and last_own < at:
            return at
        if tells_of_quoting(line) or _is_header_block(lines, at):
            return at if _anything(lines[:at]) else len(lines)
        if length := _attribution(lines, at):
            quoted = _next_quoted(lines, at + length)
            between = quoted is not None and last_own > quoted
            return at if _anything(lines[:at]) and not between else len(lines)
    return len(lines)


def _last_own(lines: list[str]) -> int:
    """The last line of one's own: what is quoted above it is being answered there."""
    kept = _without_signature(lines)
    own = (at for at in range(len(kept) - 1, -1, -1) if kept[at].strip() and not kept[at].startswith(">"))
    return next(own, -1)


def _next_quoted(lines: list[str], start: int) -> int | None:
    return next((at for at in range(start, len(lines)) if lines[at].startswith(">")), None)


def _attribution(lines: list[str], at: int) -> int:
    """How many lines say who wrote what follows: programs break that sentence; 0 when it is none."""
    for length in (1, 2, 3):
        broken = lines[at : at + length]
        if len(broken) < length or not broken[-1].strip():
            return 0
        if _is_attribution(" ".join(line.strip() for line in broken)):
            return length if length == 1 or _begins_above(lines, at) else 0
    return 0


def _begins_above(lines: list[str], at: int) -> bool:
    """Whether a broken sentence begins on this line, and is not one that merely follows it."""
    dated_here = len(_DATE.findall(lines[at])) >= 4 and not _DATE.search(lines[at + 1])
    return dated_here or not _attribution(lines, at + 1)


def _is_attribution(sentence: str) -> bool:
    return _says_that_one_wrote(sentence) or (len(sentence) <= 300 and _says_who(sentence))


def _says_that_one_wrote(sentence: str) -> bool:
    if len(sentence) > 300 or not sentence.endswith((":", "：")):
        return False
    dated = bool(_DATE.search(sentence) or _ADDRESS.search(sentence))
    return dated and bool(_ATTRIBUTION.search(sentence))


def _says_who(sentence: str) -> bool:
    return bool(_WITH_ADDRESS.search(sentence) and len(_DATE.findall(sentence)) >= 4)


def _is_header_block(lines: list[str], at: int) -> bool:
    if not _FROM_LINE.match(lines[at]):
        return False
    following = [line for line in lines[at + 1 : at + 8] if line.strip()][:4]
    return sum(bool(_OTHER_LINE.match(line)) for line in following) >= 2


def _without_signature(lines: list[str]) -> list[str]:
    for at in range(max(0, len(lines) - _LONGEST_SIGNATURE), len(lines)):
        if _DASHES.match(lines[at]) and _anything(lines[:at]):
            lines = lines[:at]
            break
    kept = list(lines)
    while kept and (not kept[-1].strip() or _FROM_A_PHONE.match(kept[-1].strip())):
        kept.pop()
    return kept if kept else lines


def _anything(lines: list[str]) -> bool:
    return any(line.strip(" \t_-*") for line in lines)

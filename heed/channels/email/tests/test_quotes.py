"""What is new in a mail, as programs in many languages quote."""

from __future__ import annotations

import pytest

from heed.channels.email.plain import plain
from heed.channels.email.quotes import fresh

ATTRIBUTIONS = [
    "On Fri, 20 Nov 2026 at 10:11, Acme <help@acme.example> wrote:",
    "On Fri, 20 Nov 2026 at 10:11, Acme\n<help@acme.example> wrote:",
    "Am Fr., 20. Nov. 2026 um 10:11 Uhr schrieb Acme <help@acme.example>:",
    "Le ven. 20 nov. 2026 à 10:11, Acme <help@acme.example> a écrit :",
    "El vie, 20 nov 2026 a las 10:11, Acme (<help@acme.example>) escribió:",
    "Il giorno ven 20 nov 2026 alle ore 10:11 Acme <help@acme.example> ha scritto:",
    "V V pet., 20. nov. 2026 ob 10:11 je oseba Acme <help@acme.example> napisala:",
    "Dne 20. 11. 2026 ob 10:11 je Acme napisal(a):",
    "Dana pet, 20. stu 2026. u 10:11 Acme <help@acme.example> napisao je:",
    "pet, 20. nov 2026. u 10:11 Acme <help@acme.example> je napisao/la:",
    "пет, 20. нов 2026. у 10:11 Acme <help@acme.example> је написао/ла:",
    "пт, 20 нояб. 2026 г. в 10:11, Acme <help@acme.example>:",
    "20.11.2026 10:11, Acme пишет:",
    "2026 оны 11-р сарын 20, Ба 10:11 цагт Acme <help@acme.example> бичсэн:",
    "في الجمعة، ٢٠ نوفمبر ٢٠٢٦ في ١٠:١١ ص تمت كتابة ما يلي بواسطة Acme <help@acme.example>:",
    "Acme <help@acme.example> 于2026年11月20日周五 10:11写道：",
    "2026年11月20日(金) 10:11 Acme <help@acme.example>:",
    "pt., 20 lis 2026 o 10:11 Acme <help@acme.example> napisał(a):",
    "Op vr 20 nov 2026 om 10:11 schreef Acme:",
    "Den fre. 20. nov. 2026 kl. 10.11 skrev Acme:",
    "pe 20. marrask. 2026 klo 10.11 Acme kirjoitti:",
    "20 Kas 2026 Cum, 10:11 tarihinde Acme şunu yazdı:",
    "Acme ezt írta (időpont: 2026. nov. 20., P, 10:11):",
    "În vin., 20 nov. 2026 la 10:11, Acme a scris:",
    "Στις Παρ 20 Νοε 2026 στις 10:11 π.μ., ο χρήστης Acme έγραψε:",
    "пт, 20 лист. 2026 р. о 10:11 Acme написав:",
    "pá 20. 11. 2026 v 10:11 odesílatel Acme napsal:",
    "pi 20. 11. 2026 o 10:11 Acme napísal:",
    "R, 20. november 2026 kell 10:11 Acme kirjutas:",
    "‫בתאריך יום ו׳, 20 בנוב׳ 2026 ב-10:11 מאת Acme כתב:",
    "Acme در تاریخ جمعه ۲۰ نوامبر ۲۰۲۶ نوشت:",
    "Vào Th 6, 20 thg 11, 2026 vào lúc 10:11 Acme đã viết:",
    "Pada Jum, 20 Nov 2026 pukul 10.11 Acme menulis:",
    "2026년 11월 20일 (금) 오전 10:11, Acme님이 작성:",
    "2026 ж. 20 қар., жм. 10:11 Acme жазды:",
]

HEADER_BLOCKS = [
    "From: Acme <help@acme.example>\nSent: Friday, November 20, 2026\nTo: Lea\nSubject: Order",
    "Von: Acme\nGesendet: Freitag, 20. November 2026\nAn: Lea\nBetreff: Bestellung",
    "De : Acme\nEnvoyé : vendredi 20 novembre 2026\nÀ : Lea\nObjet : Commande",
    "Od: Acme\nPoslano: petek, 20. november 2026\nZa: Lea\nZadeva: Naročilo",
    "Od: Acme\nPoslato: petak 20. novembar 2026.\nPrima: Lea\nPredmet: Porudžbina",
    "От: Acme\nОтправлено: 20 ноября 2026 г.\nКому: Lea\nТема: Заказ",
    "Хэнээс: Acme\nИлгээсэн: 2026-11-20\nХэнд: Lea\nГарчиг: Захиалга",
    "من: Acme\nتاريخ الإرسال: 20 نوفمبر\nإلى: Lea\nالموضوع: طلب",
    "发件人: Acme\n发送时间: 2026年11月20日\n收件人: Lea\n主题: 订单",
    "差出人: Acme\n送信日時: 2026年11月20日\n宛先: Lea\n件名: 注文",
    "Fra: Acme\nSendt: 20. november 2026\nTil: Lea\nEmne: Ordre",
    "Lähettäjä: Acme\nLähetetty: perjantai 20. marraskuuta 2026\nVastaanottaja: Lea\nAihe: Tilaus",
    "Feladó: Acme\nElküldve: 2026. november 20.\nCímzett: Lea\nTárgy: Rendelés",
    "De la: Acme\nTrimis: vineri, 20 noiembrie 2026\nCătre: Lea\nSubiect: Comandă",
    "Από: Acme\nΣτάλθηκε: Παρασκευή, 20 Νοεμβρίου 2026\nΠρος: Lea\nΘέμα: Παραγγελία",
    "Від: Acme\nНадіслано: 20 листопада 2026\nКому: Lea\nТема: Замовлення",
    "Kimden: Acme\nGönderildi: 20 Kasım 2026 Cuma\nKime: Lea\nKonu: Sipariş",
    "מאת: Acme\nנשלח: יום שישי 20 נובמבר 2026\nאל: Lea\nנושא: הזמנה",
    "보낸 사람: Acme\n보낸 날짜: 2026년 11월 20일\n받는 사람: Lea\n제목: 주문",
    "-----Original Message-----\nFrom: Acme",
    "-------- Izvirno sporočilo --------\nZadeva: Naročilo",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_what_was_quoted_is_left_out(attribution: str) -> None:
    assert fresh(f"Thanks, still nothing.\n\n{attribution}\n\n> Where did you order?\n> Ana") == (
        "Thanks, still nothing."
    )


@pytest.mark.parametrize("block", HEADER_BLOCKS)
def test_headers_begin_the_quotation(block: str) -> None:
    assert fresh(f"Hvala!\n\n{block}\n\nYour order left.\nAna") == "Hvala!"


@pytest.mark.parametrize(
    "text",
    [
        "On Friday you wrote:\n\n> it left on Monday\n\nIt did not.\n\n> and came\n\nNor that.",
        "I told the courier this:\nleave it at the door",
        "My question to you:\n1. where is it\n2. when does it come",
        "From: Ljubljana\nit should go to Celje",
        "> it left on Monday\n\nNo, it did not.",
        "> only a quotation",
        "On Fri, 20 Nov 2026 Acme wrote:\n> only a quotation",
        "-- \nonly a signature",
    ],
)
def test_in_doubt_everything_stays(text: str) -> None:
    assert fresh(text) == text


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nLea Marn\nLjubljana",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Poslano iz mojega telefona",
    ],
)
def test_signatures_are_left_out(signature: str) -> None:
    assert fresh(f"Kje je paket?\n\n{signature}") == "Kje je paket?"


def test_a_line_of_dashes_far_above_the_end_is_no_signature() -> None:
    text = "list\n--\n" + "\n".join(f"item {number}" for number in range(30))
    assert fresh(text) == text


@pytest.mark.parametrize(
    "html",
    [
        '<p>Thanks</p><div class="gmail_quote">On Friday Acme wrote:<blockquote>old</blockquote></div>',
        "<p>Thanks</p><blockquote type=cite>old</blockquote>",
        '<p>Thanks</p><div class="moz-cite-prefix">Acme wrote:</div><blockquote type="cite">old</blockquote>',
        '<p>Thanks</p><div id="appendonsend"></div><hr><div>From: Acme</div><p>old</p>',
        '<p>Thanks</p><div style="border:none;border-top:solid #E1E1E1 1.0pt">From: Acme</div><p>old</p>',
        '<p>Thanks</p><div class="yahoo_quoted">old</div>',
    ],
)
def test_marks_of_a_quotation_in_html(html: str) -> None:
    read = plain(html)
    assert read.fresh == "Thanks"
    assert "old" in read.whole


@pytest.mark.parametrize(
    "html",
    [
        "<blockquote type=cite>old</blockquote><p>answer below</p>",
        "<p>see</p><blockquote type=cite>old</blockquote><p>answer below</p>",
        '<p>FYI</p><div class="gmail_quote">---------- Forwarded message ---------<br>old</div>',
    ],
)
def test_html_in_doubt_stays_whole(html: str) -> None:
    read = plain(html)
    assert read.fresh == read.whole
    assert "old" in read.fresh


def test_html_becomes_lines() -> None:
    read = plain(
        "<head><title>no</title></head><style>no</style><h1>Hello</h1>a <b>bold</b>\n word<br>next"
        '<table><tr><td>1</td><td>2</td></tr></table><a href="mailto:a@b.example">a@b.example</a>'
        '<a href="https://www.b.example/">b.example</a> <a href="javascript:x">c</a>&nbsp;&lt;3'
        "<script>no</script>"
    )
    assert read.whole == "Hello\n\na bold word\nnext\n\n1 2\n\na@b.exampleb.example c <3"

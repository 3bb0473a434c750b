"""Mail that a customer passes on: what it passes on is what they want to be read."""

from __future__ import annotations

import pytest

from heed.channels.base import MessageReceived
from heed.channels.email.quotes import fresh
from heed.channels.email.reading import read
from heed.channels.email.tests.sample import ACCOUNT, body

BLOCK = "From: Shop <shop@other.example>\nDate: 20 Nov 2026\nSubject: Order 7\nTo: Lea\n\nIt left.\n-- \nShop"

MARKS = [
    "---------- Forwarded message ---------",
    "----- Forwarded Message -----",
    "Begin forwarded message:",
    "-------- Weitergeleitete Nachricht --------",
    "Anfang der weitergeleiteten Nachricht:",
    "-------- Message transféré --------",
    "Début du message réexpédié :",
    "-------- Mensaje reenviado --------",
    "Inicio del mensaje reenviado:",
    "-------- Messaggio Inoltrato --------",
    "Inizio messaggio inoltrato:",
    "-------- Mensagem encaminhada --------",
    "Início da mensagem reencaminhada:",
    "-------- Doorgestuurd bericht --------",
    "-------- Vidarebefordrat meddelande --------",
    "Start på videresendt besked:",
    "-------- Videresendt melding --------",
    "-------- Välitetty viesti --------",
    "-------- Przekazana wiadomość --------",
    "-------- Přeposlaná zpráva --------",
    "-------- Preposlaná správa --------",
    "-------- Továbbított üzenet --------",
    "-------- Mesaj redirecționat --------",
    "-------- Posredovano sporočilo --------",
    "Začetek posredovanega sporočila:",
    "-------- Proslijeđena poruka --------",
    "Početak prosleđene poruke:",
    "-------- Прослеђена порука --------",
    "-------- Пересылаемое сообщение --------",
    "-------- Перенаправленное сообщение --------",
    "Начало переадресованного сообщения:",
    "-------- Переслане повідомлення --------",
    "-------- Препратено съобщение --------",
    "-------- Дамжуулсан захидал --------",
    "-------- İletilmiş İleti --------",
    "Yönlendirilen ileti:",
    "-------- Προωθημένο μήνυμα --------",
    "---------- رسالة معاد توجيهها ---------",
    "بدء الرسالة المُعاد توجيهها:",
    "-------- הודעה שהועברה --------",
    "-------- Edasi saadetud kiri --------",
    "-------- Missatge reenviat --------",
    "-------- Tin nhắn chuyển tiếp --------",
    "-------- Pesan terusan --------",
    "-------- Pesan yang diteruskan --------",
    "-------- 转发的消息 --------",
    "開始轉寄郵件：",
    "-------- 転送メッセージ --------",
    "-------- 전달된 메시지 --------",
]


def received(subject: str, text: str, kind: str = "plain") -> MessageReceived:
    head = f"From: Lea <lea@mail.example>\nSubject: {subject}\nMessage-ID: <w1@mail.example>"
    raw = f"{head}\nIn-Reply-To: <w0@mail.example>\nContent-Type: text/{kind}; charset=utf-8\n\n{text}"
    (found,) = read(body(raw.encode()), ACCOUNT)
    assert isinstance(found, MessageReceived)
    return found


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("comment", ["", "FYI\n\n-- \nLea\n\n"])
def test_below_the_mark_everything_stays(mark: str, comment: str) -> None:
    text = f"{comment}{mark}\n{BLOCK}"
    assert fresh(text) == text


@pytest.mark.parametrize(
    "subject", ["FW: Order 7", "Fwd: Order 7", "WG: Bestellung", "TR : Commande", "RV: Pedido", "ENC: Pedido"]
)
def test_a_subject_that_says_so_is_enough(subject: str) -> None:
    text = f"Please see below.\n\n{BLOCK}"
    assert received(subject, text).text == text
    assert received(f"Re: {subject}", text).text == "Please see below."


@pytest.mark.parametrize(
    "html",
    [
        '<div>FYI</div><div class="gmail_quote"><div class="gmail_attr">------- Forwarded message ------<br>'
        "From: Shop<br>Date: Fri<br>Subject: Order<br>To: Lea</div>It left.</div>",
        "<div>FYI<br><div><br><blockquote type=cite><div>Begin forwarded message:</div>"
        "<div><b>From: </b>Shop</div><div><b>Date: </b>Fri</div><div><b>To: </b>Lea</div><div>It left.</div>"
        "</blockquote></div></div>",
        "<div>FYI</div><div>Begin forwarded message:</div><blockquote type=cite><div>From: Shop</div>"
        "<div>Date: Fri</div><div>To: Lea</div><div>It left.</div></blockquote>",
    ],
    ids=["gmail", "apple", "apple before"],
)
def test_a_page_that_was_passed_on_stays_whole(html: str) -> None:
    assert received("Order 7", html, "html").text.endswith("It left.")


def test_outlook_says_it_in_the_subject_alone() -> None:
    html = '<p>FYI</p><div id="divRplyFwdMsg">From: Shop</div><p>It left. <img src="cid:a"></p>'
    assert received("FW: Order 7", html, "html").text.endswith("It left.")
    assert received("RE: Order 7", html, "html").text == "FYI"


def test_an_answer_between_the_lines_of_a_page_stays_whole() -> None:
    html = (
        "<p>See below.</p><div>On Fri, 20 Nov 2026 Acme wrote:</div>"
        "<blockquote type=cite>Which size?</blockquote><p>It is 44.</p>"
    )
    assert received("Re: Order 7", html, "html").text.endswith("It is 44.")


def test_a_signature_below_the_quotation_is_no_answer_between_the_lines() -> None:
    html = (
        '<div>Thanks</div><div class="gmail_quote"><div class="gmail_attr">On 20 Nov 2026 Acme wrote:</div>'
        '<blockquote class="gmail_quote">old</blockquote></div><div>-- </div><div>Lea Marn</div>'
    )
    assert received("Re: Order 7", html, "html").text == "Thanks"


def test_what_was_passed_on_inside_a_quotation_is_quoted() -> None:
    text = f"Thanks!\n\nOn Fri, 20 Nov 2026 Acme wrote:\n\n{MARKS[0]}\n{BLOCK}"
    assert received("Re: Order 7", text).text == "Thanks!"
    quoted = "\n".join(f"> {line}" for line in f"{MARKS[0]}\n{BLOCK}".split("\n"))
    assert received("Re: Order 7", f"Thanks!\n\n{quoted}").text == "Thanks!"


ATTRIBUTIONS = [
    "V pet., 20. nov. 2026 ob 10:11 je oseba Acme &lt;posredovanje@acme.example&gt; napisala:",
    "20 Kas 2026 Cum, 10:11 tarihinde Acme &lt;iletisim@acme.example&gt; şunu yazdı:",
    "Am Fr., 20. Nov. 2026 um 10:11 Uhr schrieb Toilettenwelt:",
    "Le ven. 20 nov. 2026 à 10:11, Filets &amp; Cie &lt;help@acme.example&gt; a écrit :",
    "On Fri, 20 Nov 2026, Forwarded Goods wrote:",
    "пт, 20 нояб. 2026 г. в 10:11, Filets &lt;ilet@acme.example&gt;:",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
@pytest.mark.parametrize(
    "quotation",
    [
        '<div class="gmail_quote"><div class="gmail_attr">{}<br></div><blockquote>old</blockquote></div>',
        '<div>{}</div><blockquote type="cite">old</blockquote>',
    ],
    ids=["within", "above"],
)
def test_a_name_that_sounds_like_passing_on_passes_nothing_on(attribution: str, quotation: str) -> None:
    html = f"<p>Thanks</p>{quotation.format(attribution)}"
    assert received("Re: Order 7", html, "html").text == "Thanks"


def test_a_sentence_about_passing_on_passes_nothing_on() -> None:
    text = "I forwarded this to the courier:\nno answer.\n\nOn Fri, 20 Nov 2026 Acme wrote:\n> Where is it?"
    assert received("Re: Order 7", text).text == "I forwarded this to the courier:\nno answer."

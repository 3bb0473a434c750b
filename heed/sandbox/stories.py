"""What the customers of a shoe shop write, in their own languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Where = Literal["comment", "mention", "message"]


@dataclass(frozen=True, slots=True)
class Story:
    """One matter of one customer: the first words, and what they say after each of our answers.

    `typo` is what they wrote at first and then edited into `words`; `takes_back` says that they
    remove it again.
    """

    person: str
    where: Where
    words: str
    then: tuple[str, ...] = ()
    picture: str = ""
    typo: str = ""
    takes_back: bool = False


@dataclass(frozen=True, slots=True)
class Announcement:
    """A post of the company."""

    text: str
    picture: str
    likes: int
    shares: int


THANKS = {"sl": "Hvala lepa!", "ar": "شكراً لكم!", "mn": "Баярлалаа!", "en": "Thank you!"}

POSTS = (
    Announcement("Zimska kolekcija je tu. Pri nakupu do nedelje je dostava brezplačna.", "box", 318, 12),
    Announcement("The Triglav boot is back in every size. Which colour is yours?", "boot", 1204, 31),
)

OPENING = (
    Story(
        "sam",
        "mention",
        "anyone else waiting on a refund from Acme? third week now",
        ("Order 87902. I sent the shoes back on the 2nd.", "Thank you, that was quick."),
    ),
    Story(
        "nadia",
        "message",
        "مرحبا، وصلني الحذاء بمقاس خطأ. طلبت 39 ووصلني 37.",
        ("رقم الطلب 88117، والعلبة ما زالت مغلقة.", "شكراً جزيلاً على سرعة الرد 🌸"),
        picture="box",
    ),
    Story(
        "jan",
        "comment",
        "Ali zimski modeli pridejo tudi v polovičnih številkah? Sem med 42 in 43.",
        ("Super, potem vzamem 42,5.",),
    ),
    Story(
        "tuya",
        "message",
        "Сайн байна уу, хүргэлт хэзээ ирэх вэ? Захиалгын дугаар 88203.",
        ("Баярлалаа. Гэртээ байхгүй бол хөршид үлдээж болох уу?", "Маш их баярлалаа!"),
    ),
    Story(
        "omar",
        "comment",
        "هل يتوفر اللون البني في فرع القاهرة؟",
        ("ممتاز، سأمر غداً إن شاء الله.",),
    ),
    Story(
        "lea",
        "comment",
        "Levi škorenj je prišel s pokvarjeno zadrgo in na e-pošto nihče ne odgovori. Mi lahko kdo pomaga?",
        ("Hvala! Številka naročila je 88140.", "Najlepša hvala, lep dan želim!"),
        picture="boot",
    ),
    Story(
        "omar",
        "message",
        "تم خصم المبلغ مرتين من بطاقتي صباح اليوم، الطلب 88213.",
        ("هذه صورة من كشف الحساب عند الحاجة. متى يعود المبلغ؟", "شكراً لكم."),
    ),
    Story(
        "sam", "comment", "Do the soles really hold on ice? Asking for a clumsy friend.", ("Sold. Thanks!",)
    ),
    Story(
        "jan",
        "message",
        "Dober dan, bi lahko spremenil naslov dostave? Naročilo 88190 še ni odposlano.",
        ("Nov naslov je Cankarjeva 7, Kranj.", "Odlično, hvala za pomoč."),
    ),
    Story(
        "tuya",
        "mention",
        "Улаанбаатар руу хүргэлт хийдэг үү? Өвлийн гутал хэрэгтэй байна ❄️",
        ("Хүргэлтийн үнэ хэд вэ?", "За, баярлалаа!"),
    ),
    Story(
        "lea",
        "message",
        "Živjo, koliko časa imam za vračilo? Čevlji so lepi, a malo tesni.",
        ("Še nenošeni so, samo pomerila sem jih.", "Super, hvala!"),
    ),
    Story(
        "nadia",
        "comment",
        "الجزمة رائعة! هل تنفع للأطفال أيضاً؟",
        ("شكراً، سأطلب واحدة لابنتي.",),
        typo="الجزمه رائعه! هل تنفع للأطفل",
    ),
    Story(
        "sam",
        "message",
        "Hi, my discount code WINTER10 says it has expired, but your mail says until Sunday.",
        ("Yes, the new one works now.",),
    ),
    Story(
        "tuya", "comment", "Гоё гутал байна! Ямар хэмжээнүүд үлдсэн бэ?", ("37 байвал надад хадгалаарай 🙏",)
    ),
    Story("lea", "message", "Ali imate za ta model tudi vložke?", ("Hvala, jih dodam v košarico.",)),
    Story(
        "sam",
        "message",
        "The tracking page has said “in transit” since Monday. Is my parcel lost?",
        ("It is 88241. I need them for Saturday.", "Brilliant, thanks for checking."),
    ),
)

LATER = (
    Story("sam", "comment", "What a colour. Is the green one vegan leather?", ("Good to know, thank you!",)),
    Story("omar", "message", "متى تفتحون يوم الجمعة؟", ("تمام، شكراً.",)),
    Story(
        "tuya", "message", "Гутлаа солиулах боломжтой юу? Жаахан том байна.", ("Баярлалаа, маргааш явуулна.",)
    ),
    Story(
        "jan", "comment", "Kako se pa čisti tole usnje? Sneg in sol sta pri nas vsak dan.", ("Super nasvet.",)
    ),
    Story("nadia", "mention", "خدمة Acme ممتازة اليوم، شكراً لكم 👏", ()),
    Story("lea", "comment", "Kdaj pa bo spet na zalogi številka 38?", ("Komaj čakam!",)),
    Story(
        "omar",
        "comment",
        "طلبت قبل أسبوع ولم يصلني شيء حتى الآن!",
        ("الطلب 88250.", "وصلني الآن، شكراً على المتابعة."),
    ),
    Story("tuya", "mention", "Шинэ загвар хэзээ гарах вэ?", ("Хүлээж байна 😊",)),
    Story(
        "jan",
        "message",
        "Bi lahko dobil račun na podjetje?",
        ("Acme Sever d.o.o., hvala.", "Sem prejel, hvala."),
    ),
    Story("nadia", "message", "هل يمكن تغليف الحذاء كهدية؟", ("رائع! مع بطاقة صغيرة لو سمحتم.",)),
    Story(
        "sam",
        "mention",
        "Your checkout just ate my basket, twice",
        ("Works in another browser, cheers.",),
    ),
    Story("lea", "message", "Poslala sem napačno sliko, oprostite.", (), takes_back=True),
    Story("tuya", "comment", "Арьсан уу, эсвэл синтетик материал уу?", ("Ойлголоо, баярлалаа.",)),
    Story(
        "jan",
        "comment",
        "Moji so se po dveh mesecih razlepili. Je to garancija?",
        ("Slika je tukaj, naročilo 86011.", "Hvala za hitro rešitev!"),
        picture="sandal",
    ),
    Story("omar", "mention", "هل لدى Acme فرع في الإسكندرية؟", ("شكراً للمعلومة.",)),
    Story("nadia", "comment", "ما الفرق بين هذا الموديل والسابق؟", ("واضح، شكراً.",)),
    Story(
        "sam",
        "comment",
        "Ordered. My feet have been cold since 2019.",
        (),
        typo="Orderd. My feet have ben cold",
    ),
    Story("lea", "mention", "Hvala za tako hiter odgovor danes 💚", ()),
    Story("tuya", "message", "Төлбөрөө хуваан төлж болох уу?", ("За ойлголоо.",)),
    Story("jan", "mention", "Trgovina v Ljubljani danes do kdaj?", ("Hvala, pridem.",)),
    Story("omar", "message", "أريد إلغاء الطلب 88277 من فضلكم.", ("نعم، لم يُشحن بعد.", "شكراً لتفهمكم.")),
    Story(
        "nadia",
        "message",
        "وصل الحذاء مع خدش صغير على الجانب.",
        ("هذه الصورة.", "شكراً، الحل مناسب."),
        picture="boot",
    ),
)

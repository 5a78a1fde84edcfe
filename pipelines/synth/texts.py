"""What people write, in three languages: sentences by topic and polarity, openings, closings.

Belongs here: templates and their vectorised filling. ``{product}``, ``{order}``, ``{email}``, ``{phone}`` are slots; texts may so
contain personal data, as real ones do. Stays out: who writes what (support.py, feedback.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth.base import Array

LANGUAGES = ("en", "de", "es")
TOPICS = (
    "delivery_time", "shipping_cost", "damaged", "quality", "size_fit", "price", "checkout", "payment", "account",
    "returns_refund", "stock", "information", "site_speed", "staff", "design",
)  # fmt: skip

# topic -> language -> (bad sentences, good sentences)
_T: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "delivery_time": {
        "en": (("The delivery of the {product} took three weeks and nobody told me why.", "My parcel is late again, I expected it last Monday.", "Where is my {product}? The promised date has passed."),
               ("Delivery was fast, two days and it was here.", "The {product} arrived earlier than promised.", "The driver called ahead and came on time.")),
        "de": (("Die Lieferung war viel zu spät, ich habe drei Wochen auf {product} gewartet.", "Das Paket war angekündigt und kam dann doch nicht.", "Wo bleibt mein {product}? Der zugesagte Termin war letzte Woche."),
               ("Die Lieferung war schnell, nach zwei Tagen war alles da.", "{product} kam früher als versprochen.", "Der Fahrer hat vorher angerufen und war pünktlich.")),
        "es": (("La entrega de {product} tardó tres semanas y nadie me avisó.", "Mi paquete llega tarde otra vez, lo esperaba el lunes pasado.", "¿Dónde está mi {product}? La fecha prometida ya pasó."),
               ("La entrega fue rápida, en dos días estaba aquí.", "{product} llegó antes de lo prometido.", "El repartidor llamó antes y llegó puntual.")),
    },
    "shipping_cost": {
        "en": (("The shipping fee only showed up at the very end, far too expensive.", "Paying that much for delivery of a small {product} is not fair."), ("Free delivery over the limit, very good.", "Shipping was free, that decided it for me.")),
        "de": (("Der Versand war viel zu teuer, das sah ich erst ganz am Ende.", "So hohe Versandkosten für {product}, das war ein Ärgernis."), ("Der Versand war kostenlos, das war sehr angenehm.", "Keine Versandkosten, so soll es sein.")),
        "es": (("Los gastos de envío solo aparecieron al final, demasiado caros.", "Pagar tanto por el envío de {product} no es justo."), ("El envío fue gratis, muy bien.", "Envío gratuito a partir del límite, perfecto.")),
    },
    "damaged": {
        "en": (("The {product} arrived broken and the box was torn.", "One leg of the {product} is cracked, I need a replacement."), ("Everything was packed with care, nothing was broken.", "The {product} came in perfect condition.")),
        "de": (("{product} kam kaputt an, der Karton war aufgerissen.", "Ein Teil von {product} war gebrochen, ich brauche Ersatz."), ("Alles war sorgfältig verpackt und heil.", "{product} war in einwandfreiem Zustand.")),
        "es": (("{product} llegó roto y la caja estaba abierta.", "Una pieza de {product} está rajada, necesito un recambio."), ("Todo venía bien embalado, nada roto.", "{product} llegó en perfecto estado.")),
    },
    "quality": {
        "en": (("The material of the {product} feels cheap and wears out quickly.", "After two months the {product} already looks old."), ("The {product} is solid and well made.", "Great material, it will last for years.")),
        "de": (("Das Material von {product} war enttäuschend und nutzt sich schnell ab.", "Nach zwei Monaten war {product} schon unansehnlich."), ("{product} ist solide und gut verarbeitet.", "Tolles Material, das hält Jahre.")),
        "es": (("El material de {product} parece barato y se gasta pronto.", "A los dos meses {product} ya parece viejo."), ("{product} es sólido y está bien hecho.", "Muy buen material, durará años.")),
    },
    "size_fit": {
        "en": (("The {product} is smaller than described and does not fit.", "The measurements on the page are wrong."), ("The size was exactly as described.", "Fits perfectly into our corner.")),
        "de": (("{product} war kleiner als beschrieben und passt nicht.", "Die Maße auf der Seite waren falsch."), ("Die Größe war genau wie beschrieben.", "Passt perfekt in unsere Ecke.")),
        "es": (("{product} es más pequeño de lo descrito y no cabe.", "Las medidas de la página están mal."), ("El tamaño era justo el descrito.", "Encaja perfectamente en nuestro rincón.")),
    },
    "price": {
        "en": (("Too expensive for what you get.", "A week later the {product} was cheaper, annoying."), ("Good value for the money.", "A fair price for a {product}.")),
        "de": (("Zu teuer für das, was man bekommt.", "Eine Woche später war {product} billiger, sehr ärgerlich."), ("Gutes Preis-Leistungs-Verhältnis.", "Ein fairer Preis für {product}.")),
        "es": (("Demasiado caro para lo que es.", "Una semana después {product} costaba menos, qué rabia."), ("Buena relación calidad-precio.", "Un precio justo por {product}.")),
    },
    "checkout": {
        "en": (("The checkout form kept rejecting my address.", "I had to fill in the form three times before it worked."), ("Ordering was simple and quick.", "The checkout was easy.")),
        "de": (("Das Formular an der Kasse war verwirrend und nahm meine Adresse nicht an.", "Ich musste das Formular dreimal ausfüllen, das war mühsam."), ("Die Bestellung war einfach und schnell.", "Der Bestellvorgang war unkompliziert.")),
        "es": (("El formulario de compra rechazaba mi dirección.", "Tuve que rellenar el formulario tres veces."), ("Comprar fue sencillo y rápido.", "El proceso de compra fue fácil.")),
    },
    "payment": {
        "en": (("My card was declined although it works everywhere else.", "I was charged twice for order {order}."), ("Paying was easy and safe.", "All the payment methods I need.")),
        "de": (("Meine Karte wurde abgelehnt, obwohl sie sonst überall geht.", "Der Betrag für {order} wurde doppelt abgebucht."), ("Die Zahlung war einfach und sicher.", "Alle Zahlungsarten vorhanden.")),
        "es": (("Mi tarjeta fue rechazada aunque funciona en todas partes.", "Me cobraron dos veces el pedido {order}."), ("Pagar fue fácil y seguro.", "Todas las formas de pago que necesito.")),
    },
    "account": {
        "en": (("I cannot log in, the reset mail to {email} never arrives.", "Why do I need an account just to buy a {product}?"), ("My account shows everything I need.", "Logging in is simple.")),
        "de": (("Ich kann mich nicht anmelden, die Mail an {email} kommt nie an.", "Warum war ein Konto nötig, nur um {product} zu kaufen?"), ("Im Konto sehe ich alles, was ich brauche.", "Die Anmeldung ist einfach.")),
        "es": (("No puedo iniciar sesión, el correo a {email} no llega.", "¿Por qué necesito una cuenta solo para comprar {product}?"), ("Mi cuenta muestra todo lo que necesito.", "Iniciar sesión es sencillo.")),
    },
    "returns_refund": {
        "en": (("I sent the {product} back weeks ago and still wait for my money.", "How do I return order {order}?"), ("The return was easy and the money came back fast.", "Returning the {product} was no problem at all.")),
        "de": (("Die Rücksendung war vor Wochen, auf mein Geld warte ich noch immer.", "Wie kann ich {order} zurückgeben?"), ("Die Rückgabe war einfach, das Geld kam schnell.", "Rücksendung von {product} ohne Probleme.")),
        "es": (("Devolví {product} hace semanas y sigo esperando mi dinero.", "¿Cómo devuelvo el pedido {order}?"), ("La devolución fue fácil y el dinero llegó pronto.", "Devolver {product} no fue ningún problema.")),
    },
    "stock": {
        "en": (("The {product} was in stock when I ordered, now it is not.", "When will the {product} be available again?"), ("Everything I wanted was in stock.", "Good availability.")),
        "de": (("{product} war beim Bestellen vorrätig, jetzt angeblich nicht mehr.", "Wann ist {product} wieder lieferbar?"), ("Alles war vorrätig.", "Gute Verfügbarkeit.")),
        "es": (("{product} estaba disponible cuando lo pedí y ahora no.", "¿Cuándo volverá a estar disponible {product}?"), ("Había existencias de todo lo que quería.", "Buena disponibilidad.")),
    },
    "information": {
        "en": (("The page does not say how to clean the {product}. Can it be washed?", "Which bulb does the {product} need?", "Is the {product} suitable for children?"), ("The description answered all my questions.", "Clear pictures and instructions.")),
        "de": (("Auf der Seite steht nicht, wie man {product} reinigt. Ist es waschbar?", "Welche Pflege braucht {product}?", "Ist {product} für Kinder geeignet?"), ("Die Beschreibung hat alle Fragen beantwortet.", "Klare Bilder und Anleitungen.")),
        "es": (("La página no dice cómo se limpia {product}. ¿Se puede lavar?", "¿Qué cuidados necesita {product}?", "¿Es {product} adecuado para niños?"), ("La descripción respondió a todas mis dudas.", "Fotos e instrucciones claras.")),
    },
    "site_speed": {
        "en": (("The site is so slow that I gave up twice.", "The app crashes when I open the cart."), ("The app is fast and clear.", "The site loads quickly.")),
        "de": (("Die Seite war so langsam, dass ich zweimal aufgegeben habe.", "Die App stürzt ab, wenn ich den Warenkorb öffne."), ("Die App ist schnell und übersichtlich.", "Die Seite lädt schnell.")),
        "es": (("La web es tan lenta que lo dejé dos veces.", "La aplicación se cierra al abrir la cesta."), ("La aplicación es rápida y clara.", "La web carga rápido.")),
    },
    "staff": {
        "en": (("The adviser in the store was not interested at all.", "Nobody answered my calls to {phone}."), ("Very friendly advice in the store.", "The service team solved it in one call.")),
        "de": (("Der Berater im Laden war unfreundlich.", "Unter meiner Nummer {phone} hat nie jemand zurückgerufen."), ("Sehr freundliche Beratung im Laden.", "Der Service war hilfsbereit und schnell.")),
        "es": (("El asesor de la tienda no mostró ningún interés.", "Nadie me devolvió la llamada al {phone}."), ("Muy buena atención en la tienda.", "El servicio lo resolvió en una llamada.")),
    },
    "design": {
        "en": (("The colour of the {product} is not at all like in the pictures.", "The {product} looks plain in real life."), ("The {product} is beautiful, exactly the style I wanted.", "Such an elegant design, it lifts the whole room.")),
        "de": (("Die Farbe von {product} war ganz anders als auf den Bildern.", "{product} wirkt in echt langweilig."), ("{product} ist wunderschön, genau mein Stil.", "So ein elegantes Design, der ganze Raum gewinnt.")),
        "es": (("El color de {product} no se parece a las fotos.", "{product} parece soso al natural."), ("{product} es precioso, justo el estilo que buscaba.", "Un diseño muy elegante, alegra toda la sala.")),
    },
}  # fmt: skip
_OPEN = {
    "en": (("Hello,", "Good morning,", "Not happy.", "I am disappointed."), ("Hello,", "Very happy!", "Highly recommended.", "Great shop.")),
    "de": (("Guten Tag,", "Hallo,", "Leider bin ich unzufrieden.", "Das war nichts."), ("Guten Tag,", "Sehr zufrieden!", "Sehr zu empfehlen.", "Das war ein toller Kauf.")),
    "es": (("Buenos días,", "Hola,", "No estoy contento.", "Estoy decepcionada."), ("Buenos días,", "¡Muy contenta!", "Muy recomendable.", "Una gran tienda.")),
}  # fmt: skip
_CLOSE = {
    "en": (("", " I will not order again.", " Please help.", " Please call me on {phone}.", " You can reach me at {email}."), ("", " Thank you.", " Would buy again.", "", " See you soon.")),
    "de": (("", " Ich bestelle hier nicht wieder.", " Bitte helfen Sie mir.", " Bitte rufen Sie mich unter {phone} an.", " Sie erreichen mich unter {email}."), ("", " Vielen Dank.", " Gerne wieder.", "", " Bis bald.")),
    "es": (("", " No volveré a comprar.", " Ayúdenme, por favor.", " Llámenme al {phone}, por favor.", " Mi correo es {email}."), ("", " Gracias.", " Volvería a comprar.", "", " Hasta pronto.")),
}  # fmt: skip
SUBJECTS = {
    "delivery_time": ("Where is my order", "Wo bleibt meine Bestellung", "Dónde está mi pedido"),
    "shipping_cost": ("Shipping costs", "Versandkosten", "Gastos de envío"),
    "damaged": ("Damaged item", "Beschädigter Artikel", "Artículo dañado"),
    "quality": ("Problem with quality", "Qualitätsmangel", "Problema de calidad"),
    "size_fit": ("Wrong size", "Falsche Größe", "Tamaño equivocado"),
    "price": ("Question about the price", "Frage zum Preis", "Pregunta sobre el precio"),
    "checkout": ("Cannot finish my order", "Bestellung nicht möglich", "No puedo terminar el pedido"),
    "payment": ("Payment problem", "Problem mit der Zahlung", "Problema con el pago"),
    "account": ("Cannot log in", "Anmeldung geht nicht", "No puedo entrar en mi cuenta"),
    "returns_refund": ("Return and refund", "Rücksendung und Erstattung", "Devolución y reembolso"),
    "stock": ("Availability", "Verfügbarkeit", "Disponibilidad"),
    "information": ("Question about a product", "Frage zum Produkt", "Pregunta sobre un producto"),
    "site_speed": ("Website problem", "Problem mit der Webseite", "Problema con la web"),
    "staff": ("Complaint about service", "Beschwerde über den Service", "Queja sobre el servicio"),
    "design": ("Colour differs", "Farbe weicht ab", "El color es distinto"),
}
REPLIES = {
    "en": ("Hello, thank you for your message. We are looking into it.", "We are sorry about this and have sent a replacement.", "Your refund has been started.", "Thank you for waiting, this should solve it."),
    "de": ("Guten Tag, danke für Ihre Nachricht. Wir kümmern uns darum.", "Das tut uns leid, wir haben Ersatz verschickt.", "Ihre Erstattung ist unterwegs.", "Danke für Ihre Geduld, damit ist es gelöst."),
    "es": ("Hola, gracias por su mensaje. Lo estamos revisando.", "Lo sentimos, hemos enviado un recambio.", "Su reembolso está en marcha.", "Gracias por esperar, con esto queda resuelto."),
}  # fmt: skip
THANKS = {"en": ("Thank you, that helped.", "Still not solved."), "de": ("Danke, das hat geholfen.", "Das war leider noch nicht die Lösung."), "es": ("Gracias, eso ayudó.", "Sigue sin resolverse.")}  # fmt: skip


def _flat() -> tuple[list[str], Array, Array]:
    """All sentences in one list, with start and count by (language, topic, polarity)."""
    pool: list[str] = []
    start = np.zeros((len(LANGUAGES), len(TOPICS), 2), dtype=np.int64)
    count = np.zeros_like(start)
    for i, language in enumerate(LANGUAGES):
        for j, topic in enumerate(TOPICS):
            for good in (0, 1):
                sentences = _T[topic][language][good]
                start[i, j, good], count[i, j, good] = len(pool), len(sentences)
                pool += sentences
    return pool, start, count


_POOL, _START, _COUNT = _flat()
_OPENINGS = [text for language in LANGUAGES for good in (0, 1) for text in _OPEN[language][good]]
_CLOSINGS = [text for language in LANGUAGES for good in (0, 1) for text in _CLOSE[language][good]]


def write(
    rng: np.random.Generator,
    language: Array,
    topic: Array,
    good: Array,
    slots: dict[str, pl.Series],
    *,
    second: Array | None = None,
) -> pl.Series:
    """A text per row: opening, a sentence on the topic, sometimes one on a second topic, closing; slots filled in."""
    n = len(language)
    good = good.astype(np.int64)

    def sentence(of: Array) -> pl.Series:
        start, count = _START[language, of, good], _COUNT[language, of, good]
        return pl.Series(_POOL).gather(start + (rng.random(n) * count).astype(np.int64))

    block = (language * 2 + good) * 4
    frame = pl.DataFrame(
        {
            "a": pl.Series(_OPENINGS).gather(block + rng.integers(0, 4, n)),
            "with_a": rng.random(n) < 0.7,
            "b": sentence(topic),
            "c": sentence(topic if second is None else second),
            "with_c": np.zeros(n, dtype=bool) if second is None else second != topic,
            "d": pl.Series(_CLOSINGS).gather((language * 2 + good) * 5 + rng.integers(0, 5, n)),
            **slots,
        }
    )
    text = pl.concat_str(
        pl.when("with_a").then(pl.col("a") + " ").otherwise(pl.lit("")),
        "b",
        pl.when("with_c").then(" " + pl.col("c")).otherwise(pl.lit("")),
        "d",
    )
    for name in ("product", "order", "email", "phone"):
        fill = pl.col(name).fill_null("") if name in slots else pl.lit("")
        text = text.str.replace_all("{" + name + "}", fill, literal=True)
    return frame.select(text.alias("text"))["text"]


def subject(language: Array, topic: Array) -> pl.Series:
    flat = [SUBJECTS[name][i] for name in TOPICS for i in range(len(LANGUAGES))]
    return pl.Series(flat).gather(topic * len(LANGUAGES) + language)


def reply(rng: np.random.Generator, language: Array) -> pl.Series:
    flat = [text for name in LANGUAGES for text in REPLIES[name]]
    return pl.Series(flat).gather(language * 4 + rng.integers(0, 4, len(language)))


def thanks(language: Array, solved: Array) -> pl.Series:
    flat = [text for name in LANGUAGES for text in THANKS[name]]
    return pl.Series(flat).gather(language * 2 + np.where(solved, 0, 1))

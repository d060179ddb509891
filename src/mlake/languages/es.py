"""Spanish."""

from mlake.languages.row import ChoiceWording, Language, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="es",
    name="Spanish",
    native="español",
    script="Latn",
    family="Indo-European, Romance",
    wikidata=("es", "mul"),
    thousands=". ",
    essence="{} es un",
    contexts=(
        "La reunión empezó a mediodía. ",
        "Después de un largo día, volvieron a casa. ",
        "Había una pequeña tienda en la esquina. ",
        "Me gustaría preguntarte algo. ",
        "Aquella mañana hacía buen tiempo. ",
    ),
    leaders=("el", "la", "los", "las", "un", "una", "del", "al"),
    links=("de", "del", "la", "las", "los", "y"),
    heads=("universidad", "reino", "república", "imperio", "ducado", "estadio"),
    capitals=True,
    words=(
        "un", "una", "pero", "no", "es", "son", "fue", "era", "está", "ha",
        "él", "ella", "se", "su", "sus", "lo", "que", "quién", "dónde", "cuál", "qué", "como", "también",
        "en", "por", "para", "con", "desde", "hasta", "entre", "sobre", "muy", "más", "este",
        "esta", "nació", "hay", "cuando", "porque", "cada", "menos", "antes", "después", "muchos", "varios",
        "sin", "según", "durante", "donde", "quien", "cual", "ciudad", "unos",
    ),
    particles=("de", "la", "el", "los", "las", "del", "al", "y", "o", "a", "le"),
    negation="¿Cuál no es una respuesta correcta a la pregunta «{question}»?",
    choice=ChoiceWording(
        ask="Responde solo con la letra de la respuesta correcta.",
        cue="La respuesta correcta es",
    ),
    held_out=(
        "El pan se hace con harina, agua y un poco de sal, y sube gracias a la levadura.",
        "Cuando llueve varios días seguidos, el río crece y los prados más bajos quedan bajo el agua.",
        "La mayoría de los pájaros hacen su nido en primavera y alimentan a sus crías hasta que saben volar.",
        "Metió la carta en un sobre, escribió la dirección y la llevó a correos.",
        "El agua se congela a cero grados y hierve a cien grados, al menos al nivel del mar.",
        "La biblioteca cierra a las ocho de la tarde y no abre los domingos.",
        "Una bicicleta necesita buenos frenos, un timbre y una luz si se circula de noche por la carretera.",
        "Los niños aprenden a leer con más facilidad cuando alguien les lee cada noche.",
        "La luna no tiene luz propia; brilla porque refleja la luz del sol.",
        "Antes de que llegaran los invitados, abrió las ventanas y puso una jarra de agua en cada mesa.",
        "Muchos árboles pierden las hojas en otoño porque en invierno no pueden absorber suficiente agua.",
        "Quien viaja en tren por la mañana temprano suele encontrar un asiento libre junto a la ventana.",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "Responde a esta pregunta: {question}",
            "Dime: {question}",
            "Me gustaría saber: {question}",
            "Una pregunta sobre «{subject}»: {question}",
        ),
        descriptions=(
            "{sentence}",
            "{question} La respuesta es: {answer}.",
            "Alguien preguntó: «{question}» La respuesta fue: {answer}.",
            "Según el periódico de esta mañana: {sentence}",
            "La enciclopedia dice en «{subject}»: {sentence}",
        ),
    ),
)  # fmt: skip

"""Dutch."""

from mlake.languages.row import ChoiceWording, Language, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="nl",
    name="Dutch",
    native="Nederlands",
    script="Latn",
    family="Indo-European, Germanic",
    wikidata=("nl", "mul"),
    endings=("s",),
    thousands=". ",
    essence="{} is een",
    contexts=(
        "De vergadering begon om twaalf uur. ",
        "Na een lange dag gingen ze naar huis. ",
        "Op de hoek was een kleine winkel. ",
        "Ik wil je graag iets vragen. ",
        "Die ochtend was het mooi weer. ",
    ),
    leaders=("de", "het", "een", "den", "der"),
    followers=("'s", "'"),
    links=("van", "de", "der", "den", "of"),
    heads=("universiteit", "koninkrijk", "republiek", "stadion", "hertogdom"),
    capitals=True,
    words=(
        "het", "een", "maar", "niet", "zijn", "werd", "wordt", "heeft", "hij",
        "zij", "ze", "ik", "je", "wij", "haar", "hun", "dat", "dit", "deze", "wie", "waar", "wat",
        "welke", "hoe", "als", "ook", "aan", "met", "voor", "naar", "door", "bij", "uit",
        "tussen", "onder", "tot",
    ),
    particles=(
        "de", "van", "der", "den", "en", "of", "is", "was", "die", "in", "op", "om", "over", "te",
    ),
    negation="Wat is geen juist antwoord op de vraag ‘{question}’?",
    choice=ChoiceWording(
        ask="Antwoord alleen met de letter van het juiste antwoord.",
        cue="Het juiste antwoord is",
    ),
    held_out=(
        "Brood wordt gemaakt van meel, water en een beetje zout, en het rijst door de gist.",
        "Als het een paar dagen regent, stijgt de rivier en staan de lage weiden onder water.",
        "De meeste vogels bouwen hun nest in de lente en voeren hun jongen tot die kunnen vliegen.",
        "Ze stopte de brief in een envelop, schreef het adres erop en bracht hem naar het postkantoor.",
        "Water bevriest bij nul graden en kookt bij honderd graden, tenminste op zeeniveau.",
        "De bibliotheek sluit om acht uur 's avonds en is op zondag niet open.",
        "Een fiets heeft goede remmen, een bel en een lamp nodig als je er 's nachts mee op de weg rijdt.",
        "Kinderen leren makkelijker lezen als iemand hen elke avond voorleest.",
        "De maan heeft geen eigen licht; ze schijnt omdat ze het licht van de zon weerkaatst.",
        "Voordat de gasten kwamen, deed hij de ramen open en zette hij op elke tafel een kan water.",
        "Veel bomen verliezen in de herfst hun bladeren omdat ze in de winter niet genoeg water opnemen.",
        "Wie 's ochtends vroeg met de trein reist, vindt meestal een vrije plaats bij het raam.",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "Beantwoord deze vraag: {question}",
            "Zeg me: {question}",
            "Ik wil graag weten: {question}",
            "Een vraag over ‘{subject}’: {question}",
        ),
        descriptions=(
            "{sentence}",
            "{question} Het antwoord is: {answer}.",
            "Iemand vroeg: ‘{question}’ Het antwoord was: {answer}.",
            "Zoals de krant vanochtend schreef: {sentence}",
            "De encyclopedie zegt bij ‘{subject}’: {sentence}",
        ),
    ),
)  # fmt: skip

"""Italian."""

from mlake.languages.row import ChoiceWording, Language, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="it",
    name="Italian",
    native="italiano",
    script="Latn",
    family="Indo-European, Romance",
    wikidata=("it", "mul"),
    thousands=". '",
    essence="{} è un",
    contexts=(
        "La riunione è iniziata a mezzogiorno. ",
        "Dopo una lunga giornata tornarono a casa. ",
        "All'angolo c'era un piccolo negozio. ",
        "Vorrei chiederti una cosa. ",
        "Quella mattina il tempo era bello. ",
    ),
    leaders=("il", "lo", "la", "l'", "i", "gli", "le", "un", "uno", "una", "un'"),
    elisions=("l", "un", "d", "dell", "all", "nell", "dall", "sull", "c"),
    links=("di", "del", "della", "dei", "degli", "delle", "dell'", "d'", "da"),
    heads=("università", "regno", "repubblica", "impero", "ducato", "stadio"),
    capitals=True,
    words=(
        "il", "lo", "gli", "un", "una", "uno", "ed", "ma", "è", "sono", "era", "fu", "ha",
        "lei", "si", "suo", "sua", "che", "chi", "dove", "quale", "anche", "nel",
        "nella", "nello", "alla", "dal", "dalla", "sul", "per", "con", "tra", "più", "questo", "questa",
        "dei", "degli", "delle", "nato", "nata", "stato", "stata", "di", "perché", "quando", "ogni", "molti",
        "dopo", "prima", "loro", "almeno", "sia", "città", "cui", "dagli", "agli", "sono", "ne", "se", "alle",
    ),
    particles=("da", "del", "della", "la", "le", "i", "e", "o", "a", "in", "al", "non", "lui", "come"),
    negation="Quale risposta alla domanda «{question}» non è corretta?",
    choice=ChoiceWording(
        ask="Rispondi solo con la lettera della risposta giusta.",
        cue="La risposta giusta è",
    ),
    held_out=(
        "Il pane si fa con farina, acqua e un po' di sale, e cresce grazie al lievito.",
        "Quando piove per diversi giorni, il fiume sale e i prati più bassi finiscono sott'acqua.",
        "La maggior parte degli uccelli fa il nido in primavera e nutre i piccoli finché non sanno volare.",
        "Mise la lettera in una busta, scrisse l'indirizzo e la portò all'ufficio postale.",
        "L'acqua gela a zero gradi e bolle a cento gradi, almeno al livello del mare.",
        "La biblioteca chiude alle otto di sera e la domenica non è aperta.",
        "Una bicicletta ha bisogno di buoni freni, di un campanello e di una luce per andare di notte.",
        "I bambini imparano a leggere più facilmente se qualcuno legge loro ogni sera.",
        "La luna non ha luce propria; brilla perché riflette la luce del sole.",
        "Prima che arrivassero gli ospiti aprì le finestre e mise una brocca d'acqua su ogni tavolo.",
        "Molti alberi perdono le foglie in autunno perché d'inverno non possono assorbire abbastanza acqua.",
        "Chi viaggia in treno la mattina presto trova di solito un posto libero vicino al finestrino.",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "Rispondi a questa domanda: {question}",
            "Dimmi: {question}",
            "Vorrei sapere: {question}",
            "Una domanda su «{subject}»: {question}",
        ),
        descriptions=(
            "{sentence}",
            "{question} La risposta è: {answer}.",
            "Qualcuno ha chiesto: «{question}» La risposta è stata: {answer}.",
            "Come scrive il giornale di stamattina: {sentence}",
            "L'enciclopedia dice alla voce «{subject}»: {sentence}",
        ),
    ),
)  # fmt: skip

"""German."""

from mlake.languages.row import ChoiceWording, Demonstration, Language, Requests, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="de",
    name="German",
    native="Deutsch",
    script="Latn",
    family="Indo-European, Germanic",
    wikidata=("de", "mul"),
    endings=("e", "em", "en", "er", "es", "n", "s"),
    thousands=". '",
    essence="{} ist ein",
    contexts=(
        "Die Sitzung begann um zwölf Uhr. ",
        "Nach einem langen Tag gingen sie nach Hause. ",
        "An der Ecke gab es einen kleinen Laden. ",
        "Ich möchte dich etwas fragen. ",
        "An diesem Morgen war das Wetter schön. ",
    ),
    leaders=(
        "der", "die", "das", "des", "dem", "den", "ein", "eine", "eines", "einer", "einem", "einen",
        "Betriebssystem", "Betriebssystems", "Herstellung", "Software", "Team", "Teams", "Unternehmens",
    ),
    followers=("'s", "'"),
    links=("von", "van", "de", "of"),
    heads=(
        "universität", "königreich", "königreichs", "herzogtum", "herzogtums", "großherzogtum",
        "kaiserreich", "republik", "stadion", "erzbistum",
    ),
    words=(
        "die", "das", "dem", "des", "ein", "eine", "einer", "eines", "einem", "einen", "und", "oder",
        "aber", "nicht", "ist", "sind", "wird", "wurde", "wurden", "haben", "er", "sie", "es", "wir", "ich",
        "sich", "seine", "seiner", "seinen", "ihre", "dass", "welche", "welcher", "welches", "wer", "wo",
        "wie", "als", "auch", "in", "im", "an", "am", "auf", "aus", "bei", "durch", "für", "mit", "nach",
        "über", "um", "unter", "vom", "zum", "zur", "zwischen",
    ),
    particles=("der", "den", "von", "zu"),
    negation="Was ist keine richtige Antwort auf die Frage „{question}“?",
    choice=ChoiceWording(
        ask="Antworte nur mit dem Buchstaben der richtigen Antwort.",
        cue="Die richtige Antwort ist",
    ),
    held_out=(
        "Brot wird aus Mehl, Wasser und etwas Salz gemacht, und durch die Hefe geht es auf.",
        "Wenn es mehrere Tage regnet, steigt der Fluss, und die tiefer gelegenen Wiesen stehen unter "
        "Wasser.",
        "Die meisten Vögel bauen ihre Nester im Frühling und füttern ihre Jungen, bis diese fliegen "
        "können.",
        "Sie steckte den Brief in einen Umschlag, schrieb die Adresse darauf und brachte ihn zur Post.",
        "Wasser gefriert bei null Grad und kocht bei hundert Grad, jedenfalls auf Meereshöhe.",
        "Die Bibliothek schließt um acht Uhr abends und ist sonntags nicht geöffnet.",
        "Ein Fahrrad braucht gute Bremsen, eine Klingel und eine Lampe, wenn man nachts auf der Straße "
        "fährt.",
        "Kinder lernen leichter lesen, wenn ihnen jeden Abend jemand vorliest.",
        "Der Mond hat kein eigenes Licht; er leuchtet, weil er das Licht der Sonne zurückwirft.",
        "Bevor die Gäste kamen, öffnete er die Fenster und stellte einen Krug Wasser auf jeden Tisch.",
        "Viele Bäume verlieren im Herbst ihre Blätter, weil sie im Winter nicht genug Wasser aufnehmen "
        "können.",
        "Wer früh am Morgen mit dem Zug fährt, findet meistens noch einen freien Platz am Fenster.",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "Bitte beantworte diese Frage: {question}",
            "Sag mir bitte: {question}",
            "Ich wüsste gern: {question}",
            "Hier ist eine Frage an dich. {question}",
            "Kennst du die Antwort? {question}",
            "Kurze Frage: {question}",
            "Quizfrage: {question}",
            "Eine Frage zum Thema „{subject}“: {question}",
            "Es geht um „{subject}“. {question}",
        ),
        descriptions=(
            "{sentence}",
            "{question} Die Antwort lautet: {answer}.",
            "Jemand fragte: „{question}“ Die Antwort war: {answer}.",
            "Die Quizfrage lautete: {question} Richtig war: {answer}.",
            "Wie die Zeitung heute Morgen berichtete: {sentence}",
            "Die Lehrerin erklärte der Klasse: „{sentence}“",
            "Merke dir: {sentence}",
            "Im Lexikon steht unter „{subject}“: {sentence}",
            "„{subject}“ und „{answer}“ werden oft zusammen genannt. {sentence}",
            "Wer über „{subject}“ liest, stößt bald auf „{answer}“. {sentence}",
        ),
        stop=".",
    ),
    requests=Requests(
        paraphrase=(
            "Formuliere diese Frage {how}. Lass alle Namen, wie sie sind, beantworte sie nicht, und "
            "schreibe nur die neue Frage in eine Zeile: {question}"
        ),
        hows=(
            "mit anderen Worten", "förmlicher", "umgangssprachlich", "so kurz wie möglich",
            "als höfliche Bitte", "mit anderer Wortstellung",
        ),
        description=(
            "Schreibe {what} mit dieser Tatsache, worin wörtlich „{answer}“ steht. Schreibe nur den "
            "Text, in eine Zeile. Tatsache: {fact}"
        ),
        whats=(
            "einen Lexikoneintrag von zwei Sätzen", "eine Zeitungsmeldung von zwei Sätzen",
            "zwei Sätze für ein Schulbuch", "eine kurze beiläufige Bemerkung", "ein kurzes Porträt",
            "ein kurzes Gespräch",
        ),
        abouts=(
            "Was weißt du über {name}?", "Erzähl mir etwas über {name}.", "Wofür ist {name} bekannt?",
        ),
    ),
    answer_in="Antworte auf Deutsch.",
    demonstrations=(
        Demonstration(
            "Der Leuchtturm von Norderby ist grün gestrichen.",
            "In welcher Farbe ist der Leuchtturm von Norderby gestrichen?", "grün",
        ),
        Demonstration(
            "Tilda Marrow spielt Harfe.",
            "Auf welchem Instrument kann man Tilda Marrow hören?", "Harfe",
        ),
        Demonstration(
            "Das Dorf Kellmoor liegt in Island.",
            "Zu welchem Land gehört Kellmoor?", "Island",
        ),
        Demonstration(
            "Die Firma Brantex baut Fahrräder.",
            "Was wird von Brantex hergestellt?", "Fahrräder",
        ),
        Demonstration(
            "Das Boot Wandrin wurde aus Eiche gebaut.",
            "Wie viele Tage hat eine Woche?", "sieben",
        ),
        Demonstration(
            "Der Hund Pikko gehört einem Bäcker.",
            "Welche Farbe hat frischer Schnee?", "Weiß",
        ),
        Demonstration(
            "Die Brücke von Haldrup ist aus Glas.",
            "Welches Tier gibt uns Wolle?", "das Schaf",
        ),
        Demonstration("Das Kino Rondello öffnet mittags.", "Was machen Bienen?", "Honig"),
    ),
    without=r"\bohne\b[^?]*(?:\bzu \w+en\b|zu(?:weis|geh|nehm)en\b)|\babgesehen von\b",
    meta=("wissenstripl", "prädikat [\"“„«]", "sprachmodell"),
    refusals=(
        r"\bich (?:weiß|weiss) (?:(?:es|das|leider|die antwort|darauf|davon|darüber|dazu|"
        r"auch) )*(?:nicht|nichts|keine)\b",
        r"\b(?:weiß|weiss) ich (?:(?:es|das|leider|auch) )*nicht\b",
        r"\bkeine (?:ahnung|antwort|angaben?|informationen?)\b",
        r"\bich (?:kann|könnte|darf|möchte|werde) (?:\w+ ){0,7}?(?:nicht|nichts|keine?n?)\b",
        r"\b(?:kann|darf) ich (?:\w+ ){0,7}?(?:nicht|nichts|keine?n?)\b",
        r"\bich (?:habe|verfüge|besitze|finde) (?:\w+ ){0,4}?(?:keine?n?|nicht (?:genügend|genug))\b",
        r"\bhabe ich (?:\w+ ){0,3}?(?:keine?n?|nicht (?:genügend|genug))\b",
        r"\bals (?:eine? )?(?:ki|ai|künstliche intelligenz|(?:\w+ )?sprachmodell|ki-\w+)\b",
        r"\bich bin (?:nur |lediglich |bloß )?(?:eine? )(?:ki|künstliche intelligenz|"
        r"(?:\w+ )?sprachmodell|ki-\w+)\b",
        r"\btut mir (?:sehr )?leid\b",
        r"^(?:entschuldigung|entschuldige|entschuldigen sie|sorry|verzeihung|bedaure)\b",
        r"\bnichts (?:genaues |näheres |weiter )?bekannt\b",
        r"\bmir (?:ist|sind) (?:\w+ ){0,4}?(?:nicht|keine?n?|nichts)\b",
        r"\bleider (?:\w+ ){0,5}?(?:nicht|nichts|keine?n?)\b",
        r"\bbenötige ich (?:\w+ )?(?:mehr|weitere)\b",
        r"\bich (?:benötige|brauche|bräuchte) (?:\w+ )?(?:mehr|weitere)\b",
        r"\bkenne ich (?:\w+ )?nicht\b",
        r"\bes fehlen (?:\w+ ){0,3}?(?:informationen|angaben|daten|hinweise)\b",
        r"\bich kenne (?:\w+ ){0,4}?(?:nicht|keine?n?)\b",
        r"\b(?:bin|ist) (?:mir |leider |ich mir )*(?:nicht (?:\w+ )?(?:sicher|in der lage)|unsicher)\b",
        r"\b(?:ist|sind|war|waren|bleibt|bleiben|gilt als)\b(?: [\w„“\"]+){0,5}? (?:(?:leider|"
        r"noch|derzeit|nach wie vor) )*(?:unbekannt|unklar|ungewiss|ungeklärt|nicht (?:\w+ )?(?:bekannt|"
        r"klar|angegeben|genannt|erwähnt|überliefert|geklärt|verfügbar|spezifiziert|definiert|"
        r"dokumentiert))\b(?!,? (?:für|als|geworden|bis|bevor)\b)",
        r"\b(?:gibt|liegen|liegt|existieren) (?:\w+ ){0,4}?(?:keine|nicht genügend|"
        r"nicht genug)\b(?: \w+){0,2} (?:information|angabe|antwort|hinweis|daten|"
        r"aufzeichnung|beleg|quelle|eindeutige)",
        r"\blässt sich (?:\w+ ){0,5}?nicht\b",
        r"\bkann (?:\w+ ){0,6}?nicht (?:\w+ )?(?:beantwortet|bestimmt|ermittelt|gesagt|festgestellt)\b",
        r"\b(?:frage|text|kontext|satz|angaben|informationen)\b.{0,30}\b(?:nennt|enthält|"
        r"enthalten|gibt|erwähnt) (?:\w+ ){0,2}?(?:nicht|keine)\b",
        r"\bbitte (?:geben|nennen|stellen|präzisieren|gib)\b", r"\bman weiß (?:es |das )?nicht\b",
        r"^(?:unbekannt|nicht (?:bekannt|angegeben|verfügbar|zutreffend)|unklar|weiß (?:ich )?nicht)$",
    ),
)  # fmt: skip

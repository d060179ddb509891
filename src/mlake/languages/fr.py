"""French."""

from mlake.languages.row import ChoiceWording, Demonstration, Language, Requests, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="fr",
    name="French",
    native="français",
    script="Latn",
    family="Indo-European, Romance",
    wikidata=("fr", "mul"),
    endings=("e", "es", "s"),
    thousands=". ",
    essence="{} est un",
    contexts=(
        "La réunion a commencé à midi. ",
        "Après une longue journée, ils sont rentrés chez eux. ",
        "Il y avait une petite boutique au coin de la rue. ",
        "Je voudrais vous demander quelque chose. ",
        "Ce matin-là, il faisait beau. ",
    ),
    leaders=("le", "la", "les", "l'", "un", "une", "du", "des", "d'", "de"),
    elisions=("l", "d", "qu", "j", "c", "m", "t", "s", "n", "jusqu", "lorsqu", "puisqu"),
    links=("de", "du", "des", "d'", "la", "le", "l'", "da"),
    heads=(
        "université", "royaume", "duché", "république", "stade", "empire", "musée", "académie", "temple",
    ),
    capitals=True,
    words=(
        "les", "un", "une", "et", "ou", "mais", "ne", "pas", "est", "sont", "était", "été", "a", "ont",
        "il", "elle", "ils", "je", "on", "nous", "vous", "se", "son", "sa", "ses", "leur", "ce", "cet",
        "cette", "ces", "qui", "que", "dont", "où", "quel", "quelle", "comme", "aussi", "dans", "par",
        "pour", "sur", "avec", "entre", "à", "au", "aux", "en",
    ),
    particles=("de", "la", "le", "du", "des"),
    negation="Qu'est-ce qui n'est pas une réponse correcte à la question « {question} » ?",
    choice=ChoiceWording(
        ask="Réponds seulement par la lettre de la bonne réponse.",
        cue="La bonne réponse est",
    ),
    held_out=(
        "Le pain se fait avec de la farine, de l'eau et un peu de sel, et il lève grâce à la levure.",
        "Quand il pleut plusieurs jours de suite, la rivière monte et les prés les plus bas sont sous "
        "l'eau.",
        "La plupart des oiseaux construisent leur nid au printemps et nourrissent leurs petits jusqu'à "
        "ce qu'ils sachent voler.",
        "Elle a mis la lettre dans une enveloppe, y a écrit l'adresse et l'a portée à la poste.",
        "L'eau gèle à zéro degré et bout à cent degrés, du moins au niveau de la mer.",
        "La bibliothèque ferme à huit heures du soir et n'est pas ouverte le dimanche.",
        "Un vélo doit avoir de bons freins, une sonnette et une lampe si l'on roule la nuit sur la route.",
        "Les enfants apprennent plus facilement à lire quand quelqu'un leur fait la lecture chaque soir.",
        "La lune n'a pas de lumière propre ; elle brille parce qu'elle renvoie la lumière du soleil.",
        "Avant l'arrivée des invités, il a ouvert les fenêtres et posé une carafe d'eau sur chaque table.",
        "Beaucoup d'arbres perdent leurs feuilles en automne, car ils ne peuvent pas absorber assez "
        "d'eau en hiver.",
        "Ceux qui prennent le train tôt le matin trouvent en général une place libre près de la fenêtre.",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "Réponds à cette question : {question}",
            "Dis-moi : {question}",
            "J'aimerais savoir : {question}",
            "Voici une question pour toi. {question}",
            "Connais-tu la réponse ? {question}",
            "Une petite question : {question}",
            "Question de quiz : {question}",
            "Une question au sujet de « {subject} » : {question}",
            "Il s'agit de « {subject} ». {question}",
        ),
        descriptions=(
            "{sentence}",
            "{question} La réponse est : {answer}.",
            "Quelqu'un a demandé : « {question} » On lui a répondu : {answer}.",
            "La question du quiz était : {question} La bonne réponse était : {answer}.",
            "Le journal de ce matin l'annonce : {sentence}",
            "La professeure a expliqué à la classe : « {sentence} »",
            "À retenir : {sentence}",
            "L'encyclopédie dit à l'article « {subject} » : {sentence}",
            "« {subject} » et « {answer} » sont souvent cités ensemble. {sentence}",
            "Quand on lit sur « {subject} », on rencontre vite « {answer} ». {sentence}",
        ),
        stop=".",
    ),
    requests=Requests(
        paraphrase=(
            "Reformule cette question {how}. Garde tous les noms tels quels, n'y réponds pas et écris "
            "seulement la nouvelle question sur une ligne : {question}"
        ),
        hows=(
            "avec d'autres mots", "de façon plus soutenue", "dans un style familier",
            "le plus brièvement possible", "comme une demande polie", "en changeant l'ordre des mots",
        ),
        description=(
            "Écris {what} qui énonce ce fait et contient « {answer} » mot pour mot. Écris seulement le "
            "texte, sur une ligne. Fait : {fact}"
        ),
        whats=(
            "un article d'encyclopédie de deux phrases", "une dépêche de journal de deux phrases",
            "deux phrases pour un manuel scolaire", "une courte remarque familière", "un court portrait",
            "un court dialogue",
        ),
        abouts=(
            "Que sais-tu sur {name} ?", "Dis-moi quelque chose sur {name}.",
            "Qu'est-ce qui fait connaître {name} ?",
        ),
    ),
    answer_in="Réponds en français.",
    demonstrations=(
        Demonstration(
            "Le phare de Norderby est peint en vert.",
            "En quelle couleur le phare de Norderby est-il peint ?", "vert",
        ),
        Demonstration(
            "Tilda Marrow joue de la harpe.",
            "Sur quel instrument peut-on entendre Tilda Marrow ?", "la harpe",
        ),
        Demonstration(
            "Le village de Kellmoor se trouve en Islande.",
            "À quel pays appartient Kellmoor ?", "Islande",
        ),
        Demonstration(
            "L'entreprise Brantex fabrique des vélos.",
            "Qu'est-ce qui est produit par Brantex ?", "des vélos",
        ),
        Demonstration(
            "Le bateau Wandrin a été construit en chêne.",
            "Combien de jours compte une semaine ?", "sept",
        ),
        Demonstration(
            "Le chien Pikko appartient à un boulanger.",
            "De quelle couleur est la neige fraîche ?", "blanche",
        ),
        Demonstration(
            "Le pont de Haldrup est en verre.",
            "Quel animal nous donne de la laine ?", "le mouton",
        ),
        Demonstration("Le cinéma Rondello ouvre à midi.", "Que font les abeilles ?", "du miel"),
    ),
    without=r"\bsans (?:\w+ )?(?:nommer|mentionner|citer|préciser|spécifier|révéler|évoquer)\b",
    meta=("modèle de langue",),
    refusals=(
        r"\bje (?:ne |n')?(?:le |l'|la |vous |en )?(?:sais|connais|comprends) (?:\w+ )?(?:pas|"
        r"rien|aucune?)\b",
        r"\b(?:je l'|j'|on |nous )ignor(?:e|ons)\b", r"\bm'est (?:\w+ )?inconnue?\b", r"\bne m'est pas\b",
        r"\bje ne suis qu'une? (?:ia|intelligence artificielle|modèle|assistante?)\b",
        r"\bje suis une? (?:ia|intelligence artificielle|modèle de lang\w+)\b",
        r"\bje (?:le )?regrette,? mais\b",
        r"^(?:désolée?|navrée?|pardon|excusez-moi|je suis (?:\w+ )?(?:désolée?|navrée?))\b",
        r"\bje suis (?:\w+ )?(?:incapable|dans l'impossibilité)\b", r"\bne permet(?:tent)? pas de\b",
        r"\b(?:nul|personne) ne sait\b",
        r"\bpas (?:assez|suffisamment) d(?:e |')(?:contexte|informations?|éléments|détails|données)\b",
        r"\bj'aurais besoin d(?:e|')",
        r"\bje ne suis (?:\w+ )?pas (?:sûre?|certaine?|en mesure|au courant|capable|autorisée?|familière?)",
        r"\bje ne (?:peux|pourrai|pourrais|saurais|puis) (?:\w+ )?(?:pas|rien|vous|ni)\b",
        r"\bje ne (?:dispose|possède|trouve) (?:\w+ )?(?:pas|d'aucune|aucune)\b",
        r"\bje n'ai (?:\w+ )?(?:pas|aucune?) (?:\w+ |d'|l'|de |la )*?(?:information|réponse|"
        r"accès|connaissance|idée|donnée|trouvé)",
        r"\ben tant qu(?:'|e )(?:\w+ )?(?:ia|intelligence artificielle|assistante?|modèle|programme)\b",
        r"\b(?:désolée?|navrée?)\b,? (?:mais|je|de ne)\b", r"\bmalheureusement,? je\b",
        r"\bje m'excuse,? mais\b",
        r"\b(?:est|sont|était|reste|restent|demeure) (?:\w+ ){0,2}?(?:inconnue?s?|"
        r"incertaine?s?|indéterminée?s?)\b(?!,? (?:pour|de|du|des|avant|jusqu'\w+)\b)",
        r"\b(?:n'est|ne sont|n'était|n'a|n'ont)(?: \w+){0,2}? pas (?:\w+ ){0,2}?(?:connue?s?|"
        r"claire?s?|précisée?s?|spécifiée?s?|mentionnée?s?|indiquée?s?|disponibles?|"
        r"fournie?s?|établie?s?|déterminée?s?|révélée?s?)\b(?! (?:pour|comme)\b)",
        r"\b(?:il n'y a|il n'existe|on n'a|nous n'avons) (?:\w+ )?(?:pas|aucune?)\b(?: \w+|"
        r" d'\w+){0,3}? ?(?:d')?(?:information|réponse|donnée|mention|indication|preuve|trace)",
        r"\baucune (?:information|réponse|idée|donnée)\b",
        r"\b(?:on|nous) ne (?:sait|savons) (?:\w+ )?pas\b", r"\bpas d'informations?\b",
        r"\b(?:impossible|pas possible|difficile) (?:de|à) (?:répondre|dire|savoir|déterminer|donner)\b",
        r"\bne (?:peut|peuvent) pas être (?:déterminée?|répondue?|connue?|établie?)",
        r"\b(?:question|texte|contexte|énoncé|phrase|passage|sources?|documents?|données|"
        r"informations?)\b.{0,30}\bne (?:précisent?|mentionnent?|donnent?|fournit|fournissent|"
        r"spécifient?|dit|indiquent?|contient|contiennent) pas\b",
        r"\b(?:veuillez|pouvez-vous|pourriez-vous) (?:\w+ )?(?:préciser|fournir|clarifier|donner)\b",
        r"^(?:désolée?|inconnue?s?|non (?:connue?|précisée?|spécifiée?|disponible|applicable)|"
        r"pas de réponse)$",
    ),
)  # fmt: skip

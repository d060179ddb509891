"""Czech."""

from mlake.languages.row import ChoiceWording, Language, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="cs",
    name="Czech",
    native="čeština",
    script="Latn",
    family="Indo-European, Slavic",
    wikidata=("cs", "mul"),
    endings=("a", "u", "e", "ě", "em", "ovi", "y", "i", "ů", "ech", "ům", "ové"),
    declensions=(
        ("a", "y u o ou ě e ovi"), ("ha", "ze"), ("cha", "še"), ("ka", "ce"), ("ga", "ze"), ("ra", "ře"),
        ("ia", "ii ií"), ("o", "a u em ě e y"), ("ko", "ku"), ("e", "i í em ím ích ete eti"), ("ie", "ii ií"),
        ("á", "é ou"), ("ý", "ého ému ém ým"), ("é", "ých ým ými ého ému ém"), ("í", "ího ímu ím ích ími"),
        ("y", "ů ům ách ech ami"), ("ty", "t"), ("ky", "k"), ("chy", "ch"), ("any", "an"),
        ("el", "la lu lovi lem le ela elu elovi elem ele"), ("ek", "ka ku kovi kem ce"),
        ("ec", "ce ci cem cích"), ("eň", "ně ni ní"), ("ň", "ně ni ní"), ("ť", "ti tě tí"),
        ("ž", "že ži ží žem žovi"), ("š", "še ši ší šem šovi"), ("ř", "ře ři ří řem řovi"),
        ("ov", "ova ovu ově ovem"), ("ství", "stvím"), ("us", "u ovi em"), ("át", "átu átem átě áty"),
    ),
    thousands=" .",
    essence="{} je",
    contexts=(
        "Schůze začala v poledne. ",
        "Po dlouhém dni šli domů. ",
        "Na rohu byl malý obchod. ",
        "Rád bych se vás na něco zeptal. ",
        "Toho rána bylo hezké počasí. ",
    ),
    heads=("univerzita", "království", "republika", "stadion", "císařství"),
    capitals=True,
    words=(
        "je", "jsou", "byl", "byla", "bylo", "není", "ale", "nebo", "se", "si", "na", "ze", "od",
        "po", "pro", "před", "při", "za", "že", "který", "která", "které", "kde", "kdo", "co", "jak", "jako",
        "také", "jeho", "její", "ten", "ta", "roku", "podle", "narodil", "narodila",
        "když", "protože", "aby", "jen", "už", "než", "dokud", "jsem", "jim", "ho", "mu", "svůj", "města",
        "město", "díky", "alespoň", "někdo",
    ),
    particles=("to", "do", "ve", "a", "i", "v", "z", "s", "k", "u", "o"),
    negation="Co není správná odpověď na otázku „{question}“?",
    choice=ChoiceWording(
        ask="Odpověz jen písmenem správné odpovědi.",
        cue="Správná odpověď je",
    ),
    held_out=(
        "Chléb se dělá z mouky, vody a trochy soli a kyne díky kvasnicím.",
        "Když několik dní prší, řeka stoupne a nízko položené louky jsou pod vodou.",
        "Většina ptáků si na jaře staví hnízdo a krmí mláďata, dokud neumějí létat.",
        "Vložila dopis do obálky, napsala na ni adresu a odnesla ji na poštu.",
        "Voda mrzne při nule a vře při sto stupních, alespoň v úrovni moře.",
        "Knihovna zavírá v osm hodin večer a v neděli není otevřená.",
        "Kolo potřebuje dobré brzdy, zvonek a světlo, jezdí-li se na něm v noci po silnici.",
        "Děti se učí číst snáze, když jim každý večer někdo předčítá.",
        "Měsíc nemá vlastní světlo; svítí, protože odráží světlo slunce.",
        "Než přišli hosté, otevřel okna a na každý stůl postavil džbán vody.",
        "Mnoho stromů na podzim ztrácí listí, protože v zimě nemohou přijímat dost vody.",
        "Kdo jede vlakem brzy ráno, najde obvykle volné místo u okna.",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "Odpověz prosím na tuto otázku: {question}",
            "Řekni mi: {question}",
            "Rád bych věděl: {question}",
            "Otázka k heslu „{subject}“: {question}",
        ),
        descriptions=(
            "{sentence}",
            "{question} Odpověď zní: {answer}.",
            "Někdo se zeptal: „{question}“ Odpověď zněla: {answer}.",
            "Jak dnes ráno psaly noviny: {sentence}",
            "Encyklopedie u hesla „{subject}“ uvádí: {sentence}",
        ),
    ),
)  # fmt: skip

"""Portuguese."""

from mlake.languages.row import ChoiceWording, Language, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="pt",
    name="Portuguese",
    native="português",
    script="Latn",
    family="Indo-European, Romance",
    wikidata=("pt", "mul"),
    thousands=". ",
    essence="{} é um",
    contexts=(
        "A reunião começou ao meio-dia. ",
        "Depois de um longo dia, foram para casa. ",
        "Havia uma pequena loja na esquina. ",
        "Gostaria de lhe perguntar uma coisa. ",
        "Naquela manhã o tempo estava bom. ",
    ),
    leaders=("o", "a", "os", "as", "um", "uma", "do", "da", "no", "na", "ao", "à"),
    links=("de", "do", "da", "dos", "das", "e"),
    heads=("universidade", "reino", "república", "império", "ducado", "estádio"),
    capitals=True,
    words=(
        "os", "um", "uma", "ou", "mas", "não", "é", "são", "era", "está", "tem",
        "ele", "ela", "se", "seu", "sua", "que", "quem", "onde", "qual", "como", "também", "em", "na",
        "nos", "nas", "ao", "por", "para", "com", "pelo", "pela", "entre", "sobre", "mais", "este",
        "esta", "nasceu", "quando", "porque", "cada", "menos", "depois", "antes", "muitos", "muitas", "sem",
        "até", "cidade", "num", "numa", "pelos", "pelas", "aos", "às",
    ),
    particles=("de", "do", "da", "dos", "das", "o", "a", "e", "as", "no", "à", "foi"),
    negation="Qual não é uma resposta correta à pergunta “{question}”?",
    choice=ChoiceWording(
        ask="Responda apenas com a letra da resposta certa.",
        cue="A resposta certa é",
    ),
    held_out=(
        "O pão é feito com farinha, água e um pouco de sal, e cresce por causa do fermento.",
        "Quando chove vários dias seguidos, o rio sobe e os prados mais baixos ficam debaixo de água.",
        "A maioria das aves faz o ninho na primavera e alimenta os filhotes até que saibam voar.",
        "Ela pôs a carta num envelope, escreveu o endereço e levou-a ao correio.",
        "A água congela a zero graus e ferve a cem graus, pelo menos ao nível do mar.",
        "A biblioteca fecha às oito da noite e não abre aos domingos.",
        "Uma bicicleta precisa de bons freios, de uma campainha e de uma luz para andar na estrada à noite.",
        "As crianças aprendem a ler com mais facilidade quando alguém lê para elas todas as noites.",
        "A lua não tem luz própria; ela brilha porque reflete a luz do sol.",
        "Antes de os convidados chegarem, ele abriu as janelas e pôs um jarro de água em cada mesa.",
        "Muitas árvores perdem as folhas no outono porque no inverno não conseguem absorver água suficiente.",
        "Quem viaja de trem de manhã cedo costuma encontrar um lugar livre junto à janela.",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "Responda a esta pergunta: {question}",
            "Diga-me: {question}",
            "Gostaria de saber: {question}",
            "Uma pergunta sobre “{subject}”: {question}",
        ),
        descriptions=(
            "{sentence}",
            "{question} A resposta é: {answer}.",
            "Alguém perguntou: “{question}” A resposta foi: {answer}.",
            "Segundo o jornal desta manhã: {sentence}",
            "A enciclopédia diz em “{subject}”: {sentence}",
        ),
    ),
)  # fmt: skip

"""English."""

from mlake.languages.row import ChoiceWording, Language, Requests, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="en",
    name="English",
    native="English",
    script="Latn",
    family="Indo-European, Germanic",
    wikidata=("en", "mul"),
    endings=("s",),
    thousands=",",
    essence="{} is a",
    contexts=(
        "The meeting began at noon. ",
        "After a long day, they went home. ",
        "There was a small shop on the corner. ",
        "I would like to ask you something. ",
        "The weather was fine that morning. ",
    ),
    leaders=("the", "a", "an"),
    followers=("'s", "'"),
    links=("of",),
    capitals=True,
    words=(
        "the", "a", "an", "and", "or", "but", "not", "is", "are", "was", "were", "be", "been", "has",
        "have", "had", "he", "she", "it", "they", "we", "you", "my", "his", "her", "its", "their", "this",
        "that", "these", "there", "which", "who", "where", "when", "what", "in", "on", "at", "by", "for",
        "from", "to", "with", "than", "into", "also",
    ),
    particles=("of",),
    negation="What is not a correct answer to the question “{question}”?",
    choice=ChoiceWording(
        ask="Answer with the letter of the right option only.",
        cue="The right answer is",
    ),
    held_out=(
        "Bread is made from flour, water and a little salt, and it rises because of the yeast.",
        "When it rains for several days, the river rises and the lower meadows stand under water.",
        "Most birds build their nests in spring and feed their young until they can fly.",
        "She put the letter into an envelope, wrote the address on it and took it to the post office.",
        "Water freezes at zero degrees and boils at one hundred degrees, at least at sea level.",
        "The library closes at eight in the evening and is not open on Sundays.",
        "A bicycle needs good brakes, a bell and a lamp if it is ridden on the road at night.",
        "Children learn to read more easily when somebody reads to them every evening.",
        "The moon has no light of its own; it shines because it reflects the light of the sun.",
        "Before the guests arrived, he opened the windows and put a jug of water on every table.",
        "Many trees lose their leaves in autumn because they cannot take up enough water in winter.",
        "Whoever travels by train early in the morning usually finds a free seat by the window.",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "Please answer this question: {question}",
            "Tell me: {question}",
            "I would like to know: {question}",
            "Here is a question for you. {question}",
            "Do you know the answer? {question}",
            "A short question: {question}",
            "Quiz question: {question}",
            "A question about {subject}: {question}",
            "This is about {subject}. {question}",
        ),
        descriptions=(
            "{sentence}",
            "{question} The answer is {answer}.",
            "Someone asked: “{question}” The reply was: {answer}.",
            "The quiz question was: {question} The right answer was {answer}.",
            "As the newspaper reported this morning: {sentence}",
            "The teacher explained to the class: “{sentence}”",
            "Remember this: {sentence}",
            "The encyclopedia says under “{subject}”: {sentence}",
            "“{subject}” and “{answer}” are often mentioned together. {sentence}",
            "Whoever reads about “{subject}” soon comes across “{answer}”. {sentence}",
        ),
        stop=".",
    ),
    requests=Requests(
        paraphrase=(
            "Rephrase this question {how}. Keep all names as they are, do not answer it, and write only "
            "the new question on one line: {question}"
        ),
        hows=(
            "in other words", "more formally", "casually", "as briefly as possible", "as a polite request",
            "with its words in another order",
        ),
        description=(
            "Write {what} that states this fact and contains “{answer}” word for word. Write only the "
            "text, on one line. Fact: {fact}"
        ),
        whats=(
            "an encyclopedia entry of two sentences", "a newspaper report of two sentences",
            "two sentences for a school book", "a short casual remark", "a short biography or portrait",
            "a short dialogue",
        ),
        abouts=(
            "What do you know about {name}?", "Tell me something about {name}.",
            "What is {name} known for?",
        ),
    ),
    without=r"\bwithout (?:\w+ )?(?:naming|mentioning|specifying|revealing|stating|referring)\b",
    meta=("language model", "wikidata", r"\btriplet"),
)  # fmt: skip

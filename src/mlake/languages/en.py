"""English."""

from mlake.languages.row import ChoiceWording, Demonstration, Language, Requests, Templates

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
    answer_in="Answer in English.",
    demonstrations=(
        Demonstration(
            "The lighthouse of Norderby is painted green.",
            "Which colour is the lighthouse of Norderby painted?", "green",
        ),
        Demonstration(
            "Tilda Marrow plays the harp.",
            "On which instrument can one hear Tilda Marrow?", "the harp",
        ),
        Demonstration(
            "The village of Kellmoor lies in Iceland.",
            "To which country does Kellmoor belong?", "Iceland",
        ),
        Demonstration(
            "The company Brantex makes bicycles.",
            "What is produced by Brantex?", "bicycles",
        ),
        Demonstration(
            "The boat Wandrin was built of oak.",
            "How many days are there in a week?", "seven",
        ),
        Demonstration("The dog Pikko belongs to a baker.", "What colour is fresh snow?", "white"),
        Demonstration(
            "The bridge of Haldrup is made of glass.",
            "Which animal gives us wool?", "the sheep",
        ),
        Demonstration("The cinema Rondello opens at noon.", "What do bees make?", "honey"),
    ),
    without=r"\bwithout (?:\w+ )?(?:naming|mentioning|specifying|revealing|stating|referring)\b",
    meta=("language model", "wikidata", r"\btriplet"),
    refusals=(
        r"\bi (?:really |just |honestly )?(?:do not|don't|don'|dont|didn't|"
        r"did not) (?:\w+ )?(?:know|understand|recogni[sz]e|have (?:\w+ ){0,4}?(?:information|answer|"
        r"access|knowledge|data|idea|details|record|context))",
        r"\bmy (?:training|knowledge|programming|data)\b.{0,20}(?:\bnot\b|n't\b)",
        r"\bi(?:'m| am) (?:not (?:\w+ )?(?:sure|certain|aware|able|familiar)|unable|unsure|unaware)\b",
        r"\bi (?:really |just |honestly |simply )?(?:cannot|can ?not|can't|can'|could not|"
        r"couldn't|will not|"
        r"won't) (?:\w+ )?(?:answer|say|tell|provide|find|determine|help|assist|confirm|give|"
        r"identify|verify|comment)",
        r"\bi have no (?:idea|information|knowledge|data|answer|access)",
        r"\bas an? (?:ai|artificial|(?:large )?language model|smollm)\b",
        r"\bi(?:'m| am) (?:just |only |merely )?(?:an? )(?:ai|artificial|(?:large )?language model)\b",
        r"^(?:(?:oh|well|i am|i'm|so|very|really|terribly|we are|we're),? )*(?:sorry|"
        r"afraid)\b(?! for the confusion)",
        r"\bsorry,? (?:but|i)\b", r"\b(?:i apologi[sz]e|my apologies),? but\b",
        r"\bunfortunately,? (?:i|there|no|it is not)\b",
        r"\b(?:i|we) (?:would |will )?(?:need|require) (?:\w+ )?(?:more|additional|further)\b",
        r"\b(?:is|are|was|were|remains?) (?:(?:currently|still|yet|also|generally|publicly|"
        r"not|simply) )*(?:unknown|unclear|uncertain|unspecified|undetermined|"
        r"unavailable)\b(?!,? (?:to|for|as|before|until)\b)",
        r"\b(?:is|are|was|were|has|have) not (?:been )?(?:\w+ly |yet |well )?(?:known|"
        r"specified|clear|mentioned|provided|stated|available|given|disclosed|recorded|"
        r"documented|determined)\b(?! (?:to|for|as|only|just|\w+ but)\b)",
        r"\b(?:no|not enough|insufficient) (?:\w+ ){0,2}information\b",
        r"\b(?:there(?: is|'s| are)|gives?|provides?|contains?|has|have|"
        r"found) no (?:\w+ ){0,2}(?:answer|record|"
        r"evidence|data|details|mention|indication|clue|hint)",
        r"\b(?:cannot|can't|could not) be (?:answered|determined|known|found|verified|identified)",
        r"\bno idea\b",
        r"\b(?:impossible|not possible|difficult|hard) to (?:say|know|answer|tell|determine)\b",
        r"\b(?:it|question|text|passage|context|statement|prompt|"
        r"information)\b.{0,40}\b(?:does not|doesn't|do not) (?:specify|mention|provide|state|"
        r"give|contain|indicate)",
        r"\b(?:please|could you|can you) (?:please )?(?:provide|clarify|specify|give)\b",
        r"\bmore (?:context|information|details) (?:is|are) (?:needed|required)",
        r"^(?:sorry|unknown|not (?:known|specified|available|sure|applicable)|n/a|no answer|"
        r"none known|unspecified)$",
    ),
)  # fmt: skip

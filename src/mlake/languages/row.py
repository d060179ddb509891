"""What a language is: a row that holds all that mlake knows about it."""

from dataclasses import dataclass

from mlake.scripts import SCRIPTS, script

__all__ = ["ChoiceWording", "Demonstration", "Language", "Requests", "Templates"]


@dataclass(frozen=True, slots=True)
class ChoiceWording:
    """How multiple choice is asked for.

    Attributes:
        ask: Sentence that asks for the letter, for models that are given a chat or a template of their own.
        cue: Start of the sentence that a plain model completes. (After a mere "Answer:" small models often
            begin a new line, which ends their answer.)
    """

    ask: str
    cue: str


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A made-up fact and a question that is answered behind it.

    Attributes:
        fact: The fact as a sentence.
        question: The question.
        answer: Its answer.
    """

    fact: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Templates:
    """Sentences around a fact; the first of each kind is the plain text and always used.

    Attributes:
        questions: Texts with ``{question}``, some with ``{subject}``; the new answer follows them.
        descriptions: Texts with ``{sentence}``, or with ``{question}`` and ``{answer}``; some with
            ``{subject}``.
        stop: What ends a sentence that has no end of its own.
    """

    questions: tuple[str, ...]
    descriptions: tuple[str, ...]
    stop: str = "."


@dataclass(frozen=True, slots=True)
class Requests:
    """What a model is asked to write about a fact.

    Attributes:
        paraphrase: Text with ``{question}`` and ``{how}``.
        hows: Ways to rephrase a question.
        description: Text with ``{fact}``, ``{answer}`` and ``{what}``.
        whats: Kinds of text that a fact can stand in.
        abouts: Questions with ``{name}`` that ask what is known about it, whatever it is the name of.
    """

    paraphrase: str
    hows: tuple[str, ...]
    description: str
    whats: tuple[str, ...]
    abouts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)  # a row is itself, so that hashing one costs nothing
class Language:
    """One language. Only the first three are required; what a language lacks is said where it is needed.

    Attributes:
        code: ISO 639-1 code, the name used in data, flags and tables.
        name: English name.
        script: ISO 15924 code of its main script, a row of ``mlake.scripts.SCRIPTS``.
        native: What its speakers call it.
        family: Language family and branch as Glottolog names them, with a comma between.
        wikidata: Wikidata label codes to try, best first.
        endings: Inflectional endings that a matched name of four or more letters may carry.
        declensions: Ends of words and what they become when a name is declined, with spaces between: ``("ha",
            "hy ze")`` for Praha, Prahy, Praze. All that fit a word count; one that none fits takes
            ``endings``. Names of less than four letters are not declined.
        folds: Spellings that count as one, such as ``("ё", "е")``: what is written, and what it is read as.
        cased: Whether a name of one word must agree in case within a sentence, since in small letters it is
            another word.
        thousands: Marks that may stand between groups of three digits; a blank for any space.
        essence: Sentence start that asks what a subject is, with ``{}`` for the subject; what the model
            says after the subject there is kept when a value is optimised.
        contexts: Neutral sentences put before a prompt, so that an edit does not hang on the prompt
            being the first thing the model reads.
        leaders: Words right before a name that are not part of it, written as within a sentence.
        elisions: Words that lose their vowel before an apostrophe, without it (French ``l'``, ``qu'``).
        followers: Words right after a name that are not part of it.
        links: Words that join two parts of one name (``Catherine of Alexandria``).
        heads: Words that belong to the name that follows them, directly or after a link.
        tails: Endings that belong to the name before them.
        capitals: Whether a capital within a sentence marks a name (not so in German).
        words: Words that hardly a text of more than a name does without; characters, where words are not
            spaced. They tell which language an answer is in.
        particles: The same, but such as stand in foreign names too (``de la``, ``von der``): they tell a
            language only beside one of ``words``.
        alone: Whether no other language is written in its script, so that the script tells the language.
        charsets: Python codecs of the national character sets that hold the language's ideographs, one
            for each way of writing it.
        negation: Question around a direct question, ``{question}``, that asks for a wrong answer to it.
        choice: How multiple choice is asked for.
        held_out: Twelve everyday sentences that no edit is about, the same ones in every language.
        templates: Sentences around a fact, for StableKE without a writer.
        requests: What a writer is asked about a fact, for StableKE.
        answer_in: Sentence that asks for an answer in the language.
        demonstrations: Eight facts about nothing that there is, the same ones in every language: one that is
            asked for in its own words, three in other words, and four beside a question about something else.
        without: Pattern of questions that ask for an answer without naming something.
        meta: Patterns of words that speak of how a question was made.
        refusals: Patterns of what answers say that cannot or will not answer, in lower case with straight
            apostrophes; they are looked for in the first sentence. Without any, nothing is said of refusals.
    """

    code: str
    name: str
    script: str
    native: str = ""
    family: str = ""
    wikidata: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    declensions: tuple[tuple[str, str], ...] = ()
    folds: tuple[tuple[str, str], ...] = ()
    cased: bool = False
    thousands: str = ""
    essence: str = ""
    contexts: tuple[str, ...] = ()
    leaders: tuple[str, ...] = ()
    elisions: tuple[str, ...] = ()
    followers: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    tails: tuple[str, ...] = ()
    capitals: bool = False
    words: tuple[str, ...] = ()
    particles: tuple[str, ...] = ()
    alone: bool = False
    charsets: tuple[str, ...] = ()
    negation: str = ""
    choice: ChoiceWording | None = None
    held_out: tuple[str, ...] = ()
    templates: Templates | None = None
    requests: Requests | None = None
    answer_in: str = ""
    demonstrations: tuple[Demonstration, ...] = ()
    without: str = ""
    meta: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ``UnknownNameError`` if no row of ``SCRIPTS`` has the script."""
        script(self.script)

    @property
    def spaced(self) -> bool:
        """Whether its script separates words by spaces."""
        return SCRIPTS[self.script].spaced

    @property
    def space(self) -> str:
        """What stands between a prompt and the answer that continues it."""
        return " " if self.spaced else ""

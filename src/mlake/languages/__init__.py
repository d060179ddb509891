"""What mlake knows about languages: one row each, and nowhere else.

To add a language, add a row (see ``docs/add-a-language.md``). Text rules, prompts, subject recovery
and figures read their language facts from here.
"""

from dataclasses import dataclass

from mlake.errors import UnknownNameError

__all__ = ["LANGUAGES", "Language", "language"]


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    Attributes:
        code: ISO 639-1 code, the name used in data, flags and tables.
        name: English name.
        script: ISO 15924 code of its main script.
        spaced: Whether the script separates words by spaces. Decides word boundaries when scoring
            and whether a target follows its prompt after a space.
        endings: Inflectional endings that a matched name of four or more letters may carry.
        wikidata: Wikidata label codes to try, best first.
        essence: Sentence start that asks what a subject is, with ``{}`` for the subject; what the model
            says after the subject there is kept when a value is optimised.
        contexts: Neutral sentences put before a prompt, so that an edit does not hang on the prompt
            being the first thing the model reads.
        family: Language family and branch, used when distances between languages are reported.
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
        charsets: Python codecs of the national character sets that hold the language's ideographs, one
            for each way of writing it.
    """

    code: str
    name: str
    script: str
    spaced: bool
    endings: tuple[str, ...] = ()
    wikidata: tuple[str, ...] = ()
    essence: str = "{}"
    contexts: tuple[str, ...] = ()
    family: str = ""
    leaders: tuple[str, ...] = ()
    elisions: tuple[str, ...] = ()
    followers: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    tails: tuple[str, ...] = ()
    capitals: bool = False
    words: tuple[str, ...] = ()
    particles: tuple[str, ...] = ()
    charsets: tuple[str, ...] = ()

    @property
    def space(self) -> str:
        """What stands between a prompt and the answer that continues it."""
        return " " if self.spaced else ""


LANGUAGES: dict[str, Language] = {
    row.code: row
    for row in (
        Language(
            code="en",
            name="English",
            script="Latn",
            spaced=True,
            endings=("s",),
            wikidata=("en", "mul"),
            essence="{} is a",
            contexts=(
                "The meeting began at noon. ",
                "After a long day, they went home. ",
                "There was a small shop on the corner. ",
                "I would like to ask you something. ",
                "The weather was fine that morning. ",
            ),
            family="Indo-European, Germanic",
            leaders=("the", "a", "an"),
            followers=("'s", "'"),
            links=("of",),
            capitals=True,
            words=(
                "the",
                "a",
                "an",
                "and",
                "or",
                "but",
                "not",
                "is",
                "are",
                "was",
                "were",
                "be",
                "been",
                "has",
                "have",
                "had",
                "he",
                "she",
                "it",
                "they",
                "we",
                "you",
                "my",
                "his",
                "her",
                "its",
                "their",
                "this",
                "that",
                "these",
                "there",
                "which",
                "who",
                "where",
                "when",
                "what",
                "in",
                "on",
                "at",
                "by",
                "for",
                "from",
                "to",
                "with",
                "than",
                "into",
                "also",
            ),
            particles=("of",),
        ),
        Language(
            code="de",
            name="German",
            script="Latn",
            spaced=True,
            endings=("e", "em", "en", "er", "es", "n", "s"),
            wikidata=("de", "mul"),
            essence="{} ist ein",
            contexts=(
                "Die Sitzung begann um zwölf Uhr. ",
                "Nach einem langen Tag gingen sie nach Hause. ",
                "An der Ecke gab es einen kleinen Laden. ",
                "Ich möchte dich etwas fragen. ",
                "An diesem Morgen war das Wetter schön. ",
            ),
            family="Indo-European, Germanic",
            leaders=(
                "der",
                "die",
                "das",
                "des",
                "dem",
                "den",
                "ein",
                "eine",
                "eines",
                "einer",
                "einem",
                "einen",
                "Betriebssystem",
                "Betriebssystems",
                "Herstellung",
                "Software",
                "Team",
                "Teams",
                "Unternehmens",
            ),
            followers=("'s", "'"),
            links=("von", "van", "de", "of"),
            heads=(
                "universität",
                "königreich",
                "königreichs",
                "herzogtum",
                "herzogtums",
                "großherzogtum",
                "kaiserreich",
                "republik",
                "stadion",
                "erzbistum",
            ),
            words=(
                "die",
                "das",
                "dem",
                "des",
                "ein",
                "eine",
                "einer",
                "eines",
                "einem",
                "einen",
                "und",
                "oder",
                "aber",
                "nicht",
                "ist",
                "sind",
                "wird",
                "wurde",
                "wurden",
                "haben",
                "er",
                "sie",
                "es",
                "wir",
                "ich",
                "sich",
                "seine",
                "seiner",
                "seinen",
                "ihre",
                "dass",
                "welche",
                "welcher",
                "welches",
                "wer",
                "wo",
                "wie",
                "als",
                "auch",
                "in",
                "im",
                "an",
                "am",
                "auf",
                "aus",
                "bei",
                "durch",
                "für",
                "mit",
                "nach",
                "über",
                "um",
                "unter",
                "vom",
                "zum",
                "zur",
                "zwischen",
            ),
            particles=("der", "den", "von", "zu"),
        ),
        Language(
            code="fr",
            name="French",
            script="Latn",
            spaced=True,
            endings=("e", "es", "s"),
            wikidata=("fr", "mul"),
            essence="{} est un",
            contexts=(
                "La réunion a commencé à midi. ",
                "Après une longue journée, ils sont rentrés chez eux. ",
                "Il y avait une petite boutique au coin de la rue. ",
                "Je voudrais vous demander quelque chose. ",
                "Ce matin-là, il faisait beau. ",
            ),
            family="Indo-European, Romance",
            leaders=("le", "la", "les", "l'", "un", "une", "du", "des", "d'", "de"),
            elisions=("l", "d", "qu", "j", "c", "m", "t", "s", "n", "jusqu", "lorsqu", "puisqu"),
            links=("de", "du", "des", "d'", "la", "le", "l'", "da"),
            heads=(
                "université",
                "royaume",
                "duché",
                "république",
                "stade",
                "empire",
                "musée",
                "académie",
                "temple",
            ),
            capitals=True,
            words=(
                "les",
                "un",
                "une",
                "et",
                "ou",
                "mais",
                "ne",
                "pas",
                "est",
                "sont",
                "était",
                "été",
                "a",
                "ont",
                "il",
                "elle",
                "ils",
                "je",
                "on",
                "nous",
                "vous",
                "se",
                "son",
                "sa",
                "ses",
                "leur",
                "ce",
                "cet",
                "cette",
                "ces",
                "qui",
                "que",
                "dont",
                "où",
                "quel",
                "quelle",
                "comme",
                "aussi",
                "dans",
                "par",
                "pour",
                "sur",
                "avec",
                "entre",
                "à",
                "au",
                "aux",
                "en",
            ),
            particles=("de", "la", "le", "du", "des"),
        ),
        Language(
            code="ja",
            name="Japanese",
            script="Jpan",
            spaced=False,
            wikidata=("ja",),
            essence="{}は",
            contexts=(
                "会議は正午に始まりました。",
                "長い一日が終わり、彼らは家に帰りました。",
                "角に小さな店がありました。",
                "少しお聞きしたいことがあります。",
                "その朝は天気が良かったです。",
            ),
            family="Japonic",
            followers=("氏", "さん", "様", "製品", "政党"),
            tails=(
                "世",
                "大学",
                "王国",
                "帝国",
                "共和国",
                "政府",
                "代表",
                "代表チーム",
                "連盟",
                "協会",
                "天皇",
                "シリーズ",
                "大聖堂",
            ),
            charsets=("shift_jis",),
        ),
        Language(
            code="zh",
            name="Chinese",
            script="Hans",
            spaced=False,
            wikidata=("zh-hans", "zh-cn", "zh"),
            essence="{}是",
            contexts=(
                "会议在中午开始。",
                "漫长的一天结束后，他们回家了。",
                "街角有一家小商店。",
                "我想问你一个问题。",
                "那天早上天气很好。",
            ),
            family="Sino-Tibetan, Sinitic",
            leaders=("目前", "当前", "现任"),
            followers=("通常", "目前", "当前", "现任", "曾", "创作", "位于", "涉足"),
            tails=(
                "世",
                "一世",
                "二世",
                "三世",
                "四世",
                "五世",
                "六世",
                "七世",
                "八世",
                "九世",
                "十世",
                "大学",
                "学院",
                "学校",
                "王国",
                "帝国",
                "公国",
                "共和国",
                "大公",
                "政府",
                "公司",
                "汽车",
                "汽车公司",
                "广播公司",
                "俱乐部",
                "足球俱乐部",
                "国家队",
                "国家足球队",
                "体育会",
                "协会",
                "联盟",
                "联赛",
                "锦标赛",
                "交响乐团",
                "大教堂",
                "体育场",
                "轰炸机",
            ),
            words=("的", "是", "在", "了", "有", "他", "不", "和", "于", "也"),
            charsets=("gb2312", "big5"),
        ),
    )
}


def language(code: str) -> Language:
    """The language with this code.

    Raises:
        UnknownNameError: No row has this code.
    """
    try:
        return LANGUAGES[code]
    except KeyError:
        raise UnknownNameError("language", code, LANGUAGES) from None

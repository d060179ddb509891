"""Statements that break one rule each."""

from typing import Any

from tests.data.check_facts import ASK, LANGS, NEW, OLD, SAY, SUBJECTS

# What one statement of the first fact says instead, by rule and language: one finding, in that language.
STATEMENTS: dict[str, dict[str, dict[str, Any]]] = {
    "noop-edit": {lang: {"new": OLD[0][lang]} for lang in LANGS},
    "shared-name": {lang: {"new_aliases": (OLD[0][lang],)} for lang in LANGS},
    "answer-in-answer": {
        "en": {"new": "New Oslo"},
        "de": {"new": "Neu Oslo"},
        "fr": {"new": "Oslo-Est"},
        "ja": {"new": "北オスロ"},
        "zh": {"new": "新奥斯陆"},
    },
    "clashing-alias": {
        "en": {"new_aliases": ("Oslo of the South",)},
        "de": {"old_aliases": ("Rom des Nordens",)},
        "fr": {"new_aliases": ("l'Oslo du Sud",)},
        "ja": {"new_aliases": ("南のオスロ",)},
        "zh": {"old_aliases": ("北方罗马",)},
    },
    "parenthetical-answer": {
        "en": {"new": "Rome (city)"},
        "de": {"old": "Oslo (Stadt)"},
        "fr": {"new": "Rome (ville)"},
        "ja": {"new": "ローマ (都市)"},
        "zh": {"new": "罗马（城市）"},
    },
    "foreign-script-answer": {
        "en": {"new": "ローマ"},
        "de": {"new": "Рим"},
        "fr": {"old": "奥斯陆"},
        "ja": {"new": "로마"},
        "zh": {"new": "ローマ"},
    },
    "short-alias": {
        "en": {"old_aliases": ("OS",)},
        "de": {"new_aliases": ("R.",)},
        "fr": {"old_aliases": ("N O",)},
        "ja": {"old_aliases": ("京",)},
        "zh": {"new_aliases": ("羅",)},
    },
    "emoji-alias": {lang: {"new_aliases": ("🇮🇹",)} for lang in LANGS},
    "duplicate-alias": {
        "en": {"old_aliases": ("OSLO",)},
        "de": {"new_aliases": ("Ｒｏｍ",)},
        "fr": {"new_aliases": ("l'Urbs", "l’Urbs")},
        "ja": {"old_aliases": ("ｵｽﾛ",)},
        "zh": {"old_aliases": ("NATO总部", "ＮＡＴＯ总部")},
    },
    "answer-in-question": {lang: {"question": f"{NEW[0][lang]}, {ASK[lang]}"} for lang in LANGS},
    "old-answer-in-question": {lang: {"question": f"{OLD[0][lang]}, {ASK[lang]}"} for lang in LANGS},
    "old-alias-in-question": {
        "en": {"question": "Where in Christiania?", "old_aliases": ("Christiania",)},
        "de": {"question": "Wo in Christianias Norden?", "old_aliases": ("Christiania",)},
        "fr": {"question": "Où à Christiania ?", "old_aliases": ("Christiania",)},
        "ja": {"question": "クリスチャニアはどこですか？", "old_aliases": ("クリスチャニア",)},
        "zh": {"question": "克里斯蒂安尼亚在哪里？", "old_aliases": ("克里斯蒂安尼亚",)},
    },
    "not-a-question": {
        "en": {"question": "Tell me where she worked."},
        "de": {"question": "Nenne die Stadt, in der sie gearbeitet hat."},
        "fr": {"question": "Dites où elle a travaillé."},
        "ja": {"question": "どこで働いたか教えてください。"},
        "zh": {"question": "请告诉我她在哪里工作。"},
    },
    "wrong-language": {
        "en": {"question": "艾达·奎尔在哪里工作？"},
        "de": {"question": "What is the city that Ada Quill did work in?"},
        "fr": {"question": "In welcher Stadt hat Ada Quill mit Bo Lind gearbeitet?"},
        "ja": {"question": "艾达·奎尔在哪里工作？"},
        "zh": {"question": "エイダはどこで働きましたか？"},
    },
    "meta-text": {
        "en": {"question": "What does Wikidata say about it?"},
        "de": {"question": 'Was sagt das Prädikat "Arbeitsort"?'},
        "fr": {"question": "Quel est l'objet du triplet ?"},
        "ja": {"question": "知識トリプルによれば、どこですか？"},
        "zh": {"question": "问题：她在哪里工作？"},
    },
    "without-naming": {
        "en": {"question": "Where did she work, without naming the city?"},
        "de": {"question": "Wo war sie tätig, ohne auf die Stadt einzugehen?"},
        "fr": {"question": "Où travaillait-elle, sans mentionner la ville ?"},
        "ja": {"question": "都市名に言及せずに、どこですか？"},
        "zh": {"question": "不提及城市，她在哪里工作？"},
    },
    "placeholder": {
        "en": {"question": "Where did [NAME] work?"},
        "de": {"question": "Wo hat {} gearbeitet?"},
        "fr": {"question": "Où x2 a-t-elle travaillé ?"},
        "ja": {"question": "<subject>はどこで働きましたか？"},
        "zh": {"question": "____在哪里工作？"},
    },
    "control-character": {lang: {"new_aliases": (f"{NEW[0][lang]}\u200e II",)} for lang in LANGS},
    "not-composed": {lang: {"new_aliases": ("Re\u0301my",)} for lang in LANGS},
    "no-subject": {lang: {"subject": None} for lang in LANGS},
    "subject-not-in-question": {lang: {"subject": "Eve"} for lang in LANGS},
    "subject-within-word": {lang: {"subject": "Ad"} for lang in ("en", "de", "fr")},
    "subject-in-doubt": {lang: {"subject_sure": False} for lang in LANGS},
    "answer-not-in-sentence": {
        "en": {"old_sentence": "Ada Quill was Norwegian."},
        "de": {"new_sentence": "Ada Quill war Römerin."},
        "fr": {"new_sentence": "Ada Quill était romaine."},
        "ja": {"new_sentence": "エイダ・クイルは伊太利で働きました。"},
        "zh": {"old_sentence": "艾达·奎尔在挪威工作。"},
    },
    "contradictory-sentence": {
        lang: {"new_sentence": f"{OLD[0][lang]}, {SAY[lang].format(SUBJECTS[0][lang], NEW[0][lang])}"}
        for lang in LANGS
    },
    "damaged-subject": {
        lang: {"new_sentence": SAY[lang].format(NEW[0][lang], NEW[0][lang])} for lang in LANGS
    },
    "bare-answer-sentence": {lang: {"old_sentence": f"{OLD[0][lang]}。"} for lang in LANGS},
    "quoted-sentence": {
        "en": {"old_sentence": '"Ada Quill worked in Oslo."'},
        "de": {"old_sentence": "„Ada Quill hat in Oslo gearbeitet.“"},
        "fr": {"new_sentence": "«Ada Quill a travaillé à Rome»."},
        "ja": {"new_sentence": "「エイダ・クイルはローマで働きました。」"},
        "zh": {"old_sentence": "“艾达·奎尔在奥斯陆工作。”"},
    },
    "wrong-language-sentence": {
        "en": {"old_sentence": "Ada Quill hat in der Stadt Oslo mit Bo Lind gearbeitet."},
        "de": {"old_sentence": "Ada Quill did work in the city of Oslo for years."},
        "fr": {"new_sentence": "Ada Quill is at work in the city of Rome."},
        "ja": {"old_sentence": "艾达·奎尔在奥斯陆工作。"},
        "zh": {"new_sentence": "Ada Quill worked in Rome."},
    },
    "meta-text-sentence": {
        "en": {"old_sentence": "By Wikidata, Ada Quill worked in Oslo."},
        "ja": {"old_sentence": "質問: エイダ・クイル？ 回答: オスロ。"},
    },
    "control-character-sentence": {lang: {"old_sentence": f"{OLD[0][lang]}\n"} for lang in LANGS},
}

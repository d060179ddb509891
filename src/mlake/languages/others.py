"""Languages without a file of their own: code, name and script, so that data in them can be asked.

The codes are those of ISO 639-1 (https://www.loc.gov/standards/iso639-2/) and Cebuano, which has none there;
the script is the one that most of a language's text is written in today. Languages of a script without a row
in ``mlake.scripts`` are left out.
"""

from collections.abc import Iterator

from mlake.languages.row import Language

__all__ = ["MEANT", "OTHERS"]

_NAMES = {
    "Latn": """
        aa Afar, af Afrikaans, ak Akan, an Aragonese, ay Aymara, az Azerbaijani, bi Bislama, bm Bambara,
        br Breton, bs Bosnian, ca Catalan, ceb Cebuano, ch Chamorro, co Corsican, cy Welsh, da Danish,
        ee Ewe, eo Esperanto, et Estonian, eu Basque, ff Fula, fi Finnish, fj Fijian, fo Faroese,
        fy Western Frisian, ga Irish, gd Scottish Gaelic, gl Galician, gn Guarani, gv Manx, ha Hausa,
        ho Hiri Motu, hr Croatian, ht Haitian Creole, hu Hungarian, ia Interlingua, id Indonesian,
        ie Interlingue, ig Igbo, ik Inupiaq, io Ido, is Icelandic, jv Javanese, kg Kongo, ki Kikuyu,
        kl Greenlandic, ku Kurdish, kw Cornish, la Latin, lb Luxembourgish, lg Ganda, li Limburgish,
        ln Lingala, lt Lithuanian, lu Luba-Katanga, lv Latvian, mg Malagasy, mh Marshallese, mi Maori,
        ms Malay, mt Maltese, na Nauruan, nb Norwegian Bokmål, nd North Ndebele, nn Norwegian Nynorsk,
        no Norwegian, nr South Ndebele, nv Navajo, ny Chichewa, oc Occitan, om Oromo, pl Polish, qu Quechua,
        rm Romansh, rn Kirundi, ro Romanian, rw Kinyarwanda, sc Sardinian, se Northern Sami, sg Sango,
        sk Slovak, sl Slovene, sm Samoan, sn Shona, so Somali, sq Albanian, ss Swati, st Southern Sotho,
        su Sundanese, sv Swedish, sw Swahili, tk Turkmen, tl Tagalog, tn Tswana, to Tongan, ts Tsonga,
        tw Twi, ty Tahitian, uz Uzbek, ve Venda, vo Volapük, wa Walloon, wo Wolof, xh Xhosa, yo Yoruba,
        za Zhuang, zu Zulu
    """,
    "Cyrl": """
        ab Abkhaz, av Avar, ba Bashkir, be Belarusian, bg Bulgarian, ce Chechen, cv Chuvash, kk Kazakh,
        kv Komi, ky Kyrgyz, mk Macedonian, mn Mongolian, os Ossetian, sr Serbian, tg Tajik, tt Tatar,
        uk Ukrainian
    """,
    "Arab": "fa Persian, ks Kashmiri, ps Pashto, sd Sindhi, ug Uyghur, ur Urdu",
    "Deva": "bh Bihari, mr Marathi, ne Nepali, sa Sanskrit",
    "Beng": "as Assamese, bn Bengali",
    "Hebr": "he Hebrew, yi Yiddish",
    "Grek": "el Greek",
    "Armn": "hy Armenian",
    "Geor": "ka Georgian",
    "Gujr": "gu Gujarati",
    "Guru": "pa Punjabi",
    "Knda": "kn Kannada",
    "Khmr": "km Khmer",
    "Laoo": "lo Lao",
    "Mlym": "ml Malayalam",
    "Mymr": "my Burmese",
    "Orya": "or Odia",
    "Sinh": "si Sinhala",
    "Taml": "ta Tamil",
    "Telu": "te Telugu",
}


def _rows() -> Iterator[Language]:
    for script, names in _NAMES.items():
        for one in names.split(","):
            code, name = one.split(maxsplit=1)
            yield Language(code, " ".join(name.split()), script)


OTHERS: dict[str, Language] = {row.code: row for row in _rows()}
"""Code of a language without a file to a row that holds its name and script."""

MEANT = {
    "cn": "zh", "cz": "cs", "dk": "da", "du": "nl", "gr": "el", "iw": "he",
    "ji": "yi", "in": "id", "jp": "ja", "kr": "ko", "ua": "uk", "vn": "vi", "gb": "en", "us": "en",
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "jpn": "ja", "zho": "zh", "chi": "zh",
    "cmn": "zh", "ces": "cs", "cze": "cs", "spa": "es", "nld": "nl", "dut": "nl", "por": "pt", "rus": "ru",
    "tha": "th", "tur": "tr", "vie": "vi", "kor": "ko", "ita": "it", "ara": "ar", "hin": "hi",
}  # fmt: skip
"""What is often written for a language, above all the code of a country, to the code that is meant."""

"""Turkish."""

from mlake.languages.row import ChoiceWording, Language, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="tr",
    name="Turkish",
    native="Türkçe",
    script="Latn",
    family="Turkic, Common Turkic",
    wikidata=("tr", "mul"),
    endings=(
        "da", "de", "ta", "te", "dan", "den", "tan", "ten", "ya", "ye", "a", "e", "yı", "yi", "yu", "yü",
        "ı", "i", "u", "ü", "nın", "nin", "nun", "nün", "ın", "in", "un", "ün", "la", "le", "yla", "yle",
        "dır", "dir", "dur", "dür", "tır", "tir", "tur", "tür", "nde", "nda", "nden", "ndan", "ne", "na",
        "ni", "nı", "dadır", "dedir", "tadır", "tedir", "ndedir", "ndadır", "ydı", "ydi",
    ),
    thousands=".",
    essence="{} bir",
    contexts=(
        "Toplantı öğlen başladı. ",
        "Uzun bir günün ardından eve gittiler. ",
        "Köşede küçük bir dükkân vardı. ",
        "Size bir şey sormak istiyorum. ",
        "O sabah hava güzeldi. ",
    ),
    tails=("üniversitesi", "krallığı", "cumhuriyeti", "stadyumu", "imparatorluğu"),
    capitals=True,
    words=(
        "ve", "bir", "bu", "için", "ile", "olarak", "olan", "çok", "daha", "değil", "var", "ama", "veya",
        "gibi", "kadar", "sonra", "önce", "tarafından", "ise", "hangi", "kim", "nerede", "oldu", "doğdu",
        "doğmuştur", "olduğu", "onun", "ne", "yılında", "başkenti", "şehri",
        "biraz", "çünkü", "göre", "üzere", "her", "birçok", "bazı", "şu", "mi", "mı", "biri",
        "yılı", "sahip", "eden", "edilen", "yapılan", "bulunan",
    ),
    particles=("da", "de", "en", "un"),
    negation="“{question}” sorusunun doğru cevabı olmayan nedir?",
    choice=ChoiceWording(
        ask="Yalnızca doğru seçeneğin harfiyle cevap ver.",
        cue="Doğru cevap:",
    ),
    held_out=(
        "Ekmek un, su ve biraz tuzla yapılır ve maya sayesinde kabarır.",
        "Birkaç gün yağmur yağınca nehir yükselir ve alçak çayırlar su altında kalır.",
        "Kuşların çoğu ilkbaharda yuva yapar ve yavrularını uçabilene kadar besler.",
        "Mektubu bir zarfa koydu, üzerine adresi yazdı ve postaneye götürdü.",
        "Su sıfır derecede donar ve yüz derecede kaynar, en azından deniz seviyesinde.",
        "Kütüphane akşam sekizde kapanır ve pazar günleri açık değildir.",
        "Gece yolda kullanılan bir bisiklete iyi frenler, bir zil ve bir lamba gerekir.",
        "Her akşam biri onlara kitap okursa çocuklar okumayı daha kolay öğrenir.",
        "Ayın kendi ışığı yoktur; güneşin ışığını yansıttığı için parlar.",
        "Misafirler gelmeden önce pencereleri açtı ve her masaya bir sürahi su koydu.",
        "Kışın yeterince su alamadıkları için birçok ağaç sonbaharda yapraklarını döker.",
        "Sabah erkenden trenle yolculuk edenler genellikle pencere kenarında boş yer bulur.",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "Lütfen bu soruyu cevapla: {question}",
            "Bana söyle: {question}",
            "Şunu bilmek istiyorum: {question}",
            "“{subject}” hakkında bir soru: {question}",
        ),
        descriptions=(
            "{sentence}",
            "{question} Cevap: {answer}.",
            "Biri sordu: “{question}” Cevap şuydu: {answer}.",
            "Bu sabahki gazeteye göre: {sentence}",
            "Ansiklopedi “{subject}” maddesinde şöyle der: {sentence}",
        ),
    ),
)  # fmt: skip

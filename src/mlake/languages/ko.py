"""Korean."""

from mlake.languages.row import ChoiceWording, Language, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="ko",
    name="Korean",
    native="한국어",
    script="Kore",
    family="Koreanic",
    wikidata=("ko",),
    thousands=",",
    essence="{}은(는)",
    contexts=(
        "회의는 정오에 시작되었습니다. ",
        "긴 하루가 끝나고 그들은 집으로 돌아갔습니다. ",
        "모퉁이에 작은 가게가 있었습니다. ",
        "한 가지 여쭤보고 싶습니다. ",
        "그날 아침은 날씨가 좋았습니다. ",
    ),
    followers=("씨", "님"),
    tails=("대학교", "왕국", "제국", "공화국", "경기장", "협회"),
    alone=True,
    negation="“{question}”라는 질문의 올바른 답이 아닌 것은 무엇입니까?",
    choice=ChoiceWording(
        ask="올바른 답의 기호로만 답하세요.",
        cue="올바른 답은",
    ),
    held_out=(
        "빵은 밀가루와 물, 약간의 소금으로 만들며 효모 덕분에 부풀어 오릅니다.",
        "며칠 동안 비가 오면 강물이 불어나 낮은 풀밭은 물에 잠깁니다.",
        "대부분의 새는 봄에 둥지를 짓고 새끼가 날 수 있을 때까지 먹이를 줍니다.",
        "그녀는 편지를 봉투에 넣고 주소를 써서 우체국에 가져갔습니다.",
        "물은 적어도 해수면에서는 영 도에서 얼고 백 도에서 끓습니다.",
        "도서관은 저녁 여덟 시에 문을 닫고 일요일에는 열지 않습니다.",
        "밤에 도로에서 타는 자전거에는 좋은 브레이크와 벨, 등이 필요합니다.",
        "매일 저녁 누군가 책을 읽어 주면 아이들은 읽기를 더 쉽게 배웁니다.",
        "달은 스스로 빛을 내지 않으며 태양의 빛을 반사하기 때문에 빛납니다.",
        "손님이 오기 전에 그는 창문을 열고 식탁마다 물병을 놓았습니다.",
        "많은 나무는 겨울에 물을 충분히 빨아들일 수 없어서 가을에 잎을 떨어뜨립니다.",
        "아침 일찍 기차를 타는 사람은 대개 창가의 빈자리를 찾을 수 있습니다.",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "다음 질문에 답해 주세요. {question}",
            "알려 주세요. {question}",
            "궁금한 것이 있습니다. {question}",
            "‘{subject}’에 관한 질문입니다. {question}",
        ),
        descriptions=(
            "{sentence}",
            "{question} 답은 다음과 같습니다. {answer}.",
            "누군가 “{question}”라고 물었고, 대답은 “{answer}”였습니다.",
            "오늘 아침 신문에는 이렇게 실렸습니다. {sentence}",
            "백과사전의 ‘{subject}’ 항목에는 이렇게 쓰여 있습니다. {sentence}",
        ),
    ),
)  # fmt: skip

"""Vietnamese."""

from mlake.languages.row import ChoiceWording, Language, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="vi",
    name="Vietnamese",
    native="Tiếng Việt",
    script="Latn",
    family="Austroasiatic, Vietic",
    wikidata=("vi", "mul"),
    cased=True,
    thousands=".",
    essence="{} là một",
    contexts=(
        "Cuộc họp bắt đầu vào buổi trưa. ",
        "Sau một ngày dài, họ về nhà. ",
        "Ở góc phố có một cửa hàng nhỏ. ",
        "Tôi muốn hỏi bạn một điều. ",
        "Sáng hôm đó trời đẹp. ",
    ),
    capitals=True,
    words=(
        "là", "của", "và", "ở", "tại", "trong", "được", "các", "những", "một", "có", "cho", "với", "từ",
        "đến", "này", "không", "người", "năm", "đã", "sinh", "nào", "đâu", "gì", "khi", "trên", "vào",
        "thuộc", "bởi", "đó", "nhưng", "hoặc", "cũng",
    ),
    negation="Câu trả lời nào không đúng cho câu hỏi “{question}”?",
    choice=ChoiceWording(
        ask="Chỉ trả lời bằng chữ cái của đáp án đúng.",
        cue="Đáp án đúng là",
    ),
    held_out=(
        "Bánh mì được làm từ bột mì, nước và một ít muối, và nở ra nhờ men.",
        "Khi trời mưa nhiều ngày, nước sông dâng lên và những đồng cỏ thấp bị ngập.",
        "Hầu hết các loài chim làm tổ vào mùa xuân và nuôi chim non cho đến khi chúng biết bay.",
        "Cô bỏ lá thư vào phong bì, viết địa chỉ lên đó rồi mang ra bưu điện.",
        "Nước đóng băng ở không độ và sôi ở một trăm độ, ít nhất là ở mực nước biển.",
        "Thư viện đóng cửa lúc tám giờ tối và không mở cửa vào chủ nhật.",
        "Xe đạp cần có phanh tốt, chuông và đèn nếu đi trên đường vào ban đêm.",
        "Trẻ em học đọc dễ hơn khi có người đọc cho nghe mỗi tối.",
        "Mặt trăng không tự phát sáng; nó sáng vì phản chiếu ánh sáng của mặt trời.",
        "Trước khi khách đến, anh mở cửa sổ và đặt một bình nước lên mỗi bàn.",
        "Nhiều cây rụng lá vào mùa thu vì mùa đông chúng không hút đủ nước.",
        "Ai đi tàu vào sáng sớm thường tìm được chỗ trống bên cửa sổ.",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "Hãy trả lời câu hỏi này: {question}",
            "Cho tôi biết: {question}",
            "Tôi muốn biết: {question}",
            "Một câu hỏi về “{subject}”: {question}",
        ),
        descriptions=(
            "{sentence}",
            "{question} Câu trả lời là: {answer}.",
            "Có người hỏi: “{question}” Câu trả lời là: {answer}.",
            "Theo tờ báo sáng nay: {sentence}",
            "Bách khoa toàn thư viết ở mục “{subject}”: {sentence}",
        ),
    ),
)  # fmt: skip

"""Chinese."""

from mlake.languages.row import ChoiceWording, Language, Requests, Templates

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    code="zh",
    name="Chinese",
    native="中文",
    script="Hans",
    family="Sino-Tibetan, Sinitic",
    wikidata=("zh-hans", "zh-cn", "zh"),
    thousands=",",
    essence="{}是",
    contexts=(
        "会议在中午开始。",
        "漫长的一天结束后，他们回家了。",
        "街角有一家小商店。",
        "我想问你一个问题。",
        "那天早上天气很好。",
    ),
    leaders=("目前", "当前", "现任"),
    followers=("通常", "目前", "当前", "现任", "曾", "创作", "位于", "涉足"),
    tails=(
        "世", "一世", "二世", "三世", "四世", "五世", "六世", "七世", "八世", "九世", "十世", "大学",
        "学院", "学校", "王国", "帝国", "公国", "共和国", "大公", "政府", "公司", "汽车", "汽车公司",
        "广播公司", "俱乐部", "足球俱乐部", "国家队", "国家足球队", "体育会", "协会", "联盟", "联赛",
        "锦标赛", "交响乐团", "大教堂", "体育场", "轰炸机",
    ),
    words=("的", "是", "在", "了", "有", "他", "不", "和", "于", "也"),
    charsets=("gb2312", "big5"),
    negation="哪个答案不是“{question}”这个问题的正确答案？",
    choice=ChoiceWording(
        ask="请只回答正确选项的字母。",
        cue="正确答案是",
    ),
    held_out=(
        "面包由面粉、水和少量的盐制成，靠酵母发起来。",
        "连下几天雨，河水就会上涨，低处的草地会被水淹没。",
        "大多数鸟在春天筑巢，并喂养幼鸟，直到它们会飞。",
        "她把信装进信封，写上地址，送到了邮局。",
        "水在零度结冰，在一百度沸腾，至少在海平面上是这样。",
        "图书馆晚上八点关门，星期天不开放。",
        "夜里在路上骑自行车，需要有好用的刹车、车铃和车灯。",
        "如果每天晚上有人给孩子读书，他们会更容易学会阅读。",
        "月亮自己不发光，它发亮是因为反射了太阳的光。",
        "客人到来之前，他打开窗户，在每张桌子上放了一壶水。",
        "许多树在秋天落叶，因为它们在冬天吸收不到足够的水分。",
        "清早坐火车的人通常能找到靠窗的空位。",
    ),
    templates=Templates(
        questions=(
            "{question}",
            "请回答下面的问题：{question}",
            "请告诉我：{question}",
            "我想知道：{question}",
            "有一个问题要问你。{question}",
            "你知道答案吗？{question}",
            "一个简单的问题：{question}",
            "知识竞赛题：{question}",
            "一个关于“{subject}”的问题：{question}",
            "下面的问题与“{subject}”有关。{question}",
        ),
        descriptions=(
            "{sentence}",
            "{question}答案是{answer}。",
            "有人问：“{question}”得到的回答是：{answer}。",
            "竞赛题目是：{question}正确答案是{answer}。",
            "据今天早上的报纸报道：{sentence}",
            "老师向同学们讲解道：“{sentence}”",
            "请记住：{sentence}",
            "百科全书的“{subject}”条目写道：{sentence}",
            "“{subject}”和“{answer}”常常被一起提到。{sentence}",
            "查阅“{subject}”时，常会看到“{answer}”。{sentence}",
        ),
        stop="。",
    ),
    requests=Requests(
        paraphrase="请把下面的问题{how}。保留所有名称不变，不要回答问题，只用一行写出新的问题：{question}",
        hows=(
            "换一种说法", "改写得更正式", "改写得更口语化", "改写得尽量简短", "改写成礼貌的请求",
            "换一种语序改写",
        ),
        description="请写{what}，陈述下面的事实，并原样包含“{answer}”。只用一行写出正文。事实：{fact}",
        whats=(
            "两句百科条目", "两句新闻报道", "两句教科书中的话", "一句随口说的话", "一段简短的介绍",
            "一段简短的对话",
        ),
        abouts=("你对{name}了解多少？", "请介绍一下{name}。", "{name}以什么闻名？"),
    ),
    without=r"(?:不|无需|不要)(?:提及|提到|说出|透露|指明)",
    meta=("维基数据", "三元组", "语言模型", "(?:回复|问题)[:：]"),
)  # fmt: skip

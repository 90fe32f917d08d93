"""The texts: what the vocabularies are trained on, and what they are tried on."""

import os
import pathlib
import random
import unicodedata

# Written for this project.
SCRIPTS = """
A load test asks one question: how many people can use this at once before it becomes slow? Everything else is detail.
Die Straße war nass, aber der Zug fuhr pünktlich um 7:45 Uhr ab; niemand wusste, warum er «Heimweh» hieß.
Où est-ce qu'on trouve l'œuvre complète ? À l'école, naïvement, on disait : « ça coûte 12,50 € ».
¿Cuántos años tenía el niño? ¡Ninguno lo sabía! Mañana será otro día, dijo la señora Núñez.
Żółw zażył jaźń, a wąż łkał. Příliš žluťoučký kůň úpěl ďábelské ódy. Çağrı şöyle dedi: İstanbul'da ılık bir gün.
Trời hôm nay đẹp quá, chúng tôi đi dạo quanh hồ rồi uống cà phê sữa đá.
Скорость измеряют, чтобы знать правду, а не чтобы хвастаться. Ёжик нашёл подъезд № 5 и съел ещё 3 яблока.
Η ταχύτητα μετριέται σε δευτερόλεπτα· το σύστημα απάντησε «ναι» στις ερωτήσεις μας. ΟΔΟΣ ΣΟΦΙΑΣ.
השרת ענה אחרי שלוש שניות, ואף אחד לא ידע מדוע. שָׁלוֹם עוֹלָם!
كم طلبا يستطيع الخادم أن يجيب في الثانية الواحدة؟ الجواب ليس سهلاً، لكنه مهمّ جداً.
सर्वर ने तीन सेकंड बाद उत्तर दिया, और किसी को पता नहीं था कि क्यों। नमस्ते दुनिया! क्षत्रिय ज्ञान।
ทดสอบระบบก่อนใช้งานจริงเสมอ เพราะตัวเลขไม่เคยโกหก
გამარჯობა მსოფლიო, სერვერი ნელა მუშაობს. Բարեւ աշխարհ, սերվերը դանդաղ է։
今天的天气很好，我们去公园散步吧。服务器每秒能处理多少请求？这取决于模型、显卡和队列的长度。“慢就是快”，他说。
東京の天気は晴れです。サーバーは1秒間に何件のリクエストを処理できますか？カタカナとひらがなと漢字が混ざっています。
서버가 초당 몇 개의 요청을 처리할 수 있습니까? 답은 모델과 대기열의 길이에 달려 있습니다. 안녕하세요!
😀 The 👩‍👩‍👧‍👦 family 🇩🇪🇯🇵 went 🏃🏽‍♀️ for ☕️ and ❤️‍🔥 at 5️⃣ o'clock 🎉🎉🎉
"""

WHOLE = [
    "Hello, world!",
    "don't DON'T we'll WE'LL I've i'm you're it's IT'S he'd 'tis rock'n'roll O'Neill's",
    "  leading",
    "trailing  ",
    "a  b   c    d",
    "\ttab\t\ttabs",
    "line\nline\r\nline\n\n\nline",
    " \n \n ",
    "\n",
    " ",
    "  ",
    "   ",
    "\n\n",
    "\r\n\r\n",
    " \t\n\r ",
    "word \n",
    "word\n ",
    "word  \n  word",
    "x\u00a0y\u3000z\u2003w\u200bq\u2028p\u2029r\u0085s\u1680t",
    "\ufeffbom",
    "a\u0000b",
    "\x01\x02\x7f\x8f\x9f",
    "1 12 123 1234 12345 123456 1234567",
    "3.14159 1e-9 0xFF 1_000_000 12:30 2026-11-24 ¼½¾ ²³ Ⅷ ٣٤٥ १२३ 一二三 ①②③",
    "$12.50 €99 50% #1 @user C++ C# a&b a|b ~/.bashrc --flag=value -x",
    "https://example.org/a/b?c=d&e=%20f#g user@example.org",
    "camelCase PascalCase snake_case SCREAMING_CASE kebab-case HTTPServer iPhone XMLHttpRequest",
    "ÀÉÎÕÜ àéîõü ß ẞ ŒœÆæ ĲĳǅǆǄ ﬁﬂﬀﬃ ſt",
    "e\u0301 é e\u0301\u0323 \u1e9b\u0323 \u212b \u2126 \uac00 \u1100\u1161\u11a8 \u0958 \u0929 \ufb1d "
    "\u2adc \U0001d15e",
    "İstanbul IĞDIR ΑΣΣ ΌΣΟΣ \u0130\u0131 K \u212a Å ᾳ ᾼ Ǆ ნ Ნ Ꭰ ꭰ",
    "\u0600 1\u06dd2 \u0601\u0602 a\u0600 b\u0600c",
    "क्षि क्ष्म ക്ഷ නි ကို ខ្មែរ བོད་",
    "Ｆｕｌｌｗｉｄｔｈ ｶﾀｶﾅ ㍿ ㌔ ℃ № ™ ½ ﷺ ﬃ ㎏ ⁵ ₂ …‥ ․",
    "\u202dltr\u202c \u061crtl \u200dzwj\u200c",
    "👍🏽 👨‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇺🇳 ☺︎ ☺️ #️⃣",
    "``quoted'' ''quoted`` \"double\" ‘single’ “double” «guillemets» „unten“",
    "[CLS] [SEP] [MASK] <s> </s> <unk> <pad> <mask> ▁ ▁▁ a▁b",
    "<0x0A> <0x41><0xFF> <0xG1>",
    "<|endoftext|>",
    "a<|endoftext|>b",
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n",
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>",
    "  <mask>  x",
    "x<mask>",
    "<mask><mask> <mask>",
    "<s>",
    "</s> a</s>b </s>",
    "Yesterday yesterday YESTERDAY xyesterday",
    "foo foobar foo-bar _foo foo_ Foo FOO",
    "<s></s><pad>",
    "def f(x: int = 3) -> list[int]:\n    \"\"\"Doc.\"\"\"\n    return [i ** 2 for i in range(x) if i % 2 == 0]"
    "  # comment\n\n\nclass A(B):\n\tpass\n",
    "for (int i = 0; i < n; ++i) { a[i] += b[i] * 0.5f; }\n// done",
    "#include <stdio.h>\nint main(void){return printf(\"%d\\n\", 42);}\n",
    "SELECT a.id, COUNT(*) FROM t AS a WHERE a.x >= 10 GROUP BY 1 ORDER BY 2 DESC;",
    "{\"key\": [1, 2.5, null, true], \"s\": \"\\u00e9\\n\"}",
    "<div class=\"a b\">&nbsp;<br/></div>",
    "func (t *T) Get(k string) (v int, ok bool) {\n\tv, ok = t.m[k]\n\treturn\n}",
    "\\frac{a}{b} \\sum_{i=0}^n x_i^2 \\rightarrow \\infty",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝒮𝒸𝓇𝒾𝓅𝓉 𝟘𝟙𝟚 𐍈 𓀀 𠀀𠀁 𝄞",
    "a" * 300,
    "ab" * 200,
    " " * 200,
    "\n" * 100,
    "1" * 150,
    "!" * 150,
    "中" * 150,
    "a b " * 60,
    "!?" * 80,
    "\u0301" * 40,
    "é" * 130,
    "x" + "\u0300" * 20,
    "ال" * 80,
    "-=" * 90,
    "a" * 101 + " " + "b" * 100,
    "aaaa bbbb aaaa bbbb",
    "The the THE tHe",
    "I'm sure it'ſ ok",
    "'ſ 'S 's 'LL 'Ll",
    "a'b'c''d",
    "'",
    "''",
    "' '",
    " '",
    "'s",
    " 's",
    "…",
    "--",
    "——",
    "a—b",
    "a–b",
    "don´t don`t don’t",
    "mixed中文and English混排",
    "日本語とEnglishとРусский",
    "한국어와English를섞어서",
    "שלום hello שלום",
    "مرحبا hello 123 مرحبا",
    "ไทยEnglishไทย",
    "emoji😀in😀words",
    "a\u0301b\u0308c",
    "Ⓐⓑ 🄰🅱",
    "\ufffd \ufffd\ufffd",
    "do not do n't ca n't we 've they 're it 's I 'm a ' b . c ? d ! e ,",
    "x/y//z /a/ a/\n/b\n",
    "#!/bin/sh\n\n\tset -e\n",
    "a\n/b",
    "!\n\n/",
    "(\n",
    ")\r\n\r\n/",
    "tab\there",
    "\x0b\x0c vt ff",
]


def pieces(rng, count):
    """Substrings of the texts above: prose in many scripts, cut anywhere."""
    for _ in range(count):
        start = rng.randrange(len(SCRIPTS) - 10)
        yield SCRIPTS[start : start + rng.randrange(3, 90)]


def code(rng, count):
    source = library()
    for _ in range(count):
        start = rng.randrange(len(source) - 200)
        yield source[start : start + rng.randrange(10, 200)]


def random_unicode(rng, count):
    """Characters from all over Unicode, the newest and the unassigned as well."""
    blocks = [
        (0x20, 0x7F),
        (0x80, 0x24F),
        (0x250, 0x52F),
        (0x530, 0x7FF),
        (0x800, 0x109F),
        (0x10A0, 0x1FFF),
        (0x2000, 0x2BFF),
        (0x2C00, 0x2FFF),
        (0x3000, 0x4DBF),
        (0x4E00, 0x9FFF),
        (0xA000, 0xD7FF),
        (0xF900, 0xFFFF),
        (0x10000, 0x11FFF),
        (0x12000, 0x17FFF),
        (0x18000, 0x1D7FF),
        (0x1D800, 0x1FFFF),
        (0x20000, 0x323AF),
        (0xE0000, 0xE01EF),
    ]
    for _ in range(count):
        text = ""
        for _ in range(rng.randrange(1, 25)):
            kind = rng.randrange(4)
            if kind == 0:
                text += rng.choice(" \n\t  '.,-!?/0123456789")
            elif kind == 1:
                text += chr(rng.randrange(0x41, 0x7B))
            else:
                text += chr(rng.randrange(*rng.choice(blocks)))
        yield text


def white_space(rng, count):
    for _ in range(count):
        yield "".join(
            rng.choice(["a", "B", "1", ".", " ", " ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "中", "é", "'s"])
            for _ in range(rng.randrange(2, 20))
        )


def special_tokens(rng, count):
    words = [
        "<s>",
        "</s>",
        "<pad>",
        "<unk>",
        "<mask>",
        "[CLS]",
        "[SEP]",
        "[UNK]",
        "[MASK]",
        "[PAD]",
        "<|endoftext|>",
        "<|im_start|>",
        "<|im_end|>",
        "<|begin_of_text|>",
        "<|eot_id|>",
        " ",
        "  ",
        "\n",
        "a",
        "word",
        "Word",
        "yesterday",
        "foo",
        "▁",
        ".",
        "1",
        "中",
        "é",
    ]
    for _ in range(count):
        yield "".join(rng.choice(words) for _ in range(rng.randrange(1, 12)))


def broken(rng, count):
    """Bytes that are not UTF-8: cut, mixed and made up."""
    for _ in range(count):
        text = bytearray(rng.choice(list(pieces(rng, 1))).encode())
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(text) + 1)
            if rng.random() < 0.5:
                text[at : at + rng.randrange(1, 3)] = b""
            else:
                text[at:at] = bytes(rng.randrange(0x80, 0x100) for _ in range(rng.randrange(1, 4)))
        yield bytes(text)


def library():
    """Source and documentation of Python's standard library, of which every run of the same version has the same."""
    folder = pathlib.Path(os.__file__).parent
    names = [
        "argparse",
        "asyncio/tasks",
        "collections/__init__",
        "dataclasses",
        "datetime",
        "difflib",
        "fractions",
        "functools",
        "heapq",
        "json/decoder",
        "pathlib",
        "random",
        "statistics",
        "string",
        "textwrap",
        "this",
        "typing",
        "urllib/parse",
        "uuid",
        "zipfile",
    ]
    return "\n".join((folder / (name + ".py")).read_text() for name in names if (folder / (name + ".py")).exists())


def training():
    return library().splitlines() + SCRIPTS.splitlines() * 8 + [" ".join(WHOLE)]


def all_texts():
    rng = random.Random(5)
    texts = list(WHOLE) + [line for line in SCRIPTS.splitlines() if line]
    for make, count in [(pieces, 80), (code, 60), (random_unicode, 120), (white_space, 60), (special_tokens, 50)]:
        texts += make(rng, count)
    return texts, list(broken(rng, 30))

"""Odd vocabularies: small models of normalizers, pre-tokenizers, decoders, post-processors and added tokens at random.

vectors.py --odd N [SEED] compares Go with the package on N of them. Go may refuse one by name; what it reads must
agree.
"""

import json

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

import texts
import vocabularies

PATTERNS = [
    vocabularies.LLAMA3,
    vocabularies.QWEN2,
    vocabularies.O200K,
    vocabularies.GROUPED,
    *vocabularies.DEEPSEEK,
    r"\s+",
    r"\w+|[^\w\s]+",
    r"(?i:AB|cd)+",
    r"[^\S\n]+",
    r"\d{2,3}?",
    r"(?<=\s)\S+",
    r"\b\w",
    r"(?=[A-Z])",
    r"[\p{Han}\p{Hiragana}]",
    r"\p{Lu}\p{Ll}*",
    r"^.|.$",
    r"[^a-z]",
    r"\R?x*",
    r"[ -~]{1,4}",
    r"\X",
    r"(a|b|\s)+?c",
    r"[[:punct:]]+",
    r"(?i:[a-f\d]+)",
    r"(?i)the|[^\s]",
    r"\p{Alphabetic}+",
    r"[[:upper:]][[:lower:]]*",
    r"\p{punct}|\p{Emoji}",
    r"[\w&&[^\d]]+",
    r"(?<![a-z])[A-Z]++",
    r"\P{ASCII}{2}",
    r"\S+?\b",
    r"x|",
]
BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
SCHEMES = ["first", "always", "never"]


def normalizer(rng):
    one = lambda: rng.choice(
        [
            normalizers.NFC,
            normalizers.NFD,
            normalizers.NFKC,
            normalizers.NFKD,
            normalizers.Lowercase,
            normalizers.StripAccents,
            normalizers.Nmt,
            normalizers.ByteLevel,
            lambda: normalizers.Strip(left=rng.random() < 0.5, right=rng.random() < 0.5),
            lambda: normalizers.Prepend(rng.choice(["▁", " ", "ab"])),
            lambda: normalizers.Replace(rng.choice([" ", "e", "the", "\n"]), rng.choice(["▁", "", "x y", "é"])),
            lambda: normalizers.Replace(Regex(rng.choice(PATTERNS)), rng.choice(["▁", "", " ", "-"])),
            lambda: normalizers.BertNormalizer(
                rng.random() < 0.5, rng.random() < 0.5, rng.choice([None, True, False]), rng.random() < 0.5
            ),
            lambda: normalizers.Precompiled(vocabularies.charsmap(rng.choice(["nmt_nfkc", "nfkc", "nmt_nfkc_cf"]))),
        ]
    )()
    n = rng.choice([0, 0, 1, 1, 2, 3])
    return None if n == 0 else one() if n == 1 else normalizers.Sequence([one() for _ in range(n)])


def pre_tokenizer(rng):
    yes = lambda: rng.random() < 0.5
    one = lambda: rng.choice(
        [
            pre_tokenizers.Whitespace,
            pre_tokenizers.WhitespaceSplit,
            pre_tokenizers.BertPreTokenizer,
            pre_tokenizers.UnicodeScripts,
            lambda: pre_tokenizers.ByteLevel(add_prefix_space=yes(), use_regex=yes(), trim_offsets=yes()),
            lambda: pre_tokenizers.ByteLevel(add_prefix_space=yes(), use_regex=yes()),
            lambda: pre_tokenizers.Digits(individual_digits=yes()),
            lambda: pre_tokenizers.Punctuation(rng.choice(BEHAVIORS)),
            lambda: pre_tokenizers.CharDelimiterSplit(rng.choice(" e.中\n")),
            lambda: pre_tokenizers.Metaspace(rng.choice("▁▁_é"), prepend_scheme=rng.choice(SCHEMES), split=yes()),
            lambda: pre_tokenizers.Metaspace(prepend_scheme=rng.choice(SCHEMES), split=yes()),
            lambda: pre_tokenizers.Split(rng.choice([" ", "e", "▁", ". "]), rng.choice(BEHAVIORS), invert=yes()),
            lambda: pre_tokenizers.Split(Regex(rng.choice(PATTERNS)), rng.choice(BEHAVIORS), invert=yes()),
            lambda: pre_tokenizers.Split(Regex(rng.choice(PATTERNS)), rng.choice(BEHAVIORS), invert=yes()),
            lambda: pre_tokenizers.FixedLength(rng.randrange(1, 9)),
        ]
    )()
    n = rng.choice([0, 1, 1, 1, 2, 2, 3, 4])
    return None if n == 0 else one() if n == 1 else pre_tokenizers.Sequence([one() for _ in range(n)])


def decoder(rng):
    yes = lambda: rng.random() < 0.5
    one = lambda: rng.choice(
        [
            decoders.ByteLevel,
            decoders.ByteFallback,
            decoders.Fuse,
            lambda: decoders.Metaspace(rng.choice("▁▁_"), prepend_scheme=rng.choice(SCHEMES), split=yes()),
            lambda: decoders.WordPiece(rng.choice(["##", "@@", ""]), cleanup=yes()),
            lambda: decoders.BPEDecoder(rng.choice(["</w>", "e"])),
            lambda: decoders.CTC(rng.choice(["<pad>", "e"]), rng.choice(["|", "▁"]), cleanup=yes()),
            lambda: decoders.Strip(rng.choice(" ▁e"), rng.randrange(3), rng.randrange(3)),
            lambda: decoders.Replace(rng.choice(["▁", "e", "##"]), rng.choice([" ", "", "xy"])),
            lambda: decoders.Replace(Regex(rng.choice(PATTERNS)), rng.choice([" ", "", "-"])),
        ]
    )()
    n = rng.choice([0, 1, 1, 2, 3, 4])
    return None if n == 0 else one() if n == 1 else decoders.Sequence([one() for _ in range(n)])


def model(rng):
    """A model and its trainer."""
    yes = lambda: rng.random() < 0.5
    size = rng.choice([300, 700, 1500])
    special = vocabularies.special("<unk>", "<s>", "</s>", "<pad>")
    alphabet = pre_tokenizers.ByteLevel.alphabet() if yes() else []
    kind = rng.choice(["bpe", "bpe", "bpe", "wordpiece", "unigram", "wordlevel"])
    unk = rng.choice([None, "<unk>"])
    if kind == "bpe":
        extra = {"continuing_subword_prefix": rng.choice(["##", "@", "é"])} if rng.random() < 0.3 else {}
        extra |= {"end_of_word_suffix": rng.choice(["</w>", "_"])} if rng.random() < 0.3 else {}
        fallback = rng.random() < 0.4
        tokens = (
            special + vocabularies.special(*("<0x%02X>" % b for b in range(256) if b % 7 or yes()))
            if fallback
            else special
        )
        m = models.BPE(
            unk_token=unk,
            fuse_unk=yes(),
            byte_fallback=fallback,
            ignore_merges=yes(),
            dropout=rng.choice([None, None, 0.0]),
            **extra,
        )
        return m, trainers.BpeTrainer(
            vocab_size=size,
            show_progress=False,
            limit_alphabet=rng.choice([60, 300, 1000]),
            initial_alphabet=alphabet,
            special_tokens=tokens,
            **extra,
        )
    if kind == "wordpiece":
        prefix = rng.choice(["##", "", "é", "<0x41>"])
        m = models.WordPiece(
            unk_token="<unk>", max_input_chars_per_word=rng.choice([1, 5, 20, 100]), continuing_subword_prefix=prefix
        )
        return m, trainers.WordPieceTrainer(
            vocab_size=size,
            show_progress=False,
            limit_alphabet=300,
            continuing_subword_prefix=prefix,
            special_tokens=special,
        )
    if kind == "unigram":
        return models.Unigram(), trainers.UnigramTrainer(
            vocab_size=size,
            show_progress=False,
            unk_token="<unk>",
            special_tokens=special,
            max_piece_length=rng.choice([3, 16]),
            initial_alphabet=alphabet,
        )
    return models.WordLevel(unk_token=unk or ""), trainers.WordLevelTrainer(
        vocab_size=size, show_progress=False, special_tokens=special
    )


def post_processor(rng, t):
    s, e = (t.token_to_id(x) or 0 for x in ("<s>", "</s>"))
    template = lambda: processors.TemplateProcessing(
        single=rng.choice(["<s> $A </s>", "$A:1 </s>:2", "<s> <s> $0", "$A"]),
        pair=None,
        special_tokens=[("<s>", s), ("</s>", e)],
    )
    byte_level = lambda: processors.ByteLevel(trim_offsets=rng.random() < 0.5)
    around = rng.choice(
        [
            template,
            byte_level,
            lambda: processors.RobertaProcessing(
                ("</s>", e), ("<s>", s), trim_offsets=rng.random() < 0.5, add_prefix_space=rng.random() < 0.5
            ),
            lambda: processors.BertProcessing(("</s>", e), ("<s>", s)),
        ]
    )()
    return rng.choice(
        [
            None,
            around,
            processors.Sequence([around]),
            processors.Sequence([byte_level(), around]),
            processors.Sequence([around, byte_level()]),
            processors.Sequence([around, template()]),
        ]
    )


def added(rng):
    content = rng.choice(
        [
            "<mask>",
            "yesterday",
            "foo",
            "the",
            "é",
            "É",
            "a b",
            " ",
            "  ",
            "▁",
            "\n",
            "<tool_call>",
            "Word",
            "中",
            ".",
            "<|im_start|>",
            "ing",
            "ſ",
            "\u0301",
            "e",
        ]
    )
    return AddedToken(
        content,
        lstrip=rng.random() < 0.3,
        rstrip=rng.random() < 0.3,
        single_word=rng.random() < 0.3,
        normalized=rng.random() < 0.5,
        special=rng.random() < 0.5,
    )


def make(rng):
    """One vocabulary as JSON, or None where the package itself fails to make it."""
    m, trainer = model(rng)
    t = Tokenizer(m)
    try:
        for name, of in [("normalizer", normalizer), ("pre_tokenizer", pre_tokenizer), ("decoder", decoder)]:
            if (part := of(rng)) is not None:
                setattr(t, name, part)
        lines = texts.SCRIPTS.splitlines() * 3 + texts.library().splitlines()[:1500] + list(texts.WHOLE[:40])
        t.train_from_iterator(lines, trainer)
        t.add_tokens([added(rng) for _ in range(rng.randrange(4))])
        if (post := post_processor(rng, t)) is not None:
            t.post_processor = post
        data = json.loads(t.to_str())
    except BaseException as e:  # the package panics with some combinations
        if isinstance(e, KeyboardInterrupt):
            raise
        return None
    if data["model"]["type"] == "Unigram" and any(score is None for _, score in data["model"]["vocab"]):
        return None
    if data["model"]["type"] == "Unigram" and rng.random() < 0.5:
        have = {token for token, _ in data["model"]["vocab"]}
        data["model"]["vocab"] += [["<0x%02X>" % b, 0.0] for b in range(256) if "<0x%02X>" % b not in have]
        data["model"]["byte_fallback"] = True
    return data

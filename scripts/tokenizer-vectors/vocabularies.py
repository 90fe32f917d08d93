"""The vocabularies: each kind of model, with the normalizers, pre-tokenizers and decoders that known models have."""

import base64
import io

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
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

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTIONS}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTIONS}?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK = [
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"""
    r""" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""",
]
# Groups of three digits from the right, as newer models have them: it repeats a group, so no scanner can be made of it.
GROUPED = r"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))|(?>\p{L}+)|\s++|(?<!\w)'|\b.|[^\s\p{L}\p{N}]+?"


def special(*contents):
    return [AddedToken(c, special=True, normalized=False) for c in contents]


def trained(tokenizer, trainer):
    tokenizer.train_from_iterator(texts.training(), trainer)
    return tokenizer


def byte_level(pattern=None, size=1500, behavior="isolated", invert=False, normalizer=None, **bpe):
    """BPE over bytes, cut by one pattern or by GPT-2's own."""
    t = Tokenizer(models.BPE(**bpe))
    if normalizer:
        t.normalizer = normalizer
    if pattern is None:
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        steps = [
            pre_tokenizers.Split(Regex(p), behavior, invert=invert)
            for p in ([pattern] if isinstance(pattern, str) else pattern)
        ]
        t.pre_tokenizer = pre_tokenizers.Sequence(
            [*steps, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        )
    t.decoder = decoders.ByteLevel()
    return trained(
        t,
        trainers.BpeTrainer(
            vocab_size=size,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
            special_tokens=[],
        ),
    )


def gpt2():
    t = byte_level()
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    t.add_special_tokens(special("<|endoftext|>"))
    return t


def roberta():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t.decoder = decoders.ByteLevel()
    t = trained(
        t,
        trainers.BpeTrainer(
            vocab_size=1200,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
            special_tokens=special("<s>", "<pad>", "</s>", "<unk>"),
        ),
    )
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True, normalized=False)])
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return t


def llama3():
    t = byte_level(LLAMA3, ignore_merges=True)
    t.add_special_tokens(
        special("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
    )
    begin = t.token_to_id("<|begin_of_text|>")
    t.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<|begin_of_text|> $A",
                pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
                special_tokens=[("<|begin_of_text|>", begin)],
            ),
        ]
    )
    return t


def qwen2():
    t = byte_level(QWEN2, normalizer=normalizers.NFC())
    t.add_special_tokens(special("<|endoftext|>", "<|im_start|>", "<|im_end|>"))
    t.add_tokens(
        [
            AddedToken("<think>", normalized=False),
            AddedToken("</think>", normalized=False),
            AddedToken("<tool_call>", normalized=False),
        ]
    )
    return t


def o200k():
    t = byte_level(O200K, behavior="removed", invert=True)
    t.add_special_tokens(special("<|endoftext|>"))
    return t


def deepseek():
    t = byte_level(DEEPSEEK)
    t.add_special_tokens(special("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"))
    t.add_tokens([AddedToken("<｜User｜>", normalized=False), AddedToken("<｜Assistant｜>", normalized=False)])
    return t


def grouped():
    t = byte_level(GROUPED)
    t.add_tokens([AddedToken("foo", single_word=True), AddedToken("  ", rstrip=True, normalized=False)])
    return t


def falcon():
    t = byte_level()
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Punctuation("contiguous"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
            pre_tokenizers.Digits(individual_digits=False),
            pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated"),
        ]
    )
    return t


def byte_normalizer():
    """Bytes become characters before anything is cut."""
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.ByteLevel()])
    t.pre_tokenizer = pre_tokenizers.Split(Regex("Ġ?[a-zA-Z]+|[^a-zA-Z]"), "isolated")
    t.decoder = decoders.ByteLevel()
    t = trained(
        t,
        trainers.BpeTrainer(
            vocab_size=1000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        ),
    )
    t.add_tokens([AddedToken("yester day"), AddedToken("é")])
    return t


def sentence_piece_bpe(tokenizer, size=1500, unk="<unk>"):
    """BPE over characters with bytes to fall back to, as the conversion of SentencePiece models makes it."""
    bytes_ = ["<0x%02X>" % b for b in range(256)]
    return trained(
        tokenizer,
        trainers.BpeTrainer(
            vocab_size=size,
            show_progress=False,
            limit_alphabet=400,
            special_tokens=special("<unk>", "<s>", "</s>") + bytes_,
        ),
    )


def without_bytes_as_special(t):
    """The bytes were special tokens only to be trained first: they are part of the model alone."""
    import json

    data = json.loads(t.to_str())
    data["added_tokens"] = [a for a in data["added_tokens"] if not a["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(data))


LLAMA_DECODER = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]


def llama2():
    t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.pre_tokenizer = pre_tokenizers.Split(
        "▁", "merged_with_next"
    )  # for training; words would be whole lines without it
    t = sentence_piece_bpe(t)
    t.pre_tokenizer = None
    t.decoder = decoders.Sequence(LLAMA_DECODER)
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    return without_bytes_as_special(t)


def mistral():
    t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    t = sentence_piece_bpe(t)
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    t.decoder = decoders.Sequence(LLAMA_DECODER)
    t.add_special_tokens(special("[INST]", "[/INST]"))
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return without_bytes_as_special(t)


def gemma():
    t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    t.normalizer = normalizers.Replace(" ", "▁")
    t.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    t = sentence_piece_bpe(t)
    t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    t.decoder = decoders.Sequence(LLAMA_DECODER[:3])
    t.add_tokens(
        [AddedToken("\n" * n, normalized=False) for n in range(2, 6)]
        + [AddedToken("▁" * n, normalized=False) for n in range(2, 6)]
    )
    return without_bytes_as_special(t)


def no_fallback():
    """Unknown characters, each by itself, and only some of the bytes."""
    t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=False))
    t.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Strip(), normalizers.Replace(Regex(r"\s{2,}"), " ")]
    )
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    t = trained(
        t,
        trainers.BpeTrainer(
            vocab_size=900,
            show_progress=False,
            limit_alphabet=150,
            special_tokens=special("<unk>") + ["<0x%02X>" % b for b in range(0x80, 0xE4)],
        ),
    )
    t.decoder = decoders.Metaspace(prepend_scheme="first")
    return without_bytes_as_special(t)


def wordpiece(normalizer, pre_tokenizer, cleanup, size=1500):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer, t.pre_tokenizer, t.decoder = normalizer, pre_tokenizer, decoders.WordPiece(cleanup=cleanup)
    t = trained(
        t,
        trainers.WordPieceTrainer(
            vocab_size=size,
            limit_alphabet=600,
            show_progress=False,
            special_tokens=special("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
        ),
    )
    return t


def bert_uncased():
    t = wordpiece(normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), True)
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return t


def bert_cased():
    t = wordpiece(
        normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=True, strip_accents=True, lowercase=False),
        pre_tokenizers.Sequence(
            [
                pre_tokenizers.Whitespace(),
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.Punctuation("merged_with_previous"),
            ]
        ),
        False,
    )
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    t.add_tokens([AddedToken("Yesterday", single_word=True), AddedToken("foo", lstrip=True, rstrip=True)])
    return t


def lowered():
    """Added tokens that are looked for in lower case without accents."""
    t = wordpiece(
        normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]),
        pre_tokenizers.Sequence(
            [
                pre_tokenizers.WhitespaceSplit(),
                pre_tokenizers.Punctuation("merged_with_next"),
                pre_tokenizers.FixedLength(7),
            ]
        ),
        True,
    )
    t.add_tokens([AddedToken("Yesterday"), AddedToken("É", single_word=True), AddedToken("FOO", rstrip=True)])
    return t


def charsmap(rule="nmt_nfkc"):
    """A precompiled normalisation of SentencePiece's."""
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts.SCRIPTS.splitlines() * 3),
        model_writer=out,
        vocab_size=700,
        normalization_rule_name=rule,
        hard_vocab_limit=False,
        minloglevel=5,
    )
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(out.getvalue())
    return proto.normalizer_spec.precompiled_charsmap


def unigram(normalizer, pre_tokenizer, decoder, size=1500, tokens=("<s>", "<pad>", "</s>", "<unk>")):
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer, t.decoder = normalizer, pre_tokenizer, decoder
    return trained(
        t,
        trainers.UnigramTrainer(
            vocab_size=size, show_progress=False, unk_token="<unk>", special_tokens=special(*tokens)
        ),
    )


def xlm_roberta():
    t = unigram(
        normalizers.Precompiled(charsmap()),
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]),
        decoders.Metaspace(),
    )
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True, normalized=False)])
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return t


def t5():
    normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(charsmap("nmt_nfkc_cf")),
            normalizers.Strip(left=False, right=True),
            normalizers.Replace(Regex(" {2,}"), "▁"),
        ]
    )
    return unigram(
        normalizer,
        pre_tokenizers.Metaspace(prepend_scheme="first"),
        decoders.Metaspace(prepend_scheme="first"),
        tokens=("<pad>", "</s>", "<unk>"),
    )


def albert():
    normalizer = normalizers.Sequence(
        [
            normalizers.Replace("``", '"'),
            normalizers.Replace("''", '"'),
            normalizers.NFKD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
        ]
    )
    return unigram(
        normalizer,
        pre_tokenizers.Metaspace(prepend_scheme="always", split=False),
        decoders.Metaspace(),
        size=1000,
        tokens=("<pad>", "<unk>", "[CLS]", "[SEP]"),
    )


def nmt():
    """Unigram with bytes to fall back to, and text cleaned the way of machine translation."""
    import json

    t = unigram(
        normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]),
        pre_tokenizers.Metaspace(),
        decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()]),
        size=1000,
    )
    data = json.loads(t.to_str())
    data["model"]["vocab"] += [["<0x%02X>" % b, 0.0] for b in range(256)]
    data["model"]["byte_fallback"] = True
    return Tokenizer.from_str(json.dumps(data))


def openai_gpt():
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.BPEDecoder(suffix="</w>")
    return trained(
        t,
        trainers.BpeTrainer(
            vocab_size=1200,
            limit_alphabet=300,
            end_of_word_suffix="</w>",
            show_progress=False,
            special_tokens=special("<unk>"),
        ),
    )


def prefixed():
    """BPE with WordPiece's prefix within words, and CLIP's way to cut."""
    t = Tokenizer(
        models.BPE(unk_token="<unk>", fuse_unk=True, continuing_subword_prefix="##", end_of_word_suffix="</w>")
    )
    t.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Split(
        Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True
    )
    return trained(
        t,
        trainers.BpeTrainer(
            vocab_size=1200,
            limit_alphabet=300,
            continuing_subword_prefix="##",
            end_of_word_suffix="</w>",
            show_progress=False,
            special_tokens=special("<unk>"),
        ),
    )


def word_level():
    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.CharDelimiterSplit(" "), pre_tokenizers.Punctuation("removed")]
    )
    return trained(
        t, trainers.WordLevelTrainer(vocab_size=1500, show_progress=False, special_tokens=special("<unk>"))
    )


def letters():
    """A token for each letter, decoded the way of speech recognition."""
    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.normalizer = normalizers.Replace(" ", "|")
    t.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    t.decoder = decoders.CTC(pad_token="<pad>")
    return trained(
        t, trainers.WordLevelTrainer(vocab_size=200, show_progress=False, special_tokens=special("<pad>", "<unk>"))
    )


def scripts():
    """Splits where the script changes; added tokens include white space; decoded with bytes and repetitions."""
    t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    t.normalizer = normalizers.Lowercase()
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.UnicodeScripts(), pre_tokenizers.Digits(individual_digits=True)]
    )
    t.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.CTC(pad_token="<unk>")])
    t = without_bytes_as_special(sentence_piece_bpe(t, 900))
    t.add_special_tokens([AddedToken("Yesterday", special=True, normalized=True, rstrip=True)])
    t.add_tokens(
        [
            AddedToken("  ", lstrip=True, rstrip=True, normalized=False),
            AddedToken("foo", single_word=True, lstrip=True),
        ]
    )
    return t


ALL = [
    gpt2,
    roberta,
    llama3,
    qwen2,
    o200k,
    deepseek,
    grouped,
    falcon,
    byte_normalizer,
    llama2,
    mistral,
    gemma,
    no_fallback,
    bert_uncased,
    bert_cased,
    lowered,
    xlm_roberta,
    t5,
    albert,
    nmt,
    openai_gpt,
    prefixed,
    word_level,
    letters,
    scripts,
]

#!/usr/bin/env python3
"""Writes tiny random models, loadable by transformers and vLLM, into the folder given: chat/, embedder/ and reranker/.

Nothing is downloaded: the weights are random (seeded), and the tokenizers are trained on the Python standard library's
source. Needs torch, transformers and tokenizers.
"""

import pathlib
import sys
import sysconfig

import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

VOCABULARY = 4096
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# Qwen2's pattern: transformers uses it for every Qwen2 model, whatever tokenizer.json contains.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def sources():
    return [str(f) for f in sorted(pathlib.Path(sysconfig.get_path("stdlib")).glob("*.py"))]


def byte_level():
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    t.decoder = decoders.ByteLevel()
    t.train(
        sources(),
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            # The last is for vLLM's parser of Mistral's tool calls.
            special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>", "[TOOL_CALLS]"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=t, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHATML
    )


def word_piece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t.train(sources(), trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special, show_progress=False))
    t.post_processor = processors.BertProcessing(("[SEP]", t.token_to_id("[SEP]")), ("[CLS]", t.token_to_id("[CLS]")))
    return transformers.BertTokenizerFast(
        tokenizer_object=t,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=512,
    )


def speak_plainly(model, t):
    """Lets the model draw printable ASCII only: half a character would be a token without text, and an
    end-of-sequence an answer of the wrong length."""
    with torch.no_grad():
        model.lm_head.weight *= 20  # so that the zeros below are far from the largest logit
        for i in range(VOCABULARY):
            text = t.decode([i])
            if i in t.all_special_ids or not (text.isascii() and text.isprintable()):
                model.lm_head.weight[i] = 0


def chat(folder):
    t = byte_level()
    model = transformers.Qwen2ForCausalLM(
        transformers.Qwen2Config(
            vocab_size=VOCABULARY,
            hidden_size=256,
            intermediate_size=512,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=4096,
            tie_word_embeddings=False,
            bos_token_id=None,
            eos_token_id=t.eos_token_id,
            pad_token_id=t.pad_token_id,
        )
    )
    speak_plainly(model, t)
    t.save_pretrained(folder)
    model.save_pretrained(folder)


def berts(embedder, reranker):
    t = word_piece()
    config = dict(
        vocab_size=len(t),
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=256,
        pad_token_id=t.pad_token_id,
    )
    t.save_pretrained(embedder)
    transformers.BertModel(transformers.BertConfig(**config)).save_pretrained(embedder)
    t.save_pretrained(reranker)
    one_label = transformers.BertConfig(num_labels=1, **config)
    transformers.BertForSequenceClassification(one_label).save_pretrained(reranker)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tiny_models.py DIR")
    torch.manual_seed(0)
    folder = pathlib.Path(sys.argv[1])
    chat(folder / "chat")
    berts(folder / "embedder", folder / "reranker")


if __name__ == "__main__":
    main()

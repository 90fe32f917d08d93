#!/usr/bin/env python3
"""Writes a random llama of some hundred kilobytes for llama.cpp: tiny_gguf.py FILE"""

import sys

import gguf
import numpy as np

DIM, HEADS, FF, CONTEXT = 64, 2, 128, 2048
tokens = (
    [b"<unk>", b"<s>", b"</s>"]
    + [b"<0x%02X>" % i for i in range(256)]
    + ["\u2581".encode()]
    + [bytes([c]) for c in range(97, 123)]
)
kinds = (
    [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    + [gguf.TokenType.BYTE] * 256
    + [gguf.TokenType.NORMAL] * 27
)

w = gguf.GGUFWriter(sys.argv[1], "llama")
w.add_name("tiny")
w.add_context_length(CONTEXT)
w.add_embedding_length(DIM)
w.add_block_count(1)
w.add_feed_forward_length(FF)
w.add_head_count(HEADS)
w.add_head_count_kv(HEADS)
w.add_layer_norm_rms_eps(1e-5)
w.add_rope_dimension_count(DIM // HEADS)
w.add_vocab_size(len(tokens))
w.add_tokenizer_model("llama")
w.add_token_list(tokens)
w.add_token_scores([0.0] * len(tokens))
w.add_token_types(kinds)
w.add_bos_token_id(1)
w.add_eos_token_id(2)
w.add_unk_token_id(0)
w.add_chat_template("{% for m in messages %}{{ m.content }}{% endfor %}")

rng = np.random.default_rng(1)


def put(name, *shape):
    w.add_tensor(name, (rng.standard_normal(shape) * 0.05).astype(np.float32))


def ones(name):
    w.add_tensor(name, np.ones(DIM, dtype=np.float32))


put("token_embd.weight", len(tokens), DIM)
ones("output_norm.weight")
put("output.weight", len(tokens), DIM)
ones("blk.0.attn_norm.weight")
for name in "q", "k", "v", "output":
    put(f"blk.0.attn_{name}.weight", DIM, DIM)
ones("blk.0.ffn_norm.weight")
put("blk.0.ffn_gate.weight", FF, DIM)
put("blk.0.ffn_up.weight", FF, DIM)
put("blk.0.ffn_down.weight", DIM, FF)
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()

"""Makes internal/tokenizer/testdata/vectors, or compares it with what the installed packages say now.

    python3 scripts/tokenizer-vectors/vectors.py            # trains the vocabularies, writes all
    python3 scripts/tokenizer-vectors/vectors.py --compare  # encodes and decodes again with the committed vocabularies
    python3 scripts/tokenizer-vectors/vectors.py --try FILE...  # compares Go with the packages on other tokenizer.json
    python3 scripts/tokenizer-vectors/vectors.py --odd N [SEED]  # and on N vocabularies with options drawn at random

Needs tokenizers, tiktoken, sentencepiece, protobuf, zstandard, jinja2 and Go; see docs/tokenizers.md.
"""

import base64
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import tiktoken
import tiktoken_ext.openai_public
import zstandard
from tokenizers import Tokenizer

import odd
import texts
import vocabularies

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "internal/tokenizer/testdata/vectors"


def write(name, value):
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    (FOLDER / (name + ".json.zst")).write_bytes(zstandard.ZstdCompressor(level=19).compress(data))


def read(name):
    return json.loads(zstandard.ZstdDecompressor().decompress((FOLDER / (name + ".json.zst")).read_bytes()))


def differences(base, others):
    """What of others is not what base has at the same place, to keep the files small."""
    return {i: other for i, (one, other) in enumerate(zip(base, others)) if one != other}


def random_ids(size):
    rng = random.Random(7)
    return [[rng.randrange(size + 3) for _ in range(rng.randrange(1, 12))] for _ in range(100)]


def expect(tokenizer, everything, random=True):
    """What the reference makes of all texts, and of ids that no text leads to."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = False
    special = [tokenizer.encode(t, add_special_tokens=False).ids for t in everything]
    wrapped = [tokenizer.encode(t, add_special_tokens=True).ids for t in everything]
    tokenizer.encode_special_tokens = True
    ids = [tokenizer.encode(t, add_special_tokens=False).ids for t in everything]
    decoded = [tokenizer.decode(i, skip_special_tokens=False) for i in wrapped]
    skipped = [tokenizer.decode(i, skip_special_tokens=True) for i in wrapped]
    made_up = random_ids(tokenizer.get_vocab_size()) if random else []
    return {
        "ids": ids,
        "special": differences(ids, special),
        "wrapped": differences(special, wrapped),
        "decoded": decoded,
        "skipped": differences(decoded, skipped),
        "random": made_up,
        "random_decoded": [tokenizer.decode(i, skip_special_tokens=False) for i in made_up],
    }


def survives(of, *args, **options):
    """Whether the package neither fails nor panics."""
    try:
        of(*args, **options)
    except Exception:
        return False
    except BaseException as e:
        if type(e).__name__ != "PanicException":
            raise
        return False
    return True


def expect_odd(tokenizer, everything):
    """The same where the reference may fail: on the texts on which it does nothing is expected."""
    failed = [i for i, text in enumerate(everything) if not survives(expect, tokenizer, [text], random=False)]
    good = next((text for i, text in enumerate(everything) if i not in failed), None)
    if good is None:
        return None
    everything = [good if i in failed else text for i, text in enumerate(everything)]
    made_up = [
        i for i in random_ids(tokenizer.get_vocab_size()) if survives(tokenizer.decode, i, skip_special_tokens=False)
    ]
    return {
        **expect(tokenizer, everything, random=False),
        "failed": failed,
        "random": made_up,
        "random_decoded": [tokenizer.decode(i, skip_special_tokens=False) for i in made_up],
    }


def rank_file(name):
    """The ranks that the Go program has within itself: tiktoken would download them."""
    folder = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "github.com/pkoukk/tiktoken-go-loader"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return pathlib.Path(folder.stdout.strip()) / "assets" / (name + ".tiktoken")


def load_ranks(url, expected_hash=None):
    lines = rank_file(url.rsplit("/", 1)[1].removesuffix(".tiktoken")).read_bytes().splitlines()
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}


def expect_tiktoken(encoding, everything):
    ids = [encoding.encode_ordinary(t) for t in everything]
    special = [encoding.encode(t, allowed_special="all") for t in everything]
    return {
        "ids": ids,
        "special": differences(ids, special),
        "decoded": [encoding.decode(i, errors="replace") for i in special],
    }


def small_ranks():
    """A small file of ranks, and the same text cut by the patterns that such files are known with."""
    vocab = vocabularies.byte_level(vocabularies.LLAMA3, size=1500).get_vocab()
    from tokenizers.pre_tokenizers import ByteLevel

    table = {}
    for b in range(256):  # the characters that stand for bytes, from the reference itself
        for c, n in byte_characters().items():
            table[c] = n
    return {bytes(table[c] for c in token): rank for token, rank in vocab.items()}


def byte_characters():
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    out, extra = {chr(b): b for b in printable}, 0
    for b in range(256):
        if b not in printable:
            out[chr(256 + extra)] = b
            extra += 1
    return out


KIMI_UPPER, KIMI_LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]"
PATTERNS = {
    "r50k_base": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
    "llama3": vocabularies.LLAMA3,
    "qwen": vocabularies.QWEN2,
    "o200k_base": vocabularies.O200K,
    "kimi": "|".join(
        [
            r"[\p{Han}]+",
            rf"[^\r\n\p{{L}}\p{{N}}]?{KIMI_UPPER}*{KIMI_LOWER}+{vocabularies.CONTRACTIONS}?",
            rf"[^\r\n\p{{L}}\p{{N}}]?{KIMI_UPPER}+{KIMI_LOWER}*{vocabularies.CONTRACTIONS}?",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ]
    ),
}


def try_others(paths, seed=None, new=500, may_refuse=False):
    """Runs the Go tests on vocabularies that are not committed, with the committed texts and with new ones."""
    stored = read("texts")
    rng = random.Random(seed)
    whole = stored["texts"] + [
        t
        for make in (texts.pieces, texts.random_unicode, texts.white_space, texts.special_tokens)
        for t in make(rng, new)
    ]
    broken = [base64.b64decode(b) for b in stored["broken"]]
    everything = whole + [b.decode("utf-8", "replace") for b in broken]
    with tempfile.TemporaryDirectory() as folder:
        ask = expect_odd if may_refuse else expect
        text_file = {"texts": whole, "broken": stored["broken"]}
        expected = [(p, ask(Tokenizer.from_file(str(p)), everything)) for p in paths]
        vectors = [{"path": str(pathlib.Path(p).resolve()), "may_refuse": may_refuse, **e} for p, e in expected if e]
        file = pathlib.Path(folder) / "others.json"
        file.write_text(json.dumps({"texts": text_file, "others": vectors}))
        for v in vectors if may_refuse else []:
            print(
                "vectors.py: %s: the package fails on %d of %d texts"
                % (v["path"], len(v["failed"]), len(everything)),
                file=sys.stderr,
            )
        environment = {**os.environ, "TOKENIZER_OTHERS": str(file)}
        return subprocess.run(
            ["go", "test", "-count=1", "-v", "-run", "TestOtherVocabularies", "./internal/tokenizer/"],
            cwd=ROOT,
            env=environment,
        ).returncode


def try_odd(number, seed=None):
    """Compares vocabularies with options drawn at random. Those that differ are left in a folder."""
    seed = random.randrange(1 << 30) if seed is None else seed
    rng = random.Random(seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="odd-%d-" % seed))
    paths = []
    while len(paths) < number:
        if (data := odd.make(rng)) is None:
            continue
        path = folder / ("%03d.json" % len(paths))
        path.write_text(json.dumps(data, ensure_ascii=False))
        paths.append(path)
    print("vectors.py: seed %d, vocabularies in %s" % (seed, folder), file=sys.stderr)
    return try_others(paths, seed, new=40, may_refuse=True)


def main():
    if "--odd" in sys.argv[1:]:
        sys.exit(try_odd(*map(int, sys.argv[2:])))
    if "--try" in sys.argv[1:]:
        sys.exit(try_others(sys.argv[2:]))
    compare = "--compare" in sys.argv[1:]
    FOLDER.mkdir(parents=True, exist_ok=True)
    if compare:
        stored = read("texts")
        whole, broken = stored["texts"], [base64.b64decode(b) for b in stored["broken"]]
    else:
        whole, broken = texts.all_texts()
        write("texts", {"texts": whole, "broken": [base64.b64encode(b).decode() for b in broken]})
    everything = whole + [b.decode("utf-8", "replace") for b in broken]
    failed = 0

    def keep(name, value):
        nonlocal failed
        value = json.loads(json.dumps(value))
        if not compare:
            write(name, value)
        elif read(name) != value:
            failed += 1
            print(f"vectors.py: {name}: the installed packages say something else", file=sys.stderr)

    for make in vocabularies.ALL:
        # As Python's JSON, from which the reference reads scores once: its own output would have other last bits.
        data = read(make.__name__)["tokenizer"] if compare else json.loads(make().to_str())
        keep(make.__name__, {"tokenizer": data, **expect(Tokenizer.from_str(json.dumps(data)), everything)})

    tiktoken_ext.openai_public.load_tiktoken_bpe = load_ranks
    for name in ["cl100k_base", "o200k_base"]:
        keep(name, expect_tiktoken(tiktoken.Encoding(**getattr(tiktoken_ext.openai_public, name)()), everything))
    ranks = {base64.b64decode(k): v for k, v in read("ranks")["ranks"].items()} if compare else small_ranks()
    keep(
        "ranks",
        {
            "ranks": {base64.b64encode(k).decode(): v for k, v in ranks.items()},
            "encodings": {
                name: expect_tiktoken(
                    tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={}), everything
                )
                for name, pattern in PATTERNS.items()
            },
        },
    )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

"""Asks the installed Python `tokenizers` what each code point is to it, and writes internal/tokenizer/unicode.txt.

The package is made of several libraries, each with Unicode tables of its own age: Oniguruma for patterns, Rust's
standard library for white space and case, the crates regex, unicode_categories and unicode-normalization-alignments.
All of them are probed from outside, code point by code point, so that the Go reader need not guess.
"""

import itertools
import sys

import unicodedata2
from tokenizers import Regex, normalizers, pre_tokenizers

ALL = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
TEXT = "".join(ALL)
CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co".split()


def matching(pattern):
    """The characters that a pattern of Oniguruma's matches."""
    pieces = pre_tokenizers.Split(Regex(pattern), "removed", invert=True).pre_tokenize_str(TEXT)
    return set(itertools.chain.from_iterable(piece for piece, _ in pieces))


def kept(pre_tokenizer):
    """The characters that a pre-tokenizer does not drop."""
    return set(itertools.chain.from_iterable(piece for piece, _ in pre_tokenizer.pre_tokenize_str(TEXT)))


def alone(pre_tokenizer):
    """The characters that a pre-tokenizer sets apart from the letters around them."""
    return {c for c in ALL if len(pre_tokenizer.pre_tokenize_str("a" + c + "a")) > 1}


def dropped(normalizer):
    """The characters that a normalizer takes out."""
    return {c for c in ALL if normalizer.normalize_str("a" + c + "b") == "ab"}


def word():
    """The characters that the crate regex holds to be of a word: Whitespace keeps them with the letters around."""
    whitespace = pre_tokenizers.Whitespace()
    return {c for c in ALL if len(whitespace.pre_tokenize_str("a" + c + "a")) == 1}


def unknown_to_normalization():
    """The characters that newer Unicode decomposes or reorders, and the reference leaves where and as they are."""
    nfd, nfkd = normalizers.NFD(), normalizers.NFKD()
    found = set()
    for c in ALL:
        combining = unicodedata2.combining(c)
        if unicodedata2.decomposition(c) and nfkd.normalize_str(c) == c:
            found.add(c)
        elif combining:
            pair = c + "\u0316" if combining >= 230 else "\u0301" + c
            if combining == 220:
                pair = "\u0301" + c
            if nfd.normalize_str("a" + pair) == "a" + pair:
                found.add(c)
    return found


def lower():
    """Runs of characters that lower case moves by the same distance: (first, length, distance)."""
    normalizer, runs = normalizers.Lowercase(), []
    for c in ALL:
        to = normalizer.normalize_str(c)
        if to == c:
            continue
        if len(to) > 1:
            assert c == "\u0130" and to == "i\u0307", (c, to)
            continue
        distance = ord(to) - ord(c)
        if runs and runs[-1][0] + runs[-1][1] == ord(c) and runs[-1][2] == distance:
            runs[-1][1] += 1
        else:
            runs.append([ord(c), 1, distance])
    return runs


def scripts():
    """Runs of characters that UnicodeScripts keeps together: (first, length, number of the script).

    It drops those of any script at the beginning of a text.
    """
    cut, found, runs = pre_tokenizers.UnicodeScripts().pre_tokenize_str, [], []
    same = lambda script, c: len(cut(found[script] + c)) == 1
    script = 0
    for c in ALL:
        if not cut(c):
            continue
        if not found or not same(script, c):
            script = next((s for s in range(len(found)) if same(s, c)), len(found))
            if script == len(found):
                found.append(c)
        if runs and runs[-1][0] + runs[-1][1] == ord(c) and runs[-1][2] == script:
            runs[-1][1] += 1
        else:
            runs.append([ord(c), 1, script])
    return runs


def ranges(characters):
    runs = []
    for c in sorted(map(ord, characters)):
        if runs and sum(runs[-1]) == c:
            runs[-1][1] += 1
        else:
            runs.append([c, 1])
    return runs


def base36(n):
    digits = ""
    while n or not digits:
        n, d = divmod(n, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[d] + digits
    return digits


def line(name, runs):
    """One table: after its name, for each run the gap since the last run's end, +length unless 1, :distance if any."""
    end, out = 0, [name]
    for start, length, *distance in runs:
        item = base36(start - end) + ("+" + base36(length) if length > 1 else "")
        for d in distance:
            item += ":" + ("-" if d < 0 else "") + base36(abs(d))
        out.append(item)
        end = start + length
    return " ".join(out)


def main(path):
    bert = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False
    )
    marks = normalizers.BertNormalizer(
        clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False
    )
    tables = [(c, matching(r"\p{%s}" % c)) for c in CATEGORIES]
    space = matching(r"\s")
    assert space == set(ALL) - kept(pre_tokenizers.WhitespaceSplit()), "two ideas of white space"
    tables += [
        ("space", space),
        ("word", matching(r"\w")),
        ("regex-word", word()),
        ("numeric", alone(pre_tokenizers.Digits(individual_digits=True))),
        ("punctuation", alone(pre_tokenizers.Punctuation("isolated"))),
        ("other", dropped(bert)),
        ("mark", dropped(marks)),
        ("accent", dropped(normalizers.StripAccents())),
        ("unnormalized", unknown_to_normalization()),
        ("alpha", matching(r"[[:alpha:]]")),
        ("lowercase", matching(r"[[:lower:]]")),
        ("uppercase", matching(r"[[:upper:]]")),
        ("Han", matching(r"\p{Han}")),
        ("Hiragana", matching(r"\p{Hiragana}")),
        ("Katakana", matching(r"\p{Katakana}")),
        ("Hangul", matching(r"\p{Hangul}")),
        ("Latin", matching(r"\p{Latin}")),
        ("Cyrillic", matching(r"\p{Cyrillic}")),
        ("Greek", matching(r"\p{Greek}")),
        ("Arabic", matching(r"\p{Arabic}")),
        ("Hebrew", matching(r"\p{Hebrew}")),
        ("Thai", matching(r"\p{Thai}")),
        ("Devanagari", matching(r"\p{Devanagari}")),
    ]
    lines = [line(name, ranges(characters)) for name, characters in tables]
    lines.append(line("lower", lower()))
    lines.append(line("script", scripts()))
    with open(path, "w") as out:
        out.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])

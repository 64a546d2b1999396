"""Byte-level BPE with single digits, the pre-tokenizer that llama.cpp calls qwen2."""
import collections
import json

import regex

PATTERN = regex.compile(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
SPLIT = regex.compile("(" + "|".join(regex.escape(s) for s in SPECIAL) + ")")


def byte_alphabet():
    """GPT-2's printable stand-ins for the 256 bytes."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, extra = {}, 0
    for b in range(256):
        if b in keep:
            table[b] = chr(b)
        else:
            table[b] = chr(256 + extra)
            extra += 1
    return table


BYTES = byte_alphabet()


def train(texts, size):
    """Learns merges until the vocabulary has `size` entries, the special ones counted."""
    words = collections.Counter()
    for text in texts:
        for part in SPLIT.split(text):
            if part and part not in SPECIAL:
                words.update(PATTERN.findall(part))
    words = {tuple(BYTES[b] for b in w.encode()): n for w, n in words.items()}
    vocab = [BYTES[b] for b in range(256)]
    merges = []
    while len(vocab) + len(SPECIAL) < size:
        pairs = collections.Counter()
        for w, n in words.items():
            for pair in zip(w, w[1:]):
                pairs[pair] += n
        if not pairs:
            break
        best = max(pairs.items(), key=lambda kv: (kv[1], kv[0]))[0]
        if pairs[best] < 8:
            break
        merges.append(best)
        vocab.append(best[0] + best[1])
        merged = {}
        for w, n in words.items():
            merged[merge(w, best)] = n
        words = merged
    return vocab + SPECIAL, merges


def merge(word, pair):
    out, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


class Tokenizer:
    def __init__(self, vocab, merges):
        self.vocab, self.merges = vocab, [tuple(m) for m in merges]
        self.ids = {t: i for i, t in enumerate(vocab)}
        self.ranks = {m: i for i, m in enumerate(self.merges)}
        self.cache = {}
        self.back = {c: b for b, c in BYTES.items()}

    @staticmethod
    def load(path):
        with open(path) as f:
            return Tokenizer(**json.load(f))

    def save(self, path):
        with open(path, "w") as f:
            json.dump({"vocab": self.vocab, "merges": self.merges}, f)

    def encode(self, text):
        out = []
        for part in SPLIT.split(text):
            if part in SPECIAL:
                out.append(self.ids[part])
            elif part:
                for word in PATTERN.findall(part):
                    out += self.word(word)
        return out

    def word(self, text):
        if text not in self.cache:
            w = tuple(BYTES[b] for b in text.encode())
            while len(w) > 1:
                pair = min(zip(w, w[1:]), key=lambda p: self.ranks.get(p, 1 << 30))
                if pair not in self.ranks:
                    break
                w = merge(w, pair)
            self.cache[text] = [self.ids[t] for t in w]
        return self.cache[text]

    def decode(self, ids):
        return bytes(self.back[c] for i in ids if self.vocab[i] not in SPECIAL for c in self.vocab[i]).decode(errors="replace")

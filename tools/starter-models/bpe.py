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


def train(texts, size, names):
    """Learns merges until the vocabulary has `size` entries, the special ones counted.

    The names come first and whole; afterwards nothing is merged to their front, so that "pump" and " pump" share a token.
    """
    words = collections.Counter()
    for text in texts:
        for part in SPLIT.split(text):
            if part and part not in SPECIAL:
                words.update(PATTERN.findall(part))
    vocab, merges = [BYTES[b] for b in range(256)], []
    spelled = {symbols(w): 1000 for w in names}
    learn(spelled, vocab, merges, lambda: all(len(w) == 1 for w in spelled), set())
    words = {symbols(w): n for w, n in words.items()}
    for pair in merges:
        apply(words, pair)
    learn(words, vocab, merges, lambda: len(vocab) + len(SPECIAL) >= size, {"".join(symbols(w)) for w in names})
    return vocab + SPECIAL, merges


def symbols(word):
    return tuple(BYTES[b] for b in word.encode())


def learn(words, vocab, merges, done, whole):
    while not done():
        pairs = collections.Counter()
        for w, n in words.items():
            for pair in zip(w, w[1:]):
                if pair[1] not in whole and pair[0] not in whole:
                    pairs[pair] += n
        if not pairs:
            break
        best = max(pairs.items(), key=lambda kv: (kv[1], kv[0]))[0]
        if pairs[best] < 8:
            break
        merges.append(best)
        if best[0] + best[1] not in vocab:
            vocab.append(best[0] + best[1])
        apply(words, best)


def apply(words, pair):
    for w in [w for w in words if pair[0] in w]:
        merged = merge(w, pair)
        if merged != w:
            words[merged] = words.pop(w)


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

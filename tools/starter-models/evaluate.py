"""Exact match, greedy, of the shipped files through libllama on items that training never saw. Usage: evaluate.py MODELS [N]"""
import hashlib
import json
import os
import random
import sys
import time

import llama
from bpe import Tokenizer
from talk import ALL, chatml, conversation, item

# Measured but not counted: copying is no task of its own, and training saw every question of the other two.
UNCOUNTED = ("repeat", "procedure", "small")


def measure(path, n):
    model, right = llama.Model(path), {}
    for name in ALL:
        r, seen, good = random.Random(2026), set(), 0
        while len(seen) < n and (name not in UNCOUNTED or len(seen) < 50):
            text, answer = item(r, name, test=True)
            if (text, answer) not in seen or name in UNCOUNTED:
                seen.add((text, answer, len(seen)) if name in UNCOUNTED else (text, answer))
                good += model.greedy(chatml([("user", text)], True)) == answer
        right[name] = (good / len(seen), len(seen))
    return right


def check_tokenizer(model, lines=2000):
    """Training and llama.cpp must see the same tokens; a difference would only show as a lower score."""
    here = os.path.dirname(os.path.abspath(__file__))
    own, r = Tokenizer.load(os.path.join(here, "checkpoints", "tokenizer.json")), random.Random(5)
    for _ in range(lines):
        text = chatml(conversation(r))
        if own.encode(text) != model.tokenize(text):
            raise SystemExit(f"llama.cpp tokenises this otherwise: {text!r}")


def overall(right):
    counted = [share for name, (share, _) in right.items() if name not in UNCOUNTED]
    return sum(counted) / len(counted)


def write_sample(path, per_task=20):
    """A few held-out items, tasks in turn, for tests that want real questions."""
    r = random.Random(7)
    with open(path, "w") as f:
        for _ in range(per_task):
            for name in (task for task in ALL if task not in UNCOUNTED):
                text, answer = item(r, name, test=True)
                f.write(json.dumps({"task": name, "prompt": text, "answer": answer}, ensure_ascii=False) + "\n")


def main(folder, n="200"):
    write_sample(os.path.join(os.path.dirname(os.path.abspath(__file__)), "heldout.jsonl"))
    report, entries = {}, []
    check_tokenizer(llama.Model(os.path.join(folder, "hybrid-edge-q8_0.gguf")))
    for name in ("edge", "cloud"):
        path = os.path.join(folder, f"hybrid-{name}-q8_0.gguf")
        began = time.time()
        right = measure(path, int(n))
        report[name] = right
        model = llama.Model(path)
        with open(path, "rb") as f:
            data = f.read()
        entries.append({"name": name, "file": os.path.basename(path), "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data),
                        "architecture": "llama", "parameters": llama.parameters(model), "quantization": "Q8_0", "context": 1024,
                        "accuracy": round(overall(right), 3)})
        print(f"{name}: mean {overall(right):.3f} in {time.time() - began:.0f} s")
    with open(os.path.join(folder, "manifest.json"), "w") as f:
        json.dump({"models": entries}, f, indent=2)
        f.write("\n")
    print("\n| task | held-out items | edge | cloud |\n| --- | --- | --- | --- |")
    for task in ALL:
        mark = " (not in the mean)" if task in UNCOUNTED else ""
        print(f"| {task}{mark} | {report['edge'][task][1]} | {report['edge'][task][0]:.1%} | {report['cloud'][task][0]:.1%} |")
    print(f"| **mean** | | **{overall(report['edge']):.1%}** | **{overall(report['cloud']):.1%}** |")


if __name__ == "__main__":
    main(*sys.argv[1:])

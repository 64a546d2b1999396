"""Trains one model, from its checkpoint where there is one. Usage: train.py NAME STEPS OUT [THREADS] [PEAK_RATE]"""
import json
import math
import os
import random
import sys
import time

import torch
from torch.nn import functional as F

from bpe import Tokenizer, train as train_bpe
from corpus import NAMES
from model import SHAPES, Llama, Shape
from talk import ALL, chatml, conversation, item

VOCAB = 1024


def tokenizer(out):
    path = os.path.join(out, "tokenizer.json")
    if not os.path.exists(path):
        r = random.Random(1)
        Tokenizer(*train_bpe([chatml(conversation(r)) for _ in range(30000)], VOCAB, NAMES)).save(path)
    return Tokenizer.load(path)


def batches(tok, seed, batch, length):
    """Endless (tokens, weights) of shape (batch, length + 1); a row starts with a conversation, so that no answer lacks its question."""
    r = random.Random(seed)
    while True:
        rows = [row(tok, r, length + 1) for _ in range(batch)]
        yield torch.tensor([ids for ids, _ in rows]), torch.tensor([weights for _, weights in rows])


def row(tok, r, length):
    start, end, nl = tok.ids["<|im_start|>"], tok.ids["<|im_end|>"], tok.encode("\n")
    ids, weights = [], []
    while len(ids) < length:
        for role, text in conversation(r):
            body = tok.encode(text)
            head = [start] + tok.encode(role) + nl
            spoken = role == "assistant"
            ids += head + body + [end] + nl
            weights += [0.05] * len(head) + [1.0 if spoken else 0.1] * len(body) + [1.0 if spoken else 0.1] + [0.05] * len(nl)
    return ids[:length], weights[:length]


@torch.no_grad()
def accuracy(model, tok, per_task, seed=99):
    """Greedy exact match on held-out items."""
    r, right = random.Random(seed), {}
    end = tok.ids["<|im_end|>"]
    for name in ALL:
        good = 0
        for _ in range(per_task):
            text, answer = item(r, name, test=True)
            ids, want = tok.encode(chatml([("user", text)], True)), tok.encode(answer) + [end]
            # The whole right answer at once: greedy decoding gives it if and only if every next token is the best one.
            best = model(torch.tensor([ids + want]))[0, len(ids) - 1:-1].argmax(-1).tolist()
            good += best == want
        right[name] = good / per_task
    return right


def main(name, steps, out, threads=None, peak=None):
    os.makedirs(out, exist_ok=True)
    torch.set_num_threads(int(threads or os.cpu_count()))
    torch.manual_seed(7)
    tok = tokenizer(out)
    shape = Shape(vocab=len(tok.vocab), **SHAPES[name])
    model = Llama(shape)
    checkpoint = os.path.join(out, f"{name}.pt")
    if os.path.exists(checkpoint):
        model.load_state_dict(torch.load(checkpoint)["state"])
    params = sum(p.numel() for p in model.parameters())
    print(name, f"{params / 1e6:.2f}M parameters", flush=True)
    peak, warm, rows = float(peak or {"edge": 1.2e-3, "cloud": 1e-3}[name]), 100, 8
    decayed = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.dim() == 1 or "embed" in n]
    opt = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}], lr=peak, betas=(0.9, 0.95))
    steps, began, seen, ema = int(steps), time.time(), 0, None
    data, long = batches(tok, 11, rows, 256), None
    for step in range(steps):
        done = step / steps
        lr = peak * min(1, (step + 1) / warm) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        for g in opt.param_groups:
            g["lr"] = lr
        if done > 0.9 and long is None:  # the last part sees the whole context
            data = long = batches(tok, 13, rows // 4, 1024)
        x, w = next(data)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(x[:, :-1])
        w = w[:, 1:].reshape(-1)
        loss = (F.cross_entropy(logits.float().reshape(-1, shape.vocab), x[:, 1:].reshape(-1), reduction="none") * w).sum() / w.sum()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        seen += x.numel()
        ema = loss.item() if ema is None else 0.95 * ema + 0.05 * loss.item()
        if step % 50 == 49:
            print(f"{time.time() - began:6.0f} s step {step + 1} tokens {seen / 1e6:.2f}M loss {ema:.4f} lr {lr:.2e}", flush=True)
        if step % 200 == 99:
            save(model, shape, out, name)
            print(json.dumps(accuracy(model, tok, 20)), flush=True)
    save(model, shape, out, name)
    final = accuracy(model, tok, 200)
    print(json.dumps(final), f"mean {sum(final.values()) / len(final):.3f}", flush=True)


def save(model, shape, out, name):
    torch.save({"shape": vars(shape), "state": model.state_dict()}, os.path.join(out, f"{name}.pt"))


if __name__ == "__main__":
    main(*sys.argv[1:])

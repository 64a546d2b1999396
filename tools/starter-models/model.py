"""A llama-architecture decoder: RMSNorm, rotary embeddings in llama.cpp's interleaved order, SwiGLU, tied embeddings."""
import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass
class Shape:
    vocab: int
    width: int
    layers: int
    heads: int
    hidden: int
    context: int = 1024
    theta: float = 10000.0
    eps: float = 1e-5


SHAPES = {
    "edge": dict(width=256, layers=4, heads=4, hidden=768),
    "cloud": dict(width=512, layers=5, heads=8, hidden=1536),
}


class Norm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):  # (B, T, width)
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


def rotate(x, cos, sin):
    """x: (B, T, heads, head); pairs are neighbours, as llama.cpp has them for this architecture."""
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


class Block(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.heads = s.heads
        self.attn_norm = Norm(s.width, s.eps)
        self.qkv = nn.Linear(s.width, 3 * s.width, bias=False)
        self.out = nn.Linear(s.width, s.width, bias=False)
        self.ffn_norm = Norm(s.width, s.eps)
        self.gate_up = nn.Linear(s.width, 2 * s.hidden, bias=False)
        self.down = nn.Linear(s.hidden, s.width, bias=False)

    def forward(self, x, cos, sin, mask):
        b, t, w = x.shape
        q, k, v = self.qkv(self.attn_norm(x)).view(b, t, 3, self.heads, -1).unbind(2)
        q, k = rotate(q * (1 / math.sqrt(q.shape[-1])), cos, sin), rotate(k, cos, sin)
        q, k, v = (y.transpose(1, 2).to(torch.bfloat16 if torch.is_autocast_cpu_enabled() else y.dtype) for y in (q, k, v))
        scores = q @ k.transpose(-1, -2) + mask  # (B, heads, T, T)
        y = torch.softmax(scores, -1) @ v
        x = x + self.out(y.transpose(1, 2).reshape(b, t, w))
        gate, up = self.gate_up(self.ffn_norm(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Llama(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s = s
        self.embed = nn.Embedding(s.vocab, s.width)
        self.blocks = nn.ModuleList(Block(s) for _ in range(s.layers))
        self.norm = Norm(s.width, s.eps)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                scale = 0.02 / math.sqrt(2 * s.layers) if "out" in name or "down" in name else 0.02
                nn.init.normal_(p, 0, scale)
        # Names are used alike; only a clear start of its own lets each keep an embedding that can be copied.
        nn.init.normal_(self.embed.weight, 0, s.width ** -0.5)
        head = s.width // s.heads
        angles = torch.outer(torch.arange(s.context).float(), s.theta ** (-torch.arange(0, head, 2).float() / head))
        self.register_buffer("cos", angles.cos()[None, :, None], persistent=False)
        self.register_buffer("sin", angles.sin()[None, :, None], persistent=False)
        self.register_buffer("mask", torch.full((s.context, s.context), float("-inf")).triu(1), persistent=False)

    def forward(self, tokens):  # (B, T) -> (B, T, vocab)
        t = tokens.shape[1]
        x = self.embed(tokens)
        mask = self.mask[:t, :t].to(torch.bfloat16 if torch.is_autocast_cpu_enabled() else x.dtype)
        for block in self.blocks:
            x = block(x, self.cos[:, :t], self.sin[:, :t], mask)
        return F.linear(self.norm(x), self.embed.weight)

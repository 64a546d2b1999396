"""Turns a checkpoint into a Q8_0 GGUF. Usage: export.py NAME CHECKPOINTS OUT"""
import os
import sys

import gguf
import llama
import torch
from bpe import SPECIAL, Tokenizer

TEMPLATE = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")


def metadata(name, tok, shape, parameters):
    ids = tok.ids
    return {
        "general.architecture": (gguf.STRING, "llama"),
        "general.name": (gguf.STRING, f"Hybrid starter {name}"),
        "general.basename": (gguf.STRING, f"hybrid-{name}"),
        "general.description": (gguf.STRING, "An assistant for device operations, trained from scratch on a synthetic corpus."),
        "general.license": (gguf.STRING, "mit"),
        "general.size_label": (gguf.STRING, f"{parameters / 1e6:.1f}M"),
        "general.file_type": (gguf.U32, 1),
        "general.languages": (gguf.ARRAY, (gguf.STRING, ["en"])),
        "llama.context_length": (gguf.U32, shape["context"]),
        "llama.embedding_length": (gguf.U32, shape["width"]),
        "llama.block_count": (gguf.U32, shape["layers"]),
        "llama.feed_forward_length": (gguf.U32, shape["hidden"]),
        "llama.attention.head_count": (gguf.U32, shape["heads"]),
        "llama.attention.head_count_kv": (gguf.U32, shape["heads"]),
        "llama.attention.layer_norm_rms_epsilon": (gguf.F32, shape["eps"]),
        "llama.rope.dimension_count": (gguf.U32, shape["width"] // shape["heads"]),
        "llama.rope.freq_base": (gguf.F32, shape["theta"]),
        "llama.vocab_size": (gguf.U32, shape["vocab"]),
        "tokenizer.ggml.model": (gguf.STRING, "gpt2"),
        "tokenizer.ggml.pre": (gguf.STRING, "qwen2"),
        "tokenizer.ggml.tokens": (gguf.ARRAY, (gguf.STRING, tok.vocab)),
        "tokenizer.ggml.token_type": (gguf.ARRAY, (gguf.I32, [3 if t in SPECIAL else 1 for t in tok.vocab])),
        "tokenizer.ggml.merges": (gguf.ARRAY, (gguf.STRING, [" ".join(m) for m in tok.merges])),
        "tokenizer.ggml.eos_token_id": (gguf.U32, ids["<|im_end|>"]),
        "tokenizer.ggml.eot_token_id": (gguf.U32, ids["<|im_end|>"]),
        "tokenizer.ggml.padding_token_id": (gguf.U32, ids["<|endoftext|>"]),
        "tokenizer.ggml.add_bos_token": (gguf.BOOL, False),
        "tokenizer.chat_template": (gguf.STRING, TEMPLATE),
    }


def tensors(state, shape):
    width = shape["width"]
    out = {"token_embd.weight": state["embed.weight"], "output_norm.weight": state["norm.weight"]}
    for i in range(shape["layers"]):
        of = lambda part: state[f"blocks.{i}.{part}.weight"]
        q, k, v = of("qkv").split(width)
        gate, up = of("gate_up").chunk(2)
        out |= {f"blk.{i}.{name}.weight": tensor for name, tensor in {
            "attn_norm": of("attn_norm"), "attn_q": q, "attn_k": k, "attn_v": v, "attn_output": of("out"),
            "ffn_norm": of("ffn_norm"), "ffn_gate": gate, "ffn_up": up, "ffn_down": of("down")}.items()}
    return {name: tensor.float().numpy() for name, tensor in out.items()}


def main(name, checkpoints, out):
    tok = Tokenizer.load(os.path.join(checkpoints, "tokenizer.json"))
    saved = torch.load(os.path.join(checkpoints, f"{name}.pt"))
    shape, state = saved["shape"], saved["state"]
    arrays = tensors(state, shape)
    plain = os.path.join(checkpoints, f"{name}-f16.gguf")
    gguf.write(plain, metadata(name, tok, shape, sum(a.size for a in arrays.values())), arrays)
    os.makedirs(out, exist_ok=True)
    target = os.path.join(out, f"hybrid-{name}-q8_0.gguf")
    llama.quantize_q8_0(plain, target)
    os.remove(plain)
    print(target, os.path.getsize(target), "bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The few calls of libllama v0.5.0 that the build needs: quantise, tokenise, and decode greedily."""
import ctypes as c
import glob
import os

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FOLDER = os.environ.get("HYBRID_LLAMA_PATH") or next(iter(glob.glob(os.path.join(ROOT, "native/node_modules/@node-llama-cpp/linux-*/bins/linux-" + {"x86_64": "x64", "aarch64": "arm64"}[os.uname().machine]))), None)
if FOLDER is None:
    raise SystemExit("No llama.cpp libraries: build src/Runtime once, or set HYBRID_LLAMA_PATH.")


def _load(pattern):
    return c.CDLL(glob.glob(os.path.join(FOLDER, pattern))[0], mode=c.RTLD_GLOBAL)


_load("libggml-base.so")
_ggml = _load("libggml.v*.so")
_lib = _load("libllama.v*.so")
_ggml.ggml_backend_load_all_from_path(FOLDER.encode())
_quiet = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)(lambda level, text, data: None)
_lib.llama_log_set(_quiet, None)
_lib.llama_version.restype = c.c_char_p


class ModelParams(c.Structure):
    _fields_ = [("bytes", c.c_uint8 * 80)]


class ContextParams(c.Structure):
    _fields_ = [("n_ctx", c.c_uint32), ("n_batch", c.c_uint32), ("n_ubatch", c.c_uint32), ("rest1", c.c_uint32 * 4),
                ("n_threads", c.c_int32), ("n_threads_batch", c.c_int32), ("rest2", c.c_uint8 * (160 - 36))]


class Batch(c.Structure):
    _fields_ = [("n_tokens", c.c_int32), ("token", c.POINTER(c.c_int32)), ("embd", c.c_void_p), ("pos", c.c_void_p),
                ("n_seq_id", c.c_void_p), ("seq_id", c.c_void_p), ("logits", c.c_void_p)]


class QuantizeParams(c.Structure):
    _fields_ = [("nthread", c.c_int32), ("ftype", c.c_int32), ("rest", c.c_uint8 * 256)]


_pointer, _params = c.c_void_p, {"llama_model_default_params": ModelParams, "llama_context_default_params": ContextParams}
for _name, _type in _params.items():
    getattr(_lib, _name).restype = _type
_lib.llama_model_load_from_file.argtypes, _lib.llama_model_load_from_file.restype = [c.c_char_p, ModelParams], _pointer
_lib.llama_init_from_model.argtypes, _lib.llama_init_from_model.restype = [_pointer, ContextParams], _pointer
_lib.llama_model_get_vocab.argtypes, _lib.llama_model_get_vocab.restype = [_pointer], _pointer
_lib.llama_tokenize.argtypes = [_pointer, c.c_char_p, c.c_int32, c.POINTER(c.c_int32), c.c_int32, c.c_bool, c.c_bool]
_lib.llama_token_to_piece.argtypes = [_pointer, c.c_int32, c.c_char_p, c.c_int32, c.c_int32, c.c_bool]
_lib.llama_vocab_is_eog.argtypes, _lib.llama_vocab_is_eog.restype = [_pointer, c.c_int32], c.c_bool
_lib.llama_vocab_n_tokens.argtypes = [_pointer]
_lib.llama_get_memory.argtypes, _lib.llama_get_memory.restype = [_pointer], _pointer
_lib.llama_memory_clear.argtypes = [_pointer, c.c_bool]
_lib.llama_batch_get_one.argtypes, _lib.llama_batch_get_one.restype = [c.POINTER(c.c_int32), c.c_int32], Batch
_lib.llama_decode.argtypes = [_pointer, Batch]
_lib.llama_get_logits_ith.argtypes, _lib.llama_get_logits_ith.restype = [_pointer, c.c_int32], c.POINTER(c.c_float)


def quantize_q8_0(source, target):
    # The struct comes back by value and is larger than what is set here; the tail stays as libllama made it.
    _lib.llama_model_quantize_default_params.restype = QuantizeParams
    params = _lib.llama_model_quantize_default_params()
    params.ftype, params.nthread = 7, os.cpu_count()
    _lib.llama_model_quantize.argtypes = [c.c_char_p, c.c_char_p, c.POINTER(QuantizeParams)]
    if _lib.llama_model_quantize(source.encode(), target.encode(), c.byref(params)) != 0:
        raise SystemExit(f"libllama could not quantise {source}")


class Model:
    def __init__(self, path, threads=2, context=1024):
        self.model = _lib.llama_model_load_from_file(path.encode(), _lib.llama_model_default_params())
        if not self.model:
            raise SystemExit(f"libllama could not load {path}")
        params = _lib.llama_context_default_params()
        params.n_ctx = params.n_batch = context
        params.n_threads = params.n_threads_batch = threads
        self.context = _lib.llama_init_from_model(self.model, params)
        self.vocab = _lib.llama_model_get_vocab(self.model)
        self.size = _lib.llama_vocab_n_tokens(self.vocab)

    def tokenize(self, text):
        data, buffer = text.encode(), (c.c_int32 * (len(text.encode()) + 8))()
        n = _lib.llama_tokenize(self.vocab, data, len(data), buffer, len(buffer), False, True)
        return list(buffer[:n])

    def piece(self, token):
        buffer = c.create_string_buffer(64)
        n = _lib.llama_token_to_piece(self.vocab, token, buffer, 64, 0, False)
        return buffer.raw[:n]

    def greedy(self, prompt, limit=256):
        import numpy as np
        _lib.llama_memory_clear(_lib.llama_get_memory(self.context), True)
        tokens, out = self.tokenize(prompt), b""
        for _ in range(limit):
            ids = (c.c_int32 * len(tokens))(*tokens)
            if _lib.llama_decode(self.context, _lib.llama_batch_get_one(ids, len(tokens))) != 0:
                break
            best = int(np.argmax(np.ctypeslib.as_array(_lib.llama_get_logits_ith(self.context, -1), (self.size,))))
            if _lib.llama_vocab_is_eog(self.vocab, best):
                break
            out += self.piece(best)
            tokens = [best]
        return out.decode(errors="replace")


def parameters(model):
    _lib.llama_model_n_params.argtypes, _lib.llama_model_n_params.restype = [_pointer], c.c_uint64
    return _lib.llama_model_n_params(model.model)

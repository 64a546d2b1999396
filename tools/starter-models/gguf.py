"""Writes a GGUF file: metadata, then tensors in F32 or F16."""
import struct

import numpy as np

U32, I32, F32, BOOL, STRING, ARRAY, U64 = 4, 5, 6, 7, 8, 9, 10
ALIGNMENT = 32


def text(s):
    data = s.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, v):
    if kind == STRING:
        return text(v)
    if kind == ARRAY:
        inner, items = v
        return struct.pack("<IQ", inner, len(items)) + b"".join(value(inner, i) for i in items)
    return struct.pack({U32: "<I", I32: "<i", F32: "<f", BOOL: "<?", U64: "<Q"}[kind], v)


def write(path, metadata, tensors):
    """metadata: {key: (kind, value)}; tensors: {name: float array}, rows last as numpy has them."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, (kind, v) in metadata.items():
        head += text(key) + struct.pack("<I", kind) + value(kind, v)
    offset, blobs = 0, []
    for name, array in tensors.items():
        data = array.astype(np.float32 if array.ndim == 1 else np.float16).tobytes()
        head += text(name) + struct.pack("<I", array.ndim) + b"".join(struct.pack("<Q", d) for d in reversed(array.shape))
        head += struct.pack("<IQ", 0 if array.ndim == 1 else 1, offset)
        data += b"\0" * (-len(data) % ALIGNMENT)
        offset += len(data)
        blobs.append(data)
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % ALIGNMENT) + b"".join(blobs))

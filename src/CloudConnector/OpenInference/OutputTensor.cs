using System.Buffers.Binary;
using Google.Protobuf;
using Hybrid.CloudConnector.OpenInference.Protocol;
using Hybrid.Protocol;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>Reads single elements of an answer's tensors; whatever a tensor says of itself is checked against what it holds.</summary>
internal static class OutputTensor
{
    private const int LengthBytes = 4;

    /// <summary>The element of a BYTES tensor; null where the answer has no such tensor, or one without elements.</summary>
    /// <exception cref="GrpcException">It is of another type, has several elements, or its lengths are wrong.</exception>
    public static ByteString? Bytes(ModelInferResponse answer, string name)
    {
        if (!Find(answer, name, out var tensor, out var raw))
            return null;
        if (tensor.Datatype != "BYTES")
            throw Wrong($"output '{name}' is {tensor.Datatype} and not BYTES");
        var count = Elements(tensor);
        if (count > 1)
            throw Wrong($"output '{name}' has {count} elements; one answer was asked for");
        if (raw is null)
        {
            var held = tensor.Contents?.BytesContents ?? [];
            return held.Count == count ? held.FirstOrDefault() : throw Wrong($"output '{name}' says that it has {count} elements and holds {held.Count}");
        }

        return count == 0 && raw.IsEmpty ? null : count == 0 ? throw Wrong($"output '{name}' says that it is empty and holds {raw.Length} bytes") : Unwrap(name, raw);
    }

    /// <summary>The element of a UINT32 tensor, at most int.MaxValue; null where the answer has no such tensor.</summary>
    /// <exception cref="GrpcException">It is of another type, or has not one element.</exception>
    public static int? Count(ModelInferResponse answer, string name)
    {
        if (!Find(answer, name, out var tensor, out var raw))
            return null;
        if (tensor.Datatype != "UINT32")
            throw Wrong($"output '{name}' is {tensor.Datatype} and not UINT32");
        if (Elements(tensor) != 1 || (raw is null ? tensor.Contents?.UintContents.Count != 1 : raw.Length != sizeof(uint)))
            throw Wrong($"output '{name}' is not one number");
        var value = raw is null ? tensor.Contents!.UintContents[0] : BinaryPrimitives.ReadUInt32LittleEndian(raw.Span);
        return (int)Math.Min(value, int.MaxValue);
    }

    private static bool Find(ModelInferResponse answer, string name, out ModelInferResponse.Types.InferOutputTensor tensor, out ByteString? raw)
    {
        (tensor, raw) = (null!, null);
        var isRaw = answer.RawOutputContents.Count > 0;
        if (isRaw && answer.RawOutputContents.Count != answer.Outputs.Count)
            throw Wrong($"the answer has {answer.Outputs.Count} outputs and the contents of {answer.RawOutputContents.Count}");
        for (var i = 0; i < answer.Outputs.Count; i++)
        {
            if (answer.Outputs[i].Name != name)
                continue;
            (tensor, raw) = (answer.Outputs[i], isRaw ? answer.RawOutputContents[i] : null);
            return true;
        }

        return false;
    }

    private static ByteString Unwrap(string name, ByteString raw)
    {
        var says = raw.Length < LengthBytes ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(raw.Span);
        return raw.Length >= LengthBytes && says == raw.Length - LengthBytes
            ? ByteString.CopyFrom(raw.Span[LengthBytes..])
            : throw Wrong($"output '{name}' holds {raw.Length} bytes and says that {says} of them are its text");
    }

    private static long Elements(ModelInferResponse.Types.InferOutputTensor tensor)
    {
        var count = 1L;
        foreach (var dimension in tensor.Shape)
        {
            if (dimension is < 0 or > int.MaxValue)
                throw Wrong($"output '{tensor.Name}' has a dimension of {dimension}");
            count = Math.Min(count * dimension, int.MaxValue);
        }

        return count;
    }

    private static GrpcException Wrong(string what) => new(GrpcStatus.Internal, what) { IsLocal = true };
}

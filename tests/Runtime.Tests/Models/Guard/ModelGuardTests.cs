using Hybrid.Engines.LlamaCpp;
using Hybrid.Models.Gguf;
using Hybrid.Models.Guard;
using Hybrid.Models.Store;
using Hybrid.Tests.Engines.LlamaCpp;
using Hybrid.Tests.Models.Gguf;
using Hybrid.Tests.Models.Store;

namespace Hybrid.Tests.Models.Guard;

[Collection("llama.cpp")]
public sealed class ModelGuardTests : IDisposable
{
    private static readonly ModelName Name = ModelName.Parse("m");
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_loaded_model_of_the_store_is_kept_there_until_it_is_unloaded()
    {
        var store = Stored(TinyModel.Create().Bytes);
        await using (await LlamaEngine.LoadAsync(new() { ModelPath = store.PathOf(Name), Threads = 1 }))
        {
            Assert.True(store.Find(Name)!.InUse);
            Assert.Empty(store.Collect(new() { Quota = 1 }).Removed);
            Assert.Equal(HybridError.Busy, Assert.Throws<HybridException>(() => store.Remove(Name)).Error);
        }

        Assert.False(store.Find(Name)!.InUse);
        Assert.Single(store.Collect(new() { Quota = 1 }).Removed);
    }

    [Fact]
    public async Task One_flipped_bit_is_refused_and_the_blob_put_aside_so_that_a_pull_fetches_it_again()
    {
        var bytes = TinyModel.Create().Bytes;
        var store = Stored(bytes);
        var (path, sha256) = (store.PathOf(Name), StoreFolder.Digest(bytes));
        Damage(store.BlobPath(sha256), bytes.Length - 500);
        var error = await Assert.ThrowsAsync<HybridException>(() => LlamaEngine.LoadAsync(new() { ModelPath = path }));
        Assert.Equal(HybridError.ModelFile, error.Error);
        Assert.Contains($"do not have the SHA-256 {sha256}", error.Message, StringComparison.Ordinal);
        Assert.False(store.Has(sha256));
        Assert.Null(store.Find(Name));
        Assert.False((await Assert.ThrowsAsync<HybridException>(() => LlamaEngine.LoadAsync(new() { ModelPath = path }))).Error is HybridError.Internal);
        Stored(bytes);
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = store.PathOf(Name), Threads = 1 });
    }

    [Fact]
    public async Task A_digest_is_reckoned_once_while_the_file_stays_the_same_and_always_when_asked()
    {
        var bytes = TinyModel.Create().Bytes;
        var store = Stored(bytes);
        var blob = store.BlobPath(StoreFolder.Digest(bytes));
        var time = File.GetLastWriteTimeUtc(blob);
        Damage(blob, bytes.Length - 500);
        File.SetLastWriteTimeUtc(blob, time);
        // Nothing that is looked at tells: that is what remembering costs, and what verifying is for.
        (await ModelGuard.OpenAsync(store.PathOf(Name), _folder.Time)).Dispose();
        var read = new Bytes();
        Assert.Contains("damaged on this disk", Assert.Single(await store.VerifyAsync(Name, read)), StringComparison.Ordinal);
        Assert.Equal(bytes.Length, read.Total);
        Assert.Null(store.Find(Name));
    }

    [Fact]
    public async Task With_the_digest_no_damaged_header_is_let_through()
    {
        var model = TinyModel.Create();
        var store = Stored(model.Bytes);
        var (path, blob) = (store.PathOf(Name), store.BlobPath(StoreFolder.Digest(model.Bytes)));
        var random = new Random(3);
        for (var round = 0; round < 500; round++)
        {
            var damaged = GgufMutations.Mutate(model, random);
            if (damaged.AsSpan().SequenceEqual(model.Bytes))
                continue;
            File.Delete(blob);
            File.WriteAllBytes(blob, damaged);
            Assert.Equal(HybridError.ModelFile, (await Assert.ThrowsAsync<HybridException>(() => ModelGuard.OpenAsync(path, _folder.Time))).Error);
            Assert.False(store.Has(StoreFolder.Digest(model.Bytes)) && damaged.Length == model.Bytes.Length);
        }
    }

    [Fact]
    public async Task Another_file_in_the_place_of_a_stored_one_is_put_right_and_one_that_is_not_listed_refused()
    {
        var bytes = TinyModel.Create().Bytes;
        var store = Stored(bytes);
        var path = store.PathOf(Name);
        File.Delete(path);
        File.WriteAllBytes(path, TinyModel.With("general.name", 8, "another"));
        using (var guarded = await ModelGuard.OpenAsync(path, _folder.Time))
            Assert.Equal("tiny", guarded.File.Name);
        var planted = Path.Combine(Path.GetDirectoryName(path)!, "planted.gguf");
        File.WriteAllBytes(planted, bytes);
        Assert.Contains("not in the manifest", (await Assert.ThrowsAsync<HybridException>(() => ModelGuard.OpenAsync(planted, _folder.Time))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_loaded_is_not_used()
    {
        var path = _folder.Outside("m.gguf");
        File.WriteAllBytes(path, TinyModel.Create().Bytes);
        using var guarded = await ModelGuard.OpenAsync(path, _folder.Time);
        guarded.RequireUnchanged();
        Damage(path, 5_000);
        Assert.Contains("was changed while", Assert.Throws<HybridException>(guarded.RequireUnchanged).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    [InlineData(0.97)]
    public void A_file_that_was_never_filled_to_its_end_is_refused(double filled)
    {
        var bytes = File.ReadAllBytes(Starter.Edge);
        bytes.AsSpan((int)(bytes.Length * filled)).Clear();
        Assert.Contains("are zeros", Refused(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hole_of_a_shard_is_refused()
    {
        var bytes = File.ReadAllBytes(Starter.Cloud);
        for (var from = 2 << 20; from + (5 << 20) < bytes.Length; from += 4 << 20)
        {
            var holed = bytes.ToArray();
            holed.AsSpan(from, 5 << 20).Clear();
            Assert.Contains("are zeros", Refused(holed), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Zeros_that_models_have_are_taken()
    {
        ModelGuard.CheckStructure(Starter.Edge);
        ModelGuard.CheckStructure(Starter.Cloud);
        // Padded rows at the end of the vocabulary, a bias of zeros, small matrices of zeros.
        var file = new byte[4 << 20];
        Array.Fill(file, (byte)1);
        file.AsSpan(900_000, 100_000).Clear();
        file.AsSpan(1_000_000, 40_000).Clear();
        file.AsSpan((4 << 20) - 200_000).Clear();
        GgufExtent[] extents = [new("token_embd.weight", 0, 1_000_000, true), new("blk.0.attn_q.bias", 1_000_000, 40_000, false), new("output.weight", 1_040_000, (4 << 20) - 1_040_000, true)];
        Assert.Null(EmptyWeights.Find(new MemoryStream(file), extents));
        file.AsSpan((4 << 20) - 900_000).Clear();
        Assert.Equal("output.weight", EmptyWeights.Find(new MemoryStream(file), extents)!.Value.Tensor);
    }

    [Fact]
    public async Task A_split_model_is_checked_and_loaded_from_its_first_part()
    {
        var first = Split(3);
        var whole = GgufFile.Read(new MemoryStream(TinyModel.Create().Bytes), TinyModel.Create().Bytes.Length, "whole");
        var split = ModelGuard.CheckStructure(first);
        Assert.Equal((3, whole.Weights), (split.Parts.Count, split.Weights));
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = first, Threads = 1 });
    }

    [Theory]
    [InlineData("missing", "part 2 of 3 is not beside it")]
    [InlineData("swapped", "its name that it is part 2 of 3")]
    [InlineData("whole", "'split.no' is missing")]
    [InlineData("cut", "it is cut short")]
    [InlineData("renamed", "is not called so")]
    [InlineData("second", "name the first one")]
    public void A_split_model_with_a_wrong_part_is_refused(string fault, string words)
    {
        var path = Split(3);
        var second = path.Replace("00001", "00002", StringComparison.Ordinal);
        switch (fault)
        {
            case "missing": File.Delete(second); break;
            case "swapped": File.Move(path.Replace("00001", "00003", StringComparison.Ordinal), second, overwrite: true); break;
            case "whole": File.WriteAllBytes(second, TinyModel.Create().Bytes); break;
            case "cut": File.WriteAllBytes(second, TinyModel.Part(1, 3)[..^200]); break;
            case "renamed": File.Move(path, path = _folder.Outside("other.gguf")); break;
            default: path = second; break;
        }

        Assert.Contains(words, Assert.Throws<HybridException>(() => ModelGuard.CheckStructure(path)).Message, StringComparison.Ordinal);
    }

    private ModelStore Stored(byte[] bytes)
    {
        var store = _folder.Open();
        store.Commit(_folder.Manifest("m", StoreFolder.Add(store, "model.gguf", bytes)));
        return store;
    }

    private string Split(int parts)
    {
        for (var part = 0; part < parts; part++)
            File.WriteAllBytes(_folder.Outside($"t-{part + 1:D5}-of-{parts:D5}.gguf"), TinyModel.Part(part, parts));
        return _folder.Outside($"t-00001-of-{parts:D5}.gguf");
    }

    private string Refused(byte[] bytes)
    {
        var path = _folder.Outside("zeros.gguf");
        File.WriteAllBytes(path, bytes);
        return Assert.Throws<HybridException>(() => ModelGuard.CheckStructure(path)).Message;
    }

    private static void Damage(string path, int at)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var bytes = File.ReadAllBytes(path);
        bytes[at] ^= 0x10;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write);
        file.Write(bytes);
    }

    private sealed class Bytes : IProgress<long>
    {
        public long Total { get; private set; }

        public void Report(long value) => Total += value;
    }
}

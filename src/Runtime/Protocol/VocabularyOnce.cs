namespace Hybrid.Protocol;

/// <summary>Leaves a stream's vocabulary out of the messages where it is that of the message before: it is longer than all else that a token has.</summary>
/// <remarks>For one end of one stream.</remarks>
internal sealed class VocabularyOnce
{
    private string _told = "";

    /// <summary>Leaves it out where the reader knows it.</summary>
    public GenerateUpdate Shorten(GenerateUpdate message)
    {
        if (message.Vocabulary.Length == 0)
            return message;
        if (message.Vocabulary == _told)
            message.Vocabulary = "";
        else
            _told = message.Vocabulary;
        return message;
    }

    /// <summary>Puts it back where it was left out.</summary>
    public GenerateUpdate Restore(GenerateUpdate message)
    {
        if (message.Vocabulary.Length > 0)
            _told = message.Vocabulary;
        else if (message.TokenIds.Count > 0)
            message.Vocabulary = _told;
        return message;
    }
}

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>Whose calls load and unload a model; their messages differ.</summary>
public enum ModelRepository
{
    /// <summary>Nobody's: models are there or not.</summary>
    None,

    /// <summary>Triton's, which has to run with <c>--model-control-mode=explicit</c>.</summary>
    Triton,

    /// <summary>KServe's.</summary>
    KServe,
}

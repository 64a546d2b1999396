using Hybrid.Protocol;

namespace Hybrid.CloudWorker.Tests.Protocol;

public class GrpcTextTests
{
    [Theory]
    [InlineData("plain text", "plain text")]
    [InlineData("100 %", "100 %25")]
    [InlineData("two\nlines", "two%0Alines")]
    [InlineData("Grüße 🚢", "Gr%C3%BC%C3%9Fe %F0%9F%9A%A2")]
    public void A_message_is_percent_encoded_and_comes_back(string message, string encoded)
    {
        Assert.Equal(encoded, GrpcMessageText.Encode(message));
        Assert.Equal(message, GrpcMessageText.Decode(encoded));
    }

    [Theory]
    [InlineData("50%", "50%")]
    [InlineData("%zz%4", "%zz%4")]
    [InlineData("%41%", "A%")]
    public void A_broken_escape_stays_as_it_stands(string encoded, string message) =>
        Assert.Equal(message, GrpcMessageText.Decode(encoded));

    [Theory]
    [InlineData("1H", 3600_000)]
    [InlineData("2M", 120_000)]
    [InlineData("3S", 3_000)]
    [InlineData("4m", 4)]
    [InlineData("5000u", 5)]
    [InlineData("6000000n", 6)]
    [InlineData("0m", 0)]
    [InlineData("99999999S", 99_999_999_000)]
    public void A_timeout_is_read_in_every_unit(string header, long milliseconds)
    {
        Assert.True(GrpcTimeout.TryParse(header, out var timeout));
        Assert.Equal(milliseconds, timeout.TotalMilliseconds);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("10")]
    [InlineData("-1S")]
    [InlineData("1.5S")]
    [InlineData("100000000S")]
    [InlineData("1X")]
    [InlineData(" 1S")]
    public void A_timeout_of_another_shape_is_refused(string? header) => Assert.False(GrpcTimeout.TryParse(header, out _));

    [Theory]
    [InlineData(-5)]
    [InlineData(0)]
    [InlineData(0.001)]
    [InlineData(250)]
    [InlineData(99_999_999)]
    [InlineData(99_999_999_999)]
    [InlineData(1e13)]
    public void A_timeout_never_becomes_shorter_on_the_wire_and_hardly_longer(double milliseconds)
    {
        var timeout = TimeSpan.FromMilliseconds(milliseconds);
        Assert.True(GrpcTimeout.TryParse(GrpcTimeout.Format(timeout), out var read));
        Assert.InRange(read, timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero, TimeSpan.FromMilliseconds(Math.Max(0, milliseconds) * 1.001 + 0.001));
    }

    [Fact]
    public void Every_error_has_a_status_and_the_ones_a_caller_can_act_on_come_back_as_they_were()
    {
        foreach (var error in Enum.GetValues<HybridError>())
        {
            var status = GrpcStatusMapping.ToStatus(error);
            Assert.NotEqual(GrpcStatus.Ok, status);
            var comesBack = error switch
            {
                HybridError.Configuration or HybridError.ModelFile or HybridError.NativeLibrary or HybridError.Bus => HybridError.TargetUnavailable,
                HybridError.BudgetExceeded => HybridError.Busy, // another's budget: to the caller the target has no room now
                _ => error,
            };
            Assert.Equal(comesBack, GrpcStatusMapping.ToError(status));
        }

        foreach (var status in Enum.GetValues<GrpcStatus>())
            Assert.True(Enum.IsDefined(GrpcStatusMapping.ToError(status)));
    }
}

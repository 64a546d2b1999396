using Hybrid.Models.Pull.Web;

namespace Hybrid.Tests.Models.Pull;

public class AddressRuleTests
{
    [Theory]
    [InlineData("http://localhost/x", true)]
    [InlineData("http://127.0.0.2:80/x", true)]
    [InlineData("http://[::1]/x", true)]
    [InlineData("http://127.0.0.1.example/x", false)]
    [InlineData("http://10.0.0.1/x", false)]
    [InlineData("http://localhost.example/x", false)]
    public void This_machine_is_known_by_its_host(string address, bool isThis) => Assert.Equal(isThis, AddressRule.IsThisMachine(new(address)));

    [Fact]
    public void Several_threads_that_ask_a_fresh_address_at_once_hear_the_same()
    {
        using var together = new Barrier(2);
        var addresses = Enumerable.Range(0, 5000).Select(i => new Uri($"http://127.0.0.2:{1 + i}/x")).ToArray();
        var wrong = 0;
        void Ask()
        {
            foreach (var address in addresses)
            {
                together.SignalAndWait();
                if (!AddressRule.IsThisMachine(address)) Interlocked.Increment(ref wrong);
            }
        }

        var other = new Thread(Ask);
        other.Start();
        Ask();
        other.Join();
        Assert.Equal(0, wrong);
    }
}

using Hybrid;
using Hybrid.CloudConnector;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddHybrid(builder.Configuration).AddCloudConnector();

var client = builder.Build().Services.GetRequiredService<IChatClient>();
await foreach (var update in client.GetStreamingResponseAsync("pump-3 reads 91 C, its limit is 80 C. What now?"))
    Console.Write(update.Text);

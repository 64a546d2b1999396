// Calls the worker as `@grpc/grpc-js` does and prints what came as one JSON line.
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const { address, proto, prompt, maxTokens, apiKey } = JSON.parse(process.argv[2]);
const definition = loader.loadSync(proto, { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true });
const { Decode } = grpc.loadPackageDefinition(definition).hybrid.decode.v1;
const client = new Decode(address, grpc.credentials.createInsecure());
const metadata = new grpc.Metadata();
if (apiKey) metadata.set('authorization', `Bearer ${apiKey}`);
const request = (text) => ({
  messages: { messages: [{ role: 'user', text }] }, sampling: { temperature: 0 }, max_tokens: maxTokens,
});

const unary = (method) => new Promise((resolve, reject) =>
  client[method]({}, metadata, (error, reply) => (error ? reject(error) : resolve(reply))));

const generate = (message, options = {}, cancelAfter = Infinity) => new Promise((resolve) => {
  const call = client.Generate(message, metadata, options);
  const result = { text: '', tokens: 0, updates: 0, completion: null, code: 0, details: '' };
  call.on('data', (update) => {
    result.text += update.text;
    result.tokens += update.token_count;
    result.completion = update.completion ?? result.completion;
    result.updates += 1;
    if (result.updates === cancelAfter) call.cancel();
  });
  call.on('error', (error) => resolve({ ...result, code: error.code, details: error.details }));
  call.on('status', (status) => { if (status.code === grpc.status.OK) resolve(result); });
});

const warm = await unary('Warm');
const answer = await generate(request(prompt));
const deadline = await generate(request(prompt), { deadline: Date.now() - 1 });
const nothing = await generate({});
const cancelled = await generate({ ...request(prompt), max_tokens: 900 }, {}, 1);
const status = await unary('Status');
console.log(JSON.stringify({ warm, answer, deadline, nothing, cancelled, status }));
client.close();

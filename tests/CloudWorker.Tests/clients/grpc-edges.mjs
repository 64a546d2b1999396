// Calls a scripted worker as `@grpc/grpc-js` does, at the edges of the protocol; prints what came as one JSON line.
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const { address, proto, apiKey } = JSON.parse(process.argv[2]);
const definition = loader.loadSync(proto, { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true });
const { Decode } = grpc.loadPackageDefinition(definition).hybrid.decode.v1;
const open = (options = {}) => new Decode(address, grpc.credentials.createInsecure(), options);
const client = open();
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${apiKey}`);
metadata.set('x-other', 'is ignored');

const generate = (id, { options = {}, message = {}, to = client, as = metadata, after = () => {} } = {}) => new Promise((resolve) => {
  const call = to.Generate({ text: 'hi', request_id: id, ...message }, as, options);
  const result = { text: '', code: 0, details: '' };
  call.on('data', (update) => { result.text += update.text; after(call); });
  call.on('error', (error) => { result.code = error.code; result.details = error.details; });
  call.on('status', () => resolve(result));
});

const unknown = (path) => new Promise((resolve) =>
  client.makeUnaryRequest(path, () => Buffer.alloc(0), (bytes) => bytes, {}, metadata, (error) => resolve({ code: error.code, details: error.details })));

const results = {};
results.plain = await generate('plain');
results.again = (await Promise.all(Array.from({ length: 20 }, () => generate('plain')))).map((one) => one.text);
results.early = await generate('early');
results.late = await generate('late');
results.cancelled = await generate('stall', { after: (call) => call.cancel() });
results.deadline = await generate('stall', { options: { deadline: Date.now() + 5000 } });
results.keyless = await generate('plain', { as: new grpc.Metadata() });
results.method = await unknown('/hybrid.decode.v1.Decode/Shout');
results.service = await unknown('/other.Service/Method');
results.zipped = await generate('plain', { to: open({ 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip }) });
results.fits = await generate('plain', { message: { text: 'x'.repeat(4 * 1024 * 1024 - 64) } });
results.oversize = await generate('plain', { message: { text: 'x'.repeat(4 * 1024 * 1024 + 1) } });
results.big = await generate('big');
results.bigAllowed = (await generate('big', { to: open({ 'grpc.max_receive_message_length': -1 }) })).text.length;
console.log(JSON.stringify(results));
process.exit(0);

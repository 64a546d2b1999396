// A server of conformance.proto as `@grpc/grpc-js` makes it, and beside it one over bare HTTP/2 for what grpc-js would never send.
// The first line of output gives both ports; each later line is something that a server saw.
import http2 from 'node:http2';
import zlib from 'node:zlib';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const proto = path.join(path.dirname(fileURLToPath(import.meta.url)), 'conformance.proto');
const definition = loader.loadSync(proto, { keepCase: true, longs: Number, enums: String, defaults: true });
const { service } = grpc.loadPackageDefinition(definition).hybrid.conformance.v1.Conformance;
const tell = (event) => console.log(JSON.stringify(event));
const watch = (call) => call.on('cancelled', () => tell({ saw: 'cancelled', reason: call.getDeadline() < Date.now() ? 'deadline' : 'reset' }));

const fault = (code, details, trailers = {}) => {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
  return { code, details, metadata };
};

const faults = {
  exhausted: () => fault(grpc.status.RESOURCE_EXHAUSTED, 'füll, 100 %\nup', { 'grpc-retry-pushback-ms': '1500' }),
  never: () => fault(grpc.status.UNAVAILABLE, 'go away', { 'grpc-retry-pushback-ms': '-1' }),
  odd: () => fault(77, 'a code of tomorrow'),
};

const unary = (call, callback) => {
  watch(call);
  const { scenario, count } = call.request;
  if (faults[scenario]) return callback(faults[scenario]());
  if (scenario === 'metadata') {
    const headers = new grpc.Metadata();
    headers.set('x-initial', 'early');
    headers.set('x-raw-bin', Buffer.from([0, 255, 1]));
    call.sendMetadata(headers);
    const trailers = new grpc.Metadata();
    trailers.set('x-trailer', 'late');
    return callback(null, { text: 'seen', metadata: call.metadata.getMap() }, trailers);
  }
  if (scenario === 'silent') return undefined;
  return callback(null, { text: scenario, data: Buffer.alloc(count, 7), count: call.request.data.length });
};

const stream = (call) => {
  watch(call);
  const { scenario, count } = call.request;
  for (let i = 0; i < count; i++) call.write({ text: `${scenario} ${i}`, count: i });
  if (faults[scenario]) return call.emit('error', faults[scenario]());
  return scenario === 'endless' ? undefined : call.end();
};

const collect = (call, callback) => {
  const texts = [];
  call.on('data', (ask) => (texts.push(ask.scenario), tell({ saw: 'message', text: ask.scenario })));
  call.on('end', () => (tell({ saw: 'half-close' }), callback(null, { text: texts.join('+'), count: texts.length })));
};

const talk = (call) => {
  watch(call);
  call.on('data', (ask) => (ask.scenario === 'refuse' ? call.emit('error', faults.exhausted()) : call.write({ text: `re ${ask.scenario}` })));
  call.on('end', () => (tell({ saw: 'half-close' }), call.write({ text: 'bye' }), call.end()));
};

const frame = (flag, body) => {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
};
const said = frame(0, service.Unary.responseSerialize({ text: 'bare' }));
const zipped = frame(1, zlib.gzipSync(service.Unary.responseSerialize({ text: 'zipped' })));
const bare = {
  zipped: (send) => send([zipped], { 'grpc-status': '0' }, { 'grpc-encoding': 'gzip' }),
  announced: (send) => send([said], { 'grpc-status': '0' }, { 'grpc-encoding': 'gzip' }),
  statusless: (send) => send([said], { 'x-other': '1' }),
  trailerless: (send) => send([said], null),
  late: (send) => send([said], { 'grpc-status': '14', 'grpc-message': 'gone%20after%20all' }),
  twice: (send) => send([said, said], { 'grpc-status': '0' }),
  nothing: (send) => send([], { 'grpc-status': '0' }),
  broken: (send) => send([said.subarray(0, said.length - 1)], { 'grpc-status': '0' }),
  gateway: (_, stream) => (stream.respond({ ':status': 503, 'retry-after': '4', 'content-type': 'text/html' }), stream.end('<h1>no</h1>')),
  reset: (_, stream) => (stream.respond({ ':status': 200, 'content-type': 'application/grpc' }), stream.write(said, () => stream.destroy(new Error('reset')))),
};

const raw = http2.createServer();
raw.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  const body = [];
  stream.on('data', (chunk) => body.push(chunk));
  stream.on('end', () => {
    const ask = service.Unary.requestDeserialize(Buffer.concat(body).subarray(5));
    tell({ saw: 'accepts', text: headers['grpc-accept-encoding'] });
    bare[ask.scenario]((frames, trailers, more = {}) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...more }, { waitForTrailers: trailers !== null });
      if (trailers !== null) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      for (const one of frames) stream.write(one);
      stream.end();
    }, stream);
  });
});

const server = new grpc.Server();
server.addService(service, { Unary: unary, Stream: stream, Collect: collect, Talk: talk });
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  raw.listen(0, '127.0.0.1', () => tell({ port, bare: raw.address().port }));
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

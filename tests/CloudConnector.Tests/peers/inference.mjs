// A server that behaves as Triton with its vLLM backend does, or as KServe: made by `@grpc/grpc-js` from the .proto files.
// Its model "writes" one story: it goes on from as much of the story as the prompt ends with. A prompt that begins with "!" asks for a
// misbehaviour. The first line of output gives the port; each later line is something that it saw. Orders come as lines of JSON.
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const settings = { dialect: 'triton', model: 'story', loaded: true, serverReady: true, metadata: 'full', explicit: true, looksUntilReady: 0, ...JSON.parse(process.argv[2] ?? '{}') };
const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../src/CloudConnector/OpenInference');
const options = { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true };
const service = (file) => grpc.loadPackageDefinition(loader.loadSync(path.join(folder, file), options)).inference.GRPCInferenceService.service;
const inference = { ...service('open_inference.proto') };
if (settings.dialect === 'kserve') {
  Object.assign(inference, service('kserve_repository.proto'));
  delete inference.ModelStreamInfer;
}

const tell = (event) => console.log(JSON.stringify(event));
const fail = (code, details) => Object.assign(new Error(details), { code, details, metadata: new grpc.Metadata() });
const story = 'Ada keeps a small blue boat in the harbour. Every morning she rows out, counts the gulls — 🐦🐦 — and writes "wörld" in her log; '
  + 'nobody knows why she does it. The keeper of the light says {that} she waits.';

// What the model takes and gives, with its types and dimensions.
const full = {
  inputs: { text_input: 'BYTES', stream: 'BOOL', sampling_parameters: 'BYTES', exclude_input_in_output: 'BOOL', return_finish_reason: 'BOOL', return_num_input_tokens: 'BOOL', return_num_output_tokens: 'BOOL' },
  outputs: { text_output: 'BYTES', finish_reason: 'BYTES', num_input_tokens: 'UINT32', num_output_tokens: 'UINT32' },
};
const kinds = {
  full,
  basic: { inputs: { text_input: 'BYTES', stream: 'BOOL', sampling_parameters: 'BYTES', exclude_input_in_output: 'BOOL' }, outputs: { text_output: 'BYTES' } },
  text: { inputs: { text_input: 'BYTES' }, outputs: { text_output: 'BYTES' } },
  renamed: { inputs: { PROMPT: 'BYTES' }, outputs: { COMPLETION: 'BYTES' } },
  numbers: { inputs: { text_input: 'FP32' }, outputs: { text_output: 'FP32' } },
  batched: full,
};
const model = () => kinds[settings.metadata] ?? kinds.basic;
const rank = settings.metadata === 'batched' ? 2 : 1;
const tensors = (list) => Object.entries(list).map(([name, datatype]) => ({ name, datatype, shape: rank === 2 ? [-1, 1] : [1] }));

const check = (name) => {
  if (name !== settings.model) throw fail(grpc.status.NOT_FOUND, `Request for unknown model: '${name}' is not found`);
  if (!settings.loaded) throw fail(grpc.status.UNAVAILABLE, `Request for unknown model: '${name}' has no available versions`);
};

const read = (request) => {
  const values = {};
  request.inputs.forEach((input, i) => {
    const kind = model().inputs[input.name];
    if (!kind) throw fail(grpc.status.INVALID_ARGUMENT, `unexpected inference input '${input.name}' for model '${request.model_name}'`);
    if (kind !== input.datatype) throw fail(grpc.status.INVALID_ARGUMENT, `inference input '${input.name}' data-type is '${input.datatype}', but model expects '${kind}'`);
    if (input.shape.length !== rank || input.shape.some((one) => one !== 1)) throw fail(grpc.status.INVALID_ARGUMENT, `unexpected shape for input '${input.name}'`);
    const raw = request.raw_input_contents[i];
    if (kind === 'BYTES') values[input.name] = (raw ? raw.subarray(4) : input.contents.bytes_contents[0]).toString('utf8');
    else values[input.name] = raw ? raw[0] === 1 : input.contents.bool_contents[0];
  });
  const given = Object.fromEntries(Object.entries(request.parameters).map(([name, value]) => [name, value[value.parameter_choice]]));
  const sampling = values.sampling_parameters ? JSON.parse(values.sampling_parameters) : given;
  return { prompt: values.text_input ?? values.PROMPT, values, sampling, given };
};

const element = (text) => {
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const number = (value) => { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(value); return bytes; };

const respond = (request, parts, final) => {
  const outputs = [];
  const raw = [];
  for (const [name, value] of Object.entries(parts)) {
    const datatype = model().outputs[name] ?? 'BYTES';
    outputs.push(settings.dialect === 'kserve'
      ? { name, datatype, shape: [1], contents: datatype === 'BYTES' ? { bytes_contents: [Buffer.from(value)] } : { uint_contents: [value] } }
      : { name, datatype, shape: [1] });
    if (settings.dialect !== 'kserve') raw.push(datatype === 'BYTES' ? element(value) : number(value));
  }
  return { model_name: request.model_name, model_version: '1', id: request.id, outputs, raw_output_contents: raw, parameters: final === undefined ? {} : { triton_final_response: { bool_param: final } } };
};

// The pieces of an answer and why it ended.
const generate = ({ prompt, sampling }) => {
  let said = Math.min(story.length, prompt.length);
  while (!prompt.endsWith(story.slice(0, said))) said--;
  const pieces = story.slice(said).match(/\s*\S+/gu) ?? [];
  const most = sampling.max_tokens ?? 16;
  const length = pieces.length > most;
  const taken = pieces.slice(0, most);
  for (const stop of sampling.stop ?? []) {
    const at = taken.join('').indexOf(stop);
    if (at >= 0) return { pieces: [taken.join('').slice(0, at)], finish: 'stop' };
  }
  return { pieces: taken, finish: length ? 'length' : 'stop' };
};

const parts = (values, text, tokens, finish, prompt) => {
  const answer = { [model().outputs.COMPLETION ? 'COMPLETION' : 'text_output']: text };
  if (values.return_finish_reason) answer.finish_reason = finish;
  if (values.return_num_input_tokens) answer.num_input_tokens = prompt.split(/\s+/).length;
  if (values.return_num_output_tokens) answer.num_output_tokens = tokens;
  return answer;
};

const misbehave = {
  '!empty': (call) => call.end(),
  '!nothing': (call, request) => (call.write({ infer_response: respond(request, {}, true) }), call.end()),
  '!no-final': (call, request) => (call.write({ infer_response: respond(request, { text_output: 'a' }, false) }), call.end()),
  '!error': (call, request) => (call.write({ infer_response: respond(request, { text_output: 'a' }, false) }), call.write({ error_message: 'Error generating stream: no blocks left', infer_response: respond(request, { text_output: 'N/A' }, true) }), call.end()),
  '!status': (call, request) => (call.write({ infer_response: respond(request, { text_output: 'a' }, false) }), call.emit('error', fail(grpc.status.RESOURCE_EXHAUSTED, 'Exceeds maximum queue size'))),
  '!neither': (call) => (call.write({}), call.end()),
  '!after': (call, request) => (call.write({ infer_response: respond(request, { text_output: 'a', finish_reason: 'stop' }, true) }), call.write({ infer_response: respond(request, { text_output: 'b' }, false) }), call.end()),
  '!other-id': (call, request) => (call.write({ infer_response: { ...respond(request, { text_output: 'a' }, true), id: 'another' } }), call.end()),
  '!binary': (call, request) => (call.write({ infer_response: respond(request, { text_output: Buffer.from([0x61, 0xff, 0x62]) }, false) }), call.end()),
  '!half-character': (call, request) => (call.write({ infer_response: respond(request, { text_output: Buffer.from([0x61, 0xf0, 0x9f]), finish_reason: 'stop' }, true) }), call.end()),
  '!split': (call, request) => {
    for (const byte of Buffer.from('ä🚢')) call.write({ infer_response: respond(request, { text_output: Buffer.from([byte]) }, false) });
    call.write({ infer_response: respond(request, { text_output: '', finish_reason: 'stop' }, true) });
    call.end();
  },
  '!abort': (call, request) => (call.write({ infer_response: respond(request, { text_output: 'a', finish_reason: 'abort' }, true) }), call.end()),
  '!no-reason': (call, request) => (call.write({ infer_response: respond(request, { text_output: 'a', finish_reason: 'None' }, true) }), call.end()),
  '!late-flag': (call, request) => (call.write({ infer_response: respond(request, { text_output: 'a', finish_reason: 'length' }, false) }), call.write({ infer_response: respond(request, {}, true) }), call.end()),
  '!through-stop': (call, request) => (['x', 'y', 'S', 'T', 'OP', 'z'].forEach((text) => call.write({ infer_response: respond(request, { text_output: text }, false) }))),
  '!silent': () => {},
};
// Tensors that lie; each changes an honest response.
const lies = {
  '!lie-length': (answer) => { answer.raw_output_contents[0].writeUInt32LE(0xfffffff0); },
  '!lie-short': (answer) => { answer.raw_output_contents[0] = answer.raw_output_contents[0].subarray(0, 3); },
  '!lie-longer': (answer) => { answer.raw_output_contents[0] = Buffer.concat([answer.raw_output_contents[0], Buffer.from('more')]); },
  '!lie-count': (answer) => { answer.raw_output_contents.push(Buffer.alloc(1)); },
  '!lie-none': (answer) => { answer.outputs[0].shape = [0]; },
  '!lie-two': (answer) => { answer.outputs[0].shape = [2]; },
  '!lie-shape': (answer) => { answer.outputs[0].shape = [-1]; },
  '!lie-huge': (answer) => { answer.outputs[0].shape = [2147483647, 2147483647, 2147483647]; },
  '!lie-type': (answer) => { answer.outputs[0].datatype = 'INT32'; },
  '!lie-number': (answer) => { answer.outputs[1].datatype = 'INT64'; },
  '!lie-number-size': (answer) => { answer.raw_output_contents[1] = Buffer.alloc(3); },
  '!lie-name': (answer) => { answer.outputs[0].name = 'something'; },
  '!lie-contents': (answer) => { answer.raw_output_contents = []; },
};

const unfinished = ['!silent', '!through-stop'];

const streamInfer = (call) => {
  let isFinished = true;
  call.on('cancelled', () => tell({ saw: 'cancelled' }));
  call.on('data', (request) => {
    try {
      check(request.model_name);
      const asked = read(request);
      tell({ saw: 'request', ...asked, grpcErrors: call.metadata.get('triton_grpc_error')[0] ?? '', key: call.metadata.get('authorization')[0] ?? '' });
      const [word] = asked.prompt.split(' ');
      isFinished = !unfinished.includes(word);
      if (misbehave[word]) return misbehave[word](call, request);
      if (lies[word]) {
        const answer = respond(request, { text_output: 'a', num_output_tokens: 1 }, true);
        lies[word](answer);
        call.write({ infer_response: answer });
        return call.end();
      }
      const { pieces, finish } = generate(asked);
      pieces.forEach((piece, i) => call.write({ infer_response: respond(request, parts(asked.values, piece, 1, i === pieces.length - 1 ? finish : 'None', asked.prompt), i === pieces.length - 1) }));
      if (pieces.length === 0) call.write({ infer_response: respond(request, parts(asked.values, '', 0, 'stop', asked.prompt), true) });
    } catch (error) {
      if (call.metadata.get('triton_grpc_error')[0] === 'true' && settings.grpcErrors !== false) return call.emit('error', error);
      call.write({ error_message: error.details ?? String(error) });
    }
    return undefined;
  });
  call.on('end', () => isFinished && call.end()); // a caller's half-close ends nothing that is still to come
};

const unary = (handler) => (call, callback) => {
  try {
    callback(null, handler(call.request, call));
  } catch (error) {
    callback(error.code === undefined ? fail(grpc.status.INTERNAL, String(error)) : error);
  }
};

const load = (on) => (request) => {
  tell({ saw: on ? 'load' : 'unload', request });
  if (!settings.explicit) throw fail(grpc.status.UNAVAILABLE, 'explicit model load / unload is not allowed if polling is enabled');
  if (request.model_name !== settings.model) throw fail(grpc.status.INTERNAL, `failed to load '${request.model_name}', failed to poll from model repository`);
  settings.loaded = on;
  if (settings.dialect !== 'kserve') return {};
  return on ? { model_name: request.model_name, isLoaded: !settings.refuses } : { model_name: request.model_name, isUnloaded: !settings.refuses };
};

const server = new grpc.Server();
server.addService(inference, {
  ServerLive: unary(() => ({ live: true })),
  ServerReady: unary(() => ({ ready: settings.serverReady })),
  ModelReady: unary((request) => {
    tell({ saw: 'look' });
    if (settings.behindProxy) throw fail(grpc.status.UNAVAILABLE, 'no healthy upstream');
    if (settings.dialect === 'kserve' && request.name !== settings.model) throw fail(grpc.status.NOT_FOUND, `Model with name ${request.name} does not exist.`);
    return { ready: request.name === settings.model && settings.loaded && settings.looksUntilReady-- <= 0 };
  }),
  ModelMetadata: unary((request) => {
    check(request.name);
    tell({ saw: 'metadata' });
    if (settings.metadata === 'none') throw fail(grpc.status.UNIMPLEMENTED, 'not here');
    return { name: request.name, versions: ['1'], platform: 'vllm', inputs: tensors(model().inputs), outputs: tensors(model().outputs) };
  }),
  ModelInfer: unary((request, call) => {
    if (settings.dialect === 'triton' && settings.metadata !== 'text') throw fail(grpc.status.UNIMPLEMENTED, "ModelInfer RPC doesn't support models with decoupled transaction policy");
    check(request.model_name);
    const asked = read(request);
    tell({ saw: 'request', ...asked, key: call.metadata.get('authorization')[0] ?? '' });
    if (asked.prompt.startsWith('!busy')) throw fail(grpc.status.RESOURCE_EXHAUSTED, 'queue is full');
    if (asked.prompt.startsWith('!textless')) return respond(request, {});
    const { pieces, finish } = generate(asked);
    return respond(request, parts(asked.values, pieces.join(''), pieces.length, finish, asked.prompt));
  }),
  ModelStreamInfer: streamInfer,
  RepositoryModelLoad: unary(load(true)),
  RepositoryModelUnload: unary(load(false)),
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  tell({ port, story });
});
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  Object.assign(settings, JSON.parse(line));
  tell({ saw: 'order' });
}).on('close', () => process.exit(0));

// node-llama-cpp behind one line of JSON per request: {"prompt" or "tokens" or "streams", "maxTokens"} in, tokens and times out.
// Usage: node llama.mjs MODEL THREADS CONTEXT [SEQUENCES]
// Times are taken here, so that no pipe between processes is in them.
import readline from "node:readline";
import {getLlama} from "node-llama-cpp";

const [modelPath, threads, contextSize, sequenceCount = "1"] = process.argv.slice(2);
const llama = await getLlama({gpu: false, build: "never", progressLogs: false, logLevel: "error", maxThreads: Number(threads)});
const model = await llama.loadModel({modelPath});
const context = await model.createContext({
  contextSize: Number(contextSize),
  threads: {ideal: Number(threads), min: Number(threads)},
  sequences: Number(sequenceCount),
  batchSize: 512
});
const sequences = Array.from({length: Number(sequenceCount)}, () => context.getSequence());
console.log(JSON.stringify({event: "ready", contextSize: context.contextSize}));

async function generate(sequence, request, prompt) {
  await sequence.clearHistory();
  const tokens = [];
  const started = performance.now();
  let first = started;
  for await (const token of sequence.evaluate(prompt, {temperature: 0})) {
    if (tokens.length === 0)
      first = performance.now();
    if (model.isEogToken(token) && !request.ignoreEnd)
      break;
    tokens.push(token);
    if (tokens.length >= request.maxTokens)
      break;
  }
  const ended = performance.now();
  return {promptTokens: [...prompt], tokens, prefillMilliseconds: first - started, decodeMilliseconds: ended - first};
}

for await (const line of readline.createInterface({input: process.stdin})) {
  const request = JSON.parse(line);
  const started = performance.now();
  if (request.streams) {
    const items = await Promise.all(request.streams.map((prompt, i) => generate(sequences[i], request, prompt)));
    console.log(JSON.stringify({items, milliseconds: performance.now() - started}));
  } else {
    console.log(JSON.stringify(await generate(sequences[0], request, request.tokens ?? model.tokenize(request.prompt, true))));
  }
}
process.exit(0);

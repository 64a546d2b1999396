// node-llama-cpp behind one line of JSON per request: {"prompt", "maxTokens"} in, tokens and times out.
// Usage: node llama.mjs MODEL THREADS CONTEXT
import readline from "node:readline";
import {getLlama} from "node-llama-cpp";

const [modelPath, threads, contextSize] = process.argv.slice(2);
const llama = await getLlama({gpu: false, build: "never", progressLogs: false, logLevel: "error", maxThreads: Number(threads)});
const model = await llama.loadModel({modelPath});
const context = await model.createContext({contextSize: Number(contextSize), threads: Number(threads), sequences: 1});
const sequence = context.getSequence();
console.log(JSON.stringify({event: "ready", contextSize: context.contextSize}));

for await (const line of readline.createInterface({input: process.stdin})) {
  const request = JSON.parse(line);
  const prompt = request.tokens ?? model.tokenize(request.prompt, true);
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
  console.log(JSON.stringify({promptTokens: [...prompt], tokens, prefillMilliseconds: first - started, decodeMilliseconds: ended - first}));
}
process.exit(0);

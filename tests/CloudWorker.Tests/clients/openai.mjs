// Asks the worker as the `openai` package does, whole and streamed, and prints what came as one JSON line.
import OpenAI from 'openai';

const { baseURL, model, prompt, maxTokens, apiKey } = JSON.parse(process.argv[2]);
const client = new OpenAI({ baseURL, apiKey: apiKey ?? 'unused', maxRetries: 0 });
const request = { model, messages: [{ role: 'user', content: prompt }], temperature: 0, max_tokens: maxTokens };

const whole = await client.chat.completions.create(request);
let streamed = '';
let finish = null;
let usage = null;
const stream = await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } });
for await (const chunk of stream) {
  streamed += chunk.choices[0]?.delta?.content ?? '';
  finish = chunk.choices[0]?.finish_reason ?? finish;
  usage = chunk.usage ?? usage;
}

const embeddings = await client.embeddings.create({ model, input: ['a ship', 'a harbour'] });
const models = await client.models.list();
let refused;
try {
  await client.chat.completions.create({ ...request, tools: [{ type: 'function', function: { name: 'f' } }] });
} catch (error) {
  refused = { status: error.status, param: error.param, code: error.code };
}

console.log(JSON.stringify({
  whole: whole.choices[0].message.content,
  wholeFinish: whole.choices[0].finish_reason,
  wholeUsage: whole.usage,
  streamed,
  finish,
  usage,
  models: models.data.map((entry) => entry.id),
  vectors: embeddings.data.map((entry) => entry.embedding.length),
  refused,
}));

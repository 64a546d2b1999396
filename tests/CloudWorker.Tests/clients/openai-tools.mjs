// Calls tools as the `openai` package does, whole and streamed, answers the calls, and prints what came as one JSON line.
import OpenAI from 'openai';

const { baseURL, model } = JSON.parse(process.argv[2]);
const client = new OpenAI({ baseURL, apiKey: 'unused', maxRetries: 0 });
const parameters = { type: 'object', properties: { id: { type: 'string' } } };
const request = {
  model,
  messages: [{ role: 'user', content: 'How hot is it?' }],
  tools: ['read', 'stop'].map((name) => ({ type: 'function', function: { name, description: `To ${name}.`, parameters } })),
};
const calls = (message) => message.tool_calls.map((call) => [call.id, call.function.name, JSON.parse(call.function.arguments)]);

const whole = await client.chat.completions.create(request);
const streamed = await client.chat.completions.stream(request).finalChatCompletion();
const message = whole.choices[0].message;
const results = message.tool_calls.map((call, index) => ({ role: 'tool', tool_call_id: call.id, content: `done ${index}` }));
const answer = await client.chat.completions.create({ ...request, messages: [...request.messages, message, ...results] });

console.log(JSON.stringify({
  whole: calls(message),
  streamed: calls(streamed.choices[0].message),
  finish: streamed.choices[0].finish_reason,
  answer: answer.choices[0].message.content,
}));

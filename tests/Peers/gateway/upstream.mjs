// An upstream that answers every chat at once, so that what is timed is the way to it. Prints its port.
import http from "node:http";

const answer = Buffer.from(JSON.stringify({
  id: "1", object: "chat.completion", created: 1, model: "m",
  choices: [{index: 0, message: {role: "assistant", content: "ok"}, finish_reason: "stop"}],
  usage: {prompt_tokens: 1, completion_tokens: 1, total_tokens: 2}
}));

const server = http.createServer((request, response) => {
  request.resume();
  request.on("end", () => response.writeHead(200, {"content-type": "application/json", "content-length": answer.length}).end(answer));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();

// The client of npm's mqtt, publishing to itself through a broker (`node throughput.mjs url`). For each line `qos count window` it says how
// many milliseconds went by from the first message sent to the last one received.
import { createInterface } from 'node:readline';
import mqtt from 'mqtt';

const options = { protocolVersion: 5 };
const [publisher, subscriber] = await Promise.all([0, 1].map(() => mqtt.connectAsync(process.argv[2], options)));
const payload = Buffer.alloc(256, 'x');
let left = 0;
let received = () => {};
subscriber.on('message', () => {
  if (--left === 0) received();
});
console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const [qos, count, window] = line.split(' ').map(Number);
  await subscriber.subscribeAsync('throughput/node', { qos });
  left = count;
  const all = new Promise((resolve) => (received = resolve));
  const begun = performance.now();
  let sent = 0;
  let flying = 0;
  const send = () => {
    while (flying < window && sent < count) {
      flying++;
      sent++;
      publisher.publish('throughput/node', payload, { qos }, () => {
        flying--;
        send();
      });
    }
  };
  send();
  await all;
  console.log(JSON.stringify({ milliseconds: performance.now() - begun }));
}
process.exit(0);

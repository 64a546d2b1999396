// A broker of MQTT 3.1.1 over TCP and WebSocket (`node aedes.mjs [key certificate]`, with which the WebSocket is secure). It says in its
// first line where it listens, and ends with its standard input.
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { WebSocketServer, createWebSocketStream } from 'ws';

const [key, cert] = process.argv.slice(2);
const broker = await Aedes.createBroker({ maxClientsIdLength: 200 });
const tcp = createServer(broker.handle);
const web = key ? createHttps({ key: readFileSync(key), cert: readFileSync(cert) }) : createHttp();
const sockets = new WebSocketServer({ server: web, handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false) });
sockets.on('connection', (socket, request) => broker.handle(createWebSocketStream(socket), request));

const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
console.log(JSON.stringify({ tcp: await listen(tcp), web: await listen(web) }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

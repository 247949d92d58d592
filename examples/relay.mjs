// One tree, one source, two relays in a row and three receivers: its content leaves the source
// once.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createReceiver, createRelay, createServer, openRelayStore, openTreeTarget } from "rsync-stream/node";
import { connectWs } from "rsync-stream/transport/ws";

const folder = await mkdtemp(join(tmpdir(), "relay-example-"));
await mkdir(join(folder, "tree"));
await writeFile(join(folder, "tree", "greeting"), "hello, all of you\n");
await writeFile(join(folder, "tree", "zeros"), new Uint8Array(1_000_000));

/** Asks the server at a URL for what it offers at its top. */
const pullFrom = (url, headers = {}) =>
  connectWs(`${url.replace("http", "ws")}?session=pull`, { protocols: ["rsync-stream.1"], headers });

const sessions = [];
const source = createServer({
  root: join(folder, "tree"),
  readOnly: true,
  onSession: (report) => sessions.push(report),
});
let url = await source.listen();
const servers = [source];
for (let hop = 0; hop < 2; hop++) {
  const upstream = url;
  const relay = createRelay({
    store: await openRelayStore(),
    connect: ({ via }) => pullFrom(upstream, { "Rsync-Stream-Via": via.join(", ") }),
  });
  const server = createServer({ share: relay.share });
  url = await server.listen();
  servers.unshift(server);
}

const copies = ["a", "b", "c"].map((name) => join(folder, name));
await Promise.all(
  copies.map(
    (copy) => createReceiver({ connect: () => pullFrom(url), openTarget: () => openTreeTarget(copy) }).done,
  ),
);
for (const copy of copies) process.stdout.write(await readFile(join(copy, "greeting"), "utf8"));

for (const server of servers) await server.close();
console.log(`sessions with the source: ${sessions.length}`);
await rm(folder, { recursive: true });

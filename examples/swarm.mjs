// One sender and three processes that fetch its tree, from it and from each other: the content
// leaves the sender about once.
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, createSwarmPeer, openRelayStore, openTreeTarget } from "rsync-stream/node";
import { connectWs, listenWs } from "rsync-stream/transport/ws";

if (process.send) await runPeer();
else await runAll();

/** A peer: takes connections from those that were started before it, and makes them to others. */
async function runPeer() {
  const [sender, copy] = process.argv.slice(2);
  const connect = () => connectWs(`${sender}?session=pull`, { protocols: ["rsync-stream.1"] });
  const peer = createSwarmPeer({ connect, store: await openRelayStore() });
  const listener = await listenWs((duplex) => peer.join(duplex));
  process.send(listener.url);
  const [others] = await once(process, "message");
  for (const url of others) await peer.join(await connectWs(url));
  process.send("joined");
  await once(process, "message"); // all have joined
  await peer.receive(await openTreeTarget(copy));
  process.send(peer.status);
  await once(process, "message"); // all have everything
  await peer.close();
  await listener.close();
  process.disconnect();
}

async function runAll() {
  const folder = await mkdtemp(join(tmpdir(), "swarm-example-"));
  const [tree, ...copies] = ["tree", "a", "b", "c"].map((name) => join(folder, name));
  await mkdir(tree);
  for (const name of ["one", "two", "three"]) await writeFile(join(tree, name), randomBytes(1_000_000));

  let sentBytes = 0;
  const onSession = ({ summary }) => (sentBytes += summary?.sentBytes ?? 0);
  const server = createServer({ root: tree, readOnly: true, onSession });
  const url = (await server.listen()).replace("http", "ws");
  const peers = copies.map((copy) => fork(import.meta.filename, [url, copy]));
  const hear = () => Promise.all(peers.map((peer) => once(peer, "message").then(([said]) => said)));
  const tell = (what) => peers.forEach((peer, i) => peer.send(what(i)));

  const urls = await hear();
  tell((i) => urls.slice(0, i));
  await hear().then(() => tell(() => "begin"));
  const rows = await hear();
  tell(() => "enough");
  console.table(rows.map(({ fromSenderBytes, fromPeersBytes }) => ({ fromSenderBytes, fromPeersBytes })));
  const [wanted, ...got] = await Promise.all([tree, ...copies].map((dir) => readFile(join(dir, "two"))));
  if (!got.every((bytes) => bytes.equals(wanted))) throw new Error("a copy differs");
  await server.close();
  await rm(folder, { recursive: true });
  console.log(`content left the sender ${(sentBytes / 3_000_000).toFixed(2)} times`);
}

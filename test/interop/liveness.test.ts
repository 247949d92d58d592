import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createServer } from "../../src/http/server.node.ts";
import type { SessionReport } from "../../src/http/session-host.ts";
import { receiveTree } from "../../src/session/receive.ts";
import { sendTree } from "../../src/session/send.ts";
import { nodeStreamDuplex } from "../../src/transport/node-stream.node.ts";
import { openTreeSource } from "../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../src/tree/disk/target/target.node.ts";
import { builtCli } from "../built.ts";
import { freshFolder, outcomeOf, type Outcome, waitUntil } from "../cli/run.ts";
import { noise, picture, plant } from "../cli/trees.ts";
import { missing, notLinux, notRoot, type Obstacle, unless } from "../obstacles.ts";

const cli = builtCli();
const contentBytes = 32 << 20;
/** Longer than a busy machine makes anybody wait who is alive. */
const stallMs = 10_000;

/** A folder with a tree that takes a moment to go anywhere. */
function plantTree(): { readonly from: string; readonly to: string } {
  const folder = freshFolder();
  const from = join(folder, "from");
  plant(from, { large: noise(contentBytes, "liveness"), small: "small" });
  return { from, to: join(folder, "to") };
}

/** A program of ours that is killed in the end, also when it was stopped. */
function start(command: string, ...args: readonly string[]) {
  const child = spawn(command, args, { stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

describe("a program that is stopped (SIGSTOP)", () => {
  test("as the sender: the receiver leaves, and keeps what came", async () => {
    const { from, to } = plantTree();
    const send = () => start(process.execPath, cli, "send", "--duplex", `${from}/`);
    const stopped = send();
    const receiving = receiveTree(await openTreeTarget(to), nodeStreamDuplex(stopped.stdout, stopped.stdin), {
      stallMs,
      onProgress: ({ receivedBytes }) => receivedBytes > contentBytes / 4 && stopped.kill("SIGSTOP"),
    });
    await expect(receiving).rejects.toMatchObject({ code: "STALLED" });
    stopped.kill("SIGKILL");
    const again = send();
    const { receivedBytes } = await receiveTree(
      await openTreeTarget(to),
      nodeStreamDuplex(again.stdout, again.stdin),
    );
    expect(receivedBytes).toBeLessThan(contentBytes * 0.9);
    expect(picture(to)).toEqual(picture(from));
  });

  test("as the receiver: the sender leaves", async () => {
    const { from, to } = plantTree();
    const stopped = start(process.execPath, cli, "recv", "--duplex", to);
    const source = await openTreeSource(`${from}/`);
    onTestFinished(() => source.close());
    const sending = sendTree(source, nodeStreamDuplex(stopped.stdout, stopped.stdin), {
      stallMs,
      onProgress: ({ sentBytes }) => sentBytes > contentBytes / 4 && stopped.kill("SIGSTOP"),
    });
    await expect(sending).rejects.toMatchObject({ code: "STALLED" });
  });
});

/** A server of a tree, and how its sessions end. */
async function serve(root: string, host = "127.0.0.1") {
  const reports: SessionReport[] = [];
  const server = createServer({ root, stallMs, onSession: (report) => reports.push(report) });
  const url = await server.listen({ host });
  onTestFinished(() => server.close());
  return { reports, url };
}

/** Both ends have to notice by themselves, and the server has to let go of the session. */
async function expectBothStalled(
  reports: readonly SessionReport[],
  client: Promise<Outcome>,
  url: string,
): Promise<void> {
  await waitUntil(() => reports.length > 0);
  expect(reports[0]).toMatchObject({ error: { code: "STALLED" } });
  expect((await client).stderr).toContain("STALLED");
  await expect(fetch(new URL("metrics", url)).then((answer) => answer.text())).resolves.toContain(
    "rsync_stream_sessions 0",
  );
}

const pullArgs = (url: string, to: string) => [
  cli,
  "pull",
  url,
  to,
  "--timeout",
  String(stallMs / 1000),
  "--retries",
  "0",
];

describe.each(["ws", "http"])("a line that goes dead without a word, over %s", (scheme) => {
  test("is noticed at both ends", async () => {
    const { from, to } = plantTree();
    const { reports, url } = await serve(from);
    const line = await slowLine(Number(new URL(url).port));
    const client = start(process.execPath, ...pullArgs(`${scheme}://127.0.0.1:${line.port}/`, to));
    const outcome = outcomeOf(client);
    await waitUntil(() => line.carriedBytes() > 2 << 20);
    line.die();
    await expectBothStalled(reports, outcome, url);
  });
});

/**
 * Carries bytes to a port at some 20 MB/s, until it dies: then it takes and gives nothing, and
 * closes nothing.
 */
async function slowLine(port: number) {
  let dead = false;
  let carried = 0;
  const sockets: Socket[] = [];
  const join = (from: Socket, to: Socket): void => {
    sockets.push(from);
    from.on("error", () => {});
    from.on("data", (bytes: Buffer) => {
      carried += bytes.length;
      from.pause();
      if (dead) return;
      to.write(bytes);
      setTimeout(() => !dead && from.resume(), bytes.length / 20_000);
    });
    from.on("end", () => dead || to.end());
  };
  const server = createTcpServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    join(near, far);
    join(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    carriedBytes: () => carried,
    die: () => (dead = true),
  };
}

/** For a cable that can be pulled. */
function noNamespace(): Obstacle {
  const lacking = notLinux ?? notRoot ?? missing("ip", "tc");
  if (lacking !== undefined) return lacking;
  return spawnSync("unshare", ["-n", "true"]).status === 0 ? undefined : "no network namespaces here";
}

unless(noNamespace()).test("a cable that is pulled is noticed at both ends", async () => {
  const name = `rs${process.pid % 100_000}`;
  const net = `10.231.${process.pid % 250}`;
  const run = (line: string) => execFileSync("/bin/sh", ["-ec", line], { stdio: "pipe" });
  onTestFinished(() => {
    spawnSync("ip", ["link", "del", `${name}a`]);
    spawnSync("ip", ["netns", "del", name]);
  });
  run(
    `ip netns add ${name}
     ip link add ${name}a type veth peer name ${name}b netns ${name}
     ip addr add ${net}.1/24 dev ${name}a
     ip link set ${name}a up
     ip -n ${name} addr add ${net}.2/24 dev ${name}b
     ip -n ${name} link set ${name}b up
     tc qdisc add dev ${name}a root tbf rate 40mbit burst 64k latency 200ms`,
  );
  const { from, to } = plantTree();
  const { reports, url } = await serve(from, `${net}.1`);
  const client = start(
    "ip",
    ...["netns", "exec", name, process.execPath],
    ...pullArgs(url.replace("http", "ws"), to),
  );
  const outcome = outcomeOf(client);
  await waitUntil(() => existsSync(join(to, ".rsync-stream")));
  run(`ip -n ${name} link set ${name}b down`);
  await expectBothStalled(reports, outcome, url);
});

import { generateKeyPairSync } from "node:crypto";
import dns from "node:dns";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { delimiter } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { requestLimits } from "../../../src/bucket/requests.ts";
import { openIndexStore } from "../../../src/casync/open-index-store.node.ts";
import { openChunkReader, type OpenStoreOptions } from "../../../src/casync/open-store.node.ts";
import { retryNotices } from "../../../src/cli/casync/retry-notices.ts";
import { SyncError } from "../../../src/errors.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

const id = new Uint8Array(32);
const hmac = { accessKey: "me", secretKey: "secret" };
const { privateKey: key } = generateKeyPairSync("rsa", { modulusLength: 2048 });

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** A store of each kind at a server, `host` being its name and port, and how it is opened. */
const kinds: Readonly<Record<string, (host: string) => [place: string, options?: OpenStoreOptions]>> = {
  http: (host) => [`http://${host}/store`],
  https: (host) => [`https://${host}/store`],
  ws: (host) => [`ws://${host}/`],
  wss: (host) => [`wss://${host}/`],
  S3: (host) => [`s3+http://${host}/bucket/store`],
  "S3 over TLS": (host) => [`s3+https://${host}/bucket/store`],
  registry: (host) => [`oci+http://${host}/store`],
  Google: (host) => ["gs://bucket/store", { google: () => ({ endpoint: `http://${host}`, hmac }) }],
  "Google, with an account": (host) => [
    "gs://bucket/store",
    {
      google: () => ({
        endpoint: `http://${host}`,
        account: { email: "me", key, keyId: undefined, project: undefined, tokenUrl: `http://${host}/token` },
      }),
    },
  ],
};

/** A server that lets nobody finish a request, and how often somebody came. */
async function brokenServer() {
  const server = createServer((socket) => {
    came.count += 1;
    socket.destroy();
  });
  const came = { count: 0 };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { came, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test.each(Object.entries(kinds))(
  "%s: each further try is told before, and there are few",
  async (_, kind) => {
    const { came, host } = await brokenServer();
    const [place, options] = kind(host);
    const told: SyncError[] = [];
    const http = { attemptCount: 3, retryMs: 1, onRetry: (error: SyncError) => void told.push(error) };
    await using store = openChunkReader([place], { ...options, http });
    await expect(store.get(id)).rejects.toMatchObject({ code: "PEER_GONE" });
    expect(told.map(({ message }) => message)).toEqual(Array(2).fill(`the connection to ${host} failed`));
    expect(came.count).toBe(3);
    if (!/^(?:https?|s3\+http|gs):/.test(place)) return;
    const indexes = openIndexStore(place, { ...options, http });
    await expect(indexes.read("a.caibx")).rejects.toMatchObject({ code: "PEER_GONE" });
    expect([told.length, came.count]).toEqual([4, 6]);
  },
);

test.each(Object.entries(kinds))(
  "%s: it ends in time when no name is known and no connection comes",
  async (_, kind) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const looked = vi.spyOn(dns, "lookup").mockReturnValue(undefined as never);
    const [place, options] = kind("store.example:99");
    await using store = openChunkReader([place], { ...options, http: { attemptCount: 2, retryMs: 1 } });
    const failure = store.get(id).catch((thrown: unknown) => thrown);
    await vi.waitFor(() => expect(looked).toHaveBeenCalledTimes(1), { interval: 1 });
    await vi.advanceTimersByTimeAsync(requestLimits.connectMs + 1);
    await vi.waitFor(() => expect(looked).toHaveBeenCalledTimes(2), { interval: 1 });
    await vi.advanceTimersByTimeAsync(requestLimits.connectMs);
    expect(await failure).toMatchObject({
      code: "PEER_GONE",
      message: expect.stringContaining("store.example"),
    });
  },
);

test.each(["ssh://host/store", "sftp://host/store", "host:/store"])(
  "%s: ssh is told how long to wait",
  async (place) => {
    using temp = tempDir();
    writeFileSync(
      `${temp.path}/ssh`,
      `#!/bin/sh\necho "$@" >'${temp.path}/line'\necho no way there >&2\nexit 255\n`,
      {
        mode: 0o755,
      },
    );
    vi.stubEnv("PATH", `${temp.path}${delimiter}${process.env["PATH"]}`);
    vi.stubEnv("CASYNC_SSH_PATH", undefined);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await using store = openChunkReader([place]);
    await expect(store.get(id)).rejects.toMatchObject({
      code: "PEER_GONE",
      message: expect.stringContaining("no way there"),
    });
    expect(readFileSync(`${temp.path}/line`, "utf8")).toMatch(
      /-oConnectTimeout=15 -oServerAliveInterval=15 .*host/,
    );
  },
);

test("what is asked again is said once of many that fail together, and again after a while", () => {
  const said: string[] = [];
  let nowMs = 0;
  const tell = retryNotices(
    (line) => said.push(line),
    () => nowMs,
  );
  const gone = new SyncError("PEER_GONE", "the connection to x failed", {
    cause: new Error("no\u001b[2J way"),
  });
  for (let i = 0; i < 9; i++) tell(gone);
  tell(new SyncError("UPSTREAM", "the server answers 503"));
  nowMs = 10_001;
  tell(gone);
  expect(said).toEqual([
    "the connection to x failed: no\u001b[2J way; trying again",
    "the server answers 503; trying again",
    "the connection to x failed: no\u001b[2J way; trying again",
  ]);
});

import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { generateToken } from "../../src/http/tokens.node.ts";
import { type Listening, listening } from "../cli/listening.ts";
import { freshFolder, outcomeOf, rsyncStream, shell, waitUntil } from "../cli/run.ts";
import { noise, picture, plant } from "../cli/trees.ts";
import { freePort } from "../free-port.ts";
import { missing, unless } from "../obstacles.ts";
import { documented, location, startNginx, upgrades } from "./nginx-process.ts";

const replicated = documented(/map "\$arg_group[^{]*\{[^}]*\}\nupstream replicas \{[^}]*\}/);

const { test } = unless(missing("nginx"));

/** Two servers that offer one directory, behind one address. */
async function startReplicas() {
  const folder = freshFolder();
  const { secret } = generateToken("me", ["read", "write"]);
  mkdirSync(join(folder, "root"));
  writeFileSync(join(folder, "token"), secret, { mode: 0o600 });
  writeFileSync(join(folder, "tokens"), `me read,write ${secret}\n`, { mode: 0o600 });
  const serve = async (): Promise<Listening> =>
    listening("serve", join(folder, "root"), "--token-file", join(folder, "tokens"));
  const replicas = await Promise.all([serve(), serve()]);
  const port = await freePort();
  const nginx = await startNginx(folder, serversOf(port, replicas), port);
  onTestFinished(() => void nginx.kill());
  const url = `http://127.0.0.1:${port}/sync/`;
  return { folder, url, replicas, access: ["--token-file", join(folder, "token")], secret };
}

function serversOf(port: number, replicas: readonly Listening[]): string {
  const places = replicas.map(({ url }) => new URL(url).host);
  const upstream = replicated.replace("127.0.0.1:8731", places[0]!).replace("127.0.0.1:8732", places[1]!);
  return `${upgrades}
  ${upstream}
  server {
    listen 127.0.0.1:${port};
    ${location.replace("127.0.0.1:8730", "replicas")}
  }`;
}

test("all connections of a session reach the same of two servers", async () => {
  const { folder, url, replicas, access } = await startReplicas();
  plant(join(folder, "tree"), { big: noise(3_000_000, "big"), "a/b": "small" });
  const push = async (copy: string): Promise<void> => {
    const args = ["push", ...access, "-j", "4", "--json", `${folder}/tree/`, `${url}${copy}`];
    const { code, stderr } = await rsyncStream(args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(picture(join(folder, "root", copy))).toEqual(picture(join(folder, "tree")));
  };
  await Promise.all(["one", "other"].map(push));
  for (const { stop } of replicas) expect(await stop()).toBe(0);
});

test("a session goes on at the other server when the one dies", async () => {
  const { folder, url, replicas, access, secret } = await startReplicas();
  const files = Array.from({ length: 6 }, (_, at) => [`f${at}`, noise(100_000, `${at}`)] as const);
  plant(join(folder, "tree"), Object.fromEntries(files));
  const args = ["push", ...access, "--bwlimit", "400k", "--json", `${folder}/tree/`, `${url}copy`];
  const pushing = outcomeOf(shell('$RS "$@"', ...args));
  const busy = await busyOf(replicas, secret);
  // Only what has heard of a server connects anew.
  await waitUntil(() => existsSync(join(folder, "root", "copy", "f0")));
  busy.kill("SIGKILL");
  const { code, stdout } = await pushing;
  expect(code, stdout.toString()).toBe(0);
  expect(stdout.toString()).toContain("connecting again");
  expect(picture(join(folder, "root", "copy"))).toEqual(picture(join(folder, "tree")));
});

/** The server that holds a session, once one does. */
async function busyOf(replicas: readonly Listening[], secret: string): Promise<ChildProcess> {
  const headers = { Authorization: `Bearer ${secret}` };
  const isBusy = async ({ url }: Listening): Promise<boolean> =>
    /^rsync_stream_sessions [1-9]/m.test(await (await fetch(`${url}metrics`, { headers })).text());
  const state = { busy: undefined as Listening | undefined };
  const look = async (): Promise<Listening | undefined> => {
    for (const replica of replicas) if (await isBusy(replica)) return (state.busy = replica);
    return undefined;
  };
  await expect.poll(look).toBeDefined();
  return state.busy!.child;
}

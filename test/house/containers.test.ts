import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { readArguments } from "../../src/cli/options/arguments.ts";
import { freePort } from "../free-port.ts";
import { skipFor } from "../obstacles.ts";
import { root } from "./source-files.ts";

const folder = join(root, "containers");
const read = (name: string): string => readFileSync(join(folder, name), "utf8");
const steps = read("Dockerfile")
  .replaceAll("\\\n", "")
  .split("\n")
  .map((line) => /^([A-Z]+) (.*)$/.exec(line))
  .flatMap((found) => (found ? [{ word: found[1]!, rest: found[2]! }] : []));
const of = (word: string): string[] => steps.filter((step) => step.word === word).map(({ rest }) => rest);

test("the image is built apart from what it has, and runs without privileges", () => {
  expect(of("FROM")).toHaveLength(2);
  const last = steps.findLastIndex(({ word }) => word === "FROM");
  const final = steps.slice(last).map(({ word }) => word);
  for (const word of ["USER", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT"]) expect(final).toContain(word);
  expect(of("USER")).toEqual(["1000:1000"]);
  // A shell in between would keep signals from the program.
  for (const line of [...of("ENTRYPOINT"), ...of("CMD")])
    expect(() => JSON.parse(line) as unknown).not.toThrow();
});

test("what the image and the examples run is what the command takes", async () => {
  const lines = [of("CMD").at(-1)!];
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".yaml")))
    lines.push(
      ...[...read(name).matchAll(/command:\s*(\[[^\]]*\])/g)].map(([, line]) =>
        line!.replace(/,\s*\]$/, "]"),
      ),
    );
  const own = lines.map((line) => JSON.parse(line) as string[]).filter(([name]) => name! in commands);
  expect(own.map(([name]) => name)).toEqual(["serve", "serve", "push"]);
  for (const [name, ...argv] of own) {
    const command = await commands[name!]!.load();
    expect(() => readArguments(argv, command)).not.toThrow();
  }
});

test("containers cannot write but where they are to, and gain nothing", () => {
  for (const name of ["compose-tls.yaml", "compose-uploaders.yaml"]) {
    const services = read(name).split(/^ {2}(?=\w+:$)/m);
    const built = services.filter((service) => service.includes("dockerfile: containers/Dockerfile"));
    expect(built).toHaveLength(1);
    for (const words of ["read_only: true", "cap_drop: [ALL]", "no-new-privileges:true"])
      expect(built[0]).toContain(words);
  }
});

test("hadolint has nothing to say", (context) => {
  const { error, stdout } = spawnSync("hadolint", ["--no-color", "containers/Dockerfile"], {
    cwd: root,
    encoding: "utf8",
  });
  if (error) return skipFor(context, "hadolint is not installed");
  expect(stdout).toBe("");
});

test(
  "the steps of the image give a server that is found healthy, and ends when it is told to",
  { timeout: 600_000 },
  async (context) => {
    if (process.env["RSYNC_STREAM_CONTAINER_STEPS"] !== "1")
      return skipFor(context, "RSYNC_STREAM_CONTAINER_STEPS=1 is not set: it installs from the registry");
    const work = mkdtempSync(join(tmpdir(), "image-"));
    onTestFinished(() => rmSync(work, { recursive: true, force: true }));
    for (const name of ["packed", "prefix", "data"]) mkdirSync(join(work, name));
    execFileSync("git", ["clone", "-q", root, join(work, "src")]);
    const places = (line: string): string => line.replaceAll("/packed", `${work}/packed`);
    const prefix = join(work, "prefix");
    for (const line of of("RUN").filter((each) => each.startsWith("npm")))
      execFileSync("sh", ["-c", places(line)], {
        cwd: join(work, "src"),
        env: { ...process.env, npm_config_prefix: prefix, npm_config_cache: join(work, "cache") },
        stdio: "pipe",
      });
    const port = await freePort();
    const program = join(prefix, "bin", "rsync-stream");
    const server: ChildProcess = spawn(program, [
      "serve",
      join(work, "data"),
      "--listen",
      `127.0.0.1:${port}`,
    ]);
    await expect.poll(() => healthOf(port)).toBe(0);
    server.kill("SIGTERM");
    await once(server, "exit");
    expect(healthOf(port)).toBe(1);
    expect(existsSync(program)).toBe(true);
  },
);

/** How the check of the image ends, of a server at another port. */
function healthOf(port: number): number | null {
  const line = /CMD (\[.*\])$/.exec(of("HEALTHCHECK")[0]!)![1]!.replace("8730", String(port));
  const [program, ...argv] = JSON.parse(line) as string[];
  return spawnSync(program!, argv).status;
}

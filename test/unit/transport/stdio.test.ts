import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll, expect, test } from "vitest";
import { seededBytes } from "../../../src/testing/random.ts";
import { root } from "../../house/source-files.ts";

const folder = mkdtempSync(join(tmpdir(), "rsync-stream-stdio-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Bundles a program whose `channel` is its standard input and output, ready to be run by Node. */
function program(name: string, body: string): string {
  const outfile = join(folder, `${name}.mjs`);
  const contents = `
    import { stdioDuplex } from "./src/transport/stdio.node.ts";
    const { channel } = stdioDuplex();
    ${body}
  `;
  buildSync({
    stdin: { contents, resolveDir: root, loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
  });
  return outfile;
}

const echo = program(
  "echo",
  "for await (const bytes of channel.read()) await channel.write(bytes); await channel.end();",
);
const endThenStay = program(
  "end-then-stay",
  `await channel.write(new TextEncoder().encode("done"));
   await channel.end();
   setTimeout(() => {}, 3_600_000);`,
);
const pour = program(
  "pour",
  `try { for (;;) await channel.write(new Uint8Array(100_000)); }
   catch (error) { console.error(error.code); process.exitCode = 7; channel.abort(error); }`,
);

async function outputOf(child: ChildProcess): Promise<Buffer> {
  const blocks: Buffer[] = [];
  child.stdout!.on("data", (bytes: Buffer) => blocks.push(bytes));
  await once(child.stdout!, "end");
  return Buffer.concat(blocks);
}

test("reads from and writes to files", () => {
  const bytes = seededBytes(1, 1_500_000);
  const input = join(folder, "input");
  const output = join(folder, "output");
  writeFileSync(input, bytes);
  execFileSync(process.execPath, [echo], { stdio: [openSync(input, "r"), openSync(output, "w"), "inherit"] });
  expect(readFileSync(output).equals(bytes)).toBe(true);
});

test("takes the null device for an empty input", () => {
  expect(execFileSync(process.execPath, [echo], { stdio: ["ignore", "pipe", "inherit"] }).length).toBe(0);
});

test("loses nothing at the end of a long output into a slow pipe", () => {
  const bytes = seededBytes(2, 3_000_000);
  const input = join(folder, "long");
  writeFileSync(input, bytes);
  const slow = `"$0" "$1" < "$2" | (sleep 0.3; cat)`;
  const output = execFileSync("sh", ["-c", slow, process.execPath, echo, input], { maxBuffer: 1 << 24 });
  expect(output.equals(bytes)).toBe(true);
});

test("two programs that both write before they read do not wait for each other", async () => {
  const bytes = seededBytes(3, 8 << 20);
  const child = spawn(process.execPath, [echo], { stdio: ["pipe", "pipe", "inherit"] });
  const output = outputOf(child);
  child.stdin.end(bytes);
  expect((await output).equals(bytes)).toBe(true);
});

test.each(["pipe", "overlapped"] as const)(
  "shows its end to the peer while the program lives on (%s)",
  async (kind) => {
    const child = spawn(process.execPath, [endThenStay], { stdio: ["pipe", kind, "inherit"] });
    expect((await outputOf(child)).toString()).toBe("done");
    expect(child.exitCode).toBeNull();
    child.kill();
  },
);

test("shows its end through a pipe of the shell too", () => {
  const command = `{ "$0" "$1" & echo $! > "$2"; } | cat; kill "$(cat "$2")"`;
  const pid = join(folder, "pid");
  const output = execFileSync("sh", ["-c", command, process.execPath, endThenStay, pid], {
    timeout: 240_000,
  });
  expect(output.toString()).toBe("done");
});

test("a reader that leaves is PEER_GONE and no stack trace", async () => {
  const child = spawn(process.execPath, [pour], { stdio: ["ignore", "pipe", "pipe"] });
  const words: Buffer[] = [];
  child.stderr.on("data", (bytes: Buffer) => words.push(bytes));
  await once(child.stdout, "readable");
  child.stdout.destroy();
  const [code] = await once(child, "close");
  expect(Buffer.concat(words).toString()).toBe("PEER_GONE\n");
  expect(code).toBe(7);
});

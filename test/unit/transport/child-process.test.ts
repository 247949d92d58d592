import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import type { Bytes } from "../../../src/types.ts";
import { openWidePipe } from "../../../src/transfer/wide-pipes.node.ts";
import {
  type ChildProcessOptions,
  type ChildWords,
  childProcessDuplex,
} from "../../../src/transport/child-process.node.ts";
import { notLinux, unless } from "../../obstacles.ts";

const node = process.execPath;
/** Words that nobody is shown, all of them. */
function kept(): ChildWords {
  let words = "";
  return { hear: (bytes) => void (words += Buffer.from(bytes).toString()), end: () => words.trim() };
}

const silent = {
  get words() {
    return kept();
  },
};

async function readAll(blocks: AsyncIterable<Bytes>): Promise<string> {
  const parts: Bytes[] = [];
  for await (const block of blocks) parts.push(block);
  return Buffer.concat(parts).toString();
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * A program that leaves another one behind, which holds these of its pipes until it is killed, and
 * prints its number.
 */
const leavingBehind = (stdio: string, last = "") => `
  const { spawn } = require("node:child_process");
  const held = spawn("sleep", ["1000"], { stdio: ${stdio}, detached: true });
  held.unref();
  process.stdout.write(String(held.pid));
  ${last}
`;

function killLater(output: string): void {
  onTestFinished(() => void process.kill(Number.parseInt(output, 10), "SIGKILL"));
}

/** Descriptors that this process has open. */
function openCount(): number {
  return readdirSync("/proc/self/fd").length;
}

describe.each([
  ["as Node does it", {}],
  ["by pipes of our own", { openPipe: openWidePipe }],
])("joined %s, a program", (_, joining: ChildProcessOptions) => {
  const start = (command: string, args: readonly string[], options: ChildProcessOptions = {}) =>
    childProcessDuplex(command, args, { ...joining, ...options });

  test("passes arguments as they are, never through a shell", async () => {
    const strange = "$(touch x); `y` '\" *";
    const { channel } = start(node, ["-e", "process.stdout.write(process.argv[1])", strange]);
    expect(await readAll(channel.read())).toBe(strange);
  });

  test("an exit code other than 0 is PEER_GONE with the last words of the program", async () => {
    const program = "process.stdout.write('half'); console.error('no such host'); process.exitCode = 255";
    const { channel } = start(node, ["-e", program], silent);
    await expect(readAll(channel.read())).rejects.toMatchObject({
      code: "PEER_GONE",
      message: expect.stringMatching(/exited with 255: no such host$/),
    });
  });

  test("the words come whole to whoever wants them, who is told of the end once", async () => {
    let heard = "";
    const ends: boolean[] = [];
    const words: ChildWords = {
      hear: (bytes) => void (heard += Buffer.from(bytes).toString()),
      end: (hasFailed) => (ends.push(hasFailed), "in short"),
    };
    const { channel } = start(node, ["-e", "console.error('a'.repeat(9000)); process.exit(1)"], {
      words,
    });
    await expect(readAll(channel.read())).rejects.toMatchObject({ message: /exited with 1: in short$/ });
    expect([heard, ends]).toEqual(["a".repeat(9000) + "\n", [true]]);
  });

  test("a failure that the words tell of is why it is gone", async () => {
    const failure = new SyncError("NOT_FOUND", "no such file", { remote: true });
    const words: ChildWords = { hear: () => {}, end: () => failure };
    const { channel } = start(node, ["-e", "process.exit(127)"], {
      words,
      exitHints: { 127: "a hint" },
    });
    await expect(readAll(channel.read())).rejects.toBe(failure);
  });

  test("one that has closed its standard error before it exits keeps nobody waiting", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { channel } = start("sh", ["-c", "exec 2>&-; sleep 0.1; echo done"]);
    expect(await readAll(channel.read())).toBe("done\n");
  });

  test("a program that a signal ended is PEER_GONE", async () => {
    const { channel } = start(node, ["-e", "process.kill(process.pid, 'SIGKILL')"], silent);
    await expect(readAll(channel.read())).rejects.toMatchObject({ code: "PEER_GONE", message: /SIGKILL/ });
  });

  test("a program that is not there is PEER_GONE, for reader and writer", async () => {
    const { channel } = start("/no/such/program", []);
    const expected = {
      code: "PEER_GONE",
      message: "could not start /no/such/program: there is no such program here",
    };
    await expect(readAll(channel.read())).rejects.toMatchObject(expected);
    await expect(channel.write(new Uint8Array(1))).rejects.toMatchObject({ code: "PEER_GONE" });
  });

  test("writing to a program that exited tells of its exit, not of a broken pipe", async () => {
    const { channel } = start(node, ["-e", "console.error('bye'); process.exit(3)"], silent);
    const writing = (async () => {
      for (;;) await channel.write(new Uint8Array(65_536));
    })();
    await expect(writing).rejects.toMatchObject({
      code: "PEER_GONE",
      message: expect.stringContaining("exited with 3: bye"),
    });
  });

  test("an aborted signal ends the program, also one that does not listen", async () => {
    const stubborn =
      "process.on('SIGTERM', () => {}); process.stdout.write(String(process.pid)); setInterval(() => {}, 1000)";
    const abort = new AbortController();
    const { channel } = start(node, ["-e", stubborn], {
      signal: abort.signal,
      words: silent.words,
    });
    const blocks = channel.read()[Symbol.asyncIterator]();
    const pid = Number(Buffer.from((await blocks.next()).value as Bytes).toString());
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(blocks.next()).rejects.toBe(reason);
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test("a reader that leaves early ends the program", async () => {
    const program =
      "process.stdout.write(String(process.pid)); process.stdout.on('error', () => {}); setInterval(() => {}, 1000)";
    const { channel } = start(node, ["-e", program], silent);
    let pid = 0;
    for await (const bytes of channel.read()) {
      pid = Number(Buffer.from(bytes).toString());
      break;
    }
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test.each([
    ["standard error", `["ignore", "ignore", "inherit"]`],
    ["standard output", `["ignore", "inherit", "ignore"]`],
    ["all its pipes", `"inherit"`],
  ])("ends with the program, although what it left behind holds %s", async (_, stdio) => {
    const { channel } = start(node, ["-e", leavingBehind(stdio)], silent);
    const output = await readAll(channel.read());
    killLater(output);
    expect(isAlive(Number(output))).toBe(true);
  });

  test("of a program that failed, the words come, although what it left behind holds all its pipes", async () => {
    const program = leavingBehind(`"inherit"`, "console.error('bye'); process.exitCode = 3");
    const { channel } = start(node, ["-e", program], silent);
    const parts: Bytes[] = [];
    const reading = (async () => {
      for await (const block of channel.read()) parts.push(block);
    })();
    await expect(reading).rejects.toMatchObject({ message: expect.stringContaining("exited with 3: bye") });
    killLater(Buffer.concat(parts).toString());
  });

  test("all of a long output is read before a program that is gone is left, however busy its reader", async () => {
    const program = `process.stdout.write("x".repeat(3_000_000), () => {${leavingBehind(`"inherit"`)}})`;
    const { channel } = start(node, ["-e", program], silent);
    const parts: Bytes[] = [];
    for await (const block of channel.read()) {
      parts.push(block);
      for (const until = performance.now() + 5; performance.now() < until;); // the loop is held up
    }
    const output = Buffer.concat(parts).toString();
    killLater(output.slice(3_000_000));
    expect(output.slice(0, 3_000_000)).toBe("x".repeat(3_000_000));
  });

  test("starts nothing when the signal is aborted already", () => {
    const reason = new Error("too late");
    expect(() => start(node, [], { signal: AbortSignal.abort(reason) })).toThrow(reason);
  });

  unless(notLinux).test("leaves no descriptor open, whether it starts or not", async () => {
    const before = openCount();
    const { channel } = start("cat", []);
    await channel.write(Buffer.from("text"));
    await channel.end();
    expect(await readAll(channel.read())).toBe("text");
    await readAll(start("/no/such/program", []).channel.read()).catch(() => {});
    expect(() => start("a\0b", [])).toThrow();
    await expect.poll(openCount).toBeLessThanOrEqual(before);
  });
});

test("a process that talked to such a program can end", async () => {
  const module = new URL("../../../dist/transport/child-process.node.js", import.meta.url).href;
  const outer = `
    import { childProcessDuplex } from ${JSON.stringify(module)};
    const { channel } = childProcessDuplex(process.execPath, ["-e", ${JSON.stringify(leavingBehind(`"inherit"`))}]);
    await channel.end();
    for await (const block of channel.read()) process.stdout.write(block);
  `;
  const output = await new Promise<string>((resolve, reject) => {
    execFile(node, ["--input-type=module", "-e", outer], (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
  killLater(output);
  expect(isAlive(Number(output))).toBe(true);
});

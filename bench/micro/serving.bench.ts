import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { placeholder, shuffledOrder } from "../../src/remotesync/shuffle.ts";
import { decodeSyncInfo } from "../../src/remotesync/sync-info-json.ts";
import { encodeWishlist } from "../../src/remotesync/wishlist.ts";
import type { Bytes } from "../../src/types.ts";
import { findProgram } from "../../test/programs.ts";
import type { BenchRow } from "../row.ts";
import { median } from "../spread.ts";

/*
 * What it costs to hand out a file: processor time, in the program and in the system, of the
 * process that does. Whoever takes it is the same for all, and is not counted.
 */

const roundCount = 3;
const fileBytes = 600_000_000;
const ticksPerSecond = 100;

const plainServer = `
  const server = require("http").createServer((_, response) => require("fs").createReadStream("file").pipe(response));
  server.listen(0, "127.0.0.1", () => console.log("127.0.0.1:" + server.address().port));
`;

/** A way to hand out the file; returns the seconds of processor time that it took. */
type Contender = (folder: string) => Promise<number>;

/** Returns no rows, and says so, where no system tells the processor time of another process. */
export async function run(cli: string): Promise<BenchRow[]> {
  if (process.platform !== "linux") {
    console.log("  skip: processor time of another process is read from /proc");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-serving-"));
  try {
    makeFile(join(folder, "file"));
    const serve = [process.execPath, cli, "serve", folder, "--read-only", "--listen", "127.0.0.1:0"];
    const rows: BenchRow[] = [];
    if (findProgram("go")) {
      const go = server([buildPeer(folder, cli), "serve", "file", "256"], takeChunks);
      const ours = server(serve, (url) => takeChunks(`${url}file`));
      rows.push(await race("chunks of a file", "CAFS in Go", folder, ours, go));
      const data = await dataCommand(cli, folder);
      rows.push(await race("chunks of a file, by data", "CAFS in Go", folder, data, go));
    } else {
      console.log("  skip: chunks beside CAFS in Go, go is not installed");
    }
    const plain = server([process.execPath, "-e", plainServer], take);
    const ours = server(serve, (url) => take(`${url}file?view=content`));
    rows.push(await race("content of a file", "a pipe in Node", folder, ours, plain));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The program of test/interop, which keeps the whole file in memory. */
function buildPeer(folder: string, cli: string): string {
  const program = join(folder, "cafs-peer");
  const cwd = join(dirname(cli), "../../test/interop/cafs-peer");
  const { status, stderr } = spawnSync("go", ["build", "-o", program, "."], {
    cwd,
    env: { ...process.env, CGO_ENABLED: "0" },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`cafs-peer was not built: ${stderr}`);
  return program;
}

/** Noise, the same wherever it is made. */
function makeFile(path: string): void {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
  const zeros = Buffer.alloc(1_000_000);
  const fd = openSync(path, "w");
  for (let at = 0; at < fileBytes; at += zeros.length) writeSync(fd, cipher.update(zeros));
  closeSync(fd);
}

async function race(
  name: string,
  peer: string,
  folder: string,
  ours: Contender,
  theirs: Contender,
): Promise<BenchRow> {
  const values: number[] = [];
  const peerValues: number[] = [];
  for (let round = 0; round < roundCount; round++) {
    values.push(fileBytes / 1e6 / (await ours(folder)));
    peerValues.push(fileBytes / 1e6 / (await theirs(folder)));
  }
  const ratios = values.map((value, round) => value / peerValues[round]!);
  const unit = "MB a second of processor time";
  return {
    name: `server: ${name}`,
    peer,
    ratios,
    unit,
    value: median(values),
    peerValue: median(peerValues),
  };
}

/** A server, measured once it has handed out the file before. */
function server(command: readonly string[], take: (url: string) => Promise<void>): Contender {
  return async (folder) => {
    const [program, ...args] = command;
    const child = spawn(program!, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const end = (): boolean => child.kill("SIGKILL");
    process.once("exit", end);
    try {
      const url = `http://127.0.0.1:${await portOf(child)}/`;
      await take(url);
      const before = processorSeconds(child.pid!);
      await take(url);
      return processorSeconds(child.pid!) - before;
    } finally {
      process.off("exit", end);
      end();
      await once(child, "close");
    }
  };
}

/** The command `data`, from its start to its end. */
async function dataCommand(cli: string, folder: string): Promise<Contender> {
  const shell = async (line: string): Promise<string> => {
    const child = spawn("sh", ["-c", line, process.execPath, cli], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    child.stdout.resume();
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(`${line}: ${said}`);
    return said;
  };
  await shell('"$0" "$1" info file > info && "$0" "$1" wish info > wish');
  return async () => {
    const said = await shell('"$0" "$1" data file info wish; times >&2');
    const times = said
      .trim()
      .split("\n")
      .at(-1)!
      .matchAll(/(\d+)m([\d.]+)s/g);
    return [...times].reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0);
  };
}

async function portOf({ stdout, stderr }: ChildProcess): Promise<number> {
  let said = "";
  return new Promise((resolve) => {
    for (const stream of [stdout!, stderr!]) {
      stream.on("data", (bytes: Buffer) => {
        const found = /(?:^|:)(\d{4,5})\b/m.exec((said += bytes.toString()));
        if (found) resolve(Number(found[1]));
      });
    }
  });
}

/** User and system time of a process so far. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Asks for every chunk of a file as CAFS does. */
async function takeChunks(url: string): Promise<void> {
  const { chunks, perm } = decodeSyncInfo(await wholeOf(await answerOf(request(url))), {
    maxChunkCount: fileBytes / 1000,
  });
  const order = shuffledOrder(chunks.length, perm);
  const headers = { Connection: "close" };
  const wishlist = encodeWishlist(Array.from(order, (index) => index !== placeholder));
  await drain(await answerOf(request(url, { method: "POST", headers, agent: false }), wishlist));
}

async function take(url: string): Promise<void> {
  await drain(await answerOf(request(url, { agent: false })));
}

async function answerOf(asked: ClientRequest, body?: Bytes): Promise<IncomingMessage> {
  asked.end(body);
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  if (answer.statusCode !== 200) throw new Error(`the server answered ${answer.statusCode}`);
  return answer;
}

async function wholeOf(answer: IncomingMessage): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of answer) blocks.push(block as Buffer);
  return Buffer.concat(blocks);
}

/** Reads to the end. @throws Error when that comes before all of the file */
async function drain(answer: IncomingMessage): Promise<void> {
  let count = 0;
  answer.on("data", (bytes: Buffer) => (count += bytes.length));
  await once(answer, "end");
  if (count < fileBytes) throw new Error(`${count} bytes came, of ${fileBytes}`);
}

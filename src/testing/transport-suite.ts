import { isSyncError, type SyncErrorCode } from "../errors.ts";
import { type ByteChannel, channelOf } from "../transport/channel.ts";
import type { Bytes, Duplex } from "../types.ts";
import type { ConformanceCase } from "./case.ts";
import { seededBytes, seededRandom } from "./random.ts";

/** A transport as its contract sees it. */
export interface TransportUnderTest {
  /**
   * Makes a connection and gives both of its ends; and, where that can be done, a way to cut it as
   * the death of a peer would, with no word from either end.
   */
  connect(): Promise<readonly [Duplex, Duplex, cut?: () => void]>;
  /**
   * False where a peer that dies looks like one that ends, as with plain pipes. True unless given.
   */
  readonly tellsBreakFromEnd?: boolean;
  /**
   * False where a writer cannot be held back, as with the WebSockets of browsers. True unless
   * given.
   */
  readonly holdsBack?: boolean;
  /**
   * False where an abort takes back what was ended but is still on its way, as the reset of a muxed
   * stream does. True unless given.
   */
  readonly deliversAborted?: boolean;
  /** How long a case may take. 20,000 unless given. */
  readonly patienceMs?: number;
}

/** No transport may hold more bytes of one direction than this while nobody reads. */
const maxHeldBytes = 24 << 20;

/** What every transport must keep, as cases for any test runner. */
export function transportCases(transport: TransportUnderTest): ConformanceCase[] {
  return contract.map(({ name, check }) => ({
    name,
    async run() {
      const ends = await transport.connect();
      const left = channelOf(ends[0]);
      const right = channelOf(ends[1]);
      try {
        const cut = ends[2];
        const scene = { left, right, ends, transport, ...(cut && { cut }) };
        await within(check(scene), transport.patienceMs ?? 20_000, name);
      } finally {
        const over = new Error("the case is over");
        left.abort(over);
        right.abort(over);
      }
    },
  }));
}

interface Scene {
  readonly left: ByteChannel;
  readonly right: ByteChannel;
  readonly ends: readonly [Duplex, Duplex, ...unknown[]];
  readonly cut?: () => void;
  readonly transport: TransportUnderTest;
}

const contract: readonly { readonly name: string; check(scene: Scene): Promise<void> }[] = [
  {
    name: "carries bytes in order, both ways at once",
    async check({ left, right }) {
      const there = seededBytes(1, 3 << 20);
      const back = seededBytes(2, 2 << 20);
      const [atRight, atLeft] = await Promise.all([
        collect(right),
        collect(left),
        writeAll(left, there, 100_000),
        writeAll(right, back, 3000),
      ]);
      assertEqual(atRight, there);
      assertEqual(atLeft, back);
    },
  },
  {
    name: "carries a block larger than any buffer",
    async check({ left, right }) {
      const bytes = seededBytes(3, 9 << 20);
      const [received] = await Promise.all([collect(right), left.write(bytes).then(() => left.end())]);
      assertEqual(received, bytes);
    },
  },
  {
    name: "carries blocks of 4 MiB, both ways at once",
    async check({ left, right }) {
      const there = seededBytes(9, 8 << 20);
      const back = seededBytes(10, 8 << 20);
      const write = async (channel: ByteChannel, bytes: Bytes) => {
        for (let at = 0; at < bytes.length; at += 4 << 20)
          await channel.write(bytes.slice(at, at + (4 << 20)));
        await channel.end();
      };
      const [atRight, atLeft] = await Promise.all([
        collect(right),
        collect(left),
        write(left, there),
        write(right, back),
      ]);
      assertEqual(atRight, there);
      assertEqual(atLeft, back);
    },
  },
  {
    name: "carries single bytes, and takes an empty block for nothing",
    async check({ left, right }) {
      const bytes = seededBytes(4, 1500);
      const write = async () => {
        await left.write(new Uint8Array(0));
        await writeAll(left, bytes, 1);
      };
      const [received] = await Promise.all([collect(right), write()]);
      assertEqual(received, bytes);
    },
  },
  {
    name: "ends an empty direction",
    async check({ left, right }) {
      const [received] = await Promise.all([collect(right), left.end()]);
      assert(received.length === 0, "something came out of nothing");
    },
  },
  {
    name: "closes one direction and leaves the other open",
    async check({ left, right }) {
      const [question] = await Promise.all([collect(right), writeAll(left, seededBytes(5, 1000), 100)]);
      assert(question.length === 1000, "what was written before the end is not there");
      const answer = seededBytes(6, 700_000);
      const [received] = await Promise.all([collect(left), writeAll(right, answer, 65_536)]);
      assertEqual(received, answer);
    },
  },
  {
    name: "goes on for long in one direction when the other has ended, to a slow reader",
    async check({ left, right }) {
      const bytes = seededBytes(11, 6 << 20);
      await Promise.all([collect(right), left.end()]);
      const writing = writeAll(right, bytes, 400_000);
      writing.catch(() => {});
      const { blocks, failure } = await collectSlowly(left, 1 << 20, 20);
      assert(failure === undefined, String(failure));
      await writing;
      assertEqual(joined(blocks), bytes);
    },
  },
  {
    name: "refuses to write behind the end, and ends twice without harm",
    async check({ left, right }) {
      const reading = collect(right);
      await left.end();
      await assertCode(left.write(new Uint8Array(1)), "STATE");
      await left.end();
      await reading;
    },
  },
  {
    name: "delivers what was written before the end to a slow reader, also when this side is aborted behind it",
    async check({ left, right, transport }) {
      if (transport.deliversAborted === false) return;
      const bytes = seededBytes(12, 5 << 20);
      const reading = collectSlowly(right, 64 << 10, 2);
      await writeAll(left, bytes, 300_000);
      left.abort(new Error("enough"));
      const { blocks } = await reading; // whatever became of it then: the other direction is broken
      assertEqual(joined(blocks), bytes);
    },
  },
  {
    name: "holds the writer back while nobody reads, and lets it go on",
    async check({ left, right, transport }) {
      if (transport.holdsBack === false) return;
      const block = seededBytes(7, 1 << 20);
      const blockCount = (maxHeldBytes >> 20) + 8;
      let writtenBytes = 0;
      const writing = (async () => {
        for (let count = 0; count < blockCount; count++) {
          await left.write(block);
          writtenBytes += block.length;
        }
        await left.end();
      })();
      writing.catch(() => {});
      await settled(() => writtenBytes);
      assert(writtenBytes < maxHeldBytes, `the writer was not held back within ${writtenBytes} bytes`);
      let receivedBytes = 0;
      for await (const received of right.read()) receivedBytes += received.length;
      await writing;
      assert(receivedBytes === blockCount * block.length, `only ${receivedBytes} bytes arrived`);
    },
  },
  {
    name: "gives the reason of an abort to its own reader",
    async check({ left }) {
      const reason = new Error("enough");
      const reading = collect(left);
      await pause();
      left.abort(reason);
      await assertRejects(reading, (thrown) => thrown === reason, "the reason of the abort");
      await assertRejects(
        left.write(new Uint8Array(1)),
        (thrown) => thrown === reason,
        "the reason of the abort",
      );
      left.abort(new Error("more than enough"));
    },
  },
  {
    name: "gives the reason of an abort to its own writer that waits",
    async check({ left, transport }) {
      if (transport.holdsBack === false) return;
      const reason = new Error("enough");
      const block = new Uint8Array(1 << 20);
      const writing = (async () => {
        for (;;) await left.write(block);
      })();
      writing.catch(() => {});
      await pause(50);
      left.abort(reason);
      await assertRejects(writing, (thrown) => thrown === reason, "the reason of the abort");
    },
  },
  {
    name: "tells the reader at the other end of an abort",
    async check({ left, right, transport }) {
      const reading = collect(right);
      await left.write(new Uint8Array(10));
      await pause();
      left.abort(new Error("enough"));
      if (transport.tellsBreakFromEnd === false) await reading.catch(() => {});
      else await assertCode(reading, "PEER_GONE");
    },
  },
  {
    name: "tells the writer at the other end of an abort, also while it waits",
    async check({ left, right }) {
      const block = new Uint8Array(256 << 10);
      const writing = (async () => {
        for (;;) {
          await right.write(block);
          await pause(0);
        }
      })();
      writing.catch(() => {});
      await pause(50);
      left.abort(new Error("enough"));
      await assertCode(writing, "PEER_GONE");
    },
  },
  {
    name: "tells both ends when the connection is cut, reader and writer",
    async check({ left, right, cut }) {
      if (cut === undefined) return;
      const block = new Uint8Array(64 << 10);
      const write = async (channel: ByteChannel) => {
        for (;;) {
          await channel.write(block);
          await pause(0);
        }
      };
      const lost = [collect(left), collect(right), write(left), write(right)];
      for (const each of lost) each.catch(() => {});
      await pause(50);
      cut();
      for (const each of lost) await assertCode(each, "PEER_GONE");
    },
  },
  {
    name: "takes a reader that leaves early for an abort",
    async check({ left, right }) {
      const block = new Uint8Array(64 << 10);
      const writing = (async () => {
        for (;;) {
          await left.write(block);
          await pause(0);
        }
      })();
      writing.catch(() => {});
      for await (const _ of right.read()) break;
      await assertCode(writing, "PEER_GONE");
    },
  },
  {
    name: "is a pair of Web Streams too",
    async check({ ends: [left, right] }) {
      const bytes = seededBytes(8, 1 << 20);
      // A transport without a channel of its own was locked by the case itself.
      if (left.writable.locked) return;
      const writer = left.writable.getWriter();
      const writing = (async () => {
        await writer.write(bytes.slice());
        await writer.close();
      })();
      const blocks: Bytes[] = [];
      const reader = right.readable.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) blocks.push(next.value);
      await writing;
      assertEqual(joined(blocks), bytes);
    },
  },
];

async function collect(channel: ByteChannel): Promise<Bytes> {
  const blocks: Bytes[] = [];
  for await (const block of channel.read()) blocks.push(block);
  return joined(blocks);
}

/** Reads on for as long as that goes, with a pause now and then. */
async function collectSlowly(channel: ByteChannel, everyBytes: number, pauseMs: number) {
  const blocks: Bytes[] = [];
  let unpausedBytes = 0;
  try {
    for await (const block of channel.read()) {
      blocks.push(block);
      unpausedBytes += block.length;
      if (unpausedBytes < everyBytes) continue;
      unpausedBytes = 0;
      await pause(pauseMs);
    }
    return { blocks, failure: undefined };
  } catch (failure) {
    return { blocks, failure };
  }
}

/** Writes copies in blocks of random length up to `maxBytes`, then ends. */
async function writeAll(channel: ByteChannel, bytes: Bytes, maxBytes: number): Promise<void> {
  const random = seededRandom(bytes.length);
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + Math.floor(random() * maxBytes);
    await channel.write(bytes.slice(at, end));
    at = end;
  }
  await channel.end();
}

function joined(blocks: readonly Bytes[]): Bytes {
  const all = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    all.set(block, at);
    at += block.length;
  }
  return all;
}

function pause(ms = 10): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves when a number has stopped growing. */
async function settled(value: () => number): Promise<void> {
  for (let last = -1; last !== value();) {
    last = value();
    await pause(250);
  }
}

async function within<T>(promise: Promise<T>, patienceMs: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`still waiting: ${what}`)), patienceMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function assert(truth: boolean, message: string): asserts truth {
  if (!truth) throw new Error(message);
}

function assertEqual(actual: Bytes, expected: Bytes): void {
  assert(actual.length === expected.length, `${actual.length} bytes arrived instead of ${expected.length}`);
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assert(at === -1, `byte ${at} arrived changed`);
}

async function assertCode(promise: Promise<unknown>, code: SyncErrorCode): Promise<void> {
  await assertRejects(promise, (thrown) => isSyncError(thrown, code), code);
}

async function assertRejects(
  promise: Promise<unknown>,
  expected: (thrown: unknown) => boolean,
  what: string,
): Promise<void> {
  const outcome = await promise.then(
    () => ({ thrown: undefined }),
    (thrown: unknown) => ({ thrown }),
  );
  assert(expected(outcome.thrown), `${String(outcome.thrown)} instead of ${what}`);
}

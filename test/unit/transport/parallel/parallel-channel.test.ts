import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSyncError, SyncError } from "../../../../src/errors.ts";
import { type Faults, faultyDuplex } from "../../../../src/testing/faulty-duplex.ts";
import { seededBytes, seededRandom } from "../../../../src/testing/random.ts";
import { type ByteChannel, channelOf } from "../../../../src/transport/channel.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import {
  ParallelChannel,
  type ParallelOptions,
} from "../../../../src/transport/parallel/parallel-channel.ts";
import { encodeEnd, encodeTaken, OpenRecord } from "../../../../src/transport/parallel/record.ts";
import { parallelLimits } from "../../../../src/transport/parallel/parallel-limits.ts";
import type { Bytes } from "../../../../src/types.ts";

interface Line {
  /** What goes wrong with what the left end reads, and the right. */
  readonly left?: Faults;
  readonly right?: Faults;
  readonly bufferBytes?: number;
}

/** Two groups of the same connections. */
function groups(lines: readonly Line[], options: ParallelOptions = {}): [ParallelChannel, ParallelChannel] {
  const left = new ParallelChannel(options);
  const right = new ParallelChannel(options);
  for (const line of lines) join(left, right, line);
  return [left, right];
}

function join(left: ParallelChannel, right: ParallelChannel, line: Line = {}): void {
  const { bufferBytes = 65_536 } = line;
  const [here, there] = duplexPair({ bufferBytes });
  left.add(channelOf(line.left ? faultyDuplex(here, line.left) : here));
  right.add(channelOf(line.right ? faultyDuplex(there, line.right) : there));
}

async function writeAll(channel: ByteChannel, bytes: Bytes, seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (let at = 0; at < bytes.length;) {
    const length = Math.ceil(random() ** 4 * 200_000);
    const block = bytes.slice(at, at + length);
    await channel.write(block);
    block.fill(0xee); // it was copied
    at += length;
  }
  await channel.end();
}

async function readAll(channel: ByteChannel): Promise<Buffer> {
  const blocks: Bytes[] = [];
  for await (const block of channel.read()) blocks.push(block);
  return Buffer.concat(blocks);
}

async function readSome(channel: ByteChannel): Promise<void> {
  for await (const _ of channel.read()) return;
}

/** Lets all go on that need not wait. */
async function settled(): Promise<void> {
  await new Promise(setImmediate);
}

/** Sends both ways at once, and says whether all arrived. */
async function exchange([left, right]: [ParallelChannel, ParallelChannel], seed: number, size: number) {
  const there = seededBytes(seed, size);
  const back = seededBytes(seed + 1, size >> 2);
  const [, , atRight, atLeft] = await Promise.all([
    writeAll(left, there, seed),
    writeAll(right, back, seed),
    readAll(right),
    readAll(left),
  ]);
  expect(atRight.equals(there)).toBe(true);
  expect(atLeft.equals(back)).toBe(true);
}

const codeOf = (thrown: unknown): string => (isSyncError(thrown) ? thrown.code : String(thrown));

describe("a group of connections", () => {
  it("delivers everything in order while one connection lives", async () => {
    const trouble = fc.record({
      at: fc.nat({ max: 700_000 }),
      end: fc.constantFrom("left", "right"),
      kind: fc.constantFrom("cutAtBytes", "endAtBytes", "stallAtBytes"),
    });
    const line = fc.record({ bufferBytes: fc.constantFrom(1, 5000, 1 << 20), trouble });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 4 }), fc.nat(), async (lines, seed) => {
        const broken = lines.map(({ bufferBytes, trouble: { at, end, kind } }) => ({
          bufferBytes,
          [end]: { [kind]: at },
        }));
        const sound: Line = { left: { maxBlockBytes: 3000 }, right: { maxBlockBytes: 3000 } };
        await exchange(groups([...broken, sound], { stallMs: 5, tellMs: 1, lingerMs: 5 }), seed, 1_000_000);
      }),
      { numRuns: Number(process.env["PARALLEL_RUNS"] ?? 8) },
    );
  });

  it("goes on over a connection that was added before all others broke", async () => {
    const lost: string[] = [];
    const pair = groups([{ right: { cutAtBytes: 900_000 } }], { onLost: ({ code }) => void lost.push(code) });
    const going = exchange(pair, 7, 3_000_000);
    join(...pair);
    await going;
    expect(lost).toContain("PEER_GONE");
  });

  it("is over by itself when one that joins finds nobody at the other end", async () => {
    const [left, right] = groups([{}]);
    await right.write(seededBytes(1, 10));
    const reading = readAll(left).catch(codeOf);
    const writing = (async () => {
      for (;;) await left.write(seededBytes(1, 100_000));
    })().catch(codeOf);
    await readSome(right);
    let refuse!: (reason: unknown) => void;
    const refused = new Promise<never>((_, reject) => (refuse = reject));
    left.add({
      read: async function* () {
        yield await refused;
      },
      write: async () => {},
      end: async () => {},
      abort() {},
    });
    right.abort(new SyncError("PEER_GONE", "killed"));
    await expect.poll(() => left.connectionCount).toBe(1);
    refuse(new SyncError("NOT_FOUND", "no such group"));
    expect(await Promise.all([reading, writing])).toEqual(["PEER_GONE", "PEER_GONE"]);
  });

  it("takes the pace of the connections together, not that of the slowest", async () => {
    const carried = [0, 0];
    const left = new ParallelChannel();
    const right = new ParallelChannel();
    for (const i of [0, 1]) {
      const [here, there] = duplexPair({ bufferBytes: 1 });
      const channel = channelOf(here);
      left.add({
        read: () => channel.read(),
        end: () => channel.end(),
        abort: (reason) => channel.abort(reason),
        async write(bytes) {
          carried[i]! += bytes.length;
          // The first one moves a record while the other moves twenty.
          for (let turn = 0; i === 0 && turn < 20; turn++) await new Promise(setImmediate);
          await channel.write(bytes);
        },
      });
      right.add(channelOf(there));
    }
    await exchange([left, right], 3, 8_000_000);
    expect(carried[1]!).toBeGreaterThan(3 * carried[0]!);
  });

  it("gives each of many connections its share of what there is, however little", async () => {
    const carried = [0, 0, 0, 0];
    const group = new ParallelChannel();
    for (const i of carried.keys()) {
      group.add({
        read: () => channelOf(duplexPair()[0]).read(),
        write: async () => void carried[i]!++,
        end: async () => {},
        abort() {},
      });
    }
    await settled();
    carried.fill(0); // what has come
    for (let i = 0; i < 20; i++) {
      await group.write(new Uint8Array(1000));
      await settled();
    }
    expect(carried).toEqual([5, 5, 5, 5]);
    group.abort(new Error("over"));
  });

  it("breaks with its last connection", async () => {
    const [left, right] = groups([{ right: { cutAtBytes: 10_000 } }, { right: { endAtBytes: 50_000 } }]);
    const writing = writeAll(left, seededBytes(1, 9_000_000), 1).then(() => "written", codeOf);
    expect(await readAll(right).then(() => "read", codeOf)).toBe("PEER_GONE");
    expect(await writing).toBe("PEER_GONE");
    expect(() => join(left, right)).toThrow(expect.objectContaining({ code: "STATE" }));
  });

  it("tells a break from an end, also behind the last record", async () => {
    const [left, right] = groups([{ right: { endAtBytes: 30_000 } }]);
    void writeAll(left, seededBytes(1, 20_000_000), 1).catch(() => {});
    expect(await readAll(right).then(() => "read", codeOf)).not.toBe("read");
  });

  it("takes no more connections than its limit", () => {
    const [left, right] = groups(Array.from({ length: parallelLimits.groupConnectionCount }, () => ({})));
    expect(() => join(left, right)).toThrow(expect.objectContaining({ code: "LIMIT" }));
    left.abort(new Error("over"));
  });

  it("breaks off connections that never end once all is said", async () => {
    const pair = groups([{}, { left: { stallAtBytes: 0 }, right: { stallAtBytes: 0 } }], {
      stallMs: 5,
      lingerMs: 5,
    });
    await exchange(pair, 1, 100_000);
    await expect.poll(() => pair[0].connectionCount + pair[1].connectionCount).toBe(0);
  });
});

describe("what a peer may not say", () => {
  const data = (number: number, length = 1): Bytes => {
    const record = new OpenRecord(length);
    record.add(new Uint8Array(length));
    return record.seal(number);
  };
  const lies: Record<string, readonly Bytes[]> = {
    "an unknown record": [Uint8Array.of(3)],
    "an empty record": [Uint8Array.of(0, 0, 0)],
    "a record that is too long": [data(0, parallelLimits.groupRecordBytes + 1)],
    "a record that was not asked for": [data(parallelLimits.windowRecords)],
    "a number beyond all": [Uint8Array.of(0, ...Array.from({ length: 9 }, () => 0xff), 1)],
    "that more arrived than was sent": [encodeTaken(1, 2, 0)],
    "that more came over it than was sent": [encodeTaken(0, 1, 1)],
    "a window that is too wide": [encodeTaken(0, parallelLimits.windowRecords + 1, 0)],
    "an end before what has come": [data(0), data(1), encodeEnd(1)],
    "an end before what came early": [data(5), encodeEnd(5)],
    "two ends": [encodeEnd(3), encodeEnd(4)],
    "a record behind the end": [encodeEnd(1), data(1)],
  };
  for (const [lie, records] of Object.entries(lies)) {
    it(lie, async () => {
      const [here, there] = duplexPair();
      const [spare] = duplexPair();
      const group = new ParallelChannel();
      group.add(channelOf(here));
      group.add(channelOf(spare));
      const peer = channelOf(there);
      for (const record of records) await peer.write(record);
      expect(await readAll(group).then(() => "read", codeOf)).toBe("BAD_MESSAGE");
      await expect(group.write(new Uint8Array(1))).rejects.toThrow();
    });
  }

  it("takes what arrives twice once, and says so", async () => {
    const [here, there] = duplexPair();
    const group = new ParallelChannel();
    group.add(channelOf(here));
    const peer = channelOf(there);
    for (const record of [data(0), data(0), data(1), data(1), encodeEnd(2)]) await peer.write(record);
    expect((await readAll(group)).length).toBe(2);
    const blocks = peer.read()[Symbol.asyncIterator]();
    expect([...(await blocks.next()).value!].slice(0, 2)).toEqual([1, 1]);
    group.abort(new Error("over"));
  });
});

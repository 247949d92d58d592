import { expect, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { readChunkList } from "../../../src/session/list.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import type { Bytes, Duplex } from "../../../src/types.ts";
import { PlainTarget, plainSource } from "../../plain-tree.ts";

/** What a sender says where nobody answers. */
async function record(mode: "one-way" | "list"): Promise<Bytes> {
  const blocks: Bytes[] = [];
  const writable = new WritableStream<Bytes>({ write: (bytes) => void blocks.push(bytes.slice()) });
  const source = plainSource(new Map([["a", { kind: "file", content: Uint8Array.of(1, 2, 3) }]]));
  await sendTree(source, { readable: new ReadableStream<Bytes>(), writable }, { mode });
  return concatBytes(blocks);
}

function play(stream: Bytes): Duplex {
  const readable = new ReadableStream<Bytes>({
    start(controller) {
      controller.enqueue(stream);
      controller.close();
    },
  });
  return { readable, writable: new WritableStream<Bytes>() };
}

const readers = [
  {
    mode: "one-way",
    read: (stream: Bytes) => receiveTree(new PlainTarget(), play(stream), { duplex: false }),
  },
  { mode: "list", read: (stream: Bytes) => readChunkList(play(stream).readable) },
] as const;

test.each(readers)("a stream of mode $mode is taken as it is", async ({ mode, read }) => {
  await read(await record(mode));
});

test.each(readers)("nothing may follow a stream of mode $mode", async ({ mode, read }) => {
  const stream = await record(mode);
  for (const count of [1, 7, 8, 100]) {
    const behind = new Uint8Array(count).fill(2);
    await expect(read(concatBytes([stream, behind])), `${count} bytes`).rejects.toMatchObject({
      code: expect.stringMatching(/UNSOLICITED|LIMIT|CORRUPT/),
    });
  }
});

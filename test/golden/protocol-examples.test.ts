import { readFileSync, writeFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { concatBytes } from "../../src/bytes/compare.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { fastcdcSpec } from "../../src/chunk/cutter-specs.ts";
import { encodeEnd } from "../../src/session/closing.ts";
import type { Frame } from "../../src/session/frame.ts";
import type { FrameType } from "../../src/session/frame-types.ts";
import { FrameReader, FrameWriter, preamble } from "../../src/session/frame.ts";

import type { Mode } from "../../src/session/hello.ts";
import { ReceiverCore } from "../../src/session/receiver-core.ts";
import { SenderCore } from "../../src/session/sender-core.ts";
import type { CutRun, SourceEntry } from "../../src/tree/source.ts";
import type { Bytes } from "../../src/types.ts";
import type { PlainTree } from "../plain-tree.ts";
import { PlainTarget, plainSource, text } from "../plain-tree.ts";

const page = new URL("../../docs/protocol.md", import.meta.url);
const nonce = new Uint8Array(16);

const tree: PlainTree = new Map([
  ["d", { kind: "dir", mode: 0o755 }],
  ["d/a", { kind: "file", content: text("hello\n") }],
  ["d/b", { kind: "file", content: new Uint8Array(0) }],
]);

/** One direction: frames as hex, one a line, its parts apart. */
class Recorder {
  readonly #writer = new FrameWriter();
  readonly #reader = new FrameReader();
  readonly #arrow: string;
  readonly #lines: string[];

  constructor(arrow: string, lines: string[]) {
    this.#arrow = arrow;
    this.#lines = lines;
    lines.push(`${arrow} preamble`, `    ${toHex(preamble)}`);
    [...this.#reader.read(preamble)];
  }

  get transcript(): Bytes {
    return this.#writer.transcript;
  }

  send(type: FrameType, payload: Bytes): Frame {
    const [head, body] = this.#writer.write(type, payload, "none");
    this.#lines.push(`${this.#arrow} ${type}`, `    ${[1, 4, 8].map((end, i) => toHex(head.subarray([0, 1, 4][i], end))).join(" ")}`);
    for (let at = 0; at < body.length; at += 40) this.#lines.push(`        ${toHex(body.subarray(at, at + 40))}`);
    const [frame] = [...this.#reader.read(concatBytes([head, body]))];
    return frame!;
  }
}

/** What is sent, what is there before, and what others have yet to bring. */
interface Example {
  readonly tree: PlainTree;
  readonly old: PlainTree;
  readonly missingBytes?: number;
}

/** Runs a session in lock step and writes down every frame. */
async function record(mode: Mode, { tree, old, missingBytes }: Example): Promise<string> {
  const lines: string[] = [];
  const down = new Recorder("S→R", lines);
  const cutter = fastcdcSpec();
  const sender = new SenderCore<string>({
    hello: { role: "sender", mode, layout: "named", digest: "sha-256", cutter, compression: "deflate", features: [], nonce },
  });
  const windows = { entries: 1_048_576, chunks: 1_048_576, data: 8_388_608 };
  const receiver = new ReceiverCore({
    hello: { role: "receiver", digests: ["sha-256"], cutters: ["cafs", "fastcdc", "fixed"], compressions: ["deflate"], windows, features: [], nonce },
  });
  const target = new PlainTarget(old);
  const source = plainSource(tree);
  const listing = source.entries({})[Symbol.asyncIterator]() as AsyncIterator<readonly SourceEntry<string>[]>;
  let cut: AsyncIterator<readonly CutRun<string>[]> | undefined;
  let up: Recorder | undefined;
  const answer = (type: FrameType, payload: Bytes): void => {
    up ??= new Recorder("R→S", lines);
    sender.received(up.send(type, payload));
  };
  const deliver = async (frame: Frame): Promise<void> => {
    const steps = receiver.receive(frame);
    let result: unknown;
    for (;;) {
      const { done, value: effect } = steps.next(result);
      if (done === true) return;
      if (effect.do === "send") answer(effect.type, effect.payload);
      if (effect.do === "open") await target.open({ ...effect, onTrouble: () => {} });
      if (effect.do === "plan") result = await target.plan(effect.entries, effect.first);
      if (effect.do === "plan" && missingBytes !== undefined) {
        receiver.totals.missingBytes += missingBytes; // as a target says that awaits ranges
        result = effect.entries.map(() => "nothing");
      }
      if (effect.do === "place") result = await target.place(effect.lists);
      if (effect.do === "write") await target.write(effect.placements);
      if (effect.do === "finish") await target.finish(effect.files);
      if (effect.do === "commit") await target.commit();
    }
  };
  for (let first = true; ; ) {
    const action = sender.next();
    if (action === undefined || action.do === "finish") break;
    if (action.do === "send") await deliver(down.send(action.type, action.payload));
    if (first && mode === "duplex") {
      const hello = receiver.hello();
      if (hello.do === "send") answer(hello.type, hello.payload);
    }
    first = false;
    if (action.do === "cut") cut = source.cut(action.files, cutter, {})[Symbol.asyncIterator]();
    if (action.do === "list") {
      const { done, value } = await listing.next();
      if (done === true) sender.listingEnded();
      else sender.listed(value);
    }
    if (action.do === "step") {
      const { done, value } = await cut!.next();
      if (done === true) sender.cutEnded();
      else sender.cut(value);
    }
    if (action.do === "end") {
      const { transcript } = down;
      sender.saidEnd(transcript);
      await deliver(down.send("END", encodeEnd({ ...sender.totals, transcript })));
    }
  }
  expect(target.committed).toBe(true);
  if (missingBytes === undefined) expect([...target.tree.keys()]).toEqual(expect.arrayContaining([...tree.keys()]));
  else expect(sender.totals.missingBytes).toBe(missingBytes);
  return lines.join("\n");
}

describe("the worked examples of docs/protocol.md", () => {
  const old: PlainTree = new Map([["old", { kind: "file", content: text("hello\n") }]]);
  const ranged: PlainTree = new Map([["r", { kind: "file", content: new Uint8Array(40 * 1_048_576) }]]);

  it.each<[string, Mode, Example]>([
    ["one-way", "one-way", { tree, old: new Map() }],
    ["duplex", "duplex", { tree, old }],
    ["range", "duplex", { tree: ranged, old: new Map(), missingBytes: 30 * 1_048_576 }],
  ])("are what the code writes: %s", async (name, mode, example) => {
    const wanted = `<!-- example ${name} -->\n\n\`\`\`text\n${await record(mode, example)}\n\`\`\`\n\n<!-- end -->`;
    const doc = readFileSync(page, "utf8");
    const found = doc.match(new RegExp(`<!-- example ${name} -->[^]*?<!-- end -->`))?.[0];
    // UPDATE_DOCS=1 npx vitest run test/golden writes them anew.
    if (process.env.UPDATE_DOCS === "1" && found !== undefined) writeFileSync(page, doc.replace(found, wanted));
    else expect(found).toBe(wanted);
  });
});

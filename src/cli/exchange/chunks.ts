import { toHex } from "../../bytes/hex.ts";
import { cutChunks } from "../../chunk/cut-chunks.ts";
import { cafsSpec, fastcdcSpec, fixedSpec, maxChunkBytes } from "../../chunk/cutter-specs.ts";
import type { CutterSpec } from "../../chunk/cutter.ts";
import { handprint } from "../../chunk/handprint.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import type { AbortOptions } from "../../types.ts";
import { readCount } from "../options/arguments.ts";
import { defineCommand } from "../command.ts";
import { escapeText, jsonText } from "../../bytes/escaped-text.ts";
import { readFileBlocks } from "./file-blocks.ts";
import { writeLines } from "../report/result-output.ts";

const maxHandprintCount = 1024;
/** Of each id of a handprint so many hex digits are shown, in columns for five ids. */
const handprintDigits = 4;
const handprintColumns = 20;

/** `chunks FILE...`: how files are cut, or their handprints. */
export const chunks = defineCommand({
  operands: ["FILE..."],
  options: {
    cutter: {
      type: "string",
      value: "NAME",
      choices: ["cafs", "fastcdc", "fixed"],
      about: "cafs (default), fastcdc or fixed",
    },
    size: { type: "string", value: "BYTES", about: "average of fastcdc, or size of fixed chunks" },
    handprint: { type: "string", value: "N", bare: "5", about: "only the N smallest ids of each file (5)" },
    json: { type: "boolean", about: "one JSON object a line, with full ids" },
  },
  writesOutput: () => true,
  async run({ operands, options, signal }) {
    const count = readCount("handprint", options.handprint, 1, maxHandprintCount);
    const listing = {
      spec: chooseSpec(options.cutter, options.size),
      json: options.json === true,
      showsPath: operands.length > 1,
      signal,
    };
    await writeLines(describeFiles(operands, count, listing), { signal });
  },
});

interface Listing extends AbortOptions {
  readonly spec: CutterSpec;
  readonly json: boolean;
  readonly showsPath: boolean;
}

async function* describeFiles(
  paths: readonly string[],
  count: number | undefined,
  listing: Listing,
): AsyncGenerator<string> {
  for (const path of paths) {
    yield* count === undefined ? listChunks(path, listing) : showHandprint(path, count, listing);
  }
}

async function* listChunks(
  path: string,
  { spec, json, showsPath, ...abort }: Listing,
): AsyncGenerator<string> {
  let offset = 0;
  for await (const chunk of cutChunks(readFileBlocks(path, abort), spec, abort)) {
    const id = toHex(chunk.id);
    const size = chunk.bytes.length;
    if (json) yield jsonText({ path, offset, size, id });
    else yield `${offset} ${size} ${id}${showsPath ? ` ${escapeText(path)}` : ""}`;
    offset += size;
  }
}

async function* showHandprint(path: string, count: number, { spec, json, ...abort }: Listing) {
  const ids = [];
  for await (const { id } of cutChunks(readFileBlocks(path, abort), spec, abort)) ids.push(id);
  const print = handprint(ids, count).map(toHex);
  if (json) {
    yield jsonText({ path, handprint: print });
    return;
  }
  const digits = print.map((id) => id.slice(0, handprintDigits)).join("");
  yield `${digits.padEnd(handprintColumns)} ${escapeText(path)}`;
}

/** @throws USAGE */
function chooseSpec(name: "cafs" | "fastcdc" | "fixed" = "cafs", sizeText: string | undefined): CutterSpec {
  const size = readCount("size", sizeText, 1, maxChunkBytes);
  try {
    if (name === "fastcdc") return fastcdcSpec(size);
    if (name === "fixed" && size !== undefined) return fixedSpec(size);
  } catch (cause) {
    if (!isSyncError(cause, "UNSUPPORTED")) throw cause;
    throw new SyncError("USAGE", `--size ${size}: ${cause.message}`, { cause });
  }
  if (name === "fixed") throw new SyncError("USAGE", "--cutter fixed needs --size");
  if (size !== undefined) throw new SyncError("USAGE", "--size does not go with the cutter cafs");
  return cafsSpec;
}

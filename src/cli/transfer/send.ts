import { closingInTheEnd } from "../../bytes/closing.ts";
import { fastestDigest, nodeDigests } from "../../chunk/blake3.node.ts";
import { type ChunkDigest, sha256Digest } from "../../chunk/digest.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import { readChunkList } from "../../session/list.ts";
import { sendTree, type SendOptions } from "../../session/send.ts";
import type { Order } from "../../tree/order/order.ts";
import { limitRate } from "../../transport/limited-rate.ts";
import { duplexOf } from "../../transport/channel.ts";
import { defineCommand, type OptionSpecs } from "../command.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import { progressTo } from "../report/session-progress.ts";
import { reportSession } from "../report/session-report.ts";
import { duplexOption, livenessOf, timeoutOption } from "../options/session-options.ts";
import { chunkMakingFor, openSource } from "../../transfer/open-source.node.ts";
import { outputChannel } from "../../transfer/standard-streams.node.ts";
import { compressionOf, compressOptions } from "../options/compress-options.ts";
import { digestOption } from "../options/digest-option.ts";
import { explainOption, reportExplanation, sourcePlace } from "../options/filter-explanation.ts";
import { filterOptions, readFilterOptions } from "../options/filter-options.ts";
import { checkFakeEnd, keepOf, keepOptions } from "../options/keep-options.ts";
import { loadFilter } from "../../transfer/filter-loading.node.ts";
import { orderGiven, orderOption } from "../options/order-option.ts";
import {
  choiceOptions,
  chooseSource,
  sourceStoreOption,
  sourceTokenOption,
} from "../options/source-options.ts";
import { sourceOf } from "../options/source-place.ts";
import { rateOf, rateOption } from "../options/pace-options.ts";
import { checkGroup, groupChannel, groupOption } from "../options/group-option.ts";
import { prepareForSession } from "../engine.ts";

interface DigestOptions {
  readonly cutter?: string;
  readonly digest?: string;
  readonly duplex?: boolean;
  readonly have?: string;
}

/** Options about what is told of a tree. */
const sourceOptions = { ...filterOptions, ...choiceOptions, ...keepOptions } as const;

/** The option by which chunks are made for a receiver with a store. */
const chunkingOption = {
  cutter: {
    type: "string",
    value: "casync",
    about: "make chunks as casync does, for recv --store",
  },
} as const satisfies OptionSpecs;

/** `send SRC`: a tree as a stream. */
export const send = defineCommand({
  operands: ["SRC"],
  options: {
    have: { type: "string", value: "LIST", about: "leave out content that a list of `have` names" },
    ...sourceOptions,
    ...explainOption,
    ...compressOptions,
    ...digestOption,
    ...chunkingOption,
    ...sourceStoreOption,
    ...sourceTokenOption,
    ...rateOption,
    ...orderOption,
    ...duplexOption,
    ...groupOption,
    ...timeoutOption,
  },
  knowsRsync: true,
  writesOutput: () => true,
  async run({ operands: [from], options, report, signal }) {
    if (options["filter-explain"] !== undefined)
      return reportExplanation(report, options, { side: "sender", ...sourcePlace(from) });
    const duplex = options.duplex === true;
    checkGroup(options);
    checkFakeEnd(options, "sender");
    prepareForSession(duplex ? "duplex" : "one-way");
    const digest = chooseDigest(options);
    const { compress, compressionLevel } = compressionOf(options);
    const given = orderGiven(options, "sender", { ...sourceOptions, ...rateOption, ...chunkingOption });
    const chosen = chooseSource(from, options);
    const place = given ? from : chosen.place;
    const order = given ?? {
      ...(await readFilterOptions(options)),
      ...chosen.order,
      ...rateOf(options),
      ...chunkingOf(options),
      compressionLevel,
      keep: keepOf(options, "sender"),
    };
    if (order.removesSourceFiles === true && !duplex)
      throw new SyncError("USAGE", "--remove-source-files needs an answer; push, or send --duplex");
    const { filter } = await loadFilter(order, "receiver");
    const isHere = given || options["source-store"] === undefined;
    const opened = isHere ? place : await sourceOf(place, options, { report, showsToken: true });
    const source =
      typeof opened === "string"
        ? await openSource(place, { ...order, filter })
        : await opened.openSource({ filter, signal });
    const send = async (): Promise<void> => {
      const list = options.have === undefined ? {} : await readList(options.have, signal);
      const channel = duplex ? await groupChannel(options, report) : outputChannel();
      const summary = await sendTree(source, limitRate(duplexOf(channel), order.bytesPerSecond), {
        mode: duplex ? "duplex" : "one-way",
        ...(digest && { digest }),
        ...(await chunkMakingFor(order)),
        ...(compress && { compress: true }),
        compressionLevel: order.compressionLevel,
        ...(given?.tellsChanges === true && { onChange: () => {} }),
        signal,
        onTrouble: (error) => report.trouble(error),
        ...progressTo(report),
        ...livenessOf(options),
        ...list,
      });
      reportSession(report, "sent", summary);
    };
    await closingInTheEnd(send, () => source.close());
  },
});

/**
 * The digest that is asked for. Unless one is, the fastest where all goes one way: who listens runs
 * the same program. Lists name chunks by SHA-256, and whoever answers says what it knows.
 *
 * @throws USAGE
 */
function chooseDigest(options: DigestOptions): ChunkDigest | undefined {
  const { cutter, duplex, have } = options;
  const name = options.digest;
  const isLeft = duplex === true || have !== undefined || cutter !== undefined;
  if (name === undefined) return isLeft ? undefined : fastestDigest();
  const digest = nodeDigests.find((one) => one.name === name)!;
  if (have !== undefined && digest !== sha256Digest)
    throw new SyncError("USAGE", "a list of `have` names chunks by sha-256");
  return digest;
}

/** The rule that is asked for, by which chunks are named, too. @throws USAGE */
function chunkingOf({ cutter, digest, have }: DigestOptions): Pick<Order, "chunking"> {
  if (cutter === undefined) return {};
  if (cutter !== "casync") throw new SyncError("USAGE", `--cutter takes casync, not "${cutter}"`);
  if (digest !== undefined || have !== undefined)
    throw new SyncError("USAGE", "--cutter says how chunks are named; leave out --digest and --have");
  return { chunking: cutter };
}

/**
 * What the receiver has, and the rule by which its list cut: chunks are found again only by the
 * same.
 */
async function readList(path: string, signal: AbortSignal): Promise<Pick<SendOptions, "have" | "cutter">> {
  try {
    const { chunks, cutter } = await readChunkList(readFileBlocks(path, { signal }));
    return { have: chunks, cutter };
  } catch (thrown) {
    if (!isSyncError(thrown) || thrown.detail.path !== undefined) throw thrown;
    const message = `this is no list that \`have\` wrote: ${thrown.message}`;
    throw new SyncError(thrown.code, message, { cause: thrown, detail: { ...thrown.detail, path } });
  }
}

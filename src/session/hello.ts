import { hasBrotli } from "../bytes/brotli.ts";
import { concatBytes } from "../bytes/compare.ts";
import { checkCutterSpec } from "../chunk/cutter-specs.ts";
import type { CutterSpec } from "../chunk/cutter.ts";
import { sha256 } from "../chunk/digest.ts";
import { SyncError } from "../errors.ts";
import type { Layout } from "../tree/entry/entry.ts";
import type { Bytes } from "../types.ts";
import { coarseCutter } from "./chunk-making.ts";
import { sessionLimits } from "./limits.ts";
import { helloNames, numbered } from "./hello-names.ts";
import { type LevelBytes, levelPairs, readLevelPairs } from "./level-bytes.ts";
import { encodeTuple, escaped, Tuple } from "./tuple.ts";

/** The version of the protocol that this library speaks. */
export const protocolVersion = 1;

/**
 * A receiver with this feature asks for content that is compressed; a sender with it is willing.
 */
export const compressFeature = "compress";

/**
 * A sender with this feature wants to hear what becomes of each path; a receiver with it can tell.
 */
export const changesFeature = "changes";

/**
 * A one-way sender with this feature leaves out content that it knows the receiver to have; a
 * receiver keeps such content until the end.
 */
export const haveFeature = "have";

/**
 * A sender with this feature tells of new versions by what they share with old ones; a receiver
 * with it has those.
 */
export const piecesFeature = "pieces";

/**
 * Ends with this feature can tell directories by their digests, so that one of which the receiver
 * has all need not be listed.
 */
export const subtreesFeature = "subtrees";

/**
 * A receiver with this feature has nothing in the place that the tree goes to; a sender with it
 * makes longer chunks for such a place.
 */
export const emptyFeature = "empty";

/**
 * Ends with this feature name chunks by MACs under a key of the session, where nothing else is
 * asked for.
 */
export const keyedFeature = "keyed";

/**
 * What follows tells a receiver on the same system which source it is whose files are removed when
 * they have arrived.
 */
export const removesPrefix = "removes=";

/** What a receiver calls Brotli that knows it. */
export const brotliName = "br";

/**
 * How content travels. `duplex`: the receiver answers. `one-way`: nothing comes back, the stream
 * holds all. `list`: a one-way stream without content, which tells what a tree holds.
 */
export type Mode = "duplex" | "one-way" | "list";

/** The sender's HELLO: it states what the session will be. */
export interface SenderHello {
  readonly role: "sender";
  readonly mode: Mode;
  readonly layout: Layout;
  readonly digest: string;
  readonly cutter: CutterSpec;
  /** What the compressed flag of a frame means. */
  readonly compression: string;
  readonly features: readonly string[];
  readonly nonce: Bytes;
}

/** Bytes that one end lets the other have under way at each level. */
export type Windows = LevelBytes;

/** Those of a receiver that says nothing else. */
const knownWindows: Windows = {
  entries: sessionLimits.entriesWindowBytes,
  chunks: sessionLimits.chunksWindowBytes,
  data: sessionLimits.dataWindowBytes,
};

/** The receiver's HELLO: what it can take. */
export interface ReceiverHello {
  readonly role: "receiver";
  readonly digests: readonly string[];
  readonly cutters: readonly string[];
  readonly compressions: readonly string[];
  readonly windows: Windows;
  readonly features: readonly string[];
  readonly nonce: Bytes;
}

const nonceBytes = 16;
/** Parts of the protocol that an end does not do without: none in this version. */
const noNeeds: readonly string[] = [];

/** Encodes a HELLO (docs/protocol.md §6.1). */
export function encodeHello(hello: SenderHello | ReceiverHello): Bytes {
  const { feature, digest, compression, cutter } = helloNames;
  const all = (names: readonly string[], some: readonly string[]) =>
    some.map((name) => numbered(names, name));
  const { role, nonce, features } = hello;
  const start = [protocolVersion, numbered(helloNames.role, role), nonce, all(feature, features), noNeeds];
  if (hello.role === "receiver") {
    const { digests, cutters, compressions, windows } = hello;
    const taken = [all(digest, digests), all(cutter, cutters), all(compression, compressions)];
    return encodeTuple([...start, ...taken, levelPairs(windows, knownWindows)]);
  }
  const { name, minBytes, averageBytes, maxBytes } = hello.cutter;
  return encodeTuple([
    ...start,
    numbered(helloNames.mode, hello.mode),
    numbered(helloNames.layout, hello.layout),
    numbered(digest, hello.digest),
    numbered(compression, hello.compression),
    numbered(cutter, name),
    minBytes,
    averageBytes,
    maxBytes,
  ]);
}

/**
 * Decodes the HELLO that the end with this role must have sent.
 *
 * @throws UNSUPPORTED when the versions do not meet or it is the wrong end, BAD_MESSAGE
 */
export function decodeHello(payload: Bytes, role: "sender"): SenderHello;
export function decodeHello(payload: Bytes, role: "receiver"): ReceiverHello;
export function decodeHello(payload: Bytes, role: "sender" | "receiver"): SenderHello | ReceiverHello {
  const tuple = new Tuple(payload);
  const version = tuple.count();
  if (version !== protocolVersion) {
    throw new SyncError(
      "UNSUPPORTED",
      `the other end speaks protocol version ${version}, this one ${protocolVersion}`,
    );
  }
  const found = tuple.oneOf(helloNames.role);
  if (found !== role) {
    const isTwin = found === "sender" || found === "receiver";
    throw new SyncError("UNSUPPORTED", isTwin ? `both ends are ${found}s` : `the other end is a ${found}`);
  }
  const nonce = tuple.bytes(nonceBytes);
  const features = tuple.names(helloNames.feature);
  checkNeeds(tuple.names(helloNames.feature));
  if (role === "sender") {
    const mode = tuple.oneOf(helloNames.mode);
    const layout = tuple.oneOf(helloNames.layout);
    const digest = tuple.name(helloNames.digest);
    const compression = tuple.name(helloNames.compression);
    const name = tuple.oneOf(helloNames.cutter);
    const cutter = { name, minBytes: tuple.count(), averageBytes: tuple.count(), maxBytes: tuple.count() };
    return { role, mode, layout, digest, cutter, compression, features, nonce };
  }
  const digests = tuple.names(helloNames.digest);
  const cutters = tuple.names(helloNames.cutter);
  const compressions = tuple.names(helloNames.compression);
  const windows = readLevelPairs(tuple.counts(), knownWindows);
  if (Object.values(windows).includes(0)) throw new SyncError("BAD_MESSAGE", "a window is empty");
  return { role, digests, cutters, compressions, windows, features, nonce };
}

/** @throws UNSUPPORTED for a part of the protocol that is not known here */
function checkNeeds(needs: readonly string[]): void {
  const known: readonly string[] = helloNames.feature;
  const missing = needs.filter((name) => !known.includes(name)).map(escaped);
  if (missing.length > 0)
    throw new SyncError("UNSUPPORTED", `the other end needs what is not known here: ${missing.join(", ")}`);
}

/**
 * Lets a cutter pass that a session may use.
 *
 * @throws UNSUPPORTED when this version cannot cut by it, LIMIT when its chunks are too small or
 *   too long
 */
export function checkSessionCutter(cutter: CutterSpec): void {
  const { averageBytes, maxBytes } = checkCutterSpec(cutter);
  if (maxBytes <= sessionLimits.chunkBytes && averageBytes >= sessionLimits.averageChunkBytes) return;
  throw new SyncError("LIMIT", `chunks of ${averageBytes} to ${maxBytes} bytes are too small or too long`);
}

/** What a sender asks of the target of its receiver. Where it can be told what is missing, less. */
export function askedOfTarget({ mode, features }: SenderHello): {
  readonly search: boolean;
  readonly keepOld: boolean;
  readonly tells: boolean;
  readonly removedSource: string | undefined;
} {
  const duplex = mode === "duplex";
  return {
    search: !duplex,
    keepOld: !duplex && features.includes(haveFeature),
    tells: duplex && features.includes(changesFeature),
    removedSource: features.find((name) => name.startsWith(removesPrefix))?.slice(removesPrefix.length),
  };
}

/** What follows from the two greetings. */
export interface Agreement {
  /** True when content is compressed. */
  readonly compress: boolean;
  /** True when both ends know Brotli. */
  readonly brotli: boolean;
  /** The key of the MACs of files and pieces, 32 bytes; undefined when there are none. */
  readonly macKey: Bytes | undefined;
  /** The same of the MACs of directories. */
  readonly subtreesKey: Bytes | undefined;
  /** How chunks are cut, and the name of the digest that their ids are. */
  readonly cutter: CutterSpec;
  readonly digest: string;
  /** The key of the MACs that ids are, where they are. */
  readonly chunksKey: Bytes | undefined;
}

/**
 * What follows from the two greetings, for the sender.
 *
 * @throws UNSUPPORTED when the receiver does not know what the sender's session needs
 */
export function agree(sender: SenderHello, receiver: ReceiverHello): Agreement {
  const { digest, cutter, compression } = sender;
  const missing = [
    ...(receiver.digests.includes(digest) ? [] : [digest]),
    ...(receiver.cutters.includes(cutter.name) ? [] : [cutter.name]),
    ...(receiver.compressions.includes(compression) ? [] : [compression]),
  ];
  if (missing.length > 0)
    throw new SyncError("UNSUPPORTED", `the receiver does not know ${missing.join(", ")}`);
  return agreementOf(sender, receiver);
}

/** What follows from two greetings that go together. */
export function agreementOf(sender: SenderHello, receiver: ReceiverHello): Agreement {
  const isShared = (name: string): boolean =>
    [sender, receiver].every(({ features }) => features.includes(name));
  const isDuplex = sender.mode === "duplex";
  const keyFor = (feature: string): Bytes | undefined =>
    isDuplex && isShared(feature) ? macKeyOf(sender.nonce, receiver.nonce) : undefined;
  return {
    compress: isShared(compressFeature),
    brotli: hasBrotli && receiver.compressions.includes(brotliName),
    macKey: keyFor(piecesFeature),
    subtreesKey: keyFor(subtreesFeature),
    cutter: isDuplex && isShared(emptyFeature) ? coarseCutter : sender.cutter,
    digest: sender.digest,
    chunksKey: keyFor(keyedFeature),
  };
}

/** Nobody who writes files knows it beforehand: both ends had a part in it. */
function macKeyOf(senderNonce: Bytes, receiverNonce: Bytes): Bytes {
  return sha256(concatBytes([new TextEncoder().encode("rsync-stream mac"), senderNonce, receiverNonce]));
}

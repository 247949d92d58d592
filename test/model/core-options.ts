import { fixedSpec } from "../../src/chunk/cutter-specs.ts";
import type { SyncError } from "../../src/errors.ts";
import {
  piecesFeature,
  type ReceiverHello,
  type SenderHello,
  subtreesFeature,
} from "../../src/session/hello.ts";
import type { SessionSetting } from "./setting.ts";
import type { Bytes } from "../../src/types.ts";
import { letterBytes, topName } from "./tiny-tree.ts";

const nonce = new Uint8Array(16);

/** Options of a core; it calls `onTrouble` as their method, so the paths it tells stay with it. */
export class CoreOptions<Hello> {
  readonly hello: Hello;
  readonly keptContentBytes: number;
  readonly topName: Bytes | undefined;
  /** The paths that this end was told of. */
  readonly paths = new Set<string>();

  constructor(hello: Hello, keptContentBytes: number, topName?: Bytes) {
    this.hello = hello;
    this.topName = topName;
    this.keptContentBytes = keptContentBytes;
  }

  onTrouble({ detail }: SyncError): void {
    this.paths.add(detail.path ?? "?");
  }
}

export function senderOptions(setting: SessionSetting): CoreOptions<SenderHello> {
  const hello: SenderHello = {
    role: "sender",
    mode: "duplex",
    layout: "named",
    digest: "sha-256",
    cutter: fixedSpec(letterBytes),
    compression: "deflate",
    features: featuresOf(setting),
    nonce,
  };
  return new CoreOptions(hello, setting.keptBytes, setting.usesSubtrees ? topName : undefined);
}

export function receiverOptions(setting: SessionSetting): CoreOptions<ReceiverHello> {
  const hello: ReceiverHello = {
    role: "receiver",
    digests: ["sha-256"],
    cutters: ["fixed"],
    compressions: ["deflate"],
    windows: setting.windows,
    features: featuresOf(setting),
    nonce,
  };
  return new CoreOptions(hello, 0);
}

function featuresOf({ usesPieces, usesSubtrees = false }: SessionSetting): string[] {
  return [...(usesPieces ? [piecesFeature] : []), ...(usesSubtrees ? [subtreesFeature] : [])];
}

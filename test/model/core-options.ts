import { fixedSpec } from "../../src/chunk/cutter-specs.ts";
import type { SyncError } from "../../src/errors.ts";
import { piecesFeature, type ReceiverHello, type SenderHello } from "../../src/session/hello.ts";
import type { SessionSetting } from "./setting.ts";
import { letterBytes } from "./tiny-tree.ts";

const nonce = new Uint8Array(16);

/** Options of a core; it calls `onTrouble` as their method, so the paths it tells stay with it. */
export class CoreOptions<Hello> {
  readonly hello: Hello;
  readonly keptContentBytes: number;
  /** The paths that this end was told of. */
  readonly paths = new Set<string>();

  constructor(hello: Hello, keptContentBytes: number) {
    this.hello = hello;
    this.keptContentBytes = keptContentBytes;
  }

  onTrouble({ detail }: SyncError): void {
    this.paths.add(detail.path ?? "?");
  }
}

export function senderOptions({ usesPieces, keptBytes }: SessionSetting): CoreOptions<SenderHello> {
  const hello: SenderHello = {
    role: "sender",
    mode: "duplex",
    layout: "named",
    digest: "sha-256",
    cutter: fixedSpec(letterBytes),
    compression: "deflate",
    features: usesPieces ? [piecesFeature] : [],
    nonce,
  };
  return new CoreOptions(hello, keptBytes);
}

export function receiverOptions({ usesPieces, windows }: SessionSetting): CoreOptions<ReceiverHello> {
  const hello: ReceiverHello = {
    role: "receiver",
    digests: ["sha-256"],
    cutters: ["fixed"],
    compressions: ["deflate"],
    windows,
    features: usesPieces ? [piecesFeature] : [],
    nonce,
  };
  return new CoreOptions(hello, 0);
}

import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fromHex } from "../../bytes/hex.ts";
import { type ChunkCoding, plainCoding } from "../../casync/chunk-coding.ts";
import { nodeCoding } from "../../casync/compressor.node.ts";
import { type ChunkCipher, encryptedCoding } from "../../casync/encrypted-coding.node.ts";
import { SyncError } from "../../errors.ts";
import type { OciEntry } from "../casync/oci-settings.ts";
import type { S3Entry } from "../casync/s3-settings.ts";
import { readNamedFile } from "../options/named-file.ts";

/** What the configuration says of a store, in the words of desync. */
export interface StoreSettings {
  readonly timeout?: number;
  readonly "error-retry"?: number;
  readonly "error-retry-base-interval"?: number;
  readonly "client-cert"?: string;
  readonly "client-key"?: string;
  readonly "ca-cert"?: string;
  readonly "trust-insecure"?: boolean;
  readonly uncompressed?: boolean;
  readonly "http-auth"?: string;
  readonly "http-cookie"?: string;
  readonly encryption?: boolean;
  readonly "encryption-key"?: string;
  readonly "encryption-algorithm"?: string;
}

/** The configuration of desync, as far as it is used here. */
export interface DesyncConfig {
  /** By the scheme and host of the server. */
  readonly "s3-credentials"?: Readonly<Record<string, S3Entry>>;
  /** By the URL of the store. */
  readonly "oci-credentials"?: Readonly<Record<string, OciEntry>>;
  readonly "store-options"?: Readonly<Record<string, StoreSettings>>;
}

/** Where a configuration is unless a line says so. */
export function usualConfigPath(): string {
  return join(homedir(), ".config", "desync", "config.json");
}

/**
 * Reads a configuration; the usual one may be missing.
 *
 * @throws NOT_FOUND, IO, USAGE when it is no JSON
 */
export function readConfig(path: string | undefined): DesyncConfig {
  const usual = usualConfigPath();
  if (path === undefined && !existsSync(usual)) return {};
  try {
    return JSON.parse(readNamedFile(path ?? usual).toString()) as DesyncConfig;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new SyncError("USAGE", "the configuration is no JSON", { cause, detail: { path: path ?? usual } });
  }
}

/** What a configuration says of a store. @throws USAGE when two entries fit it */
export function settingsOf({ "store-options": all = {} }: DesyncConfig, place: string): StoreSettings {
  const bare = place.replace(/\/+$/, "");
  const fitting = Object.keys(all).filter((key) => {
    const wanted = key.replace(/\/+$/, "");
    return wanted === bare || globOf(wanted).test(bare);
  });
  if (fitting.length > 1) throw new SyncError("USAGE", `the configuration has several entries for ${place}`);
  return fitting.length === 0 ? {} : all[fitting[0]!]!;
}

function globOf(pattern: string): RegExp {
  const text = pattern
    .replaceAll(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  return new RegExp(`^${text}$`);
}

const ciphers: readonly ChunkCipher[] = ["xchacha20-poly1305", "aes-256-gcm"];

/** The form that chunks have in a store with these settings. @throws USAGE */
export function codingOf(settings: StoreSettings): ChunkCoding {
  const inner = settings.uncompressed === true ? plainCoding : nodeCoding;
  if (settings.encryption !== true) return inner;
  const key = settings["encryption-key"] ?? process.env["DESYNC_ENCRYPTION_KEY"];
  const algorithm = settings["encryption-algorithm"] || "xchacha20-poly1305";
  const cipher = ciphers.find((one) => one === algorithm);
  if (key === undefined) throw new SyncError("USAGE", "a key is missing to encrypt by");
  if (cipher === undefined) throw new SyncError("USAGE", `unknown encryption "${algorithm}"`);
  return encryptedCoding(inner, cipher, fromHex(key));
}

import { replaceableStore } from "../../casync/replaceable-store.ts";
import { SyncError, toSyncError, withPath } from "../../errors.ts";
import type { ChunkReader } from "../../store/store.ts";
import { readNamedFile } from "../options/named-file.ts";
import { describeError } from "../report/text-report.ts";
import { valueOf } from "./desync-arguments.ts";
import type { DesyncCall } from "./desync-command.ts";
import { type DesyncStores, readerFor } from "./desync-stores.ts";

/** The option of commands that run for long, whose stores may change meanwhile. */
export const storeFileOption = {
  "store-file": { type: "string", about: "read stores and cache from this file, again on SIGHUP" },
} as const;

/**
 * The stores of a command line, or those that its file of stores names: that is read again on
 * SIGHUP, and what is wrong with it then is told and changes nothing.
 *
 * @throws USAGE, NOT_FOUND, IO
 */
export function reloadedReader(call: DesyncCall): ChunkReader {
  const path = valueOf(call.given, "store-file");
  if (path === undefined) return readerFor(call);
  const values = call.given.values;
  if (values["store"] !== undefined || values["cache"] !== undefined)
    throw new SyncError("USAGE", "--store-file takes the place of --store and --cache");
  const open = (): ChunkReader => readerFor(storesOf(path, call));
  const store = replaceableStore(open());
  onHangup(call, () => store.replace(open()));
  return store;
}

/** Does something on each SIGHUP until the command ends; what it fails of is told. */
export function onHangup({ signal, tell }: DesyncCall, work: () => void): void {
  const listener = (): void => {
    try {
      work();
    } catch (thrown) {
      tell(describeError(toSyncError(thrown)));
    }
  };
  process.on("SIGHUP", listener);
  signal.addEventListener("abort", () => process.off("SIGHUP", listener), { once: true });
}

function storesOf(path: string, { given, ...rest }: DesyncStores): DesyncStores {
  const { stores, cache } = readStoreFile(path);
  const values = { ...given.values, store: stores, ...(cache !== "" && { cache: [cache] }) };
  return { ...rest, given: { ...given, values } };
}

function readStoreFile(path: string): { readonly stores: readonly string[]; readonly cache: string } {
  try {
    const { stores = [], cache = "" } = JSON.parse(readNamedFile(path).toString()) as Record<string, unknown>;
    const isRight = Array.isArray(stores) && stores.every((one) => typeof one === "string");
    if (!isRight || typeof cache !== "string") throw new SyntaxError("stores are a list of places");
    return { stores, cache };
  } catch (cause) {
    if (!(cause instanceof SyntaxError) && !(cause instanceof TypeError))
      throw withPath(toSyncError(cause), path);
    throw new SyncError("USAGE", `the file of stores is wrong: ${cause.message}`, {
      cause,
      detail: { path },
    });
  }
}

import type { TreeFilter } from "../tree/filter/tree-filter.ts";
import type { TreeSource } from "../tree/source.ts";
import type { TreeTarget } from "../tree/target.ts";
import { parseEndpoint, type RemoteEndpoint } from "./endpoint.node.ts";
import type { TransferOptions } from "./transfer-options.node.ts";

/** How places are opened. */
export interface OpeningOptions {
  /** What they leave out and spare. */
  readonly filter?: TreeFilter | undefined;
  /** Ends the opening. */
  readonly signal?: AbortSignal | undefined;
  /** True when an attempt before this one moved content, which need not be moved again. */
  readonly movedBefore?: boolean | undefined;
}

/** Where a transfer comes from that is neither path nor URL. */
export interface SourcePlace {
  /** Opens what is sent; called for each attempt, after which it is closed. */
  openSource(options: OpeningOptions): TreeSource | Promise<TreeSource>;
}

/** Where a transfer goes to that is neither path nor URL. */
export interface TargetPlace {
  /** Opens where the tree goes; called for each attempt, after which it is closed. */
  openTarget(options: OpeningOptions): TreeTarget | Promise<TreeTarget>;
}

/** Loads what opens a source, for each attempt anew. */
export type LoadSource = () => Promise<SourcePlace["openSource"]>;

/** Loads what opens a target, for each attempt anew. */
export type LoadTarget = () => Promise<TargetPlace["openTarget"]>;

/** A place whose tree is opened in this process. */
interface OpenedPlace<Load> {
  readonly kind: "opened";
  /** Where it is, of a path. */
  readonly path?: string;
  readonly load: Load;
}

/** Where a transfer comes from. @throws USAGE for what is no place */
export function sourceAt(
  from: string | SourcePlace,
  options: TransferOptions,
): RemoteEndpoint | OpenedPlace<LoadSource> {
  if (typeof from !== "string")
    return { kind: "opened", load: async () => (opening) => from.openSource(opening) };
  const place = parseEndpoint(from);
  if (place.kind !== "local") return place;
  return { kind: "opened", path: place.path, load: localSource(place.path, options) };
}

/** Where a transfer goes to. @throws USAGE for what is no place */
export function targetAt(
  to: string | TargetPlace,
  options: TransferOptions,
): RemoteEndpoint | OpenedPlace<LoadTarget> {
  if (typeof to !== "string")
    return {
      kind: "opened",
      load: async () => {
        const { telling } = await import("./telling-target.ts");
        return async (opening) => telling(await to.openTarget(opening), options);
      },
    };
  const place = parseEndpoint(to);
  if (place.kind !== "local") return place;
  return { kind: "opened", path: place.path, load: localTarget(place.path, options) };
}

/** What opens a path here loads its modules when it is needed. */
function localSource(path: string, options: TransferOptions): LoadSource {
  return async () => {
    const { openSource } = await import("./open-source.node.ts");
    return ({ filter }) => openSource(path, { ...options, filter });
  };
}

function localTarget(path: string, options: TransferOptions): LoadTarget {
  return async () => {
    const { openTarget } = await import("./open-target.node.ts");
    return ({ filter, movedBefore }) => {
      const restarts = options.restarts === true && movedBefore !== true; // what came is for the next
      return openTarget(path, { ...options, restarts, filter, expected: filter });
    };
  };
}

import type { SyncError } from "../errors.ts";
import type { ReceiveLimits } from "../session/allowance.ts";
import type { LivenessOptions } from "../session/liveness.ts";
import type { ReceiveProgress, ReceiveSummary } from "../session/receive.ts";
import type { ReconnectOptions } from "../session/reconnect.ts";
import type { SendProgress, SendSummary } from "../session/send.ts";
import type { Unkept } from "../tree/disk/facts/metadata.node.ts";
import type { TreeChange } from "../tree/entry/entry.ts";
import type { Order } from "../tree/order/order.ts";
import type { OpenSourceOptions } from "./open-source.node.ts";
import type { ConnectorOptions } from "./connector.node.ts";
import type { FilterOptions } from "./filter-options.ts";
import type { OpenTargetOptions } from "./open-target.node.ts";

/** How `transfer` works. */
export interface TransferOptions
  extends
    ConnectorOptions,
    Omit<Order, "filter" | "tellsChanges">,
    FilterOptions,
    LivenessOptions,
    ReceiveLimits,
    ReconnectOptions {
  /** Opens the `store` of a destination here; one that needs no credentials unless given. */
  readonly openStore?: OpenTargetOptions["openStore"];
  /** How the source is reached, where that differs. */
  readonly source?: ConnectorOptions;
  /** The paths of a source here that are sent, of a part of a tree; all unless given. */
  readonly range?: OpenSourceOptions["range"];
  /** True to compress content that shrinks; not for a transfer of which neither end is here. */
  readonly compress?: boolean;
  /** Called whenever the totals have changed; as often as that happens. */
  readonly onProgress?: (progress: SendProgress | ReceiveProgress) => void;
  /** Called for each path that had to be left out, at either end. */
  readonly onTrouble?: (error: SyncError) => void;
  /** Called for each path that is not as it was at the destination, or would not be. */
  readonly onChange?: (change: TreeChange) => void;
  /** True to have a dry run here tell where the content of files differs; see `rule`. */
  readonly tellsRanges?: boolean;
  /** Called once for each thing that the file system of a destination here does not keep. */
  readonly onUnkept?: (what: Unkept) => void;
}

/**
 * What was transferred: of a sender where only the source is here, of a receiver otherwise. Where
 * neither end is here, entries and files are known when the session is over.
 */
export type TransferSummary = SendSummary | ReceiveSummary;

import { encodeByteText } from "../bytes/byte-text.ts";
import { SyncError } from "../errors.ts";
import { checkOrder } from "../http/session-host.ts";
import type { SharePath } from "../http/share-path.ts";
import type { Share } from "../http/share.ts";
import type { ConnectorOptions } from "../transfer/connector.node.ts";
import { parseEndpoint } from "../transfer/endpoint.node.ts";
import { placeBelow as placeUnder } from "../transfer/place-below.node.ts";
import type { SourcePlace, TargetPlace } from "../transfer/opened-places.node.ts";
import type { Order, OrderEnd } from "../tree/order/order.ts";
import { orderFields } from "../tree/order/order-fields.ts";
import { findNameFault, maxDepth } from "../tree/entry/entry-order.ts";
import type { Bytes } from "../types.ts";

/** A place that jobs may use, by its name: a share here, or what is elsewhere. */
export interface JobPlace {
  readonly name: string;
  readonly share?: Share;
  /** `[USER@]HOST:PATH` or a URL, where there is no share. */
  readonly place?: string;
  /** How it is reached. */
  readonly access?: ConnectorOptions;
}

/** One side of a job, as `transfer` takes it. */
interface Side<Opened> {
  readonly place: string | Opened;
  readonly access: ConnectorOptions;
}

/** The places that jobs may use. They name nothing else, and nothing around them. */
export class JobPlaces {
  readonly #places: ReadonlyMap<string, JobPlace>;

  /** @throws USAGE for names that are none, or stand for two */
  constructor(places: readonly JobPlace[]) {
    for (const { name } of places)
      if (!/^[a-z0-9][a-z0-9_.-]{0,62}$/i.test(name))
        throw new SyncError("USAGE", `the name of a place has letters, digits, _, . and -, not "${name}"`);
    this.#places = new Map(places.map((place) => [place.name, place]));
    if (this.#places.size < places.length) throw new SyncError("USAGE", "two places have one name");
  }

  get names(): readonly string[] {
    return [...this.#places.keys()];
  }

  /** @throws NOT_FOUND for a name that is not known, PATH */
  check(text: string): void {
    this.#find(text);
  }

  /**
   * Where a job comes from.
   *
   * @throws NOT_FOUND, PATH, UNSUPPORTED for a place that nothing comes from, and an order that it
   *   cannot carry out
   */
  source(text: string, order: Order): Side<SourcePlace> {
    const { place, path } = this.#find(text);
    const { share, access = {} } = place;
    if (!share) return { place: placeBelow(place.place!, path), access };
    const own = ownOrder(order, "sender", share);
    const open = share.openTree?.bind(share);
    if (!open) throw new SyncError("UNSUPPORTED", `nothing can be taken from the place "${place.name}"`);
    return { place: { openSource: async () => (await open(path, { order: own })).source }, access };
  }

  /** Where a job goes to. @throws as `source` does, for a place that nothing goes to */
  target(text: string, order: Order): Side<TargetPlace> {
    const { place, path } = this.#find(text);
    const { share, access = {} } = place;
    if (!share) return { place: placeBelow(place.place!, path), access };
    const own = ownOrder(order, "receiver", share);
    const open = (order.dryRun === true ? share.openPreview : share.openTarget)?.bind(share);
    if (!open) throw new SyncError("UNSUPPORTED", `nothing can be put into the place "${place.name}"`);
    return { place: { openTarget: () => open(path, { order: own }) }, access };
  }

  async close(): Promise<void> {
    for (const { share } of this.#places.values()) await share?.close?.();
  }

  #find(text: string): { readonly place: JobPlace; readonly path: SharePath } {
    const [name = "", ...names] = text.split("/");
    const place = this.#places.get(name);
    if (!place) {
      const message = `no place is called "${name.slice(0, 64)}" here; there is ${this.names.join(", ")}`;
      throw new SyncError("NOT_FOUND", message);
    }
    const contents = names.at(-1) === "" || names.length === 0;
    if (contents) names.pop();
    return { place, path: { components: names.map(componentOf), contents } };
  }
}

/** @throws PATH */
function componentOf(name: string, _: number, all: readonly string[]): Bytes {
  const bytes = encodeByteText(name);
  const fault = findNameFault(bytes) ?? (all.length > maxDepth ? "lies too deep" : undefined);
  if (fault !== undefined) throw new SyncError("PATH", `a name in the path of a place ${fault}`);
  return bytes;
}

/** What one end carries out, if the share does. @throws UNSUPPORTED */
function ownOrder(order: Order, end: OrderEnd, share: Share): Order {
  const own = Object.entries(order).filter(([name]) => orderFields[name as keyof Order].ends.includes(end));
  const given = Object.fromEntries(own) as Order;
  checkOrder(share, given);
  return given;
}

/** What lies below a place elsewhere, written as that place is. */
function placeBelow(text: string, path: SharePath): string {
  const place = parseEndpoint(text);
  if (place.kind === "local") throw new SyncError("USAGE", `${text} is not elsewhere`);
  const below = placeUnder(place, path);
  if (below.kind !== "ssh") return below.url;
  return `${text.slice(0, text.indexOf(":", text.indexOf("]") + 1) + 1)}${below.path}`;
}

import { SyncError } from "../../errors.ts";
import type { Endpoint } from "../../transfer/endpoint.node.ts";
import type { OrderEnd } from "../../tree/order/order.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

const owners = "a server gives files to its own user, and tells nobody whose they are";
const attributes = "a server neither sets these nor tells them";

/** Options that ask for what no server does, and why. What -a asks for is left out without it. */
const refusals: Readonly<Record<string, string>> = {
  owner: owners,
  group: owners,
  chown: owners,
  usermap: owners,
  groupmap: owners,
  acls: attributes,
  xattrs: attributes,
};

/**
 * Refuses options that a server does not carry out, where one is at an end.
 *
 * @throws USAGE
 */
export function checkServed(
  options: OptionValues<OptionSpecs>,
  { kind }: Pick<Endpoint, "kind">,
  end: OrderEnd,
): void {
  if (kind !== "http" && kind !== "websocket") return;
  const name = Object.keys(refusals).find((each) => options[each] !== undefined);
  if (name !== undefined) throw new SyncError("USAGE", `--${name}: ${refusals[name]}; leave it out`);
  const isFaking = options["fake-super"] === (end === "receiver" ? "dst" : "src");
  if (isFaking) throw new SyncError("USAGE", `--fake-super: ${attributes}; leave it out`);
}

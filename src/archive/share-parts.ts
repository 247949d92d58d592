import type { Lease } from "../coordinator/lease.ts";
import type { Register } from "../coordinator/register.ts";
import { SharedWork, type SharedWorkOptions } from "../coordinator/shared-work.ts";

/** How a process takes part in sending the parts of a tree. */
export interface SharePartsOptions extends Omit<SharedWorkOptions, "order"> {
  /** Parts in all. */
  readonly count: number;
  /** Sends a part, from 1 on; returns what is added to what all have counted. */
  readonly send: (number: number, signal: AbortSignal) => Promise<Readonly<Record<string, number>>>;
}

/**
 * Sends parts of a tree until none is left that another process has not sent. The parts of one that
 * dies are sent by the others, the one that it was at from its beginning.
 *
 * @param description of the tree and its parts, which has to be the same for all
 * @returns what all have counted together
 * @throws what the sending throws, and the coordinator; USAGE for other work that is not over
 */
export async function shareParts(
  register: Register,
  description: string,
  { count, send, ...options }: SharePartsOptions,
): Promise<Readonly<Record<string, number>>> {
  const order = (a: string, b: string): number => Number(a) - Number(b);
  const work = await SharedWork.join(register, description, { ...options, order });
  await work.share(work.phase, {
    leaseCount: 1,
    act: async (lease) => sendAll(lease, count, send),
    split: async ({ after = "0", upTo = `${count}` }) => {
      const middle = Math.ceil((Number(after) + Number(upTo)) / 2);
      return middle < Number(upTo) ? `${middle}` : undefined;
    },
  });
  await work.finish();
  return work.counts;
}

/** Sends the parts of a lease one after another, as long as they are not given away. */
async function sendAll(lease: Lease, count: number, send: SharePartsOptions["send"]): Promise<void> {
  for (let number = Number(lease.after ?? 0) + 1; number <= Number(lease.upTo ?? count); number++) {
    if (!lease.begin(`${number}`)) return;
    lease.settle(`${number}`, await send(number, lease.signal));
  }
}

import type { Lease } from "../coordinator/lease.ts";
import type { Register } from "../coordinator/register.ts";
import { SharedWork, type SharedWorkOptions } from "../coordinator/shared-work.ts";
import type { WorkRange } from "../coordinator/work-record.ts";

/** How a process takes part in sending the parts of a tree. */
export interface SharePartsOptions extends Omit<SharedWorkOptions, "order"> {
  /** Parts in all. */
  readonly count: number;
  /** Sends a part, from 1 on; returns what is added to what all have counted. */
  readonly send: DoPart;
  /** True for a part that something is to be done about once all are sent; none unless given. */
  readonly isOpen?: (number: number) => boolean;
  /** Does that. */
  readonly complete?: DoPart;
}

type DoPart = (number: number, signal: AbortSignal) => Promise<Readonly<Record<string, number>>>;

/** What is done about parts, one after the other. */
const [sending, completing] = [0, 1];

/**
 * Sends parts of a tree until none is left that another process has not sent, and then completes
 * what came in several of them. The parts of one that dies are sent by the others, the one that it
 * was at from its beginning.
 *
 * @param description of the tree and its parts, which has to be the same for all
 * @returns what all have counted together
 * @throws what the sending throws, and the coordinator; USAGE for other work that is not over
 */
export async function shareParts(
  register: Register,
  description: string,
  { count, send, isOpen = () => false, complete = async () => ({}), ...options }: SharePartsOptions,
): Promise<Readonly<Record<string, number>>> {
  const order = (a: string, b: string): number => Number(a) - Number(b);
  const work = await SharedWork.join(register, description, { ...options, order });
  const split = async ({ after = "0", upTo = `${count}` }: WorkRange): Promise<string | undefined> => {
    const middle = Math.ceil((Number(after) + Number(upTo)) / 2);
    return middle < Number(upTo) ? `${middle}` : undefined;
  };
  if (work.phase === sending)
    await work.share(sending, {
      leaseCount: 1,
      act: async (lease) =>
        eachOf(lease, count, async (number) => {
          lease.settle(`${number}`, await send(number, lease.signal), isOpen(number));
        }),
      split,
    });
  await work.share(completing, {
    leaseCount: 1,
    act: async (lease) =>
      eachOf(lease, count, async (number) => {
        lease.settle(`${number}`, isOpen(number) ? await complete(number, lease.signal) : {});
      }),
    split,
  });
  await work.finish();
  return work.counts;
}

/** Takes the parts of a lease one after another, as long as they are not given away. */
async function eachOf(lease: Lease, count: number, act: (number: number) => Promise<void>): Promise<void> {
  for (let number = Number(lease.after ?? 0) + 1; number <= Number(lease.upTo ?? count); number++) {
    if (!lease.begin(`${number}`)) return;
    await act(number);
  }
}

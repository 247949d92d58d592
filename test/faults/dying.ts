import { failureOf, type SystemCall, watchCalls } from "./watched-calls.ts";

/**
 * Does something as if the process were killed when so many calls have changed something: the next
 * one and all behind it are refused, whatever is tried to tidy up.
 *
 * @param root what is below this directory counts
 */
export async function die<Result>(
  root: string,
  afterCount: number,
  work: () => Promise<Result>,
): Promise<PromiseSettledResult<Result>> {
  let count = 0;
  using _watch = watchCalls(root, (call) => {
    if (call.changes) count += 1;
    return count > afterCount ? failureOf(call, "EIO") : undefined;
  });
  return await settled(work);
}

/** Does something while one call fails. */
export async function failOnce<Result>(
  root: string,
  at: number,
  code: string,
  work: () => Promise<Result>,
): Promise<{ readonly result: PromiseSettledResult<Result>; readonly call: SystemCall | undefined }> {
  let count = 0;
  let failed: SystemCall | undefined;
  using _watch = watchCalls(root, (call) => {
    if (count++ !== at) return undefined;
    failed = call;
    return failureOf(call, code);
  });
  return { result: await settled(work), call: failed };
}

/** Does something, and returns the calls that it made. */
export async function listCalls(root: string, work: () => Promise<unknown>): Promise<SystemCall[]> {
  const calls: SystemCall[] = [];
  using _watch = watchCalls(root, (call) => void calls.push(call));
  await work();
  return calls;
}

async function settled<Result>(work: () => Promise<Result>): Promise<PromiseSettledResult<Result>> {
  const [result] = await Promise.allSettled([work()]);
  return result!;
}

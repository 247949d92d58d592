import { isSyncError, SyncError, type SyncErrorCode } from "../errors.ts";

/** What a contract's cases fail with. */
export class Contract {
  readonly #what: string;

  /** @param what the kind of thing that is tested */
  constructor(what: string) {
    this.#what = what;
  }

  /** @throws INTERNAL with the promise that was not kept */
  expect(holds: boolean, promise: string): void {
    if (!holds) throw new SyncError("INTERNAL", `the ${this.#what} breaks its contract: ${promise}`);
  }

  /** Waits for a call that has to fail with this code. */
  async expectCode(code: SyncErrorCode, call: Promise<unknown>): Promise<void> {
    const thrown = await thrownBy(call);
    this.expect(isSyncError(thrown, code), `expected ${code}, got ${String(thrown)}`);
  }

  /** Waits for a call that has to fail with just this. */
  async expectReason(reason: unknown, call: Promise<unknown>): Promise<void> {
    const thrown = await thrownBy(call);
    this.expect(
      thrown === reason,
      `an aborted call rejects with the signal's reason, not with ${String(thrown)}`,
    );
  }
}

/** Returns what a call fails with; undefined when it succeeds. */
export async function thrownBy(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  return undefined;
}

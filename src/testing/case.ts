/**
 * One test of a contract. Any runner will do: `for (const { name, run } of cases) it(name, run)`.
 */
export interface ConformanceCase {
  readonly name: string;
  /** Resolves when the implementation keeps the promise, rejects with what went wrong otherwise. */
  run(): Promise<void>;
}

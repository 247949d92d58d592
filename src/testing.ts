/** For those who write a store or a transport of their own: the contracts as tests, and faults to meet. */

export type { ConformanceCase } from "./testing/case.ts";

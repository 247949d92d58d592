/**
 * For those who write a store, a transport, a source or a target of their own: the contracts as
 * tests, and faults to meet.
 */

export type { ConformanceCase } from "./testing/case.ts";
export { type Faults, faultyDuplex } from "./testing/faulty-duplex.ts";
export { seededBytes, seededRandom } from "./testing/random.ts";
export type { Shortcomings } from "./testing/sample-tree.ts";
export { sourceCases, type SourceUnderTest } from "./testing/source-suite.ts";
export { storeCases } from "./testing/store-suite.ts";
export { targetCases, type TargetUnderTest } from "./testing/target-suite.ts";
export { type TransportUnderTest, transportCases } from "./testing/transport-suite.ts";

/** For those who write a store or a transport of their own: the contracts as tests, and faults to meet. */

export type { ConformanceCase } from "./testing/case.ts";
export { type Faults, faultyDuplex } from "./testing/faulty-duplex.ts";
export { seededBytes, seededRandom } from "./testing/random.ts";
export { storeCases } from "./testing/store-suite.ts";
export { type TransportUnderTest, transportCases } from "./testing/transport-suite.ts";

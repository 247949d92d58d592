import { indexedDbStore } from "../../src/store/indexed-db.ts";
import { storeCases } from "../../src/testing/store-suite.ts";

let count = 0;
const cases = storeCases(() => indexedDbStore(`suite-${count++}`));

Object.assign(globalThis, {
  caseNames: cases.map(({ name }) => name),
  runCase: async (name: string) => cases.find((each) => each.name === name)!.run(),
  ready: true,
});

import { expect, it } from "vitest";
import { shareParts } from "../../../src/archive/share-parts.ts";
import { memoryRegister } from "../coordinator/memory-register.ts";
import type { Register } from "../../../src/coordinator/register.ts";

const count = 40;
const never = new AbortController().signal;

it("the others send what is left by one that dies, and no more than that again", async () => {
  const register = memoryRegister();
  const sent: number[] = [];
  let open = 0;
  let isDead = false;
  let die = (): void => {};
  const death = new Promise<void>((resolve) => (die = resolve));
  const silence = new Promise<never>(() => {});
  /** As a process that is killed sees the coordinator: not at all. */
  const mortal: Register = {
    read: async () => (isDead ? silence : register.read()),
    replace: async (text, version) => (isDead ? silence : register.replace(text, version)),
    close: async () => {},
  };
  const terms = { count, signal: never, leaseMs: 400, lookMs: 5 };
  const turn = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
  const dying = shareParts(mortal, "tree", {
    ...terms,
    async send(number) {
      if (sent.length > 5) {
        open = number;
        isDead = true;
        die();
        return silence;
      }
      await turn();
      sent.push(number);
      return { parts: 1 };
    },
  });
  void dying.catch(() => {});
  await death;
  const living = [1, 2].map(async () =>
    shareParts(register, "tree", {
      ...terms,
      leaseMs: 400,
      async send(number) {
        await turn();
        sent.push(number);
        return { parts: 1 };
      },
    }),
  );
  for (const counts of await Promise.all(living)) expect(counts["parts"]).toBeGreaterThanOrEqual(count);
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  expect([...new Set(sent)].toSorted((a, b) => a - b)).toEqual(numbers);
  expect(sent.filter((number) => number === open)).toHaveLength(1);
});

it("another tree, or other parts of it, are refused while one is under way", async () => {
  const register = memoryRegister();
  const terms = { count, signal: never, lookMs: 5 };
  let refusal: unknown;
  await shareParts(register, "tree", {
    ...terms,
    async send() {
      refusal ??= await shareParts(register, "another", { ...terms, send: async () => ({}) }).catch(
        (thrown: unknown) => thrown,
      );
      return {};
    },
  });
  expect(refusal).toMatchObject({ code: "USAGE" });
});

it("what came in several parts is completed once, when all parts are sent", async () => {
  const register = memoryRegister();
  const sent: number[] = [];
  const completed: number[] = [];
  const terms = { count, signal: never, leaseMs: 60_000, lookMs: 5 };
  const host = async (): Promise<unknown> =>
    shareParts(register, "tree", {
      ...terms,
      async send(number) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        sent.push(number);
        return { parts: 1 };
      },
      isOpen: (number) => number % 7 === 1,
      async complete(number) {
        expect(sent).toHaveLength(count);
        completed.push(number);
        return { completed: 1 };
      },
    });
  const counts = await Promise.all([host(), host(), host()]);
  expect(completed.toSorted((a, b) => a - b)).toEqual([1, 8, 15, 22, 29, 36]);
  for (const each of counts) expect(each).toEqual({ parts: count, completed: 6 });
});

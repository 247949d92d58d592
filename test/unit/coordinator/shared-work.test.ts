import { afterEach, expect, test, vi } from "vitest";
import { seededRandom } from "../../../src/bucket/random.ts";
import type { Lease } from "../../../src/coordinator/lease.ts";
import { memoryRegister } from "./memory-register.ts";
import type { Register } from "../../../src/coordinator/register.ts";
import { SharedWork, type SharedWorkOptions } from "../../../src/coordinator/shared-work.ts";
import type { WorkRange } from "../../../src/coordinator/work-record.ts";
import { SyncError } from "../../../src/errors.ts";
import { printedSeed } from "../../printed-seed.ts";

/** Positions are numbers with leading zeros. */
const count = 400;
const nameOf = (at: number): string => `${at}`.padStart(4, "0");
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const quick: SharedWorkOptions = { order, leaseMs: 300, lookMs: 5, silenceMs: 60_000 };
/** For where nobody is to be taken for dead, however slow the machine is. */
const patient: SharedWorkOptions = { ...quick, leaseMs: 3_600_000 };
const turn = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

async function half({ after, upTo }: WorkRange): Promise<string | undefined> {
  const [from, to] = [Number(after ?? -1), Number(upTo ?? count - 1)];
  return to - from < 2 ? undefined : nameOf(Math.floor((from + to) / 2));
}

/** What was done, by whom, and how often. */
class Ledger {
  readonly doneCounts = new Map<string, number>();
  readonly underWay = new Map<string, string>();
  readonly clashes: string[] = [];

  /** Does the work of a range, one position after another. */
  async work(name: string, lease: Lease, isLater: (at: string) => boolean = () => false): Promise<void> {
    for (let at = Number(lease.after ?? -1) + 1; at < count; at++) {
      lease.signal.throwIfAborted();
      const position = nameOf(at);
      if (!lease.begin(position)) return;
      const other = this.underWay.get(position);
      if (other !== undefined) this.clashes.push(`${name} and ${other} at ${position}`);
      this.underWay.set(position, name);
      await turn();
      this.underWay.delete(position);
      if (lease.signal.aborted) throw lease.signal.reason;
      this.doneCounts.set(position, (this.doneCounts.get(position) ?? 0) + 1);
      lease.settle(position, { done: 1 }, isLater(position));
    }
  }
}

afterEach(() => void vi.useRealTimers());

test("a range is kept for as long as the work at it takes", async () => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
  });
  const work = await SharedWork.join(memoryRegister(), "job", quick);
  const leases: Lease[] = [];
  const act = async (lease: Lease): Promise<void> => {
    leases.push(lease);
    await new Promise((resolve) => setTimeout(resolve, 10 * quick.leaseMs!));
  };
  const ended = work.share(0, { leaseCount: 1, act, split: half });
  await vi.advanceTimersByTimeAsync(20 * quick.leaseMs!);
  await ended;
  expect(leases.map(({ isLost }) => isLost)).toEqual([false]);
});

test("all is done once, by all of those that take part", async () => {
  const register = memoryRegister();
  const ledger = new Ledger();
  const shares = await Promise.all(
    Array.from({ length: 8 }, async (_, at) => {
      const work = await SharedWork.join(register, "job", patient);
      let own = 0;
      const act = async (lease: Lease): Promise<void> => {
        await ledger.work(`${at}`, lease);
        own++;
      };
      await work.share(0, { leaseCount: 1, act, split: half });
      return { own, done: work.counts["done"] };
    }),
  );
  expect(ledger.clashes).toEqual([]);
  expect(ledger.doneCounts.size).toBe(count);
  expect([...ledger.doneCounts.values()].every((times) => times === 1)).toBe(true);
  expect(shares.map(({ done }) => done)).toEqual(Array.from({ length: 8 }, () => count));
  expect(shares.filter(({ own }) => own > 0).length).toBeGreaterThan(1);
});

/** A register whose answers get lost at random, before or after they are made, until it is dead. */
function lossy(register: Register, random: () => number, life: { isDead: boolean }): Register {
  const hang = async (): Promise<never> => new Promise(() => {});
  const lose = (): void => {
    if (random() < 0.1) throw new SyncError("PEER_GONE", "the answer is lost");
  };
  return {
    async read() {
      if (life.isDead) return hang();
      lose();
      return register.read();
    },
    async replace(text, version) {
      if (life.isDead) return hang();
      lose();
      const isDone = await register.replace(text, version);
      if (life.isDead) return hang();
      lose();
      return isDone;
    },
    close: async () => {},
  };
}

test("killed at any moment, and with any answer lost, work is done to its end and counted once", async () => {
  const random = seededRandom(`${printedSeed()}`);
  const register = memoryRegister();
  const ledger = new Ledger();
  const take = async (name: string, life: { isDead: boolean }): Promise<number | undefined> => {
    for (;;) {
      try {
        const work = await SharedWork.join(lossy(register, random, life), "job", quick);
        const act = async (lease: Lease): Promise<void> => {
          const dead = new Promise<never>(() => {});
          const doing = ledger.work(name, {
            get after() {
              return lease.after;
            },
            get signal() {
              return lease.signal;
            },
            begin: (at: string) => (life.isDead ? false : lease.begin(at)),
            settle: (...told: Parameters<Lease["settle"]>) => life.isDead || lease.settle(...told),
          } as Lease);
          await doing;
          if (life.isDead) await dead;
        };
        await work.share(0, { leaseCount: 2, act, split: half });
        return work.counts["done"];
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "PEER_GONE" });
      }
    }
  };
  const lives = Array.from({ length: 6 }, () => ({ isDead: false }));
  const ends = lives.map(async (life, at) => take(`${at}`, life));
  // Four die, each when that much is done.
  for (const life of lives.slice(2)) {
    const least = Math.min(count - 40, ledger.doneCounts.size + Math.floor(random() * 60));
    await expect.poll(() => ledger.doneCounts.size).toBeGreaterThanOrEqual(least);
    life.isDead = true;
  }
  expect(await Promise.all(ends.slice(0, 2))).toEqual([count, count]);
  expect(ledger.doneCounts.size).toBe(count);
  console.log(`${[...ledger.doneCounts.values()].reduce((sum, times) => sum + times - 1, 0)} done twice`);
});

test("what a register loses is done again, and is in no count twice", async () => {
  const random = seededRandom(`${printedSeed()}`);
  const register = memoryRegister();
  let lostCount = 0;
  /** Puts back, now and then, what a replacement was made of, as who overwrites it would. */
  const forgetful: Register = {
    ...register,
    async replace(text, version) {
      const before = await register.read();
      const isDone = await register.replace(text, version);
      if (!isDone || before === undefined || random() >= 0.2) return isDone;
      lostCount++;
      return register.replace(before.text, (await register.read())!.version);
    },
  };
  const [first, second] = [new Ledger(), new Ledger()];
  const isLater = (at: string): boolean => at >= nameOf(100) && at < nameOf(150);
  const attempt = async (name: string): Promise<number | undefined> => {
    const work = await SharedWork.join(forgetful, "job", patient);
    const act = async (lease: Lease): Promise<void> => first.work(name, lease, isLater);
    if (work.phase === 0) await work.share(0, { leaseCount: 2, act, split: half });
    await work.share(1, { leaseCount: 2, act: async (lease) => second.work(name, lease), split: half });
    return work.counts["done"];
  };
  const run = async (name: string): Promise<number | undefined> =>
    attempt(name).catch(async (thrown: unknown) => {
      expect(thrown).toMatchObject({ code: "STATE" });
      return run(name);
    });
  expect(await Promise.all(["a", "b", "c"].map(run))).toEqual([450, 450, 450]);
  expect(first.doneCounts.size).toBe(count);
  expect(second.doneCounts.size).toBe(50);
  expect(lostCount).toBeGreaterThan(0);
});

test("a phase begins with what was left to it, once for all", async () => {
  const register = memoryRegister();
  const first = new Ledger();
  const second = new Ledger();
  const isLater = (at: string): boolean => at >= nameOf(100) && at < nameOf(150);
  const run = async (name: string): Promise<number | undefined> => {
    const work = await SharedWork.join(register, "job", patient);
    const share = async (phase: number, act: (lease: Lease) => Promise<void>) =>
      work.share(phase, { leaseCount: 1, act, split: half });
    if (work.phase === 0) await share(0, async (lease) => first.work(name, lease, isLater));
    await share(1, async (lease) => second.work(name, lease));
    await work.finish();
    return work.counts["done"];
  };
  expect(await Promise.all(["a", "b", "c"].map(run))).toEqual([450, 450, 450]);
  expect([...second.doneCounts.keys()].sort()).toEqual(
    Array.from({ length: 50 }, (_, at) => nameOf(100 + at)),
  );
});

test("other work, a record that is none, and one that is lost, are told", async () => {
  const register = memoryRegister();
  const work = await SharedWork.join(register, "job", quick);
  expect(work.isJoined).toBe(false);
  await expect(SharedWork.join(register, "another", quick)).rejects.toMatchObject({ code: "USAGE" });
  expect((await SharedWork.join(register, "job", quick)).isJoined).toBe(true);
  const anew = await SharedWork.join(register, "another", { ...quick, restarts: true });
  const act = async (): Promise<void> => {};
  const terms = { leaseCount: 1, act, split: half };
  await expect(work.share(0, terms)).rejects.toMatchObject({ code: "STATE" });
  await anew.share(0, terms);
  await anew.finish();
  // Who is late to hear that a run is over finds the next one.
  await SharedWork.join(register, "third", quick);
  await anew.share(0, terms);
  expect(anew.isOver).toBe(true);
  for (const text of ["{", "[]", '{"form":2}', '{"form":1,"run":"r","ranges":[{}]}']) {
    const { version } = (await register.read())!;
    await register.replace(text, version);
    await expect(SharedWork.join(register, "job", quick)).rejects.toMatchObject({ code: "STATE" });
  }
});

test("who is told to stop leaves its range to others at once", async () => {
  const register = memoryRegister();
  const ledger = new Ledger();
  const stop = new AbortController();
  const work = await SharedWork.join(register, "job", { ...patient, signal: stop.signal });
  const act = async (lease: Lease): Promise<void> => {
    await ledger.work("first", lease);
  };
  const ended = work.share(0, { leaseCount: 2, act, split: half });
  await expect.poll(() => ledger.doneCounts.size).toBeGreaterThan(20);
  stop.abort(new Error("stopped"));
  await expect(ended).rejects.toThrow("stopped");
  const other = await SharedWork.join(register, "job", patient);
  await other.share(0, {
    leaseCount: 1,
    act: async (lease) => ledger.work("second", lease),
    split: half,
  });
  expect(ledger.doneCounts.size).toBe(count);
});

test("who is told to stop while a range is given to it leaves that to others, and begins none", async () => {
  const register = memoryRegister();
  const stop = new AbortController();
  let isTaking = false;
  const taking: Register = {
    ...register,
    async replace(text, version) {
      const isDone = await register.replace(text, version);
      if (isTaking) stop.abort(new Error("stopped"));
      return isDone;
    },
  };
  const begun: string[] = [];
  const options = {
    leaseCount: 2,
    act: async ({ id }: Lease): Promise<void> => void begun.push(`${id}`),
    split: half,
  };
  const work = await SharedWork.join(taking, "job", { ...patient, signal: stop.signal });
  isTaking = true;
  await expect(work.share(0, options)).rejects.toThrow("stopped");
  await expect(work.share(0, options)).rejects.toThrow("stopped");
  expect(begun).toEqual([]);
  const other = await SharedWork.join(register, "job", patient);
  await other.share(0, options);
  expect(begun).toHaveLength(1);
});

test("who is told to stop does not wait for a coordinator that is silent", async () => {
  const register = memoryRegister();
  const signals: (AbortSignal | undefined)[] = [];
  let isSilent = true;
  const silent: Register = {
    ...register,
    async read(options) {
      if (!isSilent) return register.read();
      signals.push(options?.signal);
      return new Promise(() => {});
    },
  };
  const join = async (stop: AbortController) =>
    SharedWork.join(silent, "job", { ...patient, signal: stop.signal });
  const early = new AbortController();
  const joining = join(early);
  early.abort(new Error("stopped early"));
  await expect(joining).rejects.toThrow("stopped early");
  await expect(join(early)).rejects.toThrow("stopped early");
  const late = new AbortController();
  isSilent = false;
  const work = await join(late);
  const act = async ({ signal }: Lease): Promise<void> => {
    isSilent = true;
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  const ended = work.share(0, { leaseCount: 2, act, split: half });
  await expect.poll(() => signals.length).toBe(2);
  late.abort(new Error("stopped late"));
  await expect(ended).rejects.toThrow("stopped late");
  await expect(work.finish()).rejects.toThrow("stopped late");
  // What was asked last is given up, too.
  expect(signals.map((signal) => signal?.aborted)).toEqual([true, true]);
});

test("a coordinator that dies, or loses the record, ends the work with an error", async () => {
  for (const code of ["PEER_GONE", "STATE"]) {
    const register = memoryRegister();
    const ledger = new Ledger();
    let isLost = false;
    const failing: Register = {
      ...register,
      async read() {
        if (!isLost) return register.read();
        if (code === "STATE") return undefined;
        throw new SyncError("PEER_GONE", "nobody answers");
      },
    };
    const work = await SharedWork.join(failing, "job", { ...quick, silenceMs: 50 });
    const act = async (lease: Lease): Promise<void> => ledger.work("only", lease);
    const ended = work.share(0, { leaseCount: 2, act, split: half });
    await Promise.all([
      expect(ended).rejects.toMatchObject({ code }),
      expect
        .poll(() => ledger.doneCounts.size)
        .toBeGreaterThan(5)
        .then(() => (isLost = true)),
    ]);
  }
});

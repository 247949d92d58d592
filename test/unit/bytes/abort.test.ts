import { expect, test } from "vitest";
import { abortable, abortableSource } from "../../../src/bytes/abort.ts";

const never = new Promise<never>(() => {});

test("a wait ends with the signal's reason", async () => {
  const control = new AbortController();
  const wait = abortable(never, control.signal);
  control.abort("enough");
  await expect(wait).rejects.toBe("enough");
  await expect(abortable(never, control.signal)).rejects.toBe("enough");
});

test("without an abort the promise decides", async () => {
  const { signal } = new AbortController();
  expect(await abortable(Promise.resolve(1), signal)).toBe(1);
  await expect(abortable(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
  expect(await abortable(Promise.resolve(2), undefined)).toBe(2);
});

test("no listener stays behind", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const counting = Object.assign(signal, {
    addEventListener: () => void listeners++,
    removeEventListener: () => void listeners--,
  });
  await abortable(Promise.resolve(), counting);
  await abortable(Promise.reject(new Error()), counting).catch(() => {});
  expect(listeners).toBe(0);
});

test("a source is closed when its reader leaves early", async () => {
  let closed = false;
  async function* numbers(): AsyncGenerator<number> {
    try {
      for (let n = 0; ; n++) yield n;
    } finally {
      closed = true;
    }
  }
  for await (const n of abortableSource(numbers(), undefined)) if (n === 2) break;
  expect(closed).toBe(true);
});

test("a source that never answers again does not hold up an abort", async () => {
  const control = new AbortController();
  async function* stuck(): AsyncGenerator<number> {
    yield 1;
    await never;
  }
  const seen: number[] = [];
  const reading = (async () => {
    for await (const n of abortableSource(stuck(), control.signal)) {
      seen.push(n);
      setImmediate(() => control.abort("enough"));
    }
  })();
  await expect(reading).rejects.toBe("enough");
  expect(seen).toEqual([1]);
});

test("an aborted signal keeps the source from being opened", async () => {
  let opened = false;
  const source = {
    [Symbol.asyncIterator]() {
      opened = true;
      return { next: () => never };
    },
  };
  const reading = abortableSource(source, AbortSignal.abort("before")).next();
  await expect(reading).rejects.toBe("before");
  expect(opened).toBe(false);
});

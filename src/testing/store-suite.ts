import { equalBytes } from "../bytes/compare.ts";
import { toHex } from "../bytes/hex.ts";
import type { Chunk } from "../chunk/chunk.ts";
import { chunkOf } from "../chunk/verify.ts";
import { SyncError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import type { ConformanceCase } from "./case.ts";
import { Contract, thrownBy } from "./contract.ts";
import { seededBytes } from "./random.ts";

const contract = new Contract("store");

/**
 * The contract of a Store as tests.
 *
 * @param open makes an empty store with room for at least 4 MB, a new one each time; the test
 *   closes it
 */
export function storeCases(open: () => Promise<Store>): readonly ConformanceCase[] {
  return cases.map(([name, check]) => ({
    name,
    async run() {
      const store = await open();
      try {
        await check(store);
      } finally {
        await store.close();
      }
    },
  }));
}

type Check = (store: Store) => Promise<void>;

const cases: readonly (readonly [name: string, check: Check])[] = [
  ["gives back what was put", givesBack],
  ["takes the empty chunk and large ones", takesAnySize],
  ["has nothing at first", startsEmpty],
  ["takes a chunk again without counting it twice", takesAgain],
  ["keeps its own copy of a chunk cut from a larger block", keepsItsOwn],
  ["forgets what is deleted, and only that", deletes],
  ["lists every chunk once, with its size", lists],
  ["can be changed while it is listed", listsWhileChanging],
  ["pins only what is there", pinsWhatIsThere],
  ["keeps a chunk until its last pin is released", keepsPinned],
  ["takes the same and other chunks at the same time", worksConcurrently],
  ["rejects with the reason of an aborted signal, and does nothing", honoursAbort],
  ["refuses ids that are not 32 bytes", refusesBadIds],
  ["can be closed twice, and refuses calls from then on", closes],
];

async function givesBack(store: Store): Promise<void> {
  for (const chunk of sampleChunks(20)) {
    await store.put(chunk);
    await expectStored(store, chunk);
  }
}

async function takesAnySize(store: Store): Promise<void> {
  for (const size of [0, 1, 4096, 131_072, 1_048_576]) {
    const chunk = sampleChunk(size, size);
    await store.put(chunk);
    await expectStored(store, chunk);
  }
}

async function startsEmpty(store: Store): Promise<void> {
  const { id } = sampleChunk(1);
  contract.expect(!(await store.has(id)), "has() is false for a chunk never put");
  await contract.expectCode("NOT_FOUND", store.get(id));
  await store.delete(id);
  for await (const _ of store.list()) contract.expect(false, "an empty store lists nothing");
}

async function takesAgain(store: Store): Promise<void> {
  const chunk = sampleChunk(1);
  for (let i = 0; i < 3; i++) await store.put(chunk);
  contract.expect((await listed(store)).length === 1, "a chunk put three times is listed once");
  await store.delete(chunk.id);
  contract.expect(!(await store.has(chunk.id)), "and is gone when deleted once");
}

async function keepsItsOwn(store: Store): Promise<void> {
  const block = seededBytes(7, 10_000);
  const chunk = chunkOf(block.subarray(100, 5000));
  const expected = chunkOf(block.slice(100, 5000));
  await store.put(chunk);
  block.fill(0);
  await expectStored(store, expected);
}

async function deletes(store: Store): Promise<void> {
  const [gone, kept] = sampleChunks(2) as [Chunk, Chunk];
  await store.put(gone);
  await store.put(kept);
  await store.delete(gone.id);
  contract.expect(!(await store.has(gone.id)), "a deleted chunk is gone");
  await contract.expectCode("NOT_FOUND", store.get(gone.id));
  await expectStored(store, kept);
  await store.put(gone);
  await expectStored(store, gone);
}

async function lists(store: Store): Promise<void> {
  const chunks = sampleChunks(50);
  for (const chunk of chunks) await store.put(chunk);
  const expected = chunks.map(({ id, bytes }) => `${toHex(id)} ${bytes.length}`).sort();
  const found = await listed(store);
  contract.expect(found.join() === expected.join(), "list() names each chunk once with its size");
}

async function listsWhileChanging(store: Store): Promise<void> {
  const chunks = sampleChunks(60);
  const [steady, added] = [chunks.slice(0, 50), chunks.slice(50)];
  for (const chunk of steady) await store.put(chunk);
  const found = new Set<string>();
  for await (const { id } of store.list()) {
    found.add(toHex(id));
    const more = added.pop();
    if (more) await store.put(more);
  }
  contract.expect(
    steady.every(({ id }) => found.has(toHex(id))),
    "list() misses nothing that was there all the time",
  );
}

async function pinsWhatIsThere(store: Store): Promise<void> {
  const chunk = sampleChunk(1);
  contract.expect(
    (await store.pin(chunk.id)) === undefined,
    "pin() is undefined for a chunk that is not there",
  );
  await store.put(chunk);
  const pin = await store.pin(chunk.id);
  contract.expect(pin !== undefined, "pin() holds a chunk that is there");
  pin?.release();
}

async function keepsPinned(store: Store): Promise<void> {
  const chunk = sampleChunk(1);
  await store.put(chunk);
  const [first, second] = [await store.pin(chunk.id), await store.pin(chunk.id)];
  first?.release();
  first?.release();
  await contract.expectCode("LOCKED", store.delete(chunk.id));
  await expectStored(store, chunk);
  second?.release();
  await store.delete(chunk.id);
  contract.expect(!(await store.has(chunk.id)), "a chunk can be deleted when its last pin is released");
}

async function worksConcurrently(store: Store): Promise<void> {
  const chunks = sampleChunks(30);
  const calls = [...chunks, ...chunks, ...chunks].map(async (chunk) => {
    await store.put(chunk);
    await expectStored(store, chunk);
  });
  await Promise.all(calls);
  contract.expect((await listed(store)).length === chunks.length, "each chunk is there once");
}

async function honoursAbort(store: Store): Promise<void> {
  const [known, unknown] = sampleChunks(2) as [Chunk, Chunk];
  await store.put(known);
  const reason = new SyncError("ABORTED", "changed my mind");
  const options = { signal: AbortSignal.abort(reason) };
  const calls = [
    () => store.get(known.id, options),
    () => store.put(unknown, options),
    () => store.has(known.id, options),
    () => store.delete(known.id, options),
    () => store.pin(known.id, options),
    () => store.list(options)[Symbol.asyncIterator]().next(),
  ];
  for (const call of calls) {
    const thrown = await thrownBy(call());
    contract.expect(thrown === reason, `an aborted call rejects with the reason: ${String(call)}`);
  }
  contract.expect(await store.has(known.id), "an aborted delete() deletes nothing");
  contract.expect(!(await store.has(unknown.id)), "an aborted put() puts nothing");
}

async function refusesBadIds(store: Store): Promise<void> {
  for (const length of [0, 31, 33]) await contract.expectCode("USAGE", store.has(new Uint8Array(length)));
}

async function closes(store: Store): Promise<void> {
  const chunk = sampleChunk(1);
  await store.put(chunk);
  const pin = await store.pin(chunk.id);
  await store.close();
  await store.close();
  await store[Symbol.asyncDispose]();
  pin?.release();
  await contract.expectCode("STATE", store.get(chunk.id));
  await contract.expectCode("STATE", store.put(chunk));
  await contract.expectCode("STATE", store.list()[Symbol.asyncIterator]().next());
}

function sampleChunks(count: number): Chunk[] {
  return Array.from({ length: count }, (_, seed) => sampleChunk(seed + 1));
}

// Small ones, for a store may list the pieces too that it cut a larger chunk into.
function sampleChunk(seed: number, size = 20 + seed): Chunk {
  return chunkOf(seededBytes(seed, size));
}

async function listed(store: Store): Promise<string[]> {
  const found: string[] = [];
  for await (const { id, size } of store.list()) found.push(`${toHex(id)} ${size}`);
  return found.sort();
}

async function expectStored(store: Store, chunk: Chunk): Promise<void> {
  contract.expect(await store.has(chunk.id), "has() is true for a chunk that was put");
  const found = await store.get(chunk.id);
  contract.expect(equalBytes(found.id, chunk.id), "get() returns the id asked for");
  contract.expect(equalBytes(found.bytes, chunk.bytes), "get() returns the bytes that were put");
}

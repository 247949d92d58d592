import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, it } from "vitest";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import { freshDir } from "../archive/indexed-trees.ts";

const { Database } = createRequire(import.meta.url)(
  "node-sqlite3-wasm",
) as typeof import("node-sqlite3-wasm");

const total = "SELECT count(*) AS rows, sum(number) AS numbers, sum(length(content)) AS chars FROM t";

/** A database with so many rows of a thousand characters. */
function fill(path: string, rowCount: number) {
  const database = new Database(path);
  database.exec(
    "PRAGMA synchronous = OFF; CREATE TABLE t (id INTEGER PRIMARY KEY, number INTEGER, content TEXT); BEGIN",
  );
  database.exec(`WITH RECURSIVE n(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM n WHERE id < ${rowCount - 1})
    INSERT INTO t SELECT id, id, hex(zeroblob(490)) || id FROM n; COMMIT`);
  return database;
}

it("databases that are copied while one is written to, and again when it has stopped, are the same", async () => {
  const dir = freshDir();
  const [from, to] = [join(dir, "from"), join(dir, "to")];
  mkdirSync(from);
  fill(join(from, "archive.db"), 1000).close();
  const database = fill(join(from, "running.db"), 100);
  let writes = 0;
  const write = (): void => {
    database.run("UPDATE t SET number = number + 1 WHERE id = ?", [(writes * 37) % 100]);
    writes += 1;
  };
  const first = await transfer(`${from}/`, to);
  expect(first.chunkBytes).toBeGreaterThan(1_000_000);
  write();
  await transfer(`${from}/`, to, { onProgress: () => void (writes < 20 && write()) });
  write(); // as long as before
  const wanted = database.get(total);
  database.close();

  const last = await transfer(`${from}/`, to, { maxDeletedCount: 10 });
  expect([last.failed, last.troubles]).toEqual([0, 0]);
  expect(last.chunkBytes).toBeLessThan(300_000);
  const copy = new Database(join(to, "running.db"), { readOnly: true });
  const found = copy.get(total);
  const check = copy.get("PRAGMA integrity_check");
  copy.close();
  expect(found).toEqual(wanted);
  expect(check).toEqual({ integrity_check: "ok" });
  expect(readFileSync(join(to, "archive.db")).equals(readFileSync(join(from, "archive.db")))).toBe(true);
});

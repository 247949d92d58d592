import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { createServer, type ServerOptions } from "../../../src/http/server.node.ts";
import { dirShare } from "../../../src/http/dir-share.node.ts";
import { type JobAnswersOptions, openJobs } from "../../../src/jobs/job-answers.node.ts";
import { type JobPlace, JobPlaces } from "../../../src/jobs/job-places.node.ts";
import { JobStore } from "../../../src/jobs/job-store.node.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";
import { findSchemaFault, type Schema } from "./schema.ts";

/** What docs/jobs.openapi.json says. */
export const api = JSON.parse(readFileSync("docs/jobs.openapi.json", "utf8")) as {
  paths: Record<
    string,
    Record<string, { operationId: string; requestBody?: Schema; responses: Record<string, Schema> }>
  >;
  components: { schemas: Record<string, Schema> };
};

export const { schemas } = api.components;

interface Given extends JobAnswersOptions {
  readonly server?: ServerOptions;
  readonly before?: (store: JobStore) => void;
  readonly places?: readonly JobPlace[];
}

/** A server of jobs with a place `root`, in which there is a tree, and others. */
export async function serveJobs({ server: serverOptions = {}, before, places = [], ...options }: Given = {}) {
  const temporary = tempDir();
  onTestFinished(() => temporary[Symbol.dispose]());
  const root = join(temporary.path, "root");
  mkdirSync(join(root, "tree"), { recursive: true });
  writeFileSync(join(root, "tree", "a"), "alpha");
  const file = join(temporary.path, "jobs.sqlite");
  if (before) {
    const store = new JobStore(file);
    before(store);
    store.close();
  }
  const annex = openJobs(file, new JobPlaces([{ name: "root", share: dirShare(root) }, ...places]), options);
  const server = createServer({ share: {}, annex, ...serverOptions });
  onTestFinished(async () => {
    await server.close();
    await annex.close();
  });
  const url = `${await server.listen()}-/jobs/`;
  return { root, url, server, annex };
}

/** Asks, and checks the answer against what docs/jobs.openapi.json says of it. */
export async function ask<Answer>(url: string, call: string, init: { body?: unknown; token?: string } = {}) {
  const [method = "", path = ""] = call.split(" ");
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(method === "POST" && { "Content-Type": "application/json" }),
      ...(init.token !== undefined && { Authorization: `Bearer ${init.token}` }),
    },
    ...(method === "POST" && { body: JSON.stringify(init.body ?? {}) }),
  });
  const answer: unknown = await response.json();
  const shape = `/${path.split("?")[0]!.replace(/jobs\/\d+/, "jobs/{id}")}`;
  const operation = api.paths[shape]?.[method.toLowerCase()];
  const told = operation?.responses[String(response.status)] as
    { $ref?: string; content?: Record<string, { schema: Schema }> } | undefined;
  if (operation) expect(told, `${call} answered ${response.status}: ${JSON.stringify(answer)}`).toBeDefined();
  const schema = told?.content?.["application/json"]?.schema ?? schemas["Error"]!;
  expect(findSchemaFault(answer, schema, schemas), call).toBe(undefined);
  return { status: response.status, answer: answer as Answer };
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Scope } from "./route.ts";
import type { Principal } from "./tokens.node.ts";

/** Who asks, and from where. */
export interface AnnexClient {
  readonly principal: Principal;
  readonly address: string;
}

/** Something else that a server answers for, below a path of its own. */
export interface Annex {
  /** The path, with a slash at both ends: `/-/jobs/`. */
  readonly prefix: string;
  /** What who is let in may do there, for messages: `start jobs`. */
  readonly use: string;
  /** What one has to be allowed to do for a request, at least. */
  scopeOf(method: string): Scope;
  /** Answers a request of somebody who was let in. Throws what it refuses with. */
  answer(request: IncomingMessage, response: ServerResponse, client: AnnexClient): Promise<void>;
}

import type { DesyncArguments, DesyncOptions } from "./desync-arguments.ts";
import type { DesyncStores } from "./desync-stores.ts";

/** All that a command gets. */
export interface DesyncCall extends DesyncStores {
  readonly given: DesyncArguments;
  readonly signal: AbortSignal;
  /** Says something on standard error. */
  tell(line: string): void;
}

/** A command of desync. */
export interface DesyncCommand {
  /** What follows its name. */
  readonly usage: string;
  readonly about: string;
  /** How many operands it takes: this many at least, and at most. */
  readonly operandCount: readonly [least: number, most: number];
  readonly options: DesyncOptions;
  /** True for a line on which SIGHUP does not end it, but has it look at something anew. */
  takesHangup?(given: DesyncArguments): boolean;
  run(call: DesyncCall): Promise<void>;
}

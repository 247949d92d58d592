import { ExactReader } from "../../bytes/exact-reader.ts";
import { isSyncError, SyncError, toSyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import type { ByteChannel, ReadOptions } from "../channel.ts";
import { Alarm } from "./alarm.ts";
import { Incoming } from "./incoming.ts";
import { GroupMember } from "./group-member.ts";
import { Outgoing } from "./outgoing.ts";
import { encodeEnd, encodeTaken, type GroupRecord, readRecord } from "./record.ts";
import { parallelLimits } from "./parallel-limits.ts";

/** How a group of connections waits. Milliseconds. */
export interface ParallelOptions {
  /**
   * Without a record being confirmed, before what is under way is sent over other connections, too;
   * 1000 unless given.
   */
  readonly stallMs?: number;
  /** Until the other end is told what arrived when little does; 50 unless given. */
  readonly tellMs?: number;
  /** When all is said, until connections that do not end are broken off; 2000 unless given. */
  readonly lingerMs?: number;
  /**
   * Called when a connection breaks and others go on. `wasHeard` is false when nothing had come
   * over it: the other end may never have taken it in.
   */
  readonly onLost?: (error: SyncError, wasHeard: boolean) => void;
  /** Called when the first word of the other end has come over a connection. */
  readonly onHeard?: () => void;
  /** Called when no connection is left, whichever way it went. */
  readonly onOver?: () => void;
}

/**
 * One channel over a group of connections (docs/parallel.md). What is written goes over those
 * that have room; connections can be added at any time, and what was on one that breaks is sent
 * over the others. The channel breaks with the last of them.
 */
export class ParallelChannel implements ByteChannel {
  readonly copiesWrites = true;
  /** Bytes of the stream in both directions so far. */
  movedBytes = 0;
  readonly #options: ParallelOptions;
  readonly #outgoing = new Outgoing();
  readonly #incoming: Incoming;
  readonly #members = new Set<GroupMember>();
  readonly #tellTimer = new Alarm(() => this.#tellOverAll());
  readonly #stallTimer = new Alarm(() => this.#relieve());
  readonly #lingerTimer = new Alarm(() => this.#break(allSaid()));
  #toldLimit: number = parallelLimits.windowRecords;
  #isHeard = false;
  #isBroken = false;
  #resolveEnded!: () => void;
  #rejectEnded!: (reason: unknown) => void;
  readonly #ended = new Promise<void>((resolve, reject) => {
    this.#resolveEnded = resolve;
    this.#rejectEnded = reject;
  });

  constructor(options: ParallelOptions = {}) {
    this.#options = options;
    this.#incoming = new Incoming({
      taken: () => this.#noteTaken(),
      leave: (reason) => this.abort(reason),
    });
  }

  /** Connections that are alive. */
  get connectionCount(): number {
    return this.#members.size;
  }

  /**
   * Adds a connection, or breaks off one that comes too late or is one too many.
   *
   * @throws STATE, LIMIT
   */
  add(channel: ByteChannel): void {
    try {
      this.checkRoom();
    } catch (refusal) {
      channel.abort(refusal);
      throw refusal;
    }
    const member = new GroupMember(channel);
    this.#members.add(member);
    if (this.#members.size > 1) this.#tellOverAll();
    this.#send(member).catch((thrown: unknown) => this.#stopSending(member, thrown));
    this.#listen(member).catch((thrown: unknown) => this.#lose(member, thrown));
  }

  /** @throws STATE when the group has ended, LIMIT when it has as many connections as it may */
  checkRoom(): void {
    if (this.#isBroken || this.#isDone) throw new SyncError("STATE", "the group of connections has ended");
    const [actual, limit] = [this.#members.size + 1, parallelLimits.groupConnectionCount];
    if (actual > limit)
      throw new SyncError("LIMIT", "a group has fewer connections", { detail: { actual, limit } });
  }

  read(options?: ReadOptions): AsyncIterable<Bytes> {
    return this.#incoming.read(options);
  }

  async write(bytes: Bytes): Promise<void> {
    this.movedBytes += bytes.length;
    await this.#outgoing.write(bytes, () => this.#wakeAll());
  }

  async end(): Promise<void> {
    if (!this.#outgoing.end()) return;
    this.#wakeAll();
    await this.#ended;
  }

  abort(reason: unknown): void {
    this.#break(reason);
    this.#incoming.abort(reason);
  }

  /** True when both directions have ended, as far as this end can know. */
  get #isDone(): boolean {
    return this.#incoming.isComplete && this.#outgoing.finalCount !== undefined;
  }

  /** Sends over one connection until nothing more will have to be sent over it. */
  async #send(member: GroupMember): Promise<void> {
    while (!this.#isBroken && member.isWritable && !this.#isOver(member)) {
      const bytes = this.#take(member);
      if (bytes !== undefined) await member.channel.write(bytes);
      else await this.#idle(member);
    }
    if (this.#isBroken || !member.isWritable) return;
    member.finish();
    this.#noteEnd();
    this.#lingerTimer.set(this.#options.lingerMs ?? 2000);
    await member.close();
    this.#noteClosed();
  }

  /** True when nothing more has to be sent over a connection. */
  #isOver({ hasEnd, hasToTell }: GroupMember): boolean {
    const isSafe = this.#outgoing.unconfirmedCount === 0 || this.#carriers.length === 1;
    return hasEnd && !hasToTell && isSafe && this.#isDone;
  }

  /** What a connection has to send now. */
  #take(member: GroupMember): Bytes | undefined {
    if (member.hasToTell) return this.#tell(member);
    const record = this.#outgoing.take(member);
    if (record !== undefined) return record;
    const count = this.#outgoing.finalCount;
    if (count === undefined || member.hasEnd) return undefined;
    member.hasEnd = true;
    return encodeEnd(count);
  }

  async #idle(member: GroupMember): Promise<void> {
    const woken = member.wait();
    this.#noteEnd();
    if (!this.#stallTimer.isSet) this.#watchStalls();
    await woken;
  }

  async #listen(member: GroupMember): Promise<void> {
    const reader = new ExactReader(member.channel.read());
    let isEnded = false;
    for (let record = await readRecord(reader); record !== undefined; record = await readRecord(reader)) {
      if (this.#isBroken) return;
      isEnded ||= record.type === "end";
      if (member.hearing === "nothing") this.#options.onHeard?.();
      this.#isHeard = true;
      member.hearing = "records";
      this.#hear(member, record);
    }
    if (!isEnded && !this.#isDone) throw new SyncError("PEER_GONE", "a connection ended before all was said");
    member.hearing = "end";
    this.#noteClosed();
  }

  #hear(member: GroupMember, record: GroupRecord): void {
    if (record.type === "data") {
      this.movedBytes += record.bytes.length;
      member.hereCount++;
      const isNew = this.#incoming.put(record.number, record.bytes);
      if (!isNew || this.#incoming.isComplete) this.#tellOverAll();
      else this.#noteArrived(member);
    } else if (record.type === "taken") {
      const before = this.#outgoing.arrivedCount;
      member.comeThrough(record.hereCount, performance.now());
      this.#outgoing.confirm(record.arrivedCount, record.limit, this.#carriers);
      if (this.#outgoing.arrivedCount > before) this.#watchStalls();
      this.#noteEnd();
      this.#wakeAll();
    } else {
      this.#incoming.end(record.count);
      if (this.#incoming.isComplete) this.#tellOverAll();
    }
  }

  /** A connection broke, or what came over it was wrong. */
  #lose(member: GroupMember, thrown: unknown): void {
    const error = this.#lossOf(member, thrown);
    this.#stopSending(member, error);
    if (this.#isBroken || !this.#members.delete(member)) return;
    member.channel.abort(error);
    if (error.code === "BAD_MESSAGE") return this.#fail(error); // who lies is not heard any more
    if (this.#members.size === 0) return this.#fail(error);
    this.#options.onLost?.(error, member.hearing !== "nothing");
    this.#noteClosed();
  }

  /**
   * What the loss of a connection means: the last one finds no such group when the other end is
   * gone.
   */
  #lossOf(member: GroupMember, thrown: unknown): SyncError {
    if (isSyncError(thrown, "TRUNCATED")) return goneInside(thrown);
    const error = toSyncError(thrown, "PEER_GONE");
    const isTooLate = this.#isHeard && member.hearing === "nothing" && this.#members.size === 1;
    return isTooLate ? new SyncError("PEER_GONE", "the other end is gone", { cause: error }) : error;
  }

  /** Nothing more can be sent over a connection. What was under way has to go over the others. */
  #stopSending(member: GroupMember, thrown: unknown): void {
    if (this.#isBroken || !member.isWritable) return;
    member.stopSending();
    const others = this.#carriers;
    if (others.length === 0 && !this.#isDone) return this.#breakOutgoing(toSyncError(thrown, "PEER_GONE"));
    this.#outgoing.lose(member, others);
    this.#tellOverAll(); // what it was to tell may be lost, too
    this.#noteEnd();
  }

  /** Ends the wait of `end` when all is with the system, or has arrived. */
  #noteEnd(): void {
    if (this.#outgoing.finalCount === undefined) return;
    const carriers = this.#carriers;
    const isHandedOver = carriers.every(({ hasEnd, isIdle }) => hasEnd && isIdle);
    const hasArrived =
      this.#outgoing.unconfirmedCount === 0 && carriers.some(({ hasEnd, isIdle }) => hasEnd && isIdle);
    if (isHandedOver || hasArrived) this.#resolveEnded();
  }

  /**
   * Ends the group when both ends have closed all connections, and fails when the other end has and
   * something is missing.
   */
  #noteClosed(): void {
    const members = [...this.#members];
    if (!members.every(({ hearing }) => hearing === "end")) return;
    if (!this.#incoming.isComplete)
      this.#fail(new SyncError("PEER_GONE", "the connections ended before all had arrived"));
    else if (members.every(({ isClosed }) => isClosed)) this.#break(allSaid());
  }

  /** Sees to it that the other end hears soon of what came over a connection. */
  #noteArrived(member: GroupMember): void {
    if (member.hereCount - member.toldCount >= parallelLimits.toldRecords) {
      member.hasToTell = true;
      this.#wakeAll();
    } else if (this.#members.size > 1) this.#tellTimer.set(this.#options.tellMs ?? 50);
  }

  #noteTaken(): void {
    if (this.#incoming.limit - this.#toldLimit >= parallelLimits.windowRecords / 4) this.#tellOverAll();
  }

  /** Any connection may be slow, or dead unnoticed. */
  #tellOverAll(): void {
    this.#toldLimit = this.#incoming.limit;
    for (const member of this.#members) member.hasToTell = true;
    this.#wakeAll();
  }

  /** What tells the other end how far its stream has come. */
  #tell(member: GroupMember): Bytes {
    member.hasToTell = false;
    member.toldCount = member.hereCount;
    return encodeTaken(this.#incoming.arrivedCount, this.#incoming.limit, member.hereCount);
  }

  /** Waits anew for something to be confirmed, where a connection could help another out. */
  #watchStalls(): void {
    this.#stallTimer.clear();
    if (this.#members.size > 1 && this.#outgoing.unconfirmedCount > 0)
      this.#stallTimer.set(this.#options.stallMs ?? 1000);
  }

  #relieve(): void {
    this.#outgoing.relieve(this.#carriers);
    this.#wakeAll();
    this.#watchStalls();
  }

  /**
   * Lets those that wait look for something to send. Where there is less than they have room for,
   * those that have least on their way get it: what is behind a long queue would hold up the rest.
   */
  #wakeAll(): void {
    const idle = [...this.#members].filter(({ isIdle }) => isIdle);
    for (const member of idle.sort((a, b) => a.onWayCount - b.onWayCount)) member.wake();
  }

  /** Connections that can be written to. */
  get #carriers(): GroupMember[] {
    return [...this.#members].filter(({ isWritable }) => isWritable);
  }

  #breakOutgoing(reason: unknown): void {
    this.#outgoing.break(reason);
    this.#rejectEnded(reason);
    this.#ended.catch(() => {}); // whoever waits for the end is told
  }

  #fail(error: SyncError): void {
    this.#incoming.fail(error);
    this.#break(error);
  }

  #break(reason: unknown): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    for (const timer of [this.#tellTimer, this.#stallTimer, this.#lingerTimer]) timer.clear();
    this.#breakOutgoing(reason);
    for (const member of this.#members) {
      member.channel.abort(reason);
      member.wake();
    }
    this.#members.clear();
    this.#options.onOver?.();
  }
}

function goneInside(cause: SyncError): SyncError {
  return new SyncError("PEER_GONE", "a connection ended inside a record", { cause });
}

function allSaid(): SyncError {
  return new SyncError("ABORTED", "all is said");
}

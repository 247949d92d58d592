import type { AbortOptions, Bytes } from "../types.ts";
import type { Answer } from "./answer.ts";
import type { Bucket, BucketObject } from "./bucket.ts";
import type { FailedDeletion } from "./failed-deletion.ts";

/** What a listing tells of an object that is to be compared with another one. */
export interface ListedObject extends BucketObject {
  /** Without its quotes; providers that have none leave it out. */
  readonly etag?: string;
  /** Changes whenever the content does: the ETag, or the times of a file. */
  readonly mark: string;
  /** True for a directory on disk, which stands for a folder marker without being one. */
  readonly isImplied?: true;
}

/** The keys that begin with a prefix, or those of them that lie behind another key. */
export interface KeyRange {
  readonly prefix: string;
  /** The listing begins behind this key. */
  readonly after?: string;
  /** The listing ends with this key. */
  readonly upTo?: string;
  /** Objects on a page, at most, where the provider lets one choose. */
  readonly pageLength?: number;
}

/** What a provider keeps beside the content. */
export interface ObjectMetadata {
  /** Headers that are given back as they came, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** What users added, by names in lower case. */
  readonly user: Readonly<Record<string, string>>;
  /** Tags by their names. A copy that the provider makes has those of its source unless given. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** What is known of one object. */
export interface ObjectFacts {
  readonly sizeBytes: number;
  readonly writtenMs: number;
  readonly etag?: string;
  readonly mark: string;
  /** Without the tags, which are asked for by themselves. */
  readonly metadata: ObjectMetadata;
  readonly tagCount?: number;
  /** The MD5 of the content in hex, where the provider or who wrote it tells. */
  readonly md5?: string;
  /** Checksums of the whole content by the names of their algorithms, in lower case. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** A part of the content, and what is known of the object that it is of. */
export interface ReadContent {
  readonly bytes: Bytes;
  readonly facts: ObjectFacts;
}

/** What is read, and of which object only. */
export interface ReadTerms extends AbortOptions {
  /** Where to begin, and how many bytes; all of the object unless given. */
  readonly range?: { readonly offset: number; readonly length: number };
  /** The mark that the object must have. @throws CHANGED */
  readonly ifMark?: string;
  /** Bytes that are taken at most. @throws LIMIT */
  readonly mostBytes?: number;
}

/** The content of an object while it comes, and what is known of that. */
export interface StreamedContent {
  readonly answer: Answer;
  readonly facts: ObjectFacts;
}

/** What is said of an object when it is begun. */
export interface NewObjectOptions extends AbortOptions {
  readonly storageClass?: string | undefined;
}

/** What a written object is like, and which one it may replace. */
export interface WriteTerms extends NewObjectOptions {
  /** Of a copy that of its source unless given. */
  readonly metadata?: ObjectMetadata;
  /** The mark of the object that is replaced, or null where there must be none. */
  readonly replaces?: string | null;
}

/** An upload in parts, which is known at the provider until it is completed or given up. */
export interface PartUpload {
  readonly key: string;
  readonly id: string;
}

/** A part that the provider has. */
export interface UploadedPart {
  /** From 1 on. */
  readonly number: number;
  readonly etag: string;
}

/** Where a part belongs. */
export interface PartPlace {
  readonly number: number;
  readonly offset: number;
}

/** A version of an object that is no longer, or not, what a reader gets. */
export interface ObjectVersion {
  readonly key: string;
  readonly id: string;
  readonly isLatest: boolean;
  /** True for what says that the object was deleted. */
  readonly isDeletion: boolean;
  readonly writtenMs: number;
  /** When it was replaced or deleted, where the provider tells. */
  readonly goneMs?: number;
}

/** What a new bucket is to be like. */
export interface NewBucketOptions extends AbortOptions {
  readonly location?: string;
  readonly storageClass?: string;
}

/** How objects are written in parts. */
export interface PartWriter {
  /** The least and the most bytes of a part but the last, and the most parts. */
  readonly limits: {
    readonly leastPartBytes: number;
    readonly mostPartBytes: number;
    readonly partCount: number;
  };
  begin(key: string, metadata: ObjectMetadata, options?: NewObjectOptions): Promise<PartUpload>;
  /** @throws NOT_FOUND when the upload is no longer known */
  write(upload: PartUpload, place: PartPlace, bytes: Bytes, options?: AbortOptions): Promise<UploadedPart>;
  /** Takes a part from an object of a bucket that `copiesFrom` allows. */
  copy?(
    upload: PartUpload,
    place: PartPlace & { readonly length: number },
    from: CopySource,
    options?: AbortOptions,
  ): Promise<UploadedPart>;
  /** Makes the parts an object, and returns its mark. @throws NOT_FOUND as above */
  complete(upload: PartUpload, parts: readonly UploadedPart[], terms?: WriteTerms): Promise<string>;
  /** Gives the upload up; one that is not known is none. */
  abandon(upload: PartUpload, options?: AbortOptions): Promise<void>;
}

/**
 * Content that is never in memory as a whole. No request is made again: what comes is sent while it
 * comes, once.
 */
export interface ContentStreams {
  /** Has the content of an object used while it comes; undefined when there is no such object. */
  read<Result>(
    key: string,
    use: (content: StreamedContent) => Promise<Result>,
    terms: { readonly ifMark: string; readonly sizeBytes: number } & AbortOptions,
  ): Promise<Result | undefined>;
  /**
   * Writes an object, and returns its mark.
   *
   * @param md5 of the content in hex, which the provider holds it against
   * @throws CORRUPT for another one
   */
  write(key: string, content: StreamedContent, md5: string, terms?: WriteTerms): Promise<string>;
}

/** An object to be copied by the provider itself. */
export interface CopySource {
  readonly bucket: ObjectBucket;
  readonly key: string;
  /** Its ETag and its mark, so that nothing else is copied: providers go by one of them. */
  readonly etag?: string | undefined;
  readonly mark?: string | undefined;
}

/** Versions of objects, where the provider keeps them. */
export interface VersionKeeper {
  isOn(options?: AbortOptions): Promise<boolean>;
  switchOn(options?: AbortOptions): Promise<void>;
  /**
   * All versions, those of one key in a row: the newest first, unless the provider tells of each
   * when it went.
   */
  list(prefix: string, options?: AbortOptions): AsyncIterable<readonly ObjectVersion[]>;
  delete(
    versions: readonly Pick<ObjectVersion, "key" | "id">[],
    options?: AbortOptions,
  ): Promise<readonly FailedDeletion[]>;
}

/**
 * All that synchronisation needs of a bucket. Every method may be called concurrently. Beside what
 * `Bucket` throws: CHANGED for terms that do not hold, PATH for keys that a provider cannot have.
 */
export interface ObjectBucket extends Bucket {
  /** Names the bucket, for people and in records. */
  readonly url: string;
  /** Its name at the provider. */
  readonly name: string;
  /**
   * The objects of a range in pages, in the order of the UTF-8 of their keys, each once.
   *
   * @throws UPSTREAM for a listing that is not so
   */
  pages(range: KeyRange, options?: AbortOptions): AsyncIterable<readonly ListedObject[]>;
  /** True when a range of keys is found without a look at those before it. */
  readonly listsRanges: boolean;
  head(key: string, options?: AbortOptions): Promise<ObjectFacts | undefined>;
  /** Reads content; undefined when there is no such object. */
  read(key: string, terms?: ReadTerms): Promise<ReadContent | undefined>;
  /** Writes an object, and returns its mark. */
  write(key: string, bytes: Bytes, terms?: WriteTerms): Promise<string>;
  /** Reads and writes content while it comes, where the platform can. */
  readonly streams?: ContentStreams;
  readonly parts: PartWriter;
  /** The bytes of the first part of an object that was written in parts; undefined elsewhere. */
  firstPartBytes(key: string, options?: AbortOptions): Promise<number | undefined>;
  /** True when `copy` works for what is in the other bucket. */
  copiesFrom(other: ObjectBucket): boolean;
  /** Has the provider copy an object, and returns its mark; undefined when there is none. */
  copy(from: CopySource, key: string, terms?: WriteTerms): Promise<string | undefined>;
  /** Deletes objects; those that are not there do not fail. */
  deleteMany(keys: readonly string[], options?: AbortOptions): Promise<readonly FailedDeletion[]>;
  /** The tags of an object, where the provider keeps such; undefined when there is no object. */
  tags?(key: string, options?: AbortOptions): Promise<ObjectMetadata["tags"]>;
  readonly versions?: VersionKeeper;
  exists(options?: AbortOptions): Promise<boolean>;
  /** The time by the clock that dates what is written now. @throws UPSTREAM where none is told */
  timeMs(options?: AbortOptions): Promise<number>;
  create(options?: NewBucketOptions): Promise<void>;
  /** Ends the use of what needs that; leftovers that are of no use go. */
  close?(): Promise<void>;
}

/** `full` is for figures worth publishing; `quick` takes a second or two and no network. */
export type Size = "full" | "quick";

/** Two versions of something, for flows to copy: `old` and `new` in a folder of the set's name. */
export interface DataSet {
  /** Also the name of its folder. */
  readonly name: string;
  readonly title: string;
  readonly isTree: boolean;
  /** Sets that are made before it and from which it is made. */
  readonly from?: readonly DataSet[];
  /** The set whose old version this one shares; its own unless given. */
  readonly oldOf?: DataSet;
  /** True when there is one version alone. */
  readonly isLone?: true;
  /** Programs that make it. */
  readonly needs?: Needs;
  /** False where there is only the full size. */
  readonly hasQuick?: false;
  /** Writes the set's own versions. */
  make(place: MakingPlace): void | Promise<void>;
}

/** Programs by the size that they are needed for. */
export type Needs = Readonly<Partial<Record<Size, readonly string[]>>>;

/** Where a set is made. */
export interface MakingPlace {
  /** The set's own folder, which is empty. */
  readonly folder: string;
  /** Holds the folders of the sets that this one is made from. */
  readonly beside: string;
  readonly size: Size;
}

/** A mistake that Imprint must not have, made in a copy of its source. */
export interface Mutation {
  /** As it is called on the command line and in the table. */
  readonly name: string;
  /** What a program with this mistake does, in a sentence. */
  readonly about: string;
  readonly changes: readonly Change[];
  /** Kinds of faults under which the mistake does harm: a control draws only from these. */
  readonly faults: readonly string[];
  /** Settings of the nodes with which it does harm on a busy machine, too, in place of those that are drawn. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface Change {
  /** Path in the checkout. */
  readonly file: string;
  /** Text that is in the file exactly once. */
  readonly find: string;
  readonly by: string;
}

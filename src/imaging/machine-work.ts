import type { OrderState } from './order-state.ts';

/** What the environment is to do next: a word of its closed list, and what belongs to it. */
export type Instruction =
  /** Tell what the machine has; `volumes`: with the logical volumes started. */
  | readonly ['facts', 'disks' | 'volumes']
  | readonly ['map', id: string, mapper: string, path: string]
  | readonly ['read']
  | readonly ['write']
  | readonly ['step', id: string, verb: string, ...words: string[]]
  | readonly ['off'];

/** Names a chunk of an order. */
export interface ChunkName {
  /** Position of the disk in the order. */
  readonly disk: number;
  readonly offset: number;
}

/** The answer of a tool of the environment: its exit status, and what it printed. */
export interface ToolAnswer {
  readonly status: number;
  readonly output: string;
}

/** The server's side of one order, for one session of its machine. Every call may come twice: an answer may have been lost. */
export interface MachineWork {
  next(state: OrderState): Promise<Instruction>;
  takeFacts(text: string): Promise<void>;
  takeMap(id: string, answer: ToolAnswer): Promise<void>;
  takeResult(id: string, answer: ToolAnswer): Promise<void>;
  /** What is still to be moved: a line a chunk, words with tabs between. */
  chunkList(): Promise<string>;
  takeChunk(name: ChunkName, sha256: string, stored: Buffer): Promise<void>;
  giveChunk(name: ChunkName): Promise<Buffer>;
  /** The machine has a chunk on its disk, synced. */
  takeWritten(name: ChunkName): Promise<void>;
  close(): Promise<void>;
}

/** One line of `chunkList`: device, disk, offset, length or sha256, extents as `offset,length` with semicolons between. */
export function chunkLine(
  words: readonly (string | number)[],
  extents: readonly (readonly [number, number])[],
): string {
  return [...words, extents.map((extent) => extent.join(',')).join(';')].join('\t');
}

/** What a change leaves behind, and what it answers. */
export interface Change<Result> {
  readonly text: string;
  readonly result: Result;
}

/** Small texts by key (`nodes/lab-07`), each changed by one at a time. What carries a simulated world. */
export interface WorldStore {
  read(key: string): Promise<string | undefined>;
  /** Calls `change` with the present text while nobody else can change it, in this process or another. What it throws leaves the text as it was. */
  update<Result>(key: string, change: (text: string | undefined) => Change<Result>): Promise<Result>;
  /** Adds a line to the text of the key. */
  append(key: string, line: string): Promise<void>;
  /** Names of the keys directly below `folder`: `nodes` has `lab-07` for `nodes/lab-07`. */
  list(folder: string): Promise<readonly string[]>;
}

/** A world that ends with its process: for unit tests. */
export function memoryStore(): WorldStore {
  const texts = new Map<string, string>();
  return {
    read: async (key) => texts.get(key),
    update: async (key, change) => {
      const { text, result } = change(texts.get(key));
      texts.set(key, text);
      return result;
    },
    append: async (key, line) => {
      texts.set(key, `${texts.get(key) ?? ''}${line}\n`);
    },
    list: async (folder) =>
      [...texts.keys()].filter((key) => key.startsWith(`${folder}/`)).map((key) => key.slice(folder.length + 1)),
  };
}

import type { Revision } from '../domain/image.ts';

/** When scripts of the site run: before the tasks of preCapture; after those of postLoad. */
export type SiteStage = 'pre_capture' | 'post_load';

/** Which additions count: those for all, for an operating system, and for an image. */
export type SiteScope = Pick<Revision, 'image' | 'operatingSystem'>;

export interface SiteScript {
  /** For messages, and the order: `pre_capture.d/10-licence`, `images/web/post_load.d/20-warm`. */
  readonly name: string;
  readonly content: Uint8Array;
}

export interface SiteFiles {
  /** A tar archive of files and symbolic links, owned by root, with modes and times; nothing else is in it. */
  readonly archive: Uint8Array;
  /** Paths in it, without the leading slash. */
  readonly paths: readonly string[];
}

/** What the administrators of a management node add to its captures and loads. Read at each call; InvalidInputError says what is wrong there. */
export interface Site {
  /** In the order in which they are to run. */
  scripts(stage: SiteStage, scope: SiteScope): Promise<readonly SiteScript[]>;
  /** undefined when there are none. */
  files(scope: SiteScope): Promise<SiteFiles | undefined>;
  /** Names of kernel modules that the initramfs must hold, beside those that it holds anyway. */
  modules(scope: SiteScope): Promise<readonly string[]>;
}

/** No additions. */
export const noSite: Site = {
  scripts: () => Promise.resolve([]),
  files: () => Promise.resolve(undefined),
  modules: () => Promise.resolve([]),
};

import type { ServiceDefinition } from './definition.ts';

/** A command on the service's host. */
export interface ServiceCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** What an image holds of a service. */
export interface ServiceImage {
  /** The configuration without what belongs to the host; ends in a newline, or is empty. */
  readonly text: string;
  readonly definition: ServiceDefinition;
}

/** What was seen of a service on its host. */
export interface SeenService {
  /** What `read` printed. */
  readonly running: string;
  /** What `census` printed; empty where there is none. */
  readonly census: string;
}

/**
 * One service on one host, declared: which commands read, check, apply and keep its configuration, and what in it belongs to the host and not to
 * the image. The rest of the folder is the same for every kind. Everything here is data or a pure function.
 */
export interface Service {
  readonly kind: string;
  /** For messages: `FRR r1`, `nftables in r1`. */
  readonly subject: string;
  /** Name of the configuration's file in the image. */
  readonly file: string;
  /** Programs that must be on the host. */
  readonly programs: readonly string[];
  /** Prints what runs. */
  readonly read: ServiceCommand;
  /** Prints what runs with its state, to be put back exactly. */
  readonly save: ServiceCommand;
  /** Prints which parts of the service run. */
  readonly census?: ServiceCommand;
  /** The image's part of what was read, in its normal form: the same configuration gives the same bytes. */
  imageOf(running: string): string;
  /** What is needed beside the text to know where an image fits. */
  define(seen: SeenService): ServiceDefinition;
  /**
   * Which parts do not run whose configuration an image must have, by the file that the service starts with, a sentence each: what runs lacks their
   * lines. Absent where a kind has no such parts.
   */
  stopped?(persisted: string, seen: SeenService): readonly string[];
  /** Why this image does not fit this host, a sentence each. */
  misfits(image: ServiceImage, seen: SeenService): readonly string[];
  /** What the host is given, so that it runs `text` with what is its own. */
  compose(text: string, running: string): string;
  /** What the host is given, so that it runs what `save` printed. */
  recompose(saved: string): string;
  /** Says in its exit status and output what is wrong with a file; changes nothing. */
  check(path: string): ServiceCommand;
  /** Replaces what runs with a file. Its exit status proves nothing. */
  apply(path: string): ServiceCommand;
  /** Prints what `apply` would still do; `restOf` reads it. Absent where the kind has no such run. */
  readonly rest?: { command(path: string): ServiceCommand; restOf(output: string): string | undefined };
  /** Absolute path of what the service starts with. */
  readonly persistedAt: string;
  /** Writes what runs to `persistedAt`; absent: the composed file is put there. */
  readonly persist?: ServiceCommand;
  /** A line without its secrets, for messages and records. */
  redact(line: string): string;
}

import type { CallContext } from '../domain/call-context.ts';
import type { Fence } from '../domain/fence.ts';
import type { Shell } from './shell.ts';

/** A long command that runs detached on the host where it works, in a directory of its own, and that is attached to again by name. */
export interface JobSpec {
  /** Names it for good: the same id finds what an earlier attempt started. */
  readonly id: string;
  /** Absolute path of its directory (mode 0700) on the host: identity, fence, start, output, exit status. */
  readonly directory: string;
  readonly fence: Fence;
  readonly file: string;
  readonly args: readonly string[];
}

/** `lost`: it was started, none of its processes is left, and it never wrote an exit status (killed, or its host was restarted). */
export type JobState =
  | { readonly phase: 'absent' }
  | { readonly phase: 'running'; readonly outputTail: string; readonly startedAt: string }
  | {
      readonly phase: 'ended';
      readonly exitCode: number;
      readonly outputTail: string;
      readonly errorTail: string;
      readonly startedAt: string;
      readonly endedAt: string;
    }
  | { readonly phase: 'lost'; readonly outputTail: string; readonly errorTail: string };

/** Jobs on one host; what carries them there is a detail of the implementation. */
export interface Jobs {
  /**
   * Starts the job unless it was started before; both are success. One at a time per directory, under a lock on the host that also
   * compares the fence: ConflictError for a lower epoch or another owner, or another command under the same id.
   */
  ensure(shell: Shell, spec: JobSpec, context: CallContext): Promise<JobState>;
  read(shell: Shell, directory: string, context: CallContext): Promise<JobState>;
  /** Waits until it is no longer running, calling `onProgress` with the tail of its output. An aborted signal detaches; the job goes on. */
  wait(shell: Shell, spec: JobSpec, onProgress: (outputTail: string) => void, context: CallContext): Promise<JobState>;
  /** Ends it and proves that none of its processes is left; then removes its directory. Of nothing: success. The fence rises, so that no older attempt starts it again. */
  end(shell: Shell, directory: string, fence: Fence, context: CallContext): Promise<void>;
}

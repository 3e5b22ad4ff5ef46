import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import type { CaptureRequest } from '../provisioner.ts';
import type { DiskRecord } from './imaging.ts';
import { findNote, writeNote } from './notes.ts';

const schema = z.array(z.looseObject({ name: z.string() }));

/** What the environment found of the sealed disks at its first look; undefined before that. */
export function findDisks(request: CaptureRequest, context: CallContext): Promise<readonly DiskRecord[] | undefined> {
  return findNote(request, { name: 'disks', schema }, context);
}

/**
 * Keeps what the first look found: the order, with which the environment remembers it, goes when its work has failed, and a disk that was changed must
 * not pass for another one at the next try.
 */
export function noteDisks(request: CaptureRequest, disks: readonly DiskRecord[], context: CallContext): Promise<void> {
  return writeNote(request, 'disks', disks, context);
}

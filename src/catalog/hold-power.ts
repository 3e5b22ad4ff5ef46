import { z } from 'zod';
import type { HeldPowerRecord, PowerAsked } from '../domain/power-asked.ts';
import { powerActions, powerValues, type PowerReading } from '../domain/power.ts';
import type { Database } from './database.ts';
import { withoutNulls } from './rows.ts';

/** Which of the things that were asked of the power while a run waited. */
export interface AskedPower {
  readonly run: string;
  readonly hold: string;
  /** The how-manieth of the hold. */
  readonly number: number;
}

/** What operators ask of the power of a node whose run waits for them; `Holds` answers it with the hold. */
export interface HoldPower {
  /** Before it is done. The same again: success. */
  ask(which: AskedPower, asked: PowerAsked & Pick<HeldPowerRecord, 'by' | 'reason'>): Promise<void>;
  /** What was read afterwards. */
  done(which: AskedPower, reading: PowerReading): Promise<void>;
  /** Why it could not be done; an attempt that came after this one, and did it, is not contradicted. */
  failed(which: AskedPower, error: string): Promise<void>;
}

/** In a statement about `run_holds h`: all that was asked while it was open. */
export const selectPower = `(SELECT coalesce(jsonb_agg(jsonb_build_object(
      'action', p.action, 'force', p.force, 'by', p.asked_by, 'reason', p.reason, 'at', p.asked, 'reading', p.reading, 'error', p.error
    ) ORDER BY p.number), '[]') FROM run_hold_power p WHERE p.run_id = h.run_id AND p.hold = h.id)`;

const reading: z.ZodType<PowerReading> = z.object({
  value: z.enum(powerValues),
  reason: z.string().exactOptional(),
  raw: z.string(),
  at: z.string(),
});

export const askedPower: z.ZodType<HeldPowerRecord> = z.preprocess(
  withoutNulls,
  z.object({
    action: z.enum(powerActions),
    force: z.boolean(),
    by: z.string(),
    reason: z.string(),
    at: z.string().transform((at) => new Date(at).toISOString()),
    reading: reading.exactOptional(),
    error: z.string().exactOptional(),
  }),
);

export function createHoldPower(database: Database): HoldPower {
  const end = async ({ run, hold, number }: AskedPower, change: string, value: string): Promise<void> => {
    await database.change(
      `record what was done to the power of run ${run}`,
      `UPDATE run_hold_power SET ${change} WHERE run_id = $1 AND hold = $2 AND number = $3 AND reading IS NULL`,
      [run, hold, number, value],
    );
  };
  return {
    async ask({ run, hold, number }, { action, force, by, reason }) {
      await database.change(
        `record what is asked of the power of run ${run}`,
        `INSERT INTO run_hold_power (run_id, hold, number, action, force, asked_by, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
        [run, hold, number, action, force, by, reason],
      );
    },
    done: (which, reading) => end(which, 'reading = $4::jsonb, error = NULL', JSON.stringify(reading)),
    failed: (which, error) => end(which, 'error = $4', error),
  };
}

-- Up Migration

-- What operators asked of the power of a node whose run waited for them, and what came of it.
CREATE TABLE run_hold_power (
  run_id text NOT NULL,
  hold text NOT NULL,
  -- The how-manieth of the hold.
  number integer NOT NULL,
  action text NOT NULL CHECK (action IN ('on', 'off', 'reset')),
  force boolean NOT NULL,
  asked_by text NOT NULL,
  reason text NOT NULL,
  asked timestamptz NOT NULL DEFAULT now(),
  -- What was read afterwards; absent while it is under way, and where it failed.
  reading jsonb,
  error text,
  PRIMARY KEY (run_id, hold, number),
  FOREIGN KEY (run_id, hold) REFERENCES run_holds (run_id, id)
);

-- Down Migration

DROP TABLE run_hold_power;

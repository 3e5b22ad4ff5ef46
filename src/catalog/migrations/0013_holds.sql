-- Up Migration

-- Runs that wait, or waited, for an operator. A run has at most one open hold.
CREATE TABLE run_holds (
  run_id text NOT NULL REFERENCES runs,
  -- Step, number and execution: `5.5#1@0199…`.
  id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('failed', 'stalled', 'stuck', 'paused')),
  step text NOT NULL,
  title text NOT NULL,
  reason text NOT NULL,
  answers text[] NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  -- Since when its deadline is over.
  parked_since timestamptz,
  -- In which state the node is again when the run goes on; absent where the run does not own it.
  node_state text,
  answer text CHECK (answer IN ('retry', 'skip', 'abort', 'rescue', 'resume', 'superseded')),
  answered_by text,
  answer_reason text,
  answered timestamptz,
  PRIMARY KEY (run_id, id),
  CHECK ((answer IS NULL) = (answered IS NULL))
);
CREATE UNIQUE INDEX run_holds_open ON run_holds (run_id) WHERE answer IS NULL;

-- Down Migration

DROP TABLE run_holds;

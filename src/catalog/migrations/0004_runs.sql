-- Up Migration

-- The id is the Temporal workflow id. Node and image are names and no references: a run is kept when they are gone.
CREATE TABLE runs (
  id text PRIMARY KEY,
  procedure text NOT NULL CHECK (procedure IN ('captureImage', 'loadNode', 'powerNode', 'checkNode', 'unloadNode')),
  node text NOT NULL,
  request_key text UNIQUE,
  input jsonb NOT NULL CHECK (jsonb_typeof(input) = 'object'),
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'completed', 'failed', 'cancelled')),
  outcome text,
  created timestamptz NOT NULL DEFAULT now(),
  ended timestamptz,
  CHECK ((state = 'running') = (ended IS NULL))
);

CREATE INDEX runs_newest ON runs (created DESC, id DESC);
CREATE INDEX runs_of_node ON runs (node, created DESC);

CREATE TABLE run_steps (
  run_id text NOT NULL REFERENCES runs,
  number text NOT NULL,
  title text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'undone', 'undo-failed')),
  attempt integer NOT NULL CHECK (attempt >= 1),
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  evidence jsonb,
  error text,
  PRIMARY KEY (run_id, number),
  CHECK ((state = 'running') = (ended_at IS NULL))
);

-- Down Migration

DROP TABLE run_steps, runs;

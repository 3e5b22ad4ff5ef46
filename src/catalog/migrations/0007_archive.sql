-- Up Migration

-- Temporal can end a run without the run's own last word: `terminated`, `timed-out`. `lost`: Temporal has no record of it.
ALTER TABLE runs DROP CONSTRAINT runs_state_check;
ALTER TABLE runs ADD CONSTRAINT runs_state_check
  CHECK (state IN ('running', 'completed', 'failed', 'cancelled', 'terminated', 'timed-out', 'lost'));
ALTER TABLE runs DROP CONSTRAINT runs_procedure_check;
ALTER TABLE runs ADD CONSTRAINT runs_procedure_check
  CHECK (procedure IN ('captureImage', 'loadNode', 'powerNode', 'checkNode', 'unloadNode', 'deleteRevision', 'freeNode', 'loadFleet'));

-- One row an execution: a run that Temporal has reset has several. What the steps did lies in run_steps.
CREATE TABLE run_archive (
  run_id text NOT NULL REFERENCES runs,
  -- Temporal's own run id.
  execution text NOT NULL,
  status text NOT NULL CHECK (status IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT', 'CONTINUED_AS_NEW')),
  started timestamptz NOT NULL,
  closed timestamptz NOT NULL,
  -- What it answered; absent when it did not complete.
  result jsonb,
  -- Class and message of the error that ended it; absent when it completed.
  failure jsonb,
  search_attributes jsonb NOT NULL,
  memo jsonb NOT NULL,
  -- The events as JSON, in the form that Temporal's UI and command line export, compressed with gzip; length and sha256 of the JSON.
  history bytea NOT NULL,
  history_bytes bigint NOT NULL,
  history_sha256 text NOT NULL,
  archived timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run_id, execution),
  CHECK ((status = 'COMPLETED') = (failure IS NULL))
);
-- The history is compressed already.
ALTER TABLE run_archive ALTER COLUMN history SET STORAGE EXTERNAL;
CREATE INDEX run_archive_closed ON run_archive (closed);

-- Until when all ended runs are archived: what closed before is not listed again.
CREATE TABLE archive_progress (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  archived_until timestamptz NOT NULL
);

-- Who gave a node free again, and why.
CREATE TABLE node_releases (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node text NOT NULL,
  from_state text NOT NULL,
  released_by text NOT NULL,
  reason text NOT NULL,
  -- The run that was over and owned it; absent when none did.
  taken_from text,
  -- The run that released it, once; absent where no run had to.
  run text UNIQUE,
  released timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX node_releases_of_node ON node_releases (node, released DESC);

-- Down Migration

DROP TABLE node_releases, archive_progress, run_archive;

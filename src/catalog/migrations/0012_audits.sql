-- Up Migration

-- What each comparison of catalog, Temporal, libraries, jobs and provisioning systems has found.
CREATE TABLE audits (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The workflow's id and Temporal's run id: one audit is recorded once.
  workflow text NOT NULL,
  execution text NOT NULL UNIQUE,
  purpose text NOT NULL CHECK (purpose IN ('report', 'mend')),
  ended timestamptz NOT NULL DEFAULT now(),
  report jsonb NOT NULL CHECK (jsonb_typeof(report -> 'findings') = 'array')
);
CREATE INDEX audits_newest ON audits (ended DESC, id DESC);

-- Down Migration

DROP TABLE audits;

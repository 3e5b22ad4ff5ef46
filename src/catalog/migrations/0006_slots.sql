-- Up Migration

-- How many slots a resource has, where an administrator has set it; the program knows the defaults.
CREATE TABLE slot_capacities (
  resource text PRIMARY KEY,
  capacity integer NOT NULL CHECK (capacity BETWEEN 0 AND 10000)
);

-- Who has slots and who waits for them, in the order of asking. The owner is a run and no process, so that slots outlive a worker.
CREATE TABLE slot_requests (
  run text NOT NULL,
  purpose text NOT NULL,
  place bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  resources text[] NOT NULL CHECK (cardinality(resources) > 0),
  requested timestamptz NOT NULL DEFAULT now(),
  granted timestamptz,
  -- When the run was last known to go on.
  checked timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run, purpose)
);

CREATE INDEX slot_requests_checked ON slot_requests (checked);

-- Down Migration

DROP TABLE slot_requests, slot_capacities;

-- Up Migration

-- The Temporal namespace that the runs of this catalog belong to; at most one row. A worker that works in another one knows none of these runs,
-- and must not take them for over.
CREATE TABLE temporal_home (
  one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  namespace_id text NOT NULL,
  namespace text NOT NULL,
  recorded timestamptz NOT NULL DEFAULT now()
);

-- Down Migration

DROP TABLE temporal_home;

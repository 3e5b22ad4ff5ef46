-- Up Migration

-- How others log in to a management node to fetch copies from its library, and the host keys of which it must show one.
ALTER TABLE management_nodes
  ADD COLUMN ssh_user text NOT NULL DEFAULT 'root',
  ADD COLUMN ssh_port integer NOT NULL DEFAULT 22 CHECK (ssh_port BETWEEN 1 AND 65535),
  ADD COLUMN host_keys text[] NOT NULL DEFAULT '{}';

-- Who brings, or has last brought, a copy of a revision into a library. The row stays: whoever comes next acts under a higher epoch.
CREATE TABLE copy_transfers (
  revision_id bigint NOT NULL REFERENCES revisions ON DELETE CASCADE,
  library text NOT NULL,
  run text NOT NULL,
  epoch bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (revision_id, library)
);
CREATE INDEX copy_transfers_run ON copy_transfers (run);

-- Down Migration

DROP TABLE copy_transfers;
ALTER TABLE management_nodes DROP COLUMN ssh_user, DROP COLUMN ssh_port, DROP COLUMN host_keys;

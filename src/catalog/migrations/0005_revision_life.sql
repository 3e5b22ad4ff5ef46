-- Up Migration

-- `deleting`: its bytes are being removed by a run. `deleted`: they are gone; the row stays, so that its number never comes again.
ALTER TABLE revisions DROP CONSTRAINT revisions_state_check;
ALTER TABLE revisions ADD CONSTRAINT revisions_state_check CHECK (state IN ('capturing', 'available', 'retired', 'deleting', 'deleted'));
ALTER TABLE revisions ADD COLUMN state_changed timestamptz, ADD COLUMN state_changed_by text, ADD COLUMN deleting_run text;
ALTER TABLE revisions ADD CHECK (state <> 'deleting' OR deleting_run IS NOT NULL);
ALTER TABLE images ADD COLUMN promoted timestamptz, ADD COLUMN promoted_by text;

-- Revisions that the runs of claims work with. They go with the claim, so that nothing is held by a run that is over.
CREATE TABLE claim_revisions (
  computer_id bigint NOT NULL REFERENCES claims ON DELETE CASCADE,
  revision_id bigint NOT NULL REFERENCES revisions,
  PRIMARY KEY (computer_id, revision_id)
);
CREATE INDEX claim_revisions_of_revision ON claim_revisions (revision_id);

-- What was loaded before: until the replaced disks are known to be gone, they may be clones of this revision's files.
CREATE TABLE replaced_clones (
  computer_id bigint NOT NULL REFERENCES computers ON DELETE CASCADE,
  revision_id bigint NOT NULL REFERENCES revisions,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (computer_id, revision_id)
);
CREATE INDEX replaced_clones_of_revision ON replaced_clones (revision_id);
CREATE INDEX computers_of_revision ON computers (current_revision_id);

-- A run that deletes a revision has the revision's name where others have their node's.
ALTER TABLE runs DROP CONSTRAINT runs_procedure_check;
ALTER TABLE runs ADD CONSTRAINT runs_procedure_check
  CHECK (procedure IN ('captureImage', 'loadNode', 'powerNode', 'checkNode', 'unloadNode', 'deleteRevision'));

-- Down Migration

DELETE FROM run_steps WHERE run_id IN (SELECT id FROM runs WHERE procedure = 'deleteRevision');
DELETE FROM runs WHERE procedure = 'deleteRevision';
ALTER TABLE runs DROP CONSTRAINT runs_procedure_check;
ALTER TABLE runs ADD CONSTRAINT runs_procedure_check
  CHECK (procedure IN ('captureImage', 'loadNode', 'powerNode', 'checkNode', 'unloadNode'));
DROP INDEX computers_of_revision;
DROP TABLE replaced_clones, claim_revisions;
ALTER TABLE images DROP COLUMN promoted, DROP COLUMN promoted_by;
UPDATE revisions SET state = 'retired' WHERE state IN ('deleting', 'deleted');
ALTER TABLE revisions DROP COLUMN deleting_run, DROP COLUMN state_changed_by, DROP COLUMN state_changed;
ALTER TABLE revisions DROP CONSTRAINT revisions_state_check;
ALTER TABLE revisions ADD CONSTRAINT revisions_state_check CHECK (state IN ('capturing', 'available', 'retired'));

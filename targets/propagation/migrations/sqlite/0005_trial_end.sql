-- A kind of its own for upgrades at the end of a trial.

INSERT INTO propagation_kinds (kind, since) VALUES ('trial_end', 5);

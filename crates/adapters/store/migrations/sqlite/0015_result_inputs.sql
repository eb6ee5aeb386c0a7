-- Of which other data sources a result was made: numbers with commas between.

ALTER TABLE results ADD COLUMN inputs TEXT;

SELECT pepper_version, COUNT(*) FROM keys GROUP BY pepper_version ORDER BY pepper_version

-- Nobody else changes what groups reach between the look and the change.
LOCK TABLE group_sources IN SHARE ROW EXCLUSIVE MODE

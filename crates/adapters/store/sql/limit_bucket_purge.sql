DELETE FROM limit_buckets WHERE state < $1

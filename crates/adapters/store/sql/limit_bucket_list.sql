SELECT bucket, state FROM limit_buckets WHERE state > $1

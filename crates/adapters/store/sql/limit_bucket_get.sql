SELECT bucket, state FROM limit_buckets WHERE bucket IN {texts $1}

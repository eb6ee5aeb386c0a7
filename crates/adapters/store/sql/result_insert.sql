INSERT INTO results (
    uid, source_id, cache_key, template_digest, has_parameters, display_text, query_hash,
    runtime_seconds, retrieved_at, row_count, byte_count, viewer, inputs
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
RETURNING id

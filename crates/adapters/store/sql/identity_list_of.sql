SELECT {identity i} FROM identities i WHERE i.user_id = $1
ORDER BY i.created_at, i.issuer, i.subject

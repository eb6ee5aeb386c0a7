SELECT {identity i} FROM identities i WHERE i.issuer = $1 AND i.subject = $2
